"""Logs: records, batches, damage, and what scanning a log tells."""

from __future__ import annotations

import pickle
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel._kernel import MAX_SEQUENCE, Fault, LogReader, encode_log_record, scan_log
from tests.fixtures.catalogue import OWN, Fixture

BLOCK_SIZE = 32768
HEADER_SIZE = 7
LOGS = [pytest.param(log, id=f"{each.name}/{log.name}") for each in OWN for log in sorted(each.database.glob("*.log"))]


def log_of(*payloads: bytes) -> bytes:
    """A log with these records."""
    log = b""
    for payload in payloads:
        log += encode_log_record(payload, len(log))
    return log


def batch_of(sequence: int, *operations: tuple[bytes, bytes | None], count: int | None = None) -> bytes:
    """A write batch of puts and, where the value is None, deletions; keys and values are shorter than 128 bytes."""
    body = b""
    for key, value in operations:
        body += bytes([value is not None, len(key)]) + key
        body += b"" if value is None else bytes([len(value)]) + value
    return struct.pack("<QI", sequence, len(operations) if count is None else count) + body


def flip(data: bytes, offset: int, bit: int = 0) -> bytes:
    """The data with one bit flipped."""
    return data[:offset] + bytes([data[offset] ^ 1 << bit]) + data[offset + 1 :]


def payloads_of(source: bytes | str) -> list[bytes]:
    """All payloads that a reader gives, some at a time."""
    reader = LogReader(source)
    payloads: list[bytes] = []
    while records := reader.read(3):
        payloads += [payload for _, _, payload in records]
    return payloads


def told(faults: list[Fault]) -> list[tuple[str, int, int]]:
    """Codes, offsets and sizes."""
    return [(fault.code, fault.offset, fault.size) for fault in faults]


sizes = st.one_of(st.integers(0, 200), st.integers(BLOCK_SIZE - 20, BLOCK_SIZE + 20), st.integers(0, 100_000))


@given(st.lists(sizes, max_size=8))
def test_what_is_written_is_read(record_sizes: list[int]) -> None:
    """Records of any size come back, however they lie in blocks."""
    payloads = [bytes([index]) * size for index, size in enumerate(record_sizes)]

    assert payloads_of(log_of(*payloads)) == payloads


def test_a_record_tells_where_it_lies() -> None:
    """Offsets are those of the first header and after the last byte."""
    reader = LogReader(log_of(b"abc", b"x" * 40_000))

    assert [(start, end) for start, end, _ in reader.read(10)] == [(0, 10), (10, 10 + 40_000 + 2 * HEADER_SIZE)]
    assert reader.read(10) == []


def test_a_log_is_read_from_a_file_as_from_bytes(tmp_path: Path) -> None:
    """A source is a path or the bytes themselves."""
    path = tmp_path / "000003.log"
    path.write_bytes(log_of(b"one", b"two"))

    reader = LogReader(str(path))

    assert [payload for _, _, payload in reader.read(10)] == [b"one", b"two"]
    assert (reader.file_size, reader.zero_tail_size, reader.faults) == (20, 0, [])


def test_a_log_that_is_not_there_is_named() -> None:
    """The error of the system has the file's name."""
    with pytest.raises(FileNotFoundError, match="none"):
        LogReader("/nowhere/none.log")
    with pytest.raises(FileNotFoundError, match="none"):
        scan_log("/nowhere/none.log")


@given(st.integers(0, 106), st.integers(0, 7))
def test_one_flipped_bit_costs_one_record(offset: int, bit: int) -> None:
    """The reader goes on inside the block, at the record after the damaged one."""
    payloads = [bytes([65 + index]) * 100 for index in range(5)]
    log = flip(log_of(*payloads), 2 * 107 + offset, bit)
    reader = LogReader(log)

    assert [payload for _, _, payload in reader.read(10)] == [*payloads[:2], *payloads[3:]]
    assert [(fault.offset, fault.size) for fault in reader.faults] == [(2 * 107, 107)]


@given(st.integers(1, 106))
def test_a_cut_record_is_a_torn_tail(cut: int) -> None:
    """A record that the end of the file cuts is told apart from damage."""
    reader = LogReader(log_of(b"a" * 100, b"b" * 100)[: 107 + cut])

    assert len(reader.read(10)) == 1
    assert told(reader.faults) == [("log.tail.torn", 107, cut)]


def test_a_tail_of_zeroes_is_no_fault() -> None:
    """Preallocated logs end in zeroes."""
    reader = LogReader(log_of(b"payload") + bytes(65536))

    assert len(reader.read(10)) == 1
    assert (reader.faults, reader.zero_tail_size) == ([], 65536)


def test_operations_are_counted_and_bounded() -> None:
    """A scan tells how many puts and deletions there are, their sizes, keys and sequence numbers."""
    log = log_of(batch_of(5, (b"b", b"1"), (b"a", None)), batch_of(7), batch_of(7, (b"c", b"333")))

    scan = scan_log(log)

    assert (scan.record_count, scan.batch_count, scan.put_count, scan.deletion_count) == (3, 3, 2, 1)
    assert (scan.key_size, scan.value_size) == (3, 4)
    assert (scan.smallest, scan.largest) == (b"a", b"c")
    assert (scan.min_sequence, scan.max_sequence) == (5, 7)
    assert (scan.file_size, scan.zero_tail_size, scan.faults) == (len(log), 0, [])


def test_an_empty_log_is_clean() -> None:
    """There is nothing in it, and nothing wrong with it."""
    scan = scan_log(b"")

    assert (scan.batch_count, scan.smallest, scan.max_sequence, scan.faults) == (0, None, None, [])


@pytest.mark.parametrize(
    ("payload", "code", "expected", "got"),
    [
        (b"short", "log.batch.too-small", 12, 5),
        (batch_of(4, (b"k", b"v"), count=2), "log.batch.wrong-count", 2, 1),
        (batch_of(4, (b"k", b"v"))[:-1], "log.batch.bad-operation", None, 12),
        (batch_of(MAX_SEQUENCE, (b"k", b"v"), (b"l", b"v")), "log.batch.bad-sequence", MAX_SEQUENCE, MAX_SEQUENCE + 1),
    ],
)
def test_a_record_that_is_no_whole_batch_is_told(payload: bytes, code: str, expected: int | None, got: int) -> None:
    """None of its operations count, and its span is that of the record."""
    before = log_of(batch_of(3, (b"a", b"v")))
    scan = scan_log(before + encode_log_record(payload, len(before)))

    assert told(scan.faults) == [(code, len(before), HEADER_SIZE + len(payload))]
    assert (scan.faults[0].expected, scan.faults[0].got) == (expected, got)
    assert (scan.record_count, scan.batch_count, scan.put_count) == (2, 1, 1)


@pytest.mark.parametrize(("sequence", "code"), [(9, "log.sequence.gap"), (3, "log.sequence.back")])
def test_a_batch_that_does_not_continue_is_told(sequence: int, code: str) -> None:
    """Sequence numbers go on from batch to batch; what was due and what came are told."""
    before = log_of(batch_of(4, (b"a", b"v")))
    scan = scan_log(before + encode_log_record(batch_of(sequence, (b"b", b"v")), len(before)))

    assert told(scan.faults) == [(code, len(before), 0)]
    assert (scan.faults[0].expected, scan.faults[0].got) == (5, sequence)


def test_what_a_comparator_raises_comes_out() -> None:
    """An exception of the caller's order is not swallowed, even by a log that is read on."""

    def refuse(a: bytes, b: bytes) -> int:
        raise LookupError("no order")

    with pytest.raises(LookupError, match="no order"):
        scan_log(log_of(batch_of(1, (b"a", b"v"), (b"b", b"v"))), refuse)


def test_the_comparator_decides_the_bounds() -> None:
    """Smallest and largest are by the order that is given."""
    scan = scan_log(log_of(batch_of(1, (b"a", b"v"), (b"b", b"v"))), "reverse-bytewise")

    assert (scan.smallest, scan.largest) == (b"b", b"a")


def test_a_log_that_leveldb_wrote_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All puts and deletions of a session are in its log, with sequence numbers from 1."""
    plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")
    with plyvel.DB(str(tmp_path), create_if_missing=True) as database:
        for index in range(1000):
            database.put(b"%06d" % (index * 7919 % 1000), b"v" * (index % 300))
        database.put(b"large", b"x" * 100_000)
        with database.write_batch() as batch:
            for index in range(0, 1000, 3):
                batch.delete(b"%06d" % index)
        scan = scan_log(str(next(tmp_path.glob("*.log"))))

    assert (scan.put_count, scan.deletion_count, scan.batch_count) == (1001, 334, 1002)
    assert (scan.min_sequence, scan.max_sequence, scan.faults) == (1, 1335, [])
    assert (scan.smallest, scan.largest) == (b"000000", b"large")


@pytest.mark.parametrize("log", LOGS)
def test_the_logs_of_other_programs_are_clean(log: Path) -> None:
    """No program's log has a fault, and every record of each is a whole batch."""
    scan = scan_log(str(log))

    assert scan.faults == []
    assert scan.record_count == scan.batch_count


def test_the_logs_of_the_collection_have_the_entries_their_notes_say(shared_fixtures: Path) -> None:
    """Puts and deletions of each database's logs are as many as an independent reader counted."""
    wrong = []
    for notes in sorted(shared_fixtures.glob("*/README.md")):
        found = re.search(r"log entries (\d+) put / (\d+) del", notes.read_text())
        scans = [scan_log(str(log)) for log in (notes.parent / "db").glob("*.log")]
        if found is not None:
            expected = [int(found[1]), int(found[2])]
            got = [sum(scan.put_count for scan in scans), sum(scan.deletion_count for scan in scans)]
            wrong += [notes.parent.name] * (got != expected or any(scan.faults for scan in scans))

    assert wrong == []


@pytest.mark.parametrize("fixture", [each for each in OWN if each.operations], ids=lambda each: each.name)
def test_a_log_ends_with_the_last_operations(fixture: Fixture) -> None:
    """The highest sequence number in the logs is that of the last operation that was made."""
    scans = [scan_log(str(log)) for log in fixture.database.glob("*.log")]
    highest = max((scan.max_sequence or 0 for scan in scans), default=0)

    assert highest in {0, fixture.operations[-1].sequence}


def test_a_scan_of_a_log_travels_between_processes() -> None:
    """Everything it tells is the same after pickling: of a log with a fault in it, too."""
    scan = scan_log(flip(log_of(batch_of(1, (b"a", b"1"), (b"b", None)), batch_of(3, (b"c", b"2"))), 50) + bytes(9))

    again = pickle.loads(pickle.dumps(scan))

    names = [name for name in dir(scan) if not name.startswith("_")]
    assert [getattr(again, name) for name in names] == [getattr(scan, name) for name in names]
    assert scan.faults
