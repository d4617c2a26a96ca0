"""carve: what lies in an image comes back, what is not all there is named, and nothing is invented."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

import relevel
from relevel.errors import DestinationExistsError, InvalidArgumentError, NotADatabaseError, StorageError
from relevel.format.comparator import find_comparator
from relevel.format.footer import TABLE_MAGIC
from tests.damage.evidence import state_of
from tests.damage.images import CLUSTER, files_of, joined, lay, written_to
from tests.damage.oracle import Version
from tests.damage.test_any_damage import written
from tests.damage.test_in_the_wild import KEYS
from tests.damage.test_stand_ins import replaced_by_its_like
from tests.fixtures.catalogue import BY_NAME, OWN, Fixture

NOISE = random.Random(0).randbytes(70_000)
MAGIC = TABLE_MAGIC.to_bytes(8, "little")
PLAIN = BY_NAME["plyvel-plain"]
SNAPPY = BY_NAME["plyvel-snappy"]
HOSTILE = {
    "zeroes": bytes(3 << 20),
    "magic numbers": MAGIC * (1 << 16),
    "footers that point nowhere": (b"\xff\x01\x08" + b"\x8c\x02\x90\x03" + bytes(33) + MAGIC) * 5000,
    "footers at the start": (b"\0\0" + b"\x05\x00" + bytes(36) + MAGIC) * 5000,
    "noise": NOISE * 20,
    "heads of records": (b"\x78\x56\x34\x12\x00\x70\x01" + bytes(8) + b"\1\0\0\0\1\3key\4") * 9000,
    "ones": b"\1" * (1 << 20),
    "one byte": b"\1",
    "nothing": b"",
}


def rescued(directory: Path, place: Path, fixture: Fixture) -> dict[bytes, bytes]:
    """What is live after a rescue of a directory."""
    relevel.rescue(directory, place, comparator=find_comparator(fixture.comparator))
    return dict(relevel.scan(place))


@pytest.mark.parametrize("cluster", [1, 512, CLUSTER])
@pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)
def test_a_database_whose_files_are_all_there_comes_back(fixture: Fixture, cluster: int, tmp_path: Path) -> None:
    """In any order, at any alignment, with nothing to complain about; tables and logs have the numbers they had."""
    files = files_of(fixture)
    image = written_to(tmp_path, lay(files, random.Random(fixture.name), cluster=cluster).data)
    before = state_of(tmp_path)

    report = relevel.carve(image, tmp_path / "carved")
    after = {name: state for name, state in state_of(tmp_path).items() if name == image.name}

    assert report.is_complete
    assert report.findings == ()
    assert {file.sha256 for file in report.files} == {sha256(path.read_bytes()).hexdigest() for path in files}
    assert {file.file for file in report.files if file.kind != "manifest"} == {
        path.with_suffix(".ldb").name if path.suffix == ".sst" else path.name
        for path in files
        if not path.name.startswith("MANIFEST")
    }
    assert after == {image.name: before[image.name]}
    assert relevel.rescue(tmp_path / "carved", tmp_path / "rescued").is_complete
    assert dict(relevel.scan(tmp_path / "rescued")) == fixture.live


@pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)
def test_a_database_without_its_manifest_comes_back(fixture: Fixture, tmp_path: Path) -> None:
    """Merged by sequence number; that nothing proves which files count is said, by carve and by rescue."""
    image = written_to(tmp_path, lay(files_of(fixture, manifests=False), random.Random(fixture.name)).data)

    report = relevel.carve(image, tmp_path / "carved")
    (database,) = report.databases

    assert [finding.code for finding in report.findings] == ["carve.no-manifest"]
    assert (database.manifest, database.comparator) == (None, None)
    assert not (tmp_path / "carved" / "CURRENT").exists()
    assert rescued(tmp_path / "carved", tmp_path / "rescued", fixture) == fixture.live
    newest = [file.sequences[1] for file in report.files if file.sequences is not None]
    assert newest == sorted(newest)


@pytest.mark.parametrize("name", ["demo", "plyvel-killed"])
def test_nameless_files_are_looked_through_too(name: str, tmp_path: Path) -> None:
    """As fsck leaves them in lost+found, whatever else is there; links are not followed, LOCK is not opened."""
    fixture = BY_NAME[name]
    place = tmp_path / "lost+found"
    (place / "#99").mkdir(parents=True)
    for number, path in enumerate(files_of(fixture)):
        (place / ("#99" if number % 2 else "") / f"#{number}").write_bytes(path.read_bytes())
    (place / "#letter").write_bytes(b"something else\n" * 99)
    (place / "LOCK").write_bytes(b"")
    (place / "around").symlink_to(place)
    before = state_of(place)

    report = relevel.carve(place, tmp_path / "carved")

    assert report.is_complete
    assert {file.image for file in report.files} >= {"#0", "#99/#1"}
    assert state_of(place) == before
    assert rescued(tmp_path / "carved", tmp_path / "rescued", fixture) == fixture.live


@pytest.mark.parametrize("manifests", [True, False])
@pytest.mark.parametrize(
    "names", [("demo", "plyvel-plain"), ("goleveldb-closed", "chromium-indexeddb"), ("plyvel-tiny", "demo")]
)
def test_two_databases_are_told_apart(names: tuple[str, str], manifests: bool, tmp_path: Path) -> None:
    """By manifests where there are some, and by sequence numbers: each gets a directory of its own."""
    fixtures = [BY_NAME[name] for name in names]
    files = [path for fixture in fixtures for path in files_of(fixture, manifests=manifests)]
    image = written_to(tmp_path, lay(files, random.Random(str(names))).data)

    report = relevel.carve(image, tmp_path / "carved")
    found = []
    for database in report.databases:
        order = find_comparator(database.comparator) if database.comparator else None
        place = tmp_path / Path(database.path).name
        relevel.rescue(database.path, place, comparator=order)
        found.append(dict(relevel.scan(place)))

    assert "carve.several-databases" in {finding.code for finding in report.findings}
    assert not report.is_complete
    assert len(found) == 2
    assert all(fixture.live in found for fixture in fixtures)


def lived(place: Path, choice: random.Random) -> tuple[list[bytes], dict[bytes, bytes]]:
    """A database that was opened, written to and compacted for a while: every file it ever had, and what is live in the end."""
    files: dict[str, bytes] = {}
    live: dict[bytes, bytes] = {}
    for _ in range(choice.randrange(1, 5)):
        with relevel.DB(place, create_if_missing=True, write_buffer_size=64 << 10) as db:
            for _ in range(choice.randrange(1, 400)):
                key, value = b"key%04d" % choice.randrange(300), choice.randbytes(choice.randrange(600))
                if choice.random() < 0.3:
                    db.delete(key)
                    live.pop(key, None)
                else:
                    db.put(key, value)
                    live[key] = value
            for path in place.glob("*.log"):
                with suppress(FileNotFoundError):  # it has become a table meanwhile
                    files[path.name] = path.read_bytes()
            if choice.random() < 0.5:
                db.compact_range()
        files |= {path.name: path.read_bytes() for path in place.iterdir() if path.name[0] in "0M"}
    return [data for data in files.values() if data], live


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_files_that_were_deleted_long_ago_change_nothing(count: int, seed: int, tmp_path: Path) -> None:
    """An image has them too: what was overwritten and deleted stays so, and two databases stay two, whatever their files."""
    choice = random.Random(seed)
    databases = [lived(tmp_path / f"db-{number}", choice) for number in range(count)]
    parts = [data for files, _ in databases for data in files]
    choice.shuffle(parts)
    image = written_to(tmp_path, joined(parts, choice))

    report = relevel.carve(image, tmp_path / "carved")
    found = []
    for number, database in enumerate(report.databases):
        relevel.rescue(database.path, tmp_path / f"rescued-{number}")
        found.append(dict(relevel.scan(tmp_path / f"rescued-{number}")))

    assert len(found) == count
    assert all(live in found for _, live in databases)


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_one_size_and_with_the_same_ends_are_told_apart_by_age(seed: int, tmp_path: Path) -> None:
    """Where values are all of one size, a compaction may make a table just like its input: the newer one has the newer number."""
    place = tmp_path / "db"
    with relevel.DB(place, create_if_missing=True, compression=None) as db:
        for number in range(3000):
            db.put(b"%05d" % number, b"first")
        db.compact_range()
        replaced = {path.name: path.read_bytes() for path in place.glob("*.ldb")}
        for number in range(100, 200):
            db.put(b"%05d" % number, b"later")
        db.compact_range()
        live = dict(db)
    files = [*replaced.values(), *(path.read_bytes() for path in place.iterdir() if path.stat().st_size)]
    random.Random(seed).shuffle(files)
    image = tmp_path / "image"
    image.write_bytes(b"".join(data + bytes(-len(data) % CLUSTER) for data in files))

    relevel.carve(image, tmp_path / "carved")

    assert dict(relevel.scan(tmp_path / "carved")) == live


def test_a_copy_is_left_out_and_told(tmp_path: Path) -> None:
    """Every file is there twice, in another order the second time."""
    image = written_to(tmp_path, lay(files_of(PLAIN) * 2, random.Random(4)).data)

    report = relevel.carve(image, tmp_path / "carved")

    assert report.is_complete
    assert len(report.files) == len(files_of(PLAIN))
    assert [finding.code for finding in report.findings] == ["carve.duplicate"] * len(report.files)
    assert rescued(tmp_path / "carved", tmp_path / "rescued", PLAIN) == PLAIN.live


@pytest.mark.parametrize("at", [8 * CLUSTER, 5 * CLUSTER, CLUSTER])
def test_a_table_in_two_places_is_put_together(at: int, tmp_path: Path) -> None:
    """Its index tells that the blocks that begin elsewhere are its own; the block that was cut through is lost, or none is."""
    table = next(path for path in files_of(PLAIN) if path.name == "000005.ldb").read_bytes()
    others = [path.read_bytes() for path in files_of(PLAIN) if path.name != "000005.ldb"]
    image = written_to(
        tmp_path,
        NOISE[:CLUSTER] + table[:at] + NOISE[: 3 * CLUSTER + -at % 512] + table[at:] + joined(others, random.Random(1)),
    )

    report = relevel.carve(image, tmp_path / "carved")
    (file,) = (file for file in report.files if file.file == "000005.ldb")

    assert [extent[:2] for extent in file.extents] == [(0, CLUSTER), (file.extents[1][0], file.extents[1][1])]
    assert file.size == len(table)
    assert sum(extent[2] for extent in file.extents) > len(table) - 6000
    assert {finding.code for finding in report.findings} == {"carve.incomplete"}
    assert len(rescued(tmp_path / "carved", tmp_path / "rescued", PLAIN)) >= len(PLAIN.live) - 60


def test_a_table_that_lost_its_footer_gives_its_whole_blocks(tmp_path: Path) -> None:
    """Where it begins with a sector, as in file systems; the manifest knows it by its first key."""
    table = next(path for path in files_of(PLAIN) if path.name == "000005.ldb").read_bytes()
    others = [path.read_bytes() for path in files_of(PLAIN) if path.name != "000005.ldb"]
    image = written_to(tmp_path, NOISE[:512] + table[:30_000] + joined(others, random.Random(2)))

    report = relevel.carve(image, tmp_path / "carved")
    (file,) = (file for file in report.files if file.proof == "blocks")

    assert (file.file, file.is_whole, file.extents[0][1]) == ("000005.ldb", False, 512)
    assert file.size > 20_000
    assert "carve.incomplete" in {finding.code for finding in report.findings}
    assert not relevel.rescue(tmp_path / "carved", tmp_path / "rescued").is_complete
    assert set(relevel.scan(tmp_path / "rescued")) <= {(op.key, op.value) for op in PLAIN.operations}


def test_a_piece_of_a_table_at_any_byte_is_found_by_a_thorough_search(tmp_path: Path) -> None:
    """With neither its beginning nor its end; the entries of every block that is whole, and no others."""
    table = next(path for path in files_of(PLAIN) if path.name == "000005.ldb")
    image = written_to(tmp_path, NOISE[:333] + table.read_bytes()[7000:40_000] + NOISE[:5000])

    with pytest.raises(NotADatabaseError):
        relevel.carve(image, tmp_path / "quickly")
    report = relevel.carve(image, tmp_path / "carved", thorough=True)
    rows = list(relevel.dump(tmp_path / "carved", all_versions=True))
    whole = [row for row in relevel.dump(PLAIN.database, file=table.name) if 7000 <= row.offset < 34_000]

    assert [file.proof for file in report.files] == ["blocks"]
    assert {(row.key, row.sequence) for row in whole} <= {(row.key, row.sequence) for row in rows}
    assert {Version(row.key, row.sequence, row.value) for row in rows} <= written(PLAIN)


def test_a_log_that_lost_its_beginning_gives_its_later_batches(tmp_path: Path) -> None:
    """They stand where they stood in their block, with zeroes before them, and the loss is told."""
    log = next(path for path in files_of(SNAPPY) if path.name == "000010.log").read_bytes()
    image = written_to(tmp_path, NOISE[:1001] + log[10_000:] + NOISE[:99])

    report = relevel.carve(image, tmp_path / "carved")
    (file,) = report.files
    rows = list(relevel.dump(tmp_path / "carved", all_versions=True))

    assert {finding.code for finding in report.findings} == {"carve.incomplete", "carve.no-manifest"}
    assert (file.kind, file.is_whole) == ("log", False)
    before = [row for row in relevel.dump(SNAPPY.database, file="000010.log") if row.offset >= 10_000]
    assert file.entry_count == len(rows)
    assert {(row.sequence, row.key, row.value) for row in rows} == {
        (row.sequence, row.key, row.value) for row in before
    }


def test_damage_inside_a_log_stays_inside_it(tmp_path: Path) -> None:
    """The log is one piece, so that recovery reads on behind the damage, and heals what can be healed."""
    paths = files_of(SNAPPY)
    log = bytearray(next(path for path in paths if path.name == "000010.log").read_bytes())
    log[20_000:20_300] = bytes(300)
    image = written_to(
        tmp_path,
        joined([bytes(log), *(path.read_bytes() for path in paths if path.name != "000010.log")], random.Random(3)),
    )

    report = relevel.carve(image, tmp_path / "carved")
    (file,) = (file for file in report.files if file.file == "000010.log")

    assert file.size == len(log)
    assert [finding.code for finding in report.findings] == ["carve.incomplete"]
    assert len(rescued(tmp_path / "carved", tmp_path / "rescued", SNAPPY)) >= len(SNAPPY.live) - 20


@pytest.mark.parametrize("seed", range(40))
def test_what_lies_whole_in_a_cut_image_is_found(seed: int, tmp_path: Path) -> None:
    """Cut anywhere, before and behind: every file that is all there comes out byte for byte, and nothing that was never written.

    Where there is no whole file, blocks of one may be found all the same.
    """
    choice = random.Random(seed)
    fixture = choice.choice([fixture for fixture in OWN if fixture.operations])
    laid = lay(files_of(fixture), choice, cluster=choice.choice([1, 512, CLUSTER]))
    start = choice.randrange(len(laid.data) // 2)
    stop = choice.randrange(len(laid.data) // 2, len(laid.data))
    image = written_to(tmp_path, laid.data[start:stop])

    report = relevel.carve(image, tmp_path / "carved", thorough=True)
    order = find_comparator(fixture.comparator)
    rows = [
        row for database in report.databases for row in relevel.dump(database.path, all_versions=True, comparator=order)
    ]

    whole = {sha256(path.read_bytes()).hexdigest() for path in laid.whole_after(start, stop)}
    assert whole <= {file.sha256 for file in report.files}
    assert {Version(row.key, row.sequence, row.value) for row in rows} <= written(fixture)
    for file in report.files:
        assert sha256((tmp_path / "carved" / file.file).read_bytes()).hexdigest() == file.sha256


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_image_invents_nothing(seed: int, tmp_path: Path) -> None:
    """Stretches overwritten with zeroes, noise or other parts of the image; the rest is as it was."""
    choice = random.Random(1000 + seed)
    fixture = choice.choice([fixture for fixture in OWN if fixture.operations])
    data = bytearray(lay(files_of(fixture), choice, cluster=choice.choice([1, 512])).data)
    for _ in range(choice.choice((1, 3, 9))):
        size = choice.choice((1, 100, 4096, 20_000))
        at, other = choice.randrange(len(data)), choice.randrange(len(data))
        part = choice.choice((bytes(size), choice.randbytes(size), bytes(data[other : other + size])))
        data[at : at + len(part)] = part
    image = written_to(tmp_path, bytes(data))

    report = relevel.carve(image, tmp_path / "carved")
    order = find_comparator(fixture.comparator)
    rows = [
        row for database in report.databases for row in relevel.dump(database.path, all_versions=True, comparator=order)
    ]

    assert {Version(row.key, row.sequence, row.value) for row in rows} <= written(fixture)


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_an_image_without_a_database_is_an_error_and_leaves_nothing(data: bytes, tmp_path: Path) -> None:
    """Whatever it is made of."""
    image = written_to(tmp_path, data)

    with pytest.raises(NotADatabaseError, match=f"{len(data)} bytes were looked through"):
        relevel.carve(image, tmp_path / "carved")

    assert [path.name for path in tmp_path.iterdir()] == [image.name]


def test_a_log_inside_a_value_is_no_log(tmp_path: Path) -> None:
    """A copy of a database as the value of another stays a value."""
    inner = b"".join(path.read_bytes() for path in files_of(BY_NAME["plyvel-tiny"]))
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"a backup", inner)
        db.compact_range()
        db.put(b"another backup", NOISE + inner)
    logs_and_tables = [path.read_bytes() for path in sorted((tmp_path / "db").iterdir()) if path.name != "LOCK"]
    image = written_to(tmp_path, joined(logs_and_tables, random.Random(5)))

    report = relevel.carve(image, tmp_path / "carved")
    found = dict(relevel.scan(tmp_path / "carved"))

    assert {finding.code for finding in report.findings} <= {"carve.inside"}
    assert found == {b"a backup": inner, b"another backup": NOISE + inner}


def test_places_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    """An image that is not there, none at all, a pipe's kind; a destination that is taken, or in the evidence."""
    image = written_to(tmp_path, NOISE)
    (tmp_path / "taken").mkdir()

    with pytest.raises(StorageError, match="does not exist"):
        relevel.carve(tmp_path / "missing", tmp_path / "carved")
    with pytest.raises(InvalidArgumentError, match="empty"):
        relevel.carve("", tmp_path / "carved")
    with pytest.raises(InvalidArgumentError, match="neither a file"):
        relevel.carve("/dev/null", tmp_path / "carved")
    with pytest.raises(DestinationExistsError):
        relevel.carve(image, tmp_path / "taken")
    with pytest.raises(InvalidArgumentError, match="which is not written to"):
        relevel.carve(tmp_path, tmp_path / "carved")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count the memory of the process that started it too")
def test_a_large_image_needs_little_memory(tmp_path: Path) -> None:
    """A sparse gibibyte with a database at its end, in a process that may not grow beyond 256 MiB."""
    image = written_to(tmp_path, b"")
    with image.open("r+b") as file:
        file.truncate(1 << 30)
        file.seek((1 << 30) + 77)
        file.write(lay(files_of(SNAPPY), random.Random(6)).data)
    program = (
        "import re, sys, pathlib, relevel\n"
        "report = relevel.carve(sys.argv[1], sys.argv[2])\n"
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(report.is_complete, re.search(r'VmHWM:\\s*(\\d+) kB', status)[1])\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, image, tmp_path / "carved"], capture_output=True, text=True, check=True
    )
    is_complete, peak = done.stdout.split()

    assert is_complete == "True"
    assert int(peak) * 1024 < 256 << 20


def test_the_command_says_what_it_found_and_exits_accordingly(tmp_path: Path) -> None:
    """0 where all is there, 1 where findings are, and JSON for programs."""
    whole = written_to(tmp_path, lay(files_of(SNAPPY), random.Random(7)).data)
    part = tmp_path / "part.img"
    part.write_bytes(whole.read_bytes()[: len(whole.read_bytes()) // 2])

    def carve(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "relevel", "carve", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    good, bad = carve("disk.img", "one"), carve("part.img", "two", "--json")
    report = json.loads(bad.stdout)

    assert (good.returncode, good.stderr, bad.returncode) == (0, "", 1)
    assert "complete: one database" in good.stdout
    assert "000010.log" in good.stdout
    assert report["is_complete"] is False
    assert {"file", "kind", "image", "extents", "proof", "sha256"} <= report["files"][0].keys()


def carved(database: Path, place: Path) -> tuple[relevel.RescueReport, dict[bytes, bytes]]:
    """A rescue of what is found in an image of a database's tables, logs and manifest, and what is live in it."""
    paths = [path for path in database.iterdir() if path.suffix in {".ldb", ".log"} or path.name.startswith("MANIFEST")]
    relevel.carve(written_to(place, lay(paths, random.Random(1)).data), place / "carved")
    report = relevel.rescue(place / "carved", place / "rescued")
    return report, dict(relevel.scan(place / "rescued"))


def test_a_table_that_a_compaction_only_moved_has_the_number_that_counts(tmp_path: Path) -> None:
    """It was written twice, at one level and the next: the manifest knows two of its size and ends, and one of them is there."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, write_buffer_size=64 << 10) as db:
        for number in range(10_000):
            db.put(b"k%06d" % (number % 5000), b"value %d" % number * 5)
        db.compact_range(start=b"a", stop=b"z")
        db.put(b"last", b"in the log")
        live = dict(db)

    report, found = carved(tmp_path / "db", tmp_path)

    assert report.is_complete
    assert found == live


def test_a_table_that_may_be_an_older_one_comes_back_and_is_not_trusted(tmp_path: Path) -> None:
    """Values of one size, and the one that counts is gone: what it was made from has its size and ends."""
    old, new = replaced_by_its_like(tmp_path / "database")
    new.unlink()

    report, found = carved(tmp_path / "database", tmp_path)

    assert old.exists()
    assert found.keys() == set(KEYS)
    assert "table.missing" in {loss.code for loss in report.losses}
    assert max(stale.count for stale in report.possibly_stale) == len(KEYS)


def test_of_two_of_one_size_and_ends_the_newer_one_counts(tmp_path: Path) -> None:
    """The replaced one lies in the image too. Of the log, which is empty, nothing does."""
    replaced_by_its_like(tmp_path / "database")

    report, found = carved(tmp_path / "database", tmp_path)

    assert [loss.code for loss in report.losses] == ["log.missing"]
    assert {found[key] for key in KEYS[100:200]} == {b"later"}
