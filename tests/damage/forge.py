"""Files that no program wrote: right checksums around claims that cannot be true."""

import functools
import struct
from collections.abc import Iterable
from pathlib import Path

from tests.damage.oracle import FULL, LOG_BLOCK_SIZE, LOG_HEADER_SIZE, MAGIC, masked_crc


def varint(value: int) -> bytes:
    """Encode a varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def internal_key(user_key: bytes, sequence: int) -> bytes:
    """A put's internal key."""
    return user_key + (sequence << 8 | 1).to_bytes(8, "little")


def entry(key: bytes, value: bytes, *, claimed: int | None = None) -> bytes:
    """A block's entry that shares nothing; ``claimed`` is what it says of the value's size."""
    return varint(0) + varint(len(key)) + varint(len(value) if claimed is None else claimed) + key + value


def block(entries: bytes, *, kind: int = 0, restarts: int = 1) -> bytes:
    """A block with its trailer; ``restarts`` is what it says of the number of restart points."""
    stored = entries + struct.pack("<II", 0, restarts)
    return sealed(stored, kind)


def sealed(stored: bytes, kind: int) -> bytes:
    """Stored bytes with a trailer that fits them."""
    return stored + bytes([kind]) + masked_crc(stored + bytes([kind]))


def footer(metaindex: tuple[int, int], index: tuple[int, int]) -> bytes:
    """A footer with these handles."""
    handles = b"".join(varint(number) for number in (*metaindex, *index))
    return handles.ljust(40, b"\x00")[:40] + MAGIC


def table(data: bytes, *, handle: tuple[int, int] | None = None, index: bytes = b"") -> bytes:
    """A table of one data block; ``handle`` is what the index says of where it lies, ``index`` another index block."""
    offset, size = handle or (0, len(data) - 5)
    metaindex = block(b"")
    index = index or block(entry(internal_key(b"z", 1), varint(offset) + varint(size)))
    after = len(data) + len(metaindex)
    return data + metaindex + index + footer((len(data), len(metaindex) - 5), (after, len(index) - 5))


def log(payloads: Iterable[bytes]) -> bytes:
    """A log of payloads that fit a 32 KiB block each; what does not fit the rest of a block starts the next one.

    The rest is filled with empty records, so that it is a log in good order.
    """
    out = bytearray()
    checksum = functools.lru_cache(masked_crc)
    empty = checksum(bytes([FULL])) + bytes([0, 0, FULL])
    for payload in payloads:
        room = LOG_BLOCK_SIZE - len(out) % LOG_BLOCK_SIZE
        if room < LOG_HEADER_SIZE + len(payload):
            out += empty * (room // LOG_HEADER_SIZE) + bytes(room % LOG_HEADER_SIZE)
        out += checksum(bytes([FULL]) + payload) + struct.pack("<HB", len(payload), FULL) + payload
    return bytes(out)


def batch(sequence: int, operations: bytes, count: int) -> bytes:
    """A write batch that says it has ``count`` operations."""
    return struct.pack("<QI", sequence, count) + operations


def put(key: bytes, value: bytes, *, claimed: int | None = None) -> bytes:
    """A put of a write batch; ``claimed`` is what it says of the value's size."""
    return b"\x01" + varint(len(key)) + key + varint(len(value) if claimed is None else claimed) + value


def text(value: bytes) -> bytes:
    """Bytes with their size before them."""
    return varint(len(value)) + value


def first_edit(*, log_number: int = 0, next_file: int = 100, last_sequence: int = 0) -> bytes:
    """A version edit that says everything a manifest must say."""
    numbers = b"\x02" + varint(log_number) + b"\x03" + varint(next_file) + b"\x04" + varint(last_sequence)
    return b"\x01" + text(b"leveldb.BytewiseComparator") + numbers


def new_table(
    level: int, number: int, size: int, smallest: bytes, largest: bytes, *, sequences: tuple[int, int] = (9, 1)
) -> bytes:
    """A version edit that adds a table; ``sequences`` are those of its first and its last key."""
    keys = text(internal_key(smallest, sequences[0])) + text(internal_key(largest, sequences[1]))
    return b"\x07" + varint(level) + varint(number) + varint(size) + keys


def database(directory: Path, edits: Iterable[bytes], files: "dict[str, bytes] | None" = None) -> Path:
    """Write a database with these version edits and files."""
    directory.mkdir()
    (directory / "CURRENT").write_bytes(b"MANIFEST-000001\n")
    (directory / "MANIFEST-000001").write_bytes(log(edits))
    for name, content in (files or {}).items():
        (directory / name).write_bytes(content)
    return directory
