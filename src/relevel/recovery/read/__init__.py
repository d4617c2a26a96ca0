"""Versions of keys, streaming out of a merge of all files."""
