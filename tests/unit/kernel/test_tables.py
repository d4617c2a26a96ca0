"""Scanning, walking and writing tables."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from relevel import _kernel
from relevel._kernel import TableBuilder

Entries = list[tuple[bytes, bytes]]


def internal_key(user_key: bytes, sequence: int, value_type: int = 1) -> bytes:
    """A user key with its trailer."""
    return user_key + (sequence << 8 | value_type).to_bytes(8, "little")


def sample(count: int = 300) -> Entries:
    """Entries in order; every fifth is a deletion."""
    return [
        (internal_key(f"key{number:05}".encode(), number + 1, int(number % 5 > 0)), b"value" * (number % 20))
        for number in range(count)
    ]


def write(path: Path, entries: Entries, comparator: str = "bytewise") -> bytes:
    """A table of small blocks with a filter."""
    builder = TableBuilder(str(path), comparator, block_size=512, bloom_bits_per_key=10)
    for key, value in entries:
        builder.add(key, value)
    builder.finish(sync=False)
    return path.read_bytes()


def test_a_written_table_scans_without_fault(tmp_path: Path) -> None:
    """Counts, bounds and blocks are those of what was written."""
    entries = sample()
    builder = TableBuilder(str(tmp_path / "000005.ldb"))
    for key, value in entries:
        builder.add(key, value)
    meta = builder.finish()

    scan = _kernel.scan_table(meta.path)

    assert scan.faults == []
    assert (scan.put_count, scan.deletion_count) == (240, 60)
    assert (scan.smallest, scan.largest) == (meta.smallest, meta.largest) == (entries[0][0], entries[-1][0])
    assert (scan.min_sequence, scan.max_sequence) == (meta.min_sequence, meta.max_sequence) == (1, 300)
    assert scan.file_size == meta.file_size == builder.file_size == (tmp_path / "000005.ldb").stat().st_size
    assert meta.entry_count == 300
    assert sum(scan.codecs.values()) == scan.block_count == scan.intact_block_count
    assert [block[2] for block in scan.blocks()][-2:] == ["metaindex", "index"]


def test_a_table_can_be_scanned_from_memory(tmp_path: Path) -> None:
    """A source is a path or the bytes."""
    table = write(tmp_path / "table", sample())

    assert _kernel.scan_table(table).put_count == 240


def test_writing_over_a_file_is_refused(tmp_path: Path) -> None:
    """Evidence is not written to."""
    write(tmp_path / "table", sample(1))

    with pytest.raises(FileExistsError) as caught:
        TableBuilder(str(tmp_path / "table"))
    assert caught.value.filename == str(tmp_path / "table")


def test_keys_must_ascend(tmp_path: Path) -> None:
    """A wrong key is refused and the table goes on without it."""
    builder = TableBuilder(str(tmp_path / "table"))
    builder.add(internal_key(b"b", 2), b"")

    for wrong in (internal_key(b"a", 9), internal_key(b"b", 2), internal_key(b"b", 3), b"short"):
        with pytest.raises(ValueError, match="key"):
            builder.add(wrong, b"")
    builder.add(internal_key(b"b", 1), b"")
    assert builder.finish(sync=False).entry_count == 2


def test_a_finished_builder_takes_no_more(tmp_path: Path) -> None:
    """It has no table any more."""
    builder = TableBuilder(str(tmp_path / "table"))
    builder.finish(sync=False)

    with pytest.raises(RuntimeError, match="finished"):
        builder.add(internal_key(b"a", 1), b"")
    with pytest.raises(RuntimeError, match="finished"):
        builder.finish()


@pytest.mark.parametrize("wrong", [{"codec": "lz4"}, {"block_size": 0}, {"restart_interval": 0}])
def test_settings_that_no_table_has_are_wrong_arguments(tmp_path: Path, wrong: dict[str, int]) -> None:
    """And no file is made."""
    with pytest.raises(ValueError, match=r"codec|at least 1"):
        TableBuilder(str(tmp_path / "table"), **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "table").exists()


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    """Only content is tolerated."""
    missing = str(tmp_path / "missing")

    for call in (_kernel.scan_table, _kernel.walk_table):
        with pytest.raises(FileNotFoundError) as caught:
            call(missing)
        assert caught.value.filename == missing


def test_a_damaged_block_is_told_with_the_keys_at_risk(tmp_path: Path) -> None:
    """Every entry that is not read lies within the bounds."""
    entries = sample()
    table = bytearray(write(tmp_path / "table", entries))
    offset, size, *_ = _kernel.scan_table(bytes(table)).blocks()[3]
    table[offset + 7] ^= 4

    scan = _kernel.scan_table(bytes(table))

    (fault,) = scan.faults
    assert (fault.code, fault.offset, fault.size) == ("table.block.checksum-mismatch", offset, size + 5)
    assert fault.lower is not None
    assert fault.upper is not None
    at_risk = [key for key, _ in entries if fault.lower <= key[:-8] <= fault.upper]
    assert 300 - scan.put_count - scan.deletion_count <= len(at_risk) < 60
    assert scan.blocks()[3] == (offset, size, "data", "", 0)


def test_a_table_without_footer_is_walked(tmp_path: Path) -> None:
    """All entries are found by the checksums of their blocks."""
    table = write(tmp_path / "table", sample())
    cut = table[:-48]

    blocks, holes = _kernel.walk_table(cut)
    scan = _kernel.scan_table(cut, blocks=[(offset, size) for offset, size, _ in blocks])

    assert holes == []
    assert [(block[0], block[1]) for block in _kernel.scan_table(table).blocks()] == [block[:2] for block in blocks]
    assert [fault.code for fault in scan.faults] == ["table.footer.bad-magic"]
    assert (scan.put_count, scan.deletion_count) == (240, 60)
    assert [block[2] for block in scan.blocks()][-3:] == ["filter", "metaindex", "index"]


def test_a_stretch_of_a_table_is_walked_alone(tmp_path: Path) -> None:
    """From one block's beginning to another's."""
    table = write(tmp_path / "table", sample())
    whole, _ = _kernel.walk_table(table)

    assert _kernel.walk_table(table, whole[2][0], whole[5][0]) == (whole[2:5], [])


def test_healed_contents_stand_in_for_the_index(tmp_path: Path) -> None:
    """The block is still told as damaged."""
    table = bytearray(write(tmp_path / "table", sample()))
    handle = _kernel.scan_table(bytes(table)).index_handle
    assert handle is not None
    healed = _kernel.blocks.decode_block(bytes(table[handle[0] : handle[0] + handle[1] + 5]))
    table[handle[0]] ^= 1

    scan = _kernel.scan_table(bytes(table), index=healed)

    assert [fault.code for fault in scan.faults] == ["table.index.checksum-mismatch"]
    assert scan.put_count == 240


def test_a_table_in_another_order_than_asked_for_is_told(tmp_path: Path) -> None:
    """Scanning tells which comparator a table was written with."""
    entries = sorted(sample(), key=lambda entry: entry[0][:-8], reverse=True)
    table = write(tmp_path / "table", entries, "reverse-bytewise")

    assert _kernel.scan_table(table, "reverse-bytewise").faults == []
    assert {fault.code for fault in _kernel.scan_table(table, "bytewise").faults} >= {"table.block.key-order"}


def test_what_a_comparator_raises_comes_out_of_scan_and_add(tmp_path: Path) -> None:
    """Unchanged."""
    table = write(tmp_path / "table", sample())

    def fail(a: bytes, b: bytes) -> int:
        raise LookupError("no order")

    with pytest.raises(LookupError, match="no order"):
        _kernel.scan_table(table, fail)
    builder = TableBuilder(str(tmp_path / "other"), fail)
    builder.add(internal_key(b"a", 1), b"")
    with pytest.raises(LookupError, match="no order"):
        builder.add(internal_key(b"b", 1), b"")


def test_a_comparator_of_the_caller_orders_a_table(tmp_path: Path) -> None:
    """Longer keys last."""

    def by_length(a: bytes, b: bytes) -> int:
        return (len(a) > len(b)) - (len(a) < len(b))

    builder = TableBuilder(str(tmp_path / "table"), by_length)
    for user_key in (b"z", b"yy", b"xxx"):
        builder.add(internal_key(user_key, 1), b"")
    builder.finish(sync=False)

    assert _kernel.scan_table(str(tmp_path / "table"), by_length).faults == []


def test_a_scan_of_a_table_travels_between_processes(tmp_path: Path) -> None:
    """Everything it tells is the same after pickling: of a table with a fault in it, too."""
    data = bytearray(write(tmp_path / "000005.ldb", sample()))
    data[700] ^= 1
    scan = _kernel.scan_table(bytes(data))

    again = pickle.loads(pickle.dumps(scan))

    assert {name: getattr(again, name) for name in fields(scan)} == {name: getattr(scan, name) for name in fields(scan)}
    assert again.blocks() == scan.blocks()
    assert scan.faults


def fields(scan: _kernel.FileScan) -> set[str]:
    """The names of everything that a scan tells without being called."""
    return {name for name in dir(scan) if not name.startswith("_")} - {"blocks"}
