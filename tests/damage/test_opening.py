"""Opening what LevelDB would open and then delete: refused, or opened with everything in it; never changed by a refusal.

The cases are those in which google/leveldb or goleveldb were seen to lose data.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from relevel.errors import (
    CorruptionError,
    InvalidArgumentError,
    LogDamagedWarning,
    NotADatabaseError,
    RelevelError,
    StorageError,
)
from relevel.files.manifest import scan_manifest
from relevel.files.manifest_writer import write_manifest
from relevel.format.version_edit import VersionEdit
from relevel.storage.read_only import ReadOnlyDirectory

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

ENTRIES = {b"key%04d" % i: b"value%04d" % i * 5 for i in range(1000)}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a table and a log, as LevelDB leaves it."""
    path = tmp_path_factory.mktemp("original") / "db"
    for keys in (sorted(ENTRIES)[:900], sorted(ENTRIES)[900:]):
        with plyvel.DB(str(path), create_if_missing=True) as db:
            for key in keys:
                db.put(key, ENTRIES[key])
    return path


@pytest.fixture
def database(original: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(original, tmp_path / "db"))


def manifest_of(database: Path) -> Path:
    """The manifest in use."""
    return database / (database / "CURRENT").read_text().strip()


def assert_refused(database: Path, error: type[RelevelError], match: str) -> None:
    """Opening fails, both with ``create_if_missing`` and without, and changes nothing; and the lock is free."""
    before = ReadOnlyDirectory(database).fingerprint()

    for create in (True, False):
        with pytest.raises(error, match=match):
            relevel.DB(database, create_if_missing=create)
        assert ReadOnlyDirectory(database).fingerprint() == before
    with pytest.raises(error, match=match):
        relevel.DB(database, read_only=True)
    assert ReadOnlyDirectory(database).fingerprint() == before


def assert_all_there(database: Path) -> None:
    """Opening succeeds, and every entry is there, by iteration and by ``get``."""
    with relevel.DB(database) as db:
        assert dict(db) == ENTRIES
        assert all(db.get(key) == value for key, value in ENTRIES.items())


@pytest.mark.parametrize("manifest", [None, b"", b"\0" * 50, b"whole"])
@pytest.mark.parametrize("log", [None, b""])
def test_what_a_crash_leaves_of_a_new_database_is_made_anew(
    manifest: bytes | None, log: bytes | None, tmp_path: Path
) -> None:
    """Before CURRENT is there nothing can have been written."""
    with relevel.DB(tmp_path / "model", create_if_missing=True):
        pass
    content = manifest_of(tmp_path / "model").read_bytes() if manifest == b"whole" else manifest
    database = tmp_path / "db"
    database.mkdir()
    (database / "000003.dbtmp").write_bytes(b"MANIFEST-000003\n")
    for name, data in (("MANIFEST-000003", content), ("000002.log", log)):
        if data is not None:
            (database / name).write_bytes(data)

    with relevel.DB(database, create_if_missing=True) as db:
        db.put(b"key", b"value")
    with relevel.DB(database) as db:
        assert dict(db) == {b"key": b"value"}


@pytest.mark.parametrize(
    ("name", "data"),
    [("000002.log", b"\1"), ("000005.ldb", b""), ("MANIFEST-000003", bytes(2000)), ("000005.sst", b"x")],
)
def test_what_may_have_held_something_is_not_made_anew(name: str, data: bytes, tmp_path: Path) -> None:
    """A log that is not empty, a table, a manifest that is too long for a new one."""
    (tmp_path / "MANIFEST-000003").write_bytes(b"")
    (tmp_path / name).write_bytes(data)

    with pytest.raises(relevel.CorruptionError, match="CURRENT"):
        relevel.DB(tmp_path, create_if_missing=True)


@pytest.mark.parametrize("name", ["CURRENT", "MANIFEST"])
def test_a_database_without_its_entry_point_is_not_taken_for_a_new_one(database: Path, name: str) -> None:
    """LevelDB makes a new database over it, and deletes every table."""
    (database / "CURRENT" if name == "CURRENT" else manifest_of(database)).unlink()

    assert_refused(database, CorruptionError, "relevel rescue")


@pytest.mark.parametrize("content", [b"", bytes(16), b"MANIFEST-000002", b"MANIFEST-000099\n", b"nonsense\n"])
def test_a_current_that_leads_nowhere_is_refused(database: Path, content: bytes) -> None:
    """With the next step in the message."""
    (database / "CURRENT").write_bytes(content)

    assert_refused(database, CorruptionError, "relevel rescue")


@pytest.mark.parametrize("cut", [1, 3, 10, 30])
def test_a_manifest_that_lost_its_last_edit_is_refused_where_the_log_is_gone(database: Path, cut: int) -> None:
    """LevelDB takes it for the version before and deletes the table that the edit added."""
    manifest = manifest_of(database)
    manifest.write_bytes(manifest.read_bytes()[:-cut])

    assert_refused(database, CorruptionError, "relevel rescue")


def test_a_manifest_torn_by_a_crash_is_opened_where_nothing_is_gone(database: Path) -> None:
    """An edit was being written; what it would have replaced is all there."""
    manifest = manifest_of(database)
    manifest.write_bytes(manifest.read_bytes() + b"\x01\x02\x03\x04\x40\x00\x01torn")

    assert_all_there(database)


def test_a_flipped_bit_in_the_manifest_is_refused(database: Path) -> None:
    """A wrong checksum is no crash."""
    manifest = manifest_of(database)
    data = bytearray(manifest.read_bytes())
    data[20] ^= 1
    manifest.write_bytes(data)

    assert_refused(database, CorruptionError, "checksum")


def test_a_missing_table_is_refused_even_where_a_log_has_its_number(database: Path) -> None:
    """LevelDB looks at the number alone, and reads from a table that is not there."""
    (table,) = database.glob("*.ldb")
    table.rename(table.with_suffix(".log"))

    assert_refused(database, CorruptionError, "missing")


def test_a_table_is_found_under_the_names_that_leveldb_looks_for(database: Path) -> None:
    """``.ldb`` before ``.sst``; not with its number written in another way."""
    (table,) = database.glob("*.ldb")
    table.with_suffix(".sst").write_bytes(bytes(table.stat().st_size))
    assert_all_there(database)

    table.with_suffix(".sst").unlink()
    table.rename(database / table.name.lstrip("0"))

    assert_refused(database, CorruptionError, "missing")


@pytest.mark.parametrize("name", ["{}.log", "{}.ldb", "CURRENT.{}"])
def test_a_stranger_with_a_huge_number_is_no_bar(database: Path, name: str) -> None:
    """Numbers go on where the database's own end."""
    (database / name.format((1 << 64) - 1)).write_bytes(b"")

    assert_all_there(database)


def test_tables_that_overlap_below_level_0_are_refused(database: Path) -> None:
    """A look-up reads one of them, perhaps the one with the older value."""
    with relevel.DB(database) as db:
        db.put(b"key0500", b"newer")
        db.compact_range(start=b"x")
    manifest = manifest_of(database)
    scan = scan_manifest(ReadOnlyDirectory(database), manifest.name)
    manifest.unlink()
    write_manifest(
        str(manifest),
        VersionEdit(
            comparator=scan.comparator,
            log_number=scan.log_number,
            next_file_number=scan.next_file_number,
            last_sequence=scan.last_sequence,
            new_files=tuple((1, metadata) for _, metadata in scan.tables()),
        ),
    )

    assert_refused(database, CorruptionError, "apart")


@pytest.mark.parametrize("size", [0, 10, -1])
def test_a_table_of_another_size_is_refused(database: Path, size: int) -> None:
    """LevelDB opens the database and fails when it reads."""
    (table,) = database.glob("*.ldb")
    data = table.read_bytes()
    table.write_bytes(data[:size])

    assert_refused(database, CorruptionError, "bytes")


def test_a_missing_log_is_refused(database: Path) -> None:
    """LevelDB takes it for an empty one."""
    for log in database.glob("*.log"):
        log.unlink()

    assert_refused(database, CorruptionError, "log")


def test_another_comparator_is_refused(database: Path) -> None:
    """In LevelDB's words."""
    before = ReadOnlyDirectory(database).fingerprint()

    with pytest.raises(InvalidArgumentError, match="does not match existing comparator"):
        relevel.DB(database, comparator=lambda a, b: (a > b) - (a < b), comparator_name="other")
    assert ReadOnlyDirectory(database).fingerprint() == before


def test_a_database_that_must_not_exist_is_refused(database: Path) -> None:
    """And not touched."""
    before = ReadOnlyDirectory(database).fingerprint()

    with pytest.raises(InvalidArgumentError, match="error_if_exists"):
        relevel.DB(database, create_if_missing=True, error_if_exists=True)
    assert ReadOnlyDirectory(database).fingerprint() == before


@pytest.mark.parametrize("exists", [True, False])
def test_a_directory_without_a_database_is_left_alone(tmp_path: Path, exists: bool) -> None:
    """Not even LOCK is made."""
    if exists:
        (tmp_path / "db").mkdir()

    with pytest.raises(NotADatabaseError, match="create_if_missing"):
        relevel.DB(tmp_path / "db")

    assert (tmp_path / "db").exists() == exists
    assert not list(tmp_path.glob("db/*"))


def test_files_that_the_manifest_does_not_know_are_kept(database: Path) -> None:
    """LevelDB deletes them when it opens the database."""
    (table,) = database.glob("*.ldb")
    strangers = {
        "000998.ldb": table.read_bytes(),
        "000001.log": b"old",
        "MANIFEST-000001": b"old",
        "notes.txt": b"mine",
    }
    for name, content in strangers.items():
        (database / name).write_bytes(content)

    assert_all_there(database)
    assert {name: (database / name).read_bytes() for name in strangers} == strangers


def test_an_old_log_or_table_does_not_change_what_is_live(database: Path, tmp_path: Path) -> None:
    """A file from before, put back by a backup program, brings nothing back."""
    with plyvel.DB(str(tmp_path / "other"), create_if_missing=True) as other:
        other.put(b"key0001", b"stale")
        other.put(b"stranger", b"stale")
    (log,) = (tmp_path / "other").glob("*.log")
    shutil.copy(log, database / "000001.log")

    assert_all_there(database)


def make_pipe(path: Path) -> None:
    """A pipe, from which nothing ever comes."""
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    """A symbolic link to a file without an end."""
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes and devices with names here")
@pytest.mark.parametrize("make", [make_pipe, link_to_a_device, Path.mkdir])
@pytest.mark.parametrize("read_only", [False, True])
def test_what_is_no_file_is_not_taken_for_an_empty_log(
    database: Path, make: Callable[[Path], None], read_only: bool
) -> None:
    """Whoever opens it, to write too, is told, and nothing waits for it."""
    make(database / "000099.log")
    before = {path.name for path in database.iterdir()} - {"LOCK"}

    with pytest.raises(StorageError, match=r"000099\.log'?: it is not a regular file"):
        relevel.DB(database, read_only=read_only)

    assert {path.name for path in database.iterdir()} - {"LOCK"} == before


def damaged_log(database: Path, damage: Callable[[bytearray], bytes | bytearray]) -> Path:
    """Damage the log of the database."""
    (log,) = (path for path in database.glob("*.log") if path.stat().st_size)
    log.write_bytes(damage(bytearray(log.read_bytes())))
    return log


def flip_in_the_middle(data: bytearray) -> bytearray:
    """One bit."""
    data[len(data) // 2] ^= 4
    return data


def test_a_damaged_log_is_replayed_up_to_the_damage(database: Path) -> None:
    """The state is one that once was; what lies behind the damage is kept on disk and named."""
    log = damaged_log(database, flip_in_the_middle)
    content = log.read_bytes()

    with pytest.warns(LogDamagedWarning, match=log.name), relevel.DB(database) as db:
        found = dict(db)
        findings = db.recovery_findings

    expected = sorted(ENTRIES)
    assert 900 < len(found) < 1000
    assert sorted(found) == expected[: len(found)]
    assert findings[0].span.file == log.name
    assert log.read_bytes() == content


def test_a_damaged_log_is_refused_where_that_is_asked_for(database: Path) -> None:
    """``strict`` and plyvel's ``paranoid_checks`` are the same."""
    damaged_log(database, flip_in_the_middle)
    before = ReadOnlyDirectory(database).fingerprint()

    for options in ({"log_recovery": "strict"}, {"paranoid_checks": True}):
        with pytest.raises(CorruptionError, match="log_recovery"):
            relevel.DB(database, **options)
        assert ReadOnlyDirectory(database).fingerprint() == before


def test_damage_in_a_log_can_be_passed_over(database: Path) -> None:
    """Then only the record that is damaged is missing."""
    damaged_log(database, flip_in_the_middle)

    with pytest.warns(LogDamagedWarning), relevel.DB(database, log_recovery="skip_damaged") as db:
        assert 990 <= len(dict(db)) < 1000


@pytest.mark.parametrize("reuse_logs", [False, True])
def test_a_log_torn_by_a_crash_is_opened_without_a_word_and_stays_sound(database: Path, reuse_logs: bool) -> None:
    """And what is written then is found: LevelDB with reuse_logs appends behind the torn record and loses it."""
    damaged_log(database, lambda data: data[:-3])
    expected = dict(sorted(ENTRIES.items())[:-1])

    for round in range(3):
        with relevel.DB(database, reuse_logs=reuse_logs, log_recovery="strict") as db:
            assert dict(db) == expected
            db.put(b"new%d" % round, b"new")
            expected = dict(sorted({**expected, b"new%d" % round: b"new"}.items()))
    with plyvel.DB(str(database)) as db:
        assert dict(db) == expected


def test_a_log_can_be_gone_on_in(database: Path) -> None:
    """With ``reuse_logs`` no table is written at opening."""
    tables = {path.name for path in database.glob("*.ldb")}

    for round in range(3):
        with relevel.DB(database, reuse_logs=True) as db:
            db.put(b"round", b"%d" % round)
    with relevel.DB(database, reuse_logs=True) as db:
        assert dict(db) == {**ENTRIES, b"round": b"2"}

    assert {path.name for path in database.glob("*.ldb")} == tables


def test_commands_in_errors_can_be_copied(tmp_path: Path) -> None:
    """Whatever is in the path."""
    path = tmp_path / "a node"
    with relevel.DB(path, create_if_missing=True) as db:
        db.put(b"key", b"value")
        db.compact_range()
    next(path.glob("*.ldb")).unlink()

    with pytest.raises(relevel.CorruptionError, match=re.escape(f"`relevel check '{path}'`")):
        relevel.DB(path)
