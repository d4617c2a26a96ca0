"""The kernel's search through images, parts of open files, and samples of sequence numbers."""

from __future__ import annotations

from pathlib import Path

from relevel._kernel import File, LogReader, encode_log_record, scan_table
from relevel._kernel.images import Carver, sample_log, sample_table
from relevel.format.internal_key import ValueType
from relevel.format.write_batch import Operation, WriteBatch, encode_write_batch
from tests.fixtures.catalogue import BY_NAME

TABLE = BY_NAME["plyvel-plain"].database / "000005.ldb"


def batch(sequence: int, key: bytes = b"key") -> bytes:
    """A record of one put."""
    operations = (Operation(ValueType.VALUE, key, b"value"),)
    return encode_log_record(encode_write_batch(WriteBatch(sequence, operations)), 0)


def test_what_an_image_holds_is_told_with_its_place() -> None:
    """A log, a run of blocks that begins with a sector, and the footer behind it."""
    log, table = batch(7), TABLE.read_bytes()
    image = b"?" * 9 + log + b"?" * (512 - 9 - len(log)) + table
    carver = Carver(image)

    footers, runs, chains = carver.read(1) or ([], [], [])

    assert chains == [(9, 9 + len(log), False, None, 1, 7, 8)]
    assert [offset for offset, _, _ in footers] == [512 + len(table) - 48]
    assert [(start, end) for start, end, _ in runs] == [(512, 512 + len(table) - 48)]
    assert (carver.offset, carver.faults, carver.read(1)) == (len(image), [], None)


def test_a_large_image_is_read_in_steps() -> None:
    """So that progress can be shown; a step is a megabyte at least."""
    carver = Carver(bytes(5 << 20))

    assert carver.read(1) == ([], [], [])
    assert carver.offset == 1 << 20
    assert carver.read(3 << 20) == ([], [], [])
    assert carver.offset == 4 << 20


def test_a_part_of_a_file_is_a_source_of_its_own(tmp_path: Path) -> None:
    """It begins and ends where it was told to, and parts of parts do too."""
    path = tmp_path / "image"
    path.write_bytes(b"before" + TABLE.read_bytes() + b"behind")
    part = File(str(path)).part(6, TABLE.stat().st_size)

    assert (part.size, part.read(0, 1 << 20)) == (TABLE.stat().st_size, TABLE.read_bytes())
    assert scan_table(part).faults == []
    assert part.part(10, 20).read(0, 99) == TABLE.read_bytes()[10:30]
    assert part.part(part.size - 2, 99).size == 2
    assert part.part(1 << 40, 99).size == 0
    assert LogReader(part.cut(0)).read(1) == []


def test_samples_have_the_same_numbers_whatever_file_they_come_from() -> None:
    """The smallest few of some scrambling, with what tells one operation from another."""
    log = b"".join(encode_log_record(batch(sequence)[7:], 0) for sequence in range(1, 200))
    half = b"".join(encode_log_record(batch(sequence)[7:], 0) for sequence in range(100, 300))
    other = b"".join(encode_log_record(batch(sequence, b"other")[7:], 0) for sequence in range(1, 200))

    one, two, three = (dict(sample_log(each, 50)) for each in (log, half, other))

    assert len(one) == len(two) == len(three) == 50
    assert len(one.keys() & two.keys()) > 10
    assert all(one[number] == two[number] for number in one.keys() & two.keys())
    assert one.keys() == three.keys()
    assert all(one[number] != three[number] for number in one)


def test_a_table_is_sampled_through_its_index_or_block_by_block() -> None:
    """Its entries, and not more than was asked for."""
    block = scan_table(str(TABLE)).blocks()[0]

    assert len(sample_table(str(TABLE), 10)) == 10
    assert len(sample_table(str(TABLE), 1000, blocks=[block[:2]])) == block[4]
    assert sample_table(str(TABLE), 0) == []
