"""The numbers of the framing that logs and manifests share.

Source: google/leveldb, doc/log_format.md.

::

    checksum (4, masked) | length (2) | type (1) | payload         one physical record, inside one block
"""

from __future__ import annotations

from typing import Final

BLOCK_SIZE: Final = 32768
"""Physical records never cross a multiple of this. Part of the file format."""
HEADER_SIZE: Final = 7
"""Checksum, length and type. Part of the file format."""
