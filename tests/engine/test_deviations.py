"""Where plyvel has bugs that relevel does not repeat. Quirks that relevel shares are told by the other tests here.

Shared: a written batch is not cleared; append takes keys as they are; a raw iterator of a part's snapshot sees everything;
an iterator sees the moment at which it was made; a block that fails writes its batch unless it is a transaction.
"""

import random
from pathlib import Path
from typing import Any

import pytest

ENTRIES = 2000
MAGIC_SIZE = 8
LAST = b"the last value of all"


def write_tables(plyvel: Any, path: str) -> None:
    """A database with all its entries in tables, not compressed."""
    chance = random.Random(3)
    with plyvel.DB(path, create_if_missing=True, compression=None) as db:
        for number in range(ENTRIES - 1):
            db.put(b"%05d" % number, chance.randbytes(50))
        db.put(b"%05d" % (ENTRIES - 1), LAST)
        db.compact_range(start=b"0", stop=b"9")


def flip(path: str, offset: int) -> None:
    """Flip a bit of the largest table, from its end where the offset is negative."""
    table = max(Path(path).glob("*.ldb"), key=lambda file: file.stat().st_size)
    content = bytearray(table.read_bytes())
    content[offset] ^= 0x10
    table.write_bytes(content)


@pytest.mark.deviation("without bounds it writes the memtable and compacts nothing")
def test_compact_range_without_bounds_compacts_everything(plyvel: Any, path: str) -> None:
    """What was deleted leaves the disk."""
    write_tables(plyvel, path)
    with plyvel.DB(path) as db:
        for number in range(ENTRIES):
            db.delete(b"%05d" % number)

        db.compact_range()

        assert db.approximate_size(b"0", b"9") == 0


@pytest.mark.deviation("an error that leaves no further entry ends the loop as if it were the end")
@pytest.mark.parametrize("reverse", [False, True])
def test_iteration_does_not_end_in_silence_where_a_table_cannot_be_read(plyvel: Any, path: str, reverse: bool) -> None:
    """The only table's footer is damaged: an error, at the latest when the loop gets there."""
    write_tables(plyvel, path)
    flip(path, -MAGIC_SIZE)

    with pytest.raises(plyvel.CorruptionError), plyvel.DB(path) as db:
        list(db.iterator(reverse=reverse))


def test_raw_iteration_and_get_report_a_table_that_cannot_be_read(plyvel: Any, path: str) -> None:
    """In plyvel too."""
    write_tables(plyvel, path)
    flip(path, -MAGIC_SIZE)

    with pytest.raises(plyvel.CorruptionError), plyvel.DB(path) as db:
        db.raw_iterator().seek_to_first()
    with pytest.raises(plyvel.CorruptionError), plyvel.DB(path) as db:
        db.get(b"00001")


@pytest.mark.deviation("an error that leaves no further entry ends the loop as if it were the end")
def test_iteration_does_not_end_in_silence_where_the_last_block_is_damaged(plyvel: Any, path: str) -> None:
    """Checksums are verified; the entries before the damage come first, then the error."""
    write_tables(plyvel, path)
    table = next(Path(path).glob("*.ldb"))
    flip(path, table.read_bytes().index(LAST))
    seen = []

    with plyvel.DB(path) as db, pytest.raises(plyvel.CorruptionError):
        for key in db.iterator(verify_checksums=True, include_value=False):
            seen.append(key)

    assert seen == [b"%05d" % number for number in range(len(seen))]
    assert 0 < len(seen) < ENTRIES


@pytest.mark.deviation("checksums are verified on demand only")
def test_no_read_gives_damaged_bytes(plyvel: Any, path: str) -> None:
    """Neither get nor iteration, though nobody asked for checksums to be verified."""
    write_tables(plyvel, path)
    flip(path, 60)

    with plyvel.DB(path) as db:
        with pytest.raises(plyvel.CorruptionError):
            list(db)
        with pytest.raises(plyvel.CorruptionError):
            [db.get(b"%05d" % number) for number in range(100)]


@pytest.mark.deviation("where the only key is the start, reverse iteration gives nothing")
def test_reverse_iteration_gives_a_sole_key_that_is_the_start(few: Any) -> None:
    """By start, by prefix, by the empty key of a part, and for prev of a forward iterator."""
    few.prefixed_db(b"part/").put(b"", b"sole")

    assert list(few.iterator(start=b"3", stop=b"4", reverse=True)) == [(b"3", b"v3")]
    assert list(few.iterator(start=b"3", stop=b"3", include_stop=True, reverse=True)) == [(b"3", b"v3")]
    assert list(few.iterator(prefix=b"3", reverse=True)) == [(b"3", b"v3")]
    assert list(few.prefixed_db(b"part/").iterator(reverse=True)) == [(b"", b"sole")]
    forward = few.iterator(start=b"3", stop=b"4")
    forward.seek_to_stop()
    assert forward.prev() == (b"3", b"v3")


@pytest.mark.deviation("right behind a seek the bounds are not looked at")
@pytest.mark.parametrize("target", [b"", b"1", b"3", b"5", b"7", b"8", b"9", b"\xff"], ids=repr)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_seek_does_not_lead_out_of_the_range(few: Any, target: bytes, reverse: bool) -> None:
    """Neither up nor down, and excluded bounds stay excluded."""
    for bounds, inside in (
        ({"start": b"3", "stop": b"7", "include_start": False}, [b"5"]),
        ({"start": b"3", "stop": b"7"}, [b"3", b"5"]),
        ({"start": b"7", "stop": b"3"}, []),
        ({"start": b"5", "stop": b"9", "include_stop": True}, [b"5", b"7", b"9"]),
    ):
        given = []
        for move in ("__next__", "prev"):
            iterator = few.iterator(reverse=reverse, include_value=False, **bounds)
            iterator.seek(target)
            try:
                given.append(getattr(iterator, move)())
            except StopIteration:
                continue

        assert set(given) <= set(inside)
        assert set(given) == {
            *[key for key in inside if key >= target][:1],
            *[key for key in inside if key < target][-1:],
        }


@pytest.mark.deviation("create_if_missing begins anew where only CURRENT is lost, and deletes the tables")
def test_a_lost_current_is_not_a_missing_database(plyvel: Any, path: str) -> None:
    """Opening is refused, and every file stays."""
    write_tables(plyvel, path)
    Path(path, "CURRENT").unlink()
    tables = {file.name: file.read_bytes() for file in Path(path).glob("*.ldb")}

    with pytest.raises(plyvel.Error):
        plyvel.DB(path, create_if_missing=True).close()
    assert {file.name: file.read_bytes() for file in Path(path).glob("*.ldb")} == tables


@pytest.mark.deviation("a torn manifest opens as an older state, and the tables it does not know are deleted")
def test_a_torn_manifest_costs_nothing(plyvel: Any, path: str) -> None:
    """Opening is refused, or finds everything; the tables stay."""
    write_tables(plyvel, path)
    with next(Path(path).glob("MANIFEST-*")).open("r+b") as manifest:
        manifest.truncate(manifest.seek(0, 2) - 3)
    tables = {file.name for file in Path(path).glob("*.ldb")}

    try:
        with plyvel.DB(path) as db:
            count = len(list(db))
    except plyvel.Error:
        count = ENTRIES

    assert count == ENTRIES
    assert tables <= {file.name for file in Path(path).glob("*.ldb")}


@pytest.mark.deviation("the default is to drop the rest of the block in the log, and to go on")
def test_a_damaged_log_is_not_passed_over_in_silence(plyvel: Any, path: str) -> None:
    """What was written after the damage is not presented as if nothing were missing; what was before it is kept."""
    with plyvel.DB(path, create_if_missing=True) as db:
        for number in range(3000):
            db.put(b"%05d" % number, b"value %d" % number)
    log = next(Path(path).glob("*.log"))
    content = bytearray(log.read_bytes())
    content[20] ^= 1
    log.write_bytes(content)

    with pytest.warns(UserWarning, match="not applied"):
        plyvel.DB(path).close()
    assert log.read_bytes() == bytes(content)
