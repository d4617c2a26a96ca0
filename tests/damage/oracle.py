"""LevelDB's format once more, in plain Python, so that tests need not trust the code they test.

Strict and simple: wrong bytes raise OracleError, nothing is repaired, everything is in memory. Knows blocks of type 0
(none), 1 (snappy), 2 (zstd or zlib) and 4 (raw deflate). The format: LevelDB's doc/log_format.md and doc/table_format.md.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

LOG_BLOCK_SIZE = 32768
LOG_HEADER_SIZE = 7
TRAILER_SIZE = 5
FOOTER_SIZE = 48
MAGIC = bytes.fromhex("57fb808b247547db")
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4


class OracleError(Exception):
    """The bytes are not what the format demands."""


class Handle(NamedTuple):
    """Where a block lies; the size does not count its trailer."""

    offset: int
    size: int


class Fragment(NamedTuple):
    """One physical record of a log: a header at ``offset`` and ``size`` bytes of payload after it."""

    offset: int
    size: int
    kind: int


class Record(NamedTuple):
    """One logical record of a log and the physical records it lies in."""

    fragments: tuple[Fragment, ...]
    payload: bytes


class Version(NamedTuple):
    """One put, or deletion (``value`` is None), of a user key."""

    key: bytes
    sequence: int
    value: bytes | None


class Layout(NamedTuple):
    """Where the parts of a table lie. ``filter`` is None where there is none."""

    data: tuple[Handle, ...]
    filter: Handle | None
    metaindex: Handle
    index_block: Handle


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of ``data``, not masked."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked_crc(data: bytes) -> bytes:
    """Return the four bytes that LevelDB stores as the checksum of ``data``."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Decode a varint; return it and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise OracleError(f"bad varint at {at}")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def varstring(data: bytes, at: int) -> tuple[bytes, int]:
    """Decode a varint length and as many bytes; return them and where they end."""
    size, at = varint(data, at)
    if at + size > len(data):
        raise OracleError(f"string of {size} bytes at {at} overruns")
    return data[at : at + size], at + size


def fragments(data: bytes) -> Iterator[Fragment]:
    """Yield the physical records of a log, checksums verified. A torn last record or a tail of zeroes ends it."""
    at = 0
    while len(data) - at >= LOG_HEADER_SIZE:
        room = LOG_BLOCK_SIZE - at % LOG_BLOCK_SIZE
        if room < LOG_HEADER_SIZE:
            at += room
            continue
        checksum, size, kind = struct.unpack_from("<IHB", data, at)
        if not (checksum or size or kind):
            return
        end = at + LOG_HEADER_SIZE + size
        if size > room - LOG_HEADER_SIZE or not FULL <= kind <= LAST:
            raise OracleError(f"bad record header at {at}")
        if end > len(data):
            return
        if masked_crc(data[at + 6 : end]) != data[at : at + 4]:
            raise OracleError(f"checksum mismatch of the record at {at}")
        yield Fragment(at, size, kind)
        at = end


def records(data: bytes) -> Iterator[Record]:
    """Yield the logical records of a log."""
    whole: list[Fragment] = []
    for fragment in fragments(data):
        if (fragment.kind in (FULL, FIRST)) == bool(whole):
            raise OracleError(f"fragment out of place at {fragment.offset}")
        whole.append(fragment)
        if fragment.kind in (FULL, LAST):
            parts = (data[each.offset + LOG_HEADER_SIZE :][: each.size] for each in whole)
            yield Record(tuple(whole), b"".join(parts))
            whole = []


def batch_versions(payload: bytes) -> list[Version]:
    """Decode one write batch."""
    sequence, count = struct.unpack_from("<QI", payload)
    versions: list[Version] = []
    at = 12
    while at < len(payload):
        tag = payload[at]
        key, at = varstring(payload, at + 1)
        value: bytes | None = None
        if tag == 1:
            value, at = varstring(payload, at)
        elif tag != 0:
            raise OracleError(f"unknown tag {tag} in a write batch")
        versions.append(Version(key, sequence + len(versions), value))
    if len(versions) != count:
        raise OracleError(f"a write batch of {count} has {len(versions)}")
    return versions


def snappy(data: bytes) -> bytes:
    """Decompress raw snappy."""
    size, at = varint(data, 0)
    out = bytearray()
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length = tag >> 2
            extra = max(length - 59, 0)
            if extra:
                length = int.from_bytes(data[at : at + extra], "little")
            at += extra
            out += data[at : at + length + 1]
            at += length + 1
            continue
        width = (0, 1, 2, 4)[tag & 3]
        distance = int.from_bytes(data[at : at + width], "little")
        length = (tag >> 2) + 1
        if width == 1:
            distance |= (tag >> 5) << 8
            length = (tag >> 2 & 7) + 4
        at += width
        if not 0 < distance <= len(out):
            raise OracleError(f"snappy copy from {distance} bytes back")
        for _ in range(length):
            out.append(out[-distance])
    if len(out) != size:
        raise OracleError(f"snappy gave {len(out)} bytes instead of {size}")
    return bytes(out)


def zstd(data: bytes) -> bytes:
    """Decompress a zstd frame with the field's own library; skips the test where that is not installed."""
    zstandard = pytest.importorskip("zstandard", reason="zstandard is not installed")
    try:
        contents: bytes = zstandard.ZstdDecompressor().decompress(data)
    except zstandard.ZstdError as error:
        raise OracleError(f"zstd: {error}") from error
    return contents


def block_contents(data: bytes, handle: Handle) -> bytes:
    """Verify and decompress the block of a table."""
    end = handle.offset + handle.size
    stored, kind = data[handle.offset : end], data[end : end + 1]
    if masked_crc(stored + kind) != data[end + 1 : end + TRAILER_SIZE]:
        raise OracleError(f"checksum mismatch of the block at {handle.offset}")
    if kind == b"\x00":
        return stored
    if kind == b"\x01":
        return snappy(stored)
    if kind == b"\x04" or (kind == b"\x02" and stored[:1] == b"\x78"):
        return zlib.decompress(stored, -15 if kind == b"\x04" else 15)
    if kind == b"\x02":
        return zstd(stored)
    raise OracleError(f"block type {kind!r} at {handle.offset}")


def block_entries(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block's contents."""
    stop = len(contents) - 4 * (int.from_bytes(contents[-4:], "little") + 1)
    key, at = b"", 0
    while at < stop:
        shared, at = varint(contents, at)
        unshared, at = varint(contents, at)
        size, at = varint(contents, at)
        if shared > len(key) or at + unshared + size > stop:
            raise OracleError(f"bad entry before {at}")
        key = key[:shared] + contents[at : at + unshared]
        at += unshared
        yield key, contents[at : at + size]
        at += size


def table_layout(data: bytes) -> Layout:
    """Find the parts of a table through its footer and index."""
    if len(data) < FOOTER_SIZE or data[-8:] != MAGIC:
        raise OracleError("not a table")
    metaindex, at = _handle(data[-FOOTER_SIZE:], 0)
    index, _ = _handle(data[-FOOTER_SIZE:], at)
    filters = [_handle(value, 0)[0] for _, value in block_entries(block_contents(data, metaindex))]
    blocks = [_handle(value, 0)[0] for _, value in block_entries(block_contents(data, index))]
    return Layout(tuple(blocks), filters[0] if filters else None, metaindex, index)


def table_versions(data: bytes) -> Iterator[Version]:
    """Yield every version in a table, in its order."""
    for handle in table_layout(data).data:
        for key, value in block_entries(block_contents(data, handle)):
            trailer = int.from_bytes(key[-8:], "little")
            yield Version(key[:-8], trailer >> 8, value if trailer & 0xFF else None)


def _handle(data: bytes, at: int) -> tuple[Handle, int]:
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return Handle(offset, size), at


def log_versions(data: bytes) -> Iterator[Version]:
    """Yield every version in a log, in its order."""
    for record in records(data):
        yield from batch_versions(record.payload)


def file_versions(path: Path) -> Iterator[Version]:
    """Yield every version in a table or log, told apart by its name; nothing from another file."""
    if path.suffix in (".ldb", ".sst"):
        yield from table_versions(path.read_bytes())
    elif path.suffix == ".log":
        yield from log_versions(path.read_bytes())
