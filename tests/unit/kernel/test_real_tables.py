"""Tables of real databases, written by many programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relevel import _kernel

COMPARATORS = {"chromium-idb-2-sigkill": "idb", "gen-cpp-reverse-clean": "reverse-bytewise"}
BEING_WRITTEN = ["table.footer.bad-magic"]
"""What is wrong with a table that its writer had not finished when it was killed or copied."""


def databases(shared_fixtures: Path) -> list[Path]:
    """Those with tables."""
    return [place for place in sorted(shared_fixtures.iterdir()) if tables(place)]


def tables(database: Path) -> list[Path]:
    """The tables of a database."""
    return sorted([*database.glob("db/*.ldb"), *database.glob("db/*.sst")])


def test_every_table_scans_and_has_the_entries_that_are_known(shared_fixtures: Path) -> None:
    """No healthy table has a fault, whoever wrote it; counts are those of the program that recorded them."""
    for database in databases(shared_fixtures):
        counts = [0, 0]
        for path in tables(database):
            scan = _kernel.scan_table(str(path), COMPARATORS.get(database.name, "bytewise"))
            assert [fault.code for fault in scan.faults] in ([], BEING_WRITTEN), path
            counts = [counts[0] + scan.put_count, counts[1] + scan.deletion_count]
        known = re.search(r"table entries (\d+) put / (\d+) del", (database / "README.md").read_text(encoding="utf-8"))

        assert known is not None
        assert counts == [int(known[1]), int(known[2])], database.name


def test_a_walk_finds_every_block_that_an_index_names(shared_fixtures: Path) -> None:
    """And with the blocks found so, a scan gives what it gives with the index."""
    for database in databases(shared_fixtures):
        comparator = COMPARATORS.get(database.name, "bytewise")
        for path in tables(database):
            scan = _kernel.scan_table(str(path), comparator)
            blocks, holes = _kernel.walk_table(str(path))
            walked = _kernel.scan_table(str(path), comparator, blocks=[(offset, size) for offset, size, _ in blocks])

            assert holes == []
            if not scan.faults:
                assert walked.blocks()[:3] == scan.blocks()[:3]
                assert [block[:3] for block in walked.blocks()] == [block[:3] for block in scan.blocks()]
                assert (walked.put_count, walked.largest, walked.faults) == (scan.put_count, scan.largest, [])


def test_no_real_filter_denies_a_key(shared_fixtures: Path) -> None:
    """Under LevelDB's name and under the old one that goleveldb still uses."""
    names = {
        scan.filter_name
        for database in databases(shared_fixtures)
        for path in tables(database)
        for scan in [_kernel.scan_table(str(path), COMPARATORS.get(database.name, "bytewise"))]
    }

    assert {b"leveldb.BuiltinBloomFilter", b"leveldb.BuiltinBloomFilter2"} <= names


@pytest.mark.parametrize("damage", ["zeroed", "cut", "doubled"])
def test_a_damaged_real_table_loses_only_what_was_hit(shared_fixtures: Path, damage: str) -> None:
    """A page in the middle is zeroed, missing or there twice: the walk goes on behind it."""
    path = shared_fixtures / "gen-plyvel-snappy-clean" / "db"
    table = max(path.glob("*.ldb"), key=lambda path: path.stat().st_size).read_bytes()
    page = table[8192:12288]
    middle = {"zeroed": bytes(4096), "cut": b"", "doubled": page * 2}[damage]
    damaged = table[:8192] + middle + table[12288:]
    whole, _ = _kernel.walk_table(table)
    untouched = [size for offset, size, _ in whole if offset + size + 5 <= 8192 or offset >= 12288]
    touched = [size + 5 for offset, size, _ in whole if offset < 12288 and offset + size + 5 > 8192]

    blocks, holes = _kernel.walk_table(damaged)

    assert sum(fault.size for fault in holes) <= sum(touched) + 4096
    found = [size for _, size, _ in blocks]
    assert len([size for size in untouched if size in found]) == len(untouched)
