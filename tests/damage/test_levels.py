"""Tables of one level whose keys overlap: LevelDB looks into one of them only; no entry of the other is lost or shown stale."""

from __future__ import annotations

from pathlib import Path

import relevel
from tests.damage import forge

Pairs = list[tuple[bytes, int]]


def table(pairs: Pairs) -> bytes:
    """A table of puts, each with its sequence number for a value."""
    data = forge.block(b"".join(forge.entry(forge.internal_key(key, number), b"%d" % number) for key, number in pairs))
    last = forge.internal_key(*pairs[-1])
    index = forge.block(forge.entry(last, forge.varint(0) + forge.varint(len(data) - 5)))
    return forge.table(data, index=index)


def database(place: Path, level: int, *tables: Pairs) -> Path:
    """A database whose manifest has these tables in one level."""
    files = {f"{number:06}.ldb": table(pairs) for number, pairs in enumerate(tables, start=5)}
    edits = [
        forge.new_table(
            level,
            number,
            len(files[f"{number:06}.ldb"]),
            pairs[0][0],
            pairs[-1][0],
            sequences=(pairs[0][1], pairs[-1][1]),
        )
        for number, pairs in enumerate(tables, start=5)
    ]
    return forge.database(place, [forge.first_edit(last_sequence=20), *edits], files)


FIRST: Pairs = [(b"a", 5), (b"k", 6), (b"m", 7)]
SECOND: Pairs = [(b"c", 3), (b"k", 9), (b"z", 4)]


def test_tables_of_a_level_that_overlap_are_told(tmp_path: Path) -> None:
    """With their names and the keys that LevelDB may not find; in level 0 they may."""
    deep = relevel.check(database(tmp_path / "deep", 1, FIRST, SECOND))
    shallow = relevel.check(database(tmp_path / "shallow", 0, FIRST, SECOND))

    (finding,) = deep.findings
    assert (finding.code, finding.span.file) == ("level.overlap", "000006.ldb")
    assert "000005.ldb and 000006.ldb" in finding.message
    assert finding.keys == relevel.KeyRange(b"c", b"z")
    assert shallow.is_clean


def test_they_are_rescued_by_sequence_number(tmp_path: Path) -> None:
    """The newest version of each key, whichever table has it; nothing is lost."""
    source = database(tmp_path / "db", 2, FIRST, SECOND)

    report = relevel.rescue(source, tmp_path / "new")

    assert report.is_complete
    assert not report.keeps_shape
    assert dict(relevel.scan(tmp_path / "new")) == {b"a": b"5", b"c": b"3", b"k": b"9", b"m": b"7", b"z": b"4"}
    assert dict(relevel.scan(source)) == dict(relevel.scan(tmp_path / "new"))
    assert relevel.check(tmp_path / "new").is_clean


def test_tables_that_touch_in_one_key_do_not_overlap(tmp_path: Path) -> None:
    """Its newer versions are in the first of them."""
    source = database(tmp_path / "db", 1, [(b"a", 5), (b"k", 9)], [(b"k", 6), (b"z", 4)])

    assert relevel.check(source).is_clean
    assert relevel.rescue(source, tmp_path / "new").keeps_shape
    assert dict(relevel.scan(tmp_path / "new"))[b"k"] == b"9"
