"""What counts where no manifest says so: what a program had begun when it died, and when it is proved that nothing is missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from relevel.format.internal_key import encode_internal_key
from tests.damage import forge

Version = tuple[bytes, int]
"""Key and sequence number."""

KEYS = [b"%05d" % number for number in range(3000)]


def value_of(key: bytes, sequence: int) -> bytes:
    """A value of its own for every version."""
    return b"%s as of %d " % (key, sequence) * 3


def write_table(folder: Path, number: int, versions: Iterable[Version]) -> Path:
    """Write a table of puts."""
    path = folder / f"{number:06d}.ldb"
    builder = _kernel.TableBuilder(str(path))
    for key, sequence in sorted(versions, key=lambda version: (version[0], -version[1])):
        builder.add(encode_internal_key(key, sequence), value_of(key, sequence))
    builder.finish()
    return path


def write_log(folder: Path, number: int, versions: Iterable[Version]) -> None:
    """Write a log of one batch for each put."""
    batches = (forge.batch(sequence, forge.put(key, value_of(key, sequence)), 1) for key, sequence in versions)
    (folder / f"{number:06d}.log").write_bytes(forge.log(batches))


def live(versions: Iterable[Version]) -> dict[bytes, bytes]:
    """The newest of each key."""
    return {key: value_of(key, sequence) for key, sequence in sorted(versions, key=lambda version: version[1])}


EVEN = [(key, number + 1) for number, key in enumerate(KEYS[::2])]
ODD = [(key, number + 1501) for number, key in enumerate(KEYS[1::2])]
AGAIN = [(key, number + 3001) for number, key in enumerate(KEYS[:300:3])]
NEWEST = [(key, number + 3101) for number, key in enumerate(KEYS[::50])]
ALL = [*EVEN, *ODD, *AGAIN, *NEWEST]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Three tables and a log, and nothing that says what counts."""
    folder = tmp_path / "database"
    folder.mkdir()
    write_table(folder, 5, EVEN)
    write_table(folder, 7, ODD)
    write_table(folder, 9, AGAIN)
    write_log(folder, 12, NEWEST)
    return folder


def merged(*, up_to: int) -> list[Version]:
    """What a compaction of the three tables keeps of the first keys."""
    newest = {key: sequence for key, sequence in (*EVEN, *ODD, *AGAIN) if key < KEYS[up_to]}
    return [*newest.items()]


def rescued(place: Path) -> tuple[relevel.RescueReport, dict[bytes, bytes]]:
    """Rescue, and read the result."""
    target = place.with_name("rescued")
    shutil.rmtree(target, ignore_errors=True)
    return relevel.rescue(place, target), dict(relevel.scan(target))


def test_a_compaction_that_broke_off_between_two_tables_has_replaced_nothing(place: Path) -> None:
    """Its first table is full and ends well, the next was never begun: the keys beyond it are in its inputs alone."""
    write_table(place, 13, merged(up_to=2400))

    report, found = rescued(place)

    assert found == live(ALL)
    assert "table.uncertain" not in {finding.code for finding in report.findings}


def test_a_compaction_of_which_an_input_is_gone_has_ended(place: Path) -> None:
    """Keys are in the inputs and not in what was made of them: what deleted them has gone, with a compaction that ended."""
    write_table(place, 13, [version for version in merged(up_to=2400) if not KEYS[100] <= version[0] < KEYS[150]])

    report, found = rescued(place)

    assert not found.keys() & {*KEYS[101:150]} - {key for key, _ in NEWEST}
    assert "table.uncertain" in {finding.code for finding in report.losses}


def test_a_compaction_that_broke_off_within_a_table_has_replaced_nothing(place: Path) -> None:
    """Its first table ends well, the second does not: neither counts, and nothing is said to be replaced."""
    kept = sorted(merged(up_to=2400))
    write_table(place, 13, kept[:1000])
    path = write_table(place, 14, kept[1000:])
    path.write_bytes(path.read_bytes()[:5000])

    report, found = rescued(place)

    assert found == live(ALL)
    assert "table.uncertain" not in {finding.code for finding in report.findings}


def test_a_table_of_its_own_among_what_was_made_speaks_for_a_compaction_that_ended(place: Path) -> None:
    """It holds what no input does, so inputs are gone: what the others hold beyond all that was made of them is uncertain."""
    write_table(place, 13, [*merged(up_to=100), (b"own", 3101)])
    write_table(place, 15, merged(up_to=2400))

    report, found = rescued(place)

    assert found == live([*(version for version in ALL if version[0] < KEYS[2400] or version in NEWEST)])
    assert "000013.ldb" in {finding.span.file for finding in report.losses if finding.code == "table.uncertain"}


@pytest.mark.parametrize("size", [0, 100, 3000])
def test_a_table_that_was_being_written_costs_nothing(size: int, place: Path) -> None:
    """A flush that was under way: the log that it was made of is still there, and so is the next one."""
    path = write_table(place, 14, NEWEST)
    path.write_bytes(path.read_bytes()[:size])
    following = [(b"last", 3161)]
    write_log(place, 13, following)

    _, found = rescued(place)

    assert found == live([*ALL, *following])


LOG = """\
2026/11/21-17:05:22.154490 139859326478016 Level-0 table #5: {5} bytes OK
2026/11/21-17:05:22.154490 139859326478016 Level-0 table #7: {7} bytes OK
2026/11/21-17:05:22.357593 139859326478016 Level-0 table #9: {9} bytes OK
2026/11/21-17:05:22.415127 139859326478016 Moved #5 to level-1 118437 bytes OK: files[ 2 1 0 0 0 0 0 ]
2026/11/21-17:05:22.357593 139859326478016 Level-0 table #14: started
"""


@pytest.mark.parametrize("size", [0, 100, 3000, None])
def test_what_log_does_not_tell_of_is_proved_by_what_it_was_made_of(size: int | None, place: Path) -> None:
    """LOG ends with the beginning of a flush: a table that only repeats a log changes nothing, and the rescue is complete."""
    sizes = {number: (place / f"{number:06d}.ldb").stat().st_size for number in (5, 7, 9)}
    (place / "LOG").write_text(LOG.format(*[sizes.get(number) for number in range(10)]), encoding="ascii")
    path = write_table(place, 14, NEWEST)
    path.write_bytes(path.read_bytes()[:size])
    write_log(place, 13, [(b"last", 3161)])

    report, found = rescued(place)

    assert (report.proof, report.losses) == ("log-file", ())
    assert found == live([*ALL, (b"last", 3161)])


FLUSHED = LOG[: LOG.rindex("2026")] + "2026/11/21-17:05:22.357593 139859326478016 Delete type=0 #8\n"
COMPACTING = """\
2026/11/21-17:05:22.415127 139859326478016 Compacting 3@0 + 0@1 files
2026/11/21-17:05:22.458641 139859326478016 Generated table #13@0: 2400 keys, 602660 bytes
"""


def tell(place: Path, text: str) -> None:
    """Write LOG, with the tables' sizes in it."""
    sizes = {number: (place / f"{number:06d}.ldb").stat().st_size for number in (5, 7, 9)}
    (place / "LOG").write_text(text.format(*[sizes.get(number) for number in range(10)]), encoding="ascii")


@pytest.mark.parametrize("size", [None, 9999])
def test_a_table_of_a_compaction_that_log_does_not_end_counts_for_nothing(size: int | None, place: Path) -> None:
    """All of it is in what it was made of, and LOG tells that just that counted."""
    tell(place, FLUSHED + COMPACTING)
    path = write_table(place, 13, merged(up_to=2400))
    path.write_bytes(path.read_bytes()[:size])

    report, found = rescued(place)

    assert (report.proof, report.losses) == ("log-file", ())
    assert found == live(ALL)


def test_a_log_that_log_calls_removed_counts_for_nothing(place: Path) -> None:
    """It came back, with a write of which nothing is left in the tables: that was overwritten since, or deleted."""
    tell(place, FLUSHED)
    write_log(place, 8, [*AGAIN, (b"dropped", 3101)])

    report, found = rescued(place)

    assert (report.proof, report.losses) == ("log-file", ())
    assert found == live(ALL)


def test_a_removed_log_counts_where_the_table_made_of_it_is_gone(place: Path) -> None:
    """It is all that is left of it, and with it every write is there."""
    tell(place, FLUSHED)
    write_log(place, 8, AGAIN)
    (place / "000009.ldb").unlink()

    report, found = rescued(place)

    assert (report.proof, report.losses) == ("every-write", ())
    assert found == live(ALL)


def test_a_flush_without_the_log_that_follows_is_not_proved(place: Path) -> None:
    """A memtable is flushed when the next log has begun: if that is not there, it is lost."""
    sizes = {number: (place / f"{number:06d}.ldb").stat().st_size for number in (5, 7, 9)}
    (place / "LOG").write_text(LOG.format(*[sizes.get(number) for number in range(10)]), encoding="ascii")
    write_table(place, 14, NEWEST)

    report, found = rescued(place)

    assert (report.proof, report.is_complete) == ("none", False)
    assert found == live(ALL)


def test_where_every_write_is_there_nothing_is_missing(place: Path) -> None:
    """Sequence numbers are given out without a gap: 1 to the last are there, so no table can be missing."""
    report, found = rescued(place)

    assert (report.proof, report.losses, report.possibly_stale) == ("every-write", (), ())
    assert found == live(ALL)


@pytest.mark.parametrize("name", ["000005.ldb", "000007.ldb", "000009.ldb", "000012.log"])
def test_where_a_file_is_missing_nothing_is_proved(name: str, place: Path) -> None:
    """Without one of them there is a gap, or no log."""
    (place / name).unlink()

    report, _ = rescued(place)

    assert (report.proof, report.is_complete) == ("none", False)


def test_two_writes_with_one_number_do_not_stand_for_a_missing_one(place: Path) -> None:
    """As many as there should be, but of two databases: each number must be there once."""
    (place / "000009.ldb").unlink()
    write_table(place, 3, [(b"foreign %d" % number, number + 1) for number in range(100)])

    report, _ = rescued(place)

    assert (report.proof, report.is_complete) == ("none", False)


COMPACTED = COMPACTING + "2026/11/21-17:05:22.458641 139859326478016 compacted to: files[ 0 1 0 0 0 0 0 ]\n"
REMOVED = "2026/11/21-17:05:22.458641 139859326478016 Delete type=0 #14\n"


@pytest.mark.parametrize("last", [COMPACTED, REMOVED], ids=["table", "log"])
def test_writes_prove_nothing_where_log_tells_of_a_later_file_that_is_gone(last: str, place: Path) -> None:
    """All writes up to the newest that is on disk are there, and more may have been made."""
    tell(place, FLUSHED + last)

    report, _ = rescued(place)

    assert (report.proof, report.is_complete) == ("none", False)


def test_an_old_log_that_was_put_back_is_not_called_complete(tmp_path: Path) -> None:
    """All the writes that it has are there; LOG tells that more were made."""
    database = tmp_path / "db"
    with relevel.DB(database, create_if_missing=True) as db:
        db.put(b"first", b"value")
    (log,) = database.glob("*.log")
    content = log.read_bytes()
    with relevel.DB(database) as db:
        for number in range(50):
            db.put(b"%d" % number, b"value")
        db.compact_range()
    for pattern in ("*.log", "*.ldb", "MANIFEST-*"):
        for path in database.glob(pattern):
            path.unlink()
    log.write_bytes(content)

    report = relevel.rescue(database, tmp_path / "rescued")

    assert not report.is_complete


def test_tables_under_the_numbers_of_deleted_ones_count(tmp_path: Path) -> None:
    """LevelDB deletes at an opening what a killed compaction left, and gives the numbers out again: LOG tells both."""
    plyvel = pytest.importorskip("plyvel")
    source = tmp_path / "database"
    with plyvel.DB(str(source), create_if_missing=True) as db:
        for number in range(500):
            db.put(b"%05d" % number, b"first")
        db.compact_range()
    table = max(source.glob("*.ldb"))
    newest = max(int(path.stem) for path in source.iterdir() if path.stem.isdigit())
    for number in range(newest + 1, newest + 9):
        shutil.copy(table, source / f"{number:06d}.ldb")
    with plyvel.DB(str(source), write_buffer_size=1 << 16) as db:
        for number in range(0, 500, 2):
            db.put(b"%05d" % number, b"second" * 100)
        db.compact_range()
        truth = dict(db)
    deleted = {name for name in (source / "LOG").read_text().split() if name.startswith("#")}
    assert {f"#{int(path.stem)}" for path in source.glob("*.ldb")} & deleted
    for path in [*source.glob("MANIFEST-*"), source / "CURRENT"]:
        path.unlink()

    relevel.rescue(source, tmp_path / "rescued")

    assert dict(relevel.scan(tmp_path / "rescued")) == truth
