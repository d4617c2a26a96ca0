"""Handles that are none, and entries that look like handles: in whole blocks, so that no checksum tells."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from tests.damage import forge

TRAILER_SIZE = 5


def handle(offset: int, size: int) -> bytes:
    """A handle's bytes."""
    return forge.varint(offset) + forge.varint(size)


def entry(key: bytes, sequence: int, value: bytes) -> bytes:
    """A put in a block."""
    return forge.entry(forge.internal_key(key, sequence), value)


def alone(tmp_path: Path, table: bytes) -> Path:
    """A database of one table and nothing else."""
    place = tmp_path / "database"
    place.mkdir()
    (place / "000005.ldb").write_bytes(table)
    return place


def rescued(place: Path) -> dict[bytes, bytes]:
    """What a rescue gets."""
    relevel.rescue(place, place.with_name("rescued"))
    return dict(relevel.scan(place.with_name("rescued")))


@pytest.mark.parametrize("bad", [b"", b"\xff", b"\xff" * 11, handle(1 << 40, 20)])
def test_an_index_that_names_no_block_is_told(bad: bytes, tmp_path: Path) -> None:
    """The manifest's end keys cannot be looked for, and the table is not taken for another: its block is a loss."""
    block = forge.block(entry(b"key", 5, b"value"))
    table = forge.table(block, index=forge.block(entry(b"key", 5, bad)))
    claim = forge.new_table(1, 5, len(table), b"key", b"key", sequences=(5, 5))
    place = forge.database(tmp_path / "database", [forge.first_edit(last_sequence=9), claim], {"000005.ldb": table})

    report = relevel.check(place)

    assert {finding.code for finding in report.findings if finding.is_loss} == {"table.gap", "table.block.bad-handle"}
    with pytest.raises(relevel.CorruptionError, match=r"000005\.ldb.*may hold"):
        relevel.get(place, b"key")


def test_a_stand_in_whose_ends_cannot_be_read_is_none(tmp_path: Path) -> None:
    """A file of the size of a table that is gone, and with its number in the name: it is not believed for that alone."""
    block = forge.block(entry(b"key", 5, b"value"))
    table = forge.table(block, index=forge.block(entry(b"key", 5, b"\xff")))
    claim = forge.new_table(1, 5, len(table), b"key", b"key", sequences=(5, 5))
    place = forge.database(tmp_path / "database", [forge.first_edit(last_sequence=9), claim], {"000005.bak": table})

    codes = {finding.code for finding in relevel.check(place).findings}

    assert codes == {"table.missing", "file.stranger"}


def test_values_that_could_be_handles_are_values(tmp_path: Path) -> None:
    """Footer and index are lost. An index's handles begin at 0 and follow one another; these do not."""
    entries = [(b"key %d" % number, handle(5 + number, 6)) for number in range(4)]
    block = forge.block(b"".join(entry(key, number + 1, value) for number, (key, value) in enumerate(entries)))
    table = forge.table(block)
    place = alone(tmp_path, block + bytes(len(table) - len(block)))

    assert rescued(place) == dict(entries)


def test_an_index_of_one_handle_before_a_footer_holds_no_entries(tmp_path: Path) -> None:
    """Its block is lost and another lies in its place; what was written stands in others, one of them behind the footer."""
    inner, more = (forge.block(entry(key, number, b"value")) for key, number in ((b"inner", 4), (b"more", 9)))
    data_size, metaindex = 500, forge.block(b"")
    index = forge.block(entry(b"a", 3, handle(0, data_size - TRAILER_SIZE)))
    after = data_size + len(metaindex)
    footer = forge.footer((data_size, len(metaindex) - TRAILER_SIZE), (after, len(index) - TRAILER_SIZE))
    data = bytes(100) + inner
    place = alone(tmp_path, data.ljust(after, b"\0") + index + footer + more)

    assert {version.key for version in relevel.dump(place, all_versions=True)} == {b"inner", b"more"}
    assert rescued(place) == {b"inner": b"value", b"more": b"value"}


def test_nothing_is_saved_of_a_block_whose_beginning_is_in_no_order(tmp_path: Path) -> None:
    """A hole tells where it is hurt; what stands before it is not certain all the same."""
    keys = [9, 5, 7, 3, *range(20, 30)]
    block = forge.block(b"".join(entry(b"%05d" % key, key, b"value " * 50) for key in keys))
    table = forge.table(block)
    place = alone(tmp_path, table[:1536] + bytes(1024) + table[2560:])

    (told,) = [finding for finding in relevel.check(place).findings if finding.code.startswith("table.")]

    assert told.code == "table.block.checksum-mismatch"
    assert "salvaged" not in told.evidence
    assert rescued(place) == {}
