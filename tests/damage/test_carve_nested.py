"""carve: what lies in the value of an entry is not taken for a file of its own, where the entry's block is whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import relevel
from relevel.recovery.carve import CarveReport
from relevel.report.carve import carve_lines
from tests.damage import forge
from tests.damage.images import written_to
from tests.damage.operators import flip_bit, zero

INNER = forge.log([forge.batch(number, forge.put(b"inner%03d" % number, b"v"), 1) for number in range(1, 20)])


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    """A table of many blocks, of which one has an entry whose value is a log."""
    with relevel.DB(tmp_path / "outer", create_if_missing=True, compression=None) as db:
        for number in range(500):
            db.put(b"outer%04d" % number, b"value %d" % number * 5)
        db.put(b"outer0220 a log", b"before" * 50 + INNER + b"behind" * 25)
        db.compact_range()
    return max((tmp_path / "outer").glob("*.ldb"))


def carved(table: Path, place: Path) -> CarveReport:
    """What is found of it in an image."""
    return relevel.carve(written_to(place, bytes(4096) + table.read_bytes() + bytes(999)), place / "carved")


def test_in_a_whole_block_of_a_damaged_table_it_is_left_out(outer: Path, tmp_path: Path) -> None:
    """And told of; the damage is in another block."""
    flip_bit(outer, 10, 1)

    report = carved(outer, tmp_path)

    assert [(file.kind, file.is_whole) for file in report.files] == [("table", False)]
    assert {finding.code for finding in report.findings} == {"carve.incomplete", "carve.inside", "carve.no-manifest"}
    (inside,) = [finding for finding in report.findings if finding.code == "carve.inside"]
    start = 4096 + outer.read_bytes().index(INNER)
    assert (inside.span.offset, inside.span.end) == (start, start + len(INNER))
    assert "the table at offset 4096" in inside.message


def test_in_a_whole_table_that_begins_at_no_sector_it_is_left_out(outer: Path, tmp_path: Path) -> None:
    """Its blocks are not looked for there, so the log in it is found before its footer is."""
    image = written_to(tmp_path, bytes(4096 + 77) + outer.read_bytes() + bytes(999))

    report = relevel.carve(image, tmp_path / "carved")

    assert [(file.kind, file.is_whole) for file in report.files] == [("table", True)]
    (inside,) = [finding for finding in report.findings if finding.code == "carve.inside"]
    assert inside.span.size == len(INNER)


def test_in_a_damaged_block_it_is_kept(outer: Path, tmp_path: Path) -> None:
    """Nothing tells then whether it was put there by the table or lies where a part of it was."""
    zero(outer, outer.read_bytes().index(b"beforebefore") - 200, 100)

    report = carved(outer, tmp_path)

    assert sorted(file.kind for file in report.files) == ["log", "table"]
    assert "carve.overlap" in {finding.code for finding in report.findings}


def test_of_very_many_files_the_first_are_listed(outer: Path, tmp_path: Path) -> None:
    """The text says how many more there are."""
    report = carved(outer, tmp_path)
    (file,) = report.files
    report = replace(report, files=(file,) * 1003)

    lines = list(carve_lines(report))

    assert sum(line.startswith(file.file) for line in lines) == 1000
    assert "… and 3 more; --json has them all" in lines
