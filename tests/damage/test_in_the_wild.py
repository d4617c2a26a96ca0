"""Damage as people report it: what version control, file managers, backups, other systems and repairs of LevelDB's leave behind."""

from __future__ import annotations

import os
import random
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from relevel.format.filename import MAX_FILE_NUMBER
from tests.damage import forge
from tests.damage.evidence import state_of
from tests.damage.test_strays import Builder, write_table
from tests.engine.living import flip

KEYS = [b"%05d" % number for number in range(3000)]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"


def build(path: Path, keys: list[bytes], seed: int) -> dict[bytes, bytes]:
    """A database of several tables in two levels and a log. What is live in it."""
    chance = random.Random(seed)
    with relevel.DB(path, create_if_missing=True, write_buffer_size=64 << 10) as db:
        for key in keys:
            db.put(key, chance.randbytes(60))
        db.compact_range()
        for key in keys[::3]:
            db.put(key, chance.randbytes(60))
        for key in keys[1::7]:
            db.delete(key)
        db.put(b"last", b"put")
        return dict(db)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[bytes, bytes]]:
    """A database and what is live in it."""
    path = tmp_path_factory.mktemp("healthy") / "database"
    return path, build(path, KEYS, seed=1)


@pytest.fixture
def database(healthy: tuple[Path, dict[bytes, bytes]], tmp_path: Path) -> Path:
    """A copy to be hurt."""
    return Path(shutil.copytree(healthy[0], tmp_path / "database"))


@pytest.fixture
def live(healthy: tuple[Path, dict[bytes, bytes]]) -> dict[bytes, bytes]:
    """What was live."""
    return healthy[1]


def rescued(database: Path) -> tuple[relevel.RescueReport, dict[bytes, bytes]]:
    """Rescue, with the source as it was; read the result, which must be healthy."""
    before = state_of(database)
    target = database.with_name("rescued")
    report = relevel.rescue(database, target)

    assert state_of(database) == before
    assert relevel.check(target).findings == ()
    return report, dict(relevel.scan(target))


def codes(database: Path) -> set[str]:
    """What a check finds."""
    return {finding.code for finding in relevel.check(database).findings}


def noise(path: Path) -> None:
    """A file that says nothing."""
    path.write_bytes(b"noise" * 10)


def tables(database: Path) -> list[Path]:
    """The tables."""
    return sorted(database.glob("*.ldb"))


def of_file(database: Path, path: Path) -> set[bytes]:
    """The keys that are live and lie in a file."""
    return {version.key for version in relevel.dump(database) if version.file == path.name}


def point_at_large_files(database: Path) -> None:
    """As a clone does that did not fetch what git-LFS keeps."""
    for table in tables(database):
        table.write_bytes(POINTER % (b"4d7a" * 16, table.stat().st_size))


def encrypt(database: Path) -> None:
    """As ransomware does."""
    for table in tables(database):
        table.write_bytes(os.urandom(table.stat().st_size))


@pytest.mark.parametrize("spoil", [point_at_large_files, encrypt], ids=lambda spoil: spoil.__name__)
def test_what_stands_in_the_place_of_tables_is_named(
    spoil: Callable[[Path], None], database: Path, live: dict[bytes, bytes]
) -> None:
    """The logs alone are real: their entries come back, and each table is said to hold something else."""
    in_logs = {key for log in database.glob("0*.log") for key in of_file(database, log)}
    spoil(database)

    report, found = rescued(database)

    assert found == {key: live[key] for key in in_logs}
    assert {loss.span.file for loss in report.losses} >= {table.name for table in tables(database)}
    holds = {finding.span.file for finding in report.findings if finding.code == "file.foreign-contents"}
    assert holds == {table.name for table in tables(database)}


CURRENTS = {
    "conflict": lambda name: b"<<<<<<< HEAD\n%s\n=======\nMANIFEST-000099\n>>>>>>> theirs\n" % name,
    "doubled": lambda name: name + b"\n" + name + b"\n",
    "carriage return": lambda name: name + b"\r\n",
    "no newline": lambda name: name,
    "zeroes": lambda _: bytes(16),
    "byte order mark": lambda name: b"\xef\xbb\xbf" + name + b"\n",
    "UTF-16": lambda name: name.decode().encode("utf-16"),
}


@pytest.mark.parametrize("change", CURRENTS.values(), ids=CURRENTS.keys())
def test_whatever_current_holds_the_manifest_is_found(
    change: Callable[[bytes], bytes], database: Path, live: dict[bytes, bytes]
) -> None:
    """An editor, a merge or a crash has changed it; there is one manifest, and it is whole."""
    current = database / "CURRENT"
    current.write_bytes(change(current.read_bytes().strip()))

    report, found = rescued(database)

    assert (found, report.proof, report.losses) == (live, "manifest", ())
    assert "current.malformed" in codes(database)


def test_zeroes_behind_the_records_of_a_manifest_are_none(database: Path, live: dict[bytes, bytes]) -> None:
    """Preallocated to 1 MiB."""
    manifest = next(database.glob("MANIFEST-*"))
    manifest.write_bytes(manifest.read_bytes().ljust(1 << 20, b"\0"))

    report, found = rescued(database)

    assert (found, report.losses) == (live, ())


def test_what_a_repair_put_aside_does_not_count(database: Path, live: dict[bytes, bytes]) -> None:
    """RepairDB's folder ``lost`` is named, and nothing in it is taken for live."""
    (database / "lost").mkdir()
    for path in [*tables(database), next(database.glob("MANIFEST-*"))]:
        shutil.copy(path, database / "lost" / path.name)

    report, found = rescued(database)

    assert (found, report.losses) == (live, ())
    assert "file.stranger" in codes(database)


def test_of_most_tables_missing_each_is_named(database: Path, live: dict[bytes, bytes]) -> None:
    """One table is left: its entries come back, and the ranges of the others are told."""
    kept, *gone = tables(database)
    keys = of_file(database, kept)
    for table in gone:
        table.unlink()

    report, found = rescued(database)

    assert {key: found[key] for key in keys} == {key: live[key] for key in keys}
    missing = [loss for loss in report.losses if loss.code == "table.missing"]
    assert {loss.span.file for loss in missing} == {table.name for table in gone}
    assert all(loss.keys is not None for loss in missing)


def browser(path: Path) -> Path:
    """As a download that would not overwrite."""
    return path.with_name(f"{path.stem} (1){path.suffix}")


def backup(path: Path) -> Path:
    """As somebody who wanted to be careful."""
    return path.with_name(path.name + ".bak")


@pytest.mark.parametrize("rename", [browser, backup], ids=lambda rename: rename.__name__)
def test_a_table_is_known_by_its_number_and_its_ends(
    rename: Callable[[Path], Path], database: Path, live: dict[bytes, bytes]
) -> None:
    """Whatever stands around its number: the manifest says how large it is and with which keys it begins and ends."""
    for table in tables(database)[:2]:
        table.rename(rename(table))

    report, found = rescued(database)

    assert (found, report.proof, report.losses) == (live, "manifest", ())
    assert "file.misnamed" in codes(database)
    assert not relevel.check(database).is_clean


@pytest.mark.parametrize("name", ["000999.ldb", "000003.ldb", "000003.LDB"])
def test_a_table_under_another_number_is_read_and_not_trusted(
    name: str, database: Path, live: dict[bytes, bytes]
) -> None:
    """The manifest has never heard of it, and it may be any table: its entries come back, and nothing is said to be proved.

    Or the number is one that counts no more.
    """
    tables(database)[0].rename(database / name)

    report, found = rescued(database)

    assert found == live
    assert not report.is_complete


@pytest.mark.parametrize("name", ["5.ldb", "0000000005.sst", "00000000000000000000005.ldb"])
def test_a_number_that_is_written_in_another_way_is_no_name(
    name: str, database: Path, live: dict[bytes, bytes], tmp_path: Path
) -> None:
    """Beside the table itself it is nothing, whatever it holds; else it is the table, and LevelDB does not find it."""
    table = tables(database)[0]
    other = table.with_name(name.replace("5", table.stem.lstrip("0")))
    shutil.copy(table, other)
    other.write_bytes(bytes(2000) + other.read_bytes()[2000:])

    report, found = rescued(database)
    assert (found, report.losses) == (live, ())
    assert codes(database) == {"file.stranger"}

    table.replace(other)
    assert relevel.rescue(database, tmp_path / "again").is_complete
    assert dict(relevel.scan(tmp_path / "again")) == live
    assert codes(database) == {"file.misnamed"}


@pytest.mark.parametrize("rename", [browser, backup], ids=lambda rename: rename.__name__)
def test_a_log_is_known_by_its_number(rename: Callable[[Path], Path], database: Path, live: dict[bytes, bytes]) -> None:
    """The one that the manifest names is not there, and a file with its number goes on where the tables end."""
    log = max(database.glob("0*.log"))
    log.rename(rename(log))

    report, found = rescued(database)

    assert (found, report.proof) == (live, "manifest")
    assert [(loss.code, loss.severity) for loss in report.losses] == [("log.missing", relevel.Severity.WARNING)]


@pytest.mark.parametrize("name", ["000005 (1).ldb", "000005.sst", "000005.ldb.bak"])
def test_a_whole_copy_serves_where_the_table_is_hurt(name: str, database: Path, live: dict[bytes, bytes]) -> None:
    """LevelDB would read the hurt one, so it is told."""
    table = tables(database)[0]
    shutil.copy(table, database / name.replace("000005", table.stem))
    table.write_bytes(bytes(table.stat().st_size))

    report, found = rescued(database)

    assert (found, report.proof, report.losses) == (live, "manifest", ())
    assert "file.misnamed" in codes(database)


def test_a_copy_beside_a_whole_table_changes_nothing(database: Path, live: dict[bytes, bytes]) -> None:
    """Every table is there twice, as .ldb and as .sst, and one as a backup."""
    shutil.copy(tables(database)[0], backup(tables(database)[0]))
    for table in tables(database):
        shutil.copy(table, table.with_suffix(".sst"))

    report, found = rescued(database)

    assert (found, report.losses) == (live, ())
    assert "file.misnamed" not in codes(database)


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_capitals_change_nothing(change: Callable[[str], str], database: Path, live: dict[bytes, bytes]) -> None:
    """Copied by way of a system that does not tell small letters from large ones."""
    for path in [*tables(database), *database.glob("0*.log"), *database.glob("MANIFEST-*")]:
        path.rename(path.with_name(change(path.name)))

    report, found = rescued(database)

    assert (found, report.proof, report.losses) == (live, "manifest", ())
    assert "file.misnamed" in codes(database)


@pytest.mark.parametrize("keys", [KEYS, [b"other" + key for key in KEYS]], ids=["same keys", "other keys"])
@pytest.mark.parametrize("has_manifest", [True, False])
def test_the_files_of_two_databases_are_told(
    keys: list[bytes], has_manifest: bool, database: Path, live: dict[bytes, bytes], tmp_path: Path
) -> None:
    """With a manifest the other's log gives it away, without one that there are more writes than sequence numbers."""
    build(tmp_path / "other", keys, seed=2)
    for path in [*(tmp_path / "other").glob("*.ldb"), *(tmp_path / "other").glob("0*.log")]:
        shutil.copy(path, database / f"{int(path.stem) + 500:06d}{path.suffix}")
    if not has_manifest:
        for path in [database / "CURRENT", *database.glob("MANIFEST-*"), *database.glob("LOG*")]:
            path.unlink()

    report, _ = rescued(database)

    told = {loss.code for loss in report.losses}
    assert ("log.sequence.back" if has_manifest else "database.mixed") in told


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """As few files as some systems let a program open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_descriptors")
@pytest.mark.parametrize("has_manifest", [True, False])
def test_thousands_of_logs_are_read(has_manifest: bool, tmp_path: Path) -> None:
    """A program that died at each start, or a manifest that was put back."""
    with relevel.DB(tmp_path / "database", create_if_missing=True) as db:
        db.put(b"first", b"put")
    database, number = tmp_path / "database", 10
    (log,) = (path for path in database.glob("0*.log") if path.stat().st_size)
    expected = {b"first": b"put"}
    for count in range(3000):
        key, value = b"%03d" % (count % 700), b"%d" % count
        expected[key] = value
        data = forge.log([forge.batch(count + 2, forge.put(key, value), 1)])
        (database / f"{int(log.stem) + number + count:06d}.log").write_bytes(data)
    if not has_manifest:
        for path in [database / "CURRENT", *database.glob("MANIFEST-*"), *database.glob("LOG*")]:
            path.unlink()

    report, found = rescued(database)

    assert (found, report.losses) == (expected, ())
    assert report.proof == ("manifest" if has_manifest else "every-write")


def test_numbers_that_come_again_in_logs_are_told(database: Path, live: dict[bytes, bytes]) -> None:
    """Logs that begin where others have been already: which of two values is the newer one nobody can say."""
    log = max(database.glob("0*.log"))
    last = max(version.sequence for version in relevel.dump(database))
    for count in range(50):
        data = forge.log([forge.batch(last + 1 + count % 5, forge.put(b"k%d" % count, b"v"), 1)])
        (database / f"{int(log.stem) + 10 + count:06d}.log").write_bytes(data)

    report, found = rescued(database)

    assert found.items() >= live.items()
    assert "log.sequence.back" in {loss.code for loss in report.losses}


def test_files_that_nobody_may_write_to_are_read(database: Path, live: dict[bytes, bytes]) -> None:
    """As on a medium that is mounted to be read only."""
    for path in database.iterdir():
        path.chmod(0o444)
    database.chmod(0o555)

    report, found = rescued(database)
    database.chmod(0o755)

    assert (found, report.losses) == (live, ())


def test_a_manifest_has_the_name_that_current_gives_it(database: Path, live: dict[bytes, bytes]) -> None:
    """LevelDB does not make it from a number."""
    (manifest,) = database.glob("MANIFEST-*")
    manifest.rename(database / "MANIFEST-3")
    (database / "CURRENT").write_bytes(b"MANIFEST-3\n")

    assert relevel.check(database).findings == ()
    assert dict(relevel.scan(database)) == live


@pytest.mark.parametrize(
    "name",
    [
        "2023.log",
        "3.log",
        "0.log",
        "000000.log",
        "5.ldb",
        "2023.ldb",
        "1.sst",
        "000002.LOG",
        "manifest-000001",
        "MANIFEST-1",
    ],
)
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir, noise], ids=["file", "folder", "noise"])
def test_what_others_put_beside_a_healthy_database_is_no_damage(
    make: Callable[[Path], None], name: str, database: Path, live: dict[bytes, bytes]
) -> None:
    """Under names that look like LevelDB's, and for which it does not ask."""
    make(database / name)

    assert relevel.check(database).is_clean
    with relevel.DB(database) as db:
        assert dict(db) == live


@pytest.mark.parametrize("beside", ["", "lower", "upper"])
@pytest.mark.parametrize("name", ["{}.log", "{:06d}.LOG"])
def test_a_log_that_counts_is_one_under_any_name(
    name: str, beside: str, database: Path, live: dict[bytes, bytes]
) -> None:
    """As a renaming by hand leaves it, its first record hurt. LevelDB knows the number by the name, and does not find it under the
    name that it makes of the number. A folder with a better name is none."""
    number = int(max(database.glob("*.log")).stem) + 3
    last = max(row.sequence for row in relevel.dump(database, all_versions=True))
    batches = [forge.batch(last + 1 + place, forge.put(b"new%d" % place, b"value"), 1) for place in range(3)]
    other = database / name.format(number)
    other.write_bytes(forge.log(batches))
    if not beside:
        flip(other, 15)
    else:
        folder = database / getattr(f"{number:06d}.log", beside)()
        if folder.name != other.name:
            folder.mkdir()

    with pytest.raises(relevel.RelevelError, match=f"{other.name}|not a regular file"):
        relevel.DB(database)
    assert "file.misnamed" in codes(database)
    assert rescued(database)[1] == {**live, b"new0": b"value", b"new1": b"value", b"new2": b"value"}


@pytest.mark.parametrize("size", [5 << 20, 12 << 20])
def test_a_log_that_begins_with_a_long_batch_is_one(size: int, database: Path, live: dict[bytes, bytes]) -> None:
    """Longer than what is read of it to know that. What else is as long is none."""
    number = int(max(database.glob("*.log")).stem)
    last = max(row.sequence for row in relevel.dump(database, all_versions=True))
    (database / f"{number + 2}.log").write_bytes(b"lines of text\n" * (size // 14))
    (database / f"{number + 3}.log").write_bytes(bytes(size))
    assert relevel.check(database).is_clean

    other = database / f"{number + 4}.log"
    other.write_bytes(_kernel.encode_log_record(forge.batch(last + 1, forge.put(b"new", bytes(size)), 1), 0))
    with pytest.raises(relevel.CorruptionError, match=other.name):
        relevel.DB(database)
    assert rescued(database)[1] == {**live, b"new": bytes(size)}


def test_a_log_in_capitals_goes_before_another_without_its_zeroes(database: Path, live: dict[bytes, bytes]) -> None:
    """It is nearer to what LevelDB writes."""
    log = max(database.glob("*.log"))
    log.rename(log.with_name(log.name.upper()))
    (database / f"{int(log.stem)}.log").touch()

    assert rescued(database)[1] == live


def test_a_table_that_may_count_is_told_where_its_name_hides_it(database: Path) -> None:
    """The manifest has lost its end, which may have counted on it."""
    write_table(database / "000091.LDB", {b"new": (1 << 20, b"value")})
    (manifest,) = database.glob("MANIFEST-*")
    manifest.write_bytes(manifest.read_bytes()[:-3])

    assert "file.misnamed" in codes(database)


def test_a_manifest_that_was_replaced_is_removed_under_the_name_that_it_had(database: Path) -> None:
    """Padded or not."""
    (manifest,) = database.glob("MANIFEST-*")
    manifest = manifest.rename(database / f"MANIFEST-{int(manifest.name[9:])}")
    (database / "CURRENT").write_text(f"{manifest.name}\n")

    for number in range(2):
        with relevel.DB(database) as db:
            db.put(b"%d" % number, b"value")
            db.compact_range()

    current = (database / "CURRENT").read_text().strip()
    assert [path.name for path in database.glob("MANIFEST-*")] == [current]


def test_the_highest_number_is_one(tmp_path: Path) -> None:
    """The manifest counts on it, and the file has it, in capitals."""
    builder = Builder(tmp_path)
    table = builder.table(MAX_FILE_NUMBER, {b"key": (1, b"value")})
    database = builder.database(is_of_goleveldb=True)
    table.rename(table.with_suffix(".LDB"))

    assert codes(database) == {"file.misnamed"}
