"""Pages of a table in each other's place."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from relevel.recovery.heal.pages import PAGE, put_pages_back


@pytest.fixture
def table(tmp_path: Path) -> bytes:
    """A table of some thirty pages."""
    builder = _kernel.TableBuilder(str(tmp_path / "000005.ldb"), "bytewise", codec="none")
    chance = random.Random(1)
    for number in range(1000):
        builder.add(b"%06d" % number + (number << 8 | 1).to_bytes(8, "little"), chance.randbytes(100))
    builder.finish()
    return (tmp_path / "000005.ldb").read_bytes()


def swapped(data: bytes, one: int, other: int) -> bytes:
    """Two pages exchanged."""
    pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
    pages[one], pages[other] = pages[other], pages[one]
    return b"".join(pages)


def hurt_blocks(data: bytes) -> list[tuple[int, int]]:
    """Where the blocks are whose checksums do not fit."""
    faults = _kernel.scan_table(data).faults
    return [(fault.offset, fault.offset + fault.size) for fault in faults if fault.code.endswith("checksum-mismatch")]


@pytest.mark.parametrize("pages", [(0, 1), (3, 17), (5, 6), (2, 25)])
def test_two_pages_are_put_back(pages: tuple[int, int], table: bytes) -> None:
    """Next to each other or far apart."""
    damaged = swapped(table, *pages)
    hurt = hurt_blocks(damaged)

    found = put_pages_back(damaged, hurt, hurt)

    assert found is not None
    assert found.data == table
    assert found.pages == ((pages[0] * PAGE, pages[1] * PAGE),)


def test_more_than_one_pair_is_put_back(table: bytes) -> None:
    """One after another."""
    damaged = swapped(swapped(table, 2, 20), 7, 12)
    hurt = hurt_blocks(damaged)

    found = put_pages_back(damaged, hurt, hurt)

    assert found is not None
    assert found.data == table


def test_without_an_index_the_table_is_walked(table: bytes) -> None:
    """That more blocks are found is the proof."""
    last = len(table) // PAGE - 1
    damaged = swapped(table, 4, last)
    gaps = [(fault.offset, fault.offset + fault.size) for fault in _kernel.walk_table(damaged)[1]]

    found = put_pages_back(damaged, None, gaps)

    assert found is not None
    assert found.data == table


def test_what_is_lost_is_not_put_anywhere(table: bytes) -> None:
    """Other damage makes no checksum fit, however pages are moved."""
    damaged = table[: 3 * PAGE] + bytes(PAGE) + table[4 * PAGE : 9 * PAGE] + bytes(PAGE) + table[10 * PAGE :]
    hurt = hurt_blocks(damaged)

    assert len(hurt) > 2
    assert put_pages_back(damaged, hurt, hurt) is None


def test_no_page_moves_that_holds_a_whole_block(tmp_path: Path) -> None:
    """Less than a page was exchanged: to put pages back would heal one block and hurt those that stand beside it."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None, block_size=1024) as db:
        chance = random.Random(1)
        for number in range(1000):
            db.put(b"%06d" % number, chance.randbytes(100))
        db.compact_range()
        whole = dict(db)
    (table,) = (tmp_path / "db").glob("*.ldb")
    data, size = table.read_bytes(), 512
    blocks = [
        (at, at + length + 5, count)
        for at, length, kind, _, count in _kernel.scan_table(data).blocks()
        if kind == "data"
    ]
    places = (
        end // PAGE * PAGE for start, end, _ in blocks if 2 * PAGE < start < end // PAGE * PAGE and end % PAGE <= size
    )
    other = next(places)
    damaged = data[other : other + size] + data[size:other] + data[:size] + data[other + size :]
    table.write_bytes(damaged)
    hit = sum(count for start, end, count in blocks if start < size or (start < other + size and other < end))

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    found = dict(relevel.scan(tmp_path / "rescued"))
    assert found == dict(relevel.scan(tmp_path / "db"))
    assert found.items() <= whole.items()
    assert len(found) == len(whole) - hit
    assert not report.is_complete


def test_every_reader_sees_the_pages_in_their_places(tmp_path: Path) -> None:
    """check, scan and rescue alike; and the finding says which."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None) as db:
        for number in range(1000):
            db.put(b"%06d" % number, b"%d" % number * 30)
        db.compact_range()
        expected = dict(db)
    path = next((tmp_path / "db").glob("*.ldb"))
    path.write_bytes(swapped(path.read_bytes(), 1, 6))

    pairs = relevel.scan(tmp_path / "db")
    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert dict(pairs) == dict(relevel.scan(tmp_path / "rescued")) == expected
    assert report.is_complete
    assert [finding.code for finding in pairs.findings] == ["table.pages-swapped"]
    assert "table.pages-swapped" in {finding.code for finding in relevel.check(tmp_path / "db").findings}
