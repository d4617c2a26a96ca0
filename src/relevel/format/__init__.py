"""Bytes and names as values: what LevelDB writes, without any reading or writing of files.

``decode_*`` raises ``CorruptionError``; ``scan_*`` returns what could be decoded and what could not; ``encode_*`` gives
exactly what LevelDB would write.
"""
