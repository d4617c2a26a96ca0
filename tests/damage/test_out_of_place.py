"""Whole files in the wrong place or of the wrong time: every command says so, and none gives what it cannot prove as proved."""

import shutil
from pathlib import Path

import pytest

import relevel
from relevel.files.manifest_writer import ManifestWriter
from relevel.format.comparator import BYTEWISE
from relevel.format.version_edit import FileMetadata, VersionEdit
from relevel.recovery.inventory.standing import Proof
from tests.damage import forge
from tests.damage.test_strays import Builder, Entries, write_table

OLD: Entries = {b"k%03d" % number: (number + 1, b"old %03d" % number) for number in range(300)}
NEW: Entries = {b"k%03d" % number: (number + 501, b"new %03d" % number) for number in range(300)}


def swapped(tmp_path: Path) -> Path:
    """A database of two tables of one size, the older one in both places; its newest sequence number is 1000."""
    builder = Builder(tmp_path)
    old, new = builder.table(5, OLD, level=2), builder.table(6, NEW, level=1)
    new.write_bytes(old.read_bytes())
    return builder.database(log=forge.log([forge.batch(1001, forge.put(b"other", b"value"), 1)]))


def put(sequence: int) -> bytes:
    """A batch of one put."""
    return forge.batch(sequence, forge.put(b"key %d" % sequence, b"value"), 1)


def codes(findings: object) -> set[str]:
    """The codes of the findings that cost something."""
    assert isinstance(findings, list | tuple)
    return {finding.code for finding in findings if finding.is_loss}


def test_a_table_in_anothers_place_is_told_by_every_reader(tmp_path: Path) -> None:
    """Not by a rescue alone, and also where the two have the same size: what it hides cannot be read, nor proved to be gone."""
    database = swapped(tmp_path)

    rows = relevel.dump(database)
    pairs = relevel.scan(database)
    report = relevel.undelete(database, tmp_path / "restored", deleted=True)

    assert dict(pairs) == {row.key: row.value for row in rows}
    for findings in (rows.findings, pairs.findings, report.findings, relevel.find(database, b"k001").findings):
        assert codes(findings) == {"table.replaced"}
    assert not report.is_complete
    with pytest.raises(relevel.CorruptionError):
        relevel.get(database, b"k001")


def test_a_damaged_table_in_anothers_place_is_told(tmp_path: Path) -> None:
    """Its footer is lost too: keys outside the range and neither end key are proof enough."""
    builder = Builder(tmp_path)
    path = builder.table(5, {b"k100": (900, b"value")})
    path.unlink()
    write_table(path, OLD)
    path.write_bytes(path.read_bytes() + bytes(100))

    report = relevel.rescue(builder.database(), tmp_path / "rescued")

    assert "table.replaced" in codes(report.losses)


def assert_all_stale_is_told(database: Path, live: dict[bytes, bytes], place: Path) -> None:
    """Hold a rescue of a database in which all is stale that is not as in ``live`` against what is told of it."""
    report = relevel.rescue(database, place / "rescued", strict=True)
    rescued = dict(relevel.scan(place / "rescued"))
    outdated = {key for key, value in rescued.items() if live.get(key) != value}
    certain = relevel.rescue(database, place / "certain", strict=True, exclude_uncertain=True)

    assert outdated
    assert not report.is_complete
    assert sum(stale.count for stale in report.possibly_stale) >= len(outdated)
    assert not outdated & dict(relevel.scan(place / "certain")).keys()
    assert certain.left_out
    for key in outdated:
        assert relevel.find(database, key).unproved
        assert relevel.History(database).unproved(key)
        with pytest.raises(relevel.CorruptionError):
            relevel.get(database, key)


def test_of_an_old_table_in_a_newer_ones_place_nothing_is_certain(tmp_path: Path) -> None:
    """Nor what lies outside the range of keys that the newer one had: it may have been deleted."""
    builder = Builder(tmp_path)
    table = builder.table(7, {b"b": (6, b"new"), b"c": (3, b"old"), b"d": (7, b"newest")}, level=1)
    table.unlink()
    write_table(table, {key: (number, b"old") for number, key in enumerate([b"a", b"b", b"c", b"d"], start=1)})

    assert_all_stale_is_told(builder.database(), {b"b": b"new", b"c": b"old", b"d": b"newest"}, tmp_path)


def test_of_an_old_table_with_a_damaged_block_nothing_is_certain(tmp_path: Path) -> None:
    """Its size and its ends tell that it is another one."""
    builder = Builder(tmp_path)
    table = builder.table(7, NEW, level=1)
    table.unlink()
    write_table(table, OLD)
    data = bytearray(table.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 40] = bytes(40)
    table.write_bytes(data)

    assert_all_stale_is_told(builder.database(), {key: value for key, (_, value) in NEW.items()}, tmp_path)


def test_the_place_of_such_a_table_proves_nothing_newer(tmp_path: Path) -> None:
    """Deeper down a newer version is lost."""
    builder = Builder(tmp_path)
    deep = builder.table(6, {b"k": (501, b"new"), b"p": (502, b"new")}, level=2)
    top = builder.table(9, {b"a": (503, b"1"), b"b": (504, b"1")})
    top.unlink()
    write_table(top, {b"k": (1, b"old"), b"p": (2, b"old")})
    data = bytearray(deep.read_bytes())
    data[:30] = bytes(30)
    deep.write_bytes(data)

    assert_all_stale_is_told(builder.database(), {b"k": b"new", b"p": b"new", b"a": b"1", b"b": b"1"}, tmp_path)


def test_a_backup_put_back_over_newer_tables_is_not_called_complete(tmp_path: Path) -> None:
    """CURRENT and manifest are of the backup; the newer table, unknown to them, is taken in all the same."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database(log=forge.log([put(1001)]))
    write_table(database / "000095.ldb", {b"k001": (5000, b"newer")})

    report = relevel.rescue(database, tmp_path / "rescued")

    assert report.proof is Proof.PARTIAL
    assert report.possibly_stale
    assert dict(relevel.scan(tmp_path / "rescued"))[b"k001"] == b"newer"


def test_the_engine_does_not_read_a_table_in_anothers_place(tmp_path: Path) -> None:
    """Of one size with it: nothing old comes out, and no compaction makes it part of a sound one."""
    builder = Builder(tmp_path)
    old, new = builder.table(5, {b"k001": (1, b"old")}, level=2), builder.table(6, {b"k001": (501, b"new")}, level=1)
    assert old.stat().st_size == new.stat().st_size
    new.write_bytes(old.read_bytes())
    database = builder.database(log=forge.log([forge.batch(1001, forge.put(b"other", b"value"), 1)]))
    before = {path.name: path.read_bytes() for path in database.glob("*.ldb")}

    with relevel.DB(database) as db:
        for read in (lambda: db.get(b"k001"), lambda: list(db), db.compact_range):
            with pytest.raises(relevel.CorruptionError, match="relevel rescue") as raised:
                read()
            assert raised.value.finding is not None
            assert raised.value.finding.code == "table.replaced"
        assert db.get(b"other") == b"value"
    assert before.items() <= {path.name: path.read_bytes() for path in database.glob("*.ldb")}.items()


def test_numbers_that_a_full_disk_has_cost_hide_nothing(tmp_path: Path) -> None:
    """LevelDB gives numbers to a batch that cannot be written, and goes on behind them, in a log that begins so."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database(log=forge.log([put(1011), put(1012)]))

    with relevel.DB(database) as db:
        assert {b"key 1011", b"key 1012"} <= dict(db).keys()
        assert db.recovery_findings == ()


def assert_refused(database: Path) -> None:
    """For writing and read-only, with the next step; nothing is changed."""
    before = {path.name: path.read_bytes() for path in database.iterdir()}
    for read_only in (True, False):
        with pytest.raises(relevel.CorruptionError, match="relevel rescue") as raised:
            relevel.DB(database, read_only=read_only)
        assert raised.value.finding is not None
        assert raised.value.finding.code == "manifest.partial"
    assert {path.name: path.read_bytes() for path in database.iterdir()} == before


@pytest.mark.parametrize("with_manifest", [True, False])
def test_a_backup_put_back_over_newer_tables_is_not_opened(with_manifest: bool, tmp_path: Path) -> None:
    """What was written since would be gone without a word: a compaction has made a table of the backup's. A rescue takes it in."""
    database, backup = tmp_path / "db", tmp_path / "backup"
    with relevel.DB(database, create_if_missing=True) as db:
        db.put(b"a", b"old")
        db.put(b"b", b"old")
        db.compact_range()
    shutil.copytree(database, backup)
    with relevel.DB(database) as db:
        db.put(b"a", b"new")
        db.compact_range()
        db.put(b"c", b"new")
    with relevel.DB(database) as db:
        db.compact_range()
        truth = dict(db)
    newer = {path.name for path in database.glob("MANIFEST-*")} - {path.name for path in backup.iterdir()}
    shutil.copytree(backup, database, dirs_exist_ok=True)
    assert newer
    for name in () if with_manifest else newer:
        (database / name).unlink()

    assert_refused(database)
    relevel.rescue(database, tmp_path / "rescued")
    assert dict(relevel.scan(tmp_path / "rescued")) == truth


def newer_than(oldest: int) -> Entries:
    """A table's entries up to sequence number 1100, which is more than the manifest has."""
    return {b"key %04d" % sequence: (sequence, b"newer") for sequence in range(oldest, 1101)}


def later_manifest(builder: Builder, number: int, edit_count: int) -> None:
    """Write a manifest that counts on table 95, and CURRENT does not name."""
    meta = write_table(builder.place / "000095.ldb", newer_than(1050))
    table = FileMetadata(95, meta.file_size, meta.smallest, meta.largest)
    state = VersionEdit(BYTEWISE.name, 97, 0, 100, 1100, new_files=((0, table),))
    writer = ManifestWriter.begin(str(builder.place / f"MANIFEST-{number:06d}"), state)
    for _ in range(edit_count - 2):
        writer.append(VersionEdit(log_number=97, previous_log_number=0, next_file_number=100, last_sequence=1100))
    writer.close()


def test_a_table_that_a_newer_manifest_counts_on_is_not_passed_over(tmp_path: Path) -> None:
    """A flush made it, of a log that is gone since."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    later_manifest(builder, 94, 3)

    assert_refused(builder.database())


def test_a_manifest_that_was_not_yet_in_use_is_no_doubt(tmp_path: Path) -> None:
    """LevelDB writes two edits before CURRENT names it; the power fails, and the log that was not synced is empty."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    later_manifest(builder, 94, 2)

    with relevel.DB(builder.database()) as db:
        assert dict(db) == {key: value for key, (_, value) in OLD.items()}


@pytest.mark.parametrize("oldest", [1001, 950, 301])
def test_a_table_made_of_a_log_that_is_lost_is_no_doubt(oldest: int, tmp_path: Path) -> None:
    """LevelDB's manifest ends with 1000, which was the last number given out: a log had what is behind the tables' last, 300."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database()
    write_table(database / "000095.ldb", newer_than(oldest))

    with relevel.DB(database) as db:
        assert dict(db) == {key: value for key, (_, value) in OLD.items()}


def test_a_table_made_of_one_that_counts_is_not_passed_over(tmp_path: Path) -> None:
    """It has a change that a table of the manifest has."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database()
    write_table(database / "000095.ldb", newer_than(300))

    assert_refused(database)


def test_a_table_that_a_crash_left_is_no_doubt(tmp_path: Path) -> None:
    """What is in it is in a log that counts."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database(log=forge.log([put(1001), put(1002), put(1003)]))
    write_table(database / "000095.ldb", {b"key 1001": (1001, b"value"), b"key 1002": (1002, b"value")})

    report = relevel.rescue(database, tmp_path / "rescued")

    assert report.losses == ()


@pytest.mark.parametrize(
    ("sequences", "code"), [([1005, 1006], "log.sequence.late"), ([998, 999], "log.sequence.short")]
)
def test_a_log_without_its_beginning_or_end_is_told(sequences: list[int], code: str, tmp_path: Path) -> None:
    """The manifest ends with 1000: what comes next must be there, and what a log has after the tables cannot end before that."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database(log=forge.log([put(sequence) for sequence in sequences]))

    report = relevel.rescue(database, tmp_path / "rescued")

    assert codes(report.losses) == codes(relevel.dump(database).findings) == {code}


def test_a_log_that_is_missing_between_two_is_told(tmp_path: Path) -> None:
    """No number of a manifest names it; the sequence numbers around it do."""
    builder = Builder(tmp_path)
    database = builder.database(log=forge.log([put(1001)]))
    (database / "000092.log").write_bytes(forge.log([put(1010)]))

    report = relevel.rescue(database, tmp_path / "rescued")

    assert [finding.span.file for finding in report.losses] == ["000090.log"]


def test_a_newer_log_under_an_old_number_is_told(tmp_path: Path) -> None:
    """It does not count, and all that counts ends before it."""
    builder = Builder(tmp_path)
    builder.table(5, OLD)
    database = builder.database()
    (database / "000007.log").write_bytes(forge.log([put(1001)]))

    assert codes(relevel.rescue(database, tmp_path / "rescued").losses) == {"manifest.partial"}


def test_in_a_log_out_of_turn_a_later_place_proves_nothing(tmp_path: Path) -> None:
    """Two logs in one file: a value of the second one is not given as proved."""
    builder = Builder(tmp_path)
    database = builder.database(log=forge.log([put(1005), put(1006), put(1001), put(1007)]))

    with pytest.warns(relevel.UnprovedWarning):
        value = relevel.get(database, b"key 1007")

    assert value == b"value"
