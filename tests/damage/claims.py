"""Claims about what is decoded in Python, that hold for any bytes. Each raises AssertionError where it does not hold.

``fuzz/decoders.py`` looks for bytes that break one; the kernel's own decoders have theirs in ``rust/hostile``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from relevel.errors import CorruptionError
from relevel.format.filename import MAX_FILE_NUMBER, FileKind, parse_filename
from relevel.format.footer import FOOTER_SIZE, decode_footer, encode_footer
from relevel.format.version_edit import (
    MOST_LEVELS,
    VersionEdit,
    decode_version_edit,
    encode_version_edit,
    scan_version_edit,
)
from relevel.format.write_batch import decode_write_batch, encode_write_batch
from relevel.recovery.lineage.chronicle import read_chronicle
from relevel.recovery.past.stamps import read_stamps
from relevel.storage.read_only import NO_LIMIT

Claim: TypeAlias = Callable[[bytes], None]
_EVENTS: Final = {"open", "begun", "flushed", "replayed", "generated"}
_NUMBERED: Final = {FileKind.TABLE, FileKind.LOG, FileKind.MANIFEST, FileKind.TEMP, FileKind.CURRENT_PENDING}
_SHORTEST_WORD: Final = 16
"""No line of LOG that tells of one table or log has fewer bytes."""
_LATEST: Final = 300_000_000_000.0
"""Seconds since the epoch to the end of the year 9999, and more."""


def edits(data: bytes) -> None:
    """What is decoded of a version edit is what stands in front, and is written as it was read."""
    scan = scan_version_edit(data)
    assert scan.decoded_size <= len(data)
    assert scan.is_whole is (scan.decoded_size == len(data))
    assert [problem.offset for problem in scan.problems] == sorted(problem.offset for problem in scan.problems)
    again = scan_version_edit(data[: scan.decoded_size])
    assert again.edit == scan.edit, "what stands in front is decoded as something else when it stands alone"
    assert not scan.problems or _raises(decode_version_edit, data)
    assert _size(scan.edit) <= len(data), "more was decoded than is there"
    levels = [level for level, _ in (*scan.edit.new_files, *scan.edit.deleted_files, *scan.edit.compact_pointers)]
    assert all(0 <= level < MOST_LEVELS for level in levels)
    if not scan.problems:
        assert decode_version_edit(data) == scan.edit
        assert decode_version_edit(encode_version_edit(scan.edit)) == scan.edit


def _size(edit: VersionEdit) -> int:
    """Bytes of names and keys."""
    keys = [key for _, key in edit.compact_pointers]
    keys += [key for _, table in edit.new_files for key in (table.smallest, table.largest)]
    return sum(map(len, keys)) + len((edit.comparator or "").encode("utf-8", "surrogateescape"))


def batches(data: bytes) -> None:
    """A batch that is accepted can be written, and is read again as it was."""
    try:
        batch = decode_write_batch(data)
    except CorruptionError:
        return
    assert len(batch.operations) <= len(data) // 2
    if batch.sequence + len(batch.operations) <= 1 << 56:
        assert decode_write_batch(encode_write_batch(batch)) == batch


def footers(data: bytes) -> None:
    """A footer that is accepted can be written, in its size, and is read again as it was."""
    try:
        footer = decode_footer(data)
    except CorruptionError:
        return
    assert decode_footer(encode_footer(footer)) == footer
    assert len(encode_footer(footer)) == FOOTER_SIZE


def names(data: bytes) -> None:
    """A name has a number if its kind is numbered, and the number is what its digits say."""
    name = data.decode("utf-8", "surrogateescape")
    parsed = parse_filename(name)
    assert parsed.name == name
    assert (parsed.number is not None) == (parsed.kind in _NUMBERED)
    if parsed.number is not None:
        assert 0 <= parsed.number <= MAX_FILE_NUMBER
        assert int("".join(each for each in name if each in "0123456789")) == parsed.number


class _InfoLog:
    """A LOG in memory, and nothing beside it but its old part."""

    block_limit = NO_LIMIT

    def __init__(self, data: bytes) -> None:
        self._files = dict(zip(("LOG.old", "LOG"), data.partition(b"\0")[::2], strict=True))

    def source(self, name: str) -> bytes:
        return self._files[name]

    def size(self, name: str) -> int:
        return len(self._files[name])

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        return self._files[name][offset:][:size]


def chronicles(data: bytes) -> None:
    """Of a LOG that says anything, tables are told once as made, and counted from none upward."""
    chronicle = read_chronicle(_InfoLog(data))
    assert chronicle.table_count is None or chronicle.table_count >= 0
    assert chronicle.flushed <= chronicle.created.keys() | chronicle.pending.keys()
    told = len(chronicle.created) + len(chronicle.pending) + len(chronicle.removed_tables) + len(chronicle.removed_logs)
    assert told <= len(data) // _SHORTEST_WORD


def stamps(data: bytes) -> None:
    """A time that a LOG says is an interval within what clocks can say."""
    for stamp in read_stamps(_InfoLog(data), {"LOG": 1.7e9, "LOG.old": 1.6e9}).stamps:
        assert -_LATEST < stamp.earliest <= stamp.latest < _LATEST
        assert stamp.event in _EVENTS


CLAIMS: Final[dict[str, Claim]] = {
    claim.__name__: claim for claim in (edits, batches, footers, names, chronicles, stamps)
}


def _raises(decode: Callable[[bytes], object], data: bytes) -> bool:
    try:
        decode(data)
    except CorruptionError:
        return True
    return False
