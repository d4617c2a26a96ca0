"""Contents: what a file holds in which no block and no record can be read. What that costs is told by other findings.

Where a version control system keeps large files elsewhere, pointers come back in their place; where files were encrypted, or
overwritten to get rid of them, they are noise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

from relevel.findings import Finding, KeyRange, Span
from relevel.format.internal_key import MAX_SEQUENCE, user_key_of
from relevel.format.record import HEADER_SIZE
from relevel.format.write_batch import BATCH_HEADER
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.storage.patched import Readable

_SAMPLE: Final = 64 << 10
"""Bytes that are looked at."""
_LEAST_NOISE: Final = 4096
"""Of fewer bytes too little is known."""
_NOISE: Final = 7.9
"""Bits of entropy a byte: random bytes have 7.95 and more in a sample of 4 KiB; snappy, text and keys have less than 7.8."""
_BEGINNINGS: Final = (1, 2)
"""The types of a record that is whole, and of the first part of one. Part of the file format."""
_MOST_OPERATIONS: Final = 1 << 24
_GIT_LFS: Final = b"version https://git-lfs.github.com/spec/"
_OTHERS: Final = (
    (b"<<<<<<< ", "the conflict markers of a version control system"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive"),
    (b"(\xb5/\xfd", "what zstd has compressed"),
    (b"Salted__", "what openssl has encrypted"),
    (b"age-encryption.org/", "what age has encrypted"),
    (b"SQLite format 3\0", "an SQLite database"),
)


def verify_contents(storage: Readable, file: DatabaseFile) -> Iterator[Finding]:
    """Say what stands in the place of a table or log of which nothing can be read, where that can be told.

    Raises:
        StorageError: it cannot be read.
    """
    found = _describe(storage.read(file.name, 0, _SAMPLE))
    if found is None:
        return
    claimed = file.metadata
    keys = None if claimed is None else KeyRange(user_key_of(claimed.smallest), user_key_of(claimed.largest))
    message = f"{file.name}: holds {found}, and nothing of a {file.kind}"
    yield Finding.of("file.foreign-contents", Span(file.name, 0, file.size), message, keys, {"holds": found})


def _describe(head: bytes) -> str | None:
    if head.startswith(_GIT_LFS):
        return "a pointer of git-LFS (`git lfs pull` gets the file itself)"
    for start, what in _OTHERS:
        if head.startswith(start):
            return what
    if head and not head.strip(b"\0"):
        return "zeroes"
    if len(head) >= _LEAST_NOISE and _entropy(head) > _NOISE and not _begins_a_batch(head):
        return "noise, as what is encrypted or was overwritten"
    return None


def _begins_a_batch(head: bytes) -> bool:
    """Whether this may be a log whose first batch a crash has cut, with values that look like noise."""
    record_type, (sequence, count) = head[HEADER_SIZE - 1], BATCH_HEADER.unpack_from(head, HEADER_SIZE)
    return record_type in _BEGINNINGS and 0 < sequence <= MAX_SEQUENCE and 0 < count <= _MOST_OPERATIONS


def _entropy(data: bytes) -> float:
    """Bits a byte."""
    return -sum(count / len(data) * math.log2(count / len(data)) for count in Counter(data).values())
