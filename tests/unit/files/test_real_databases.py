"""The manifests of databases that other programs wrote, and ours as they read it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relevel.files.current import encode_current, scan_current
from relevel.files.manifest import ManifestScan, read_manifest
from relevel.files.manifest_writer import write_manifest
from relevel.format.filename import FileKind, parse_filename
from relevel.format.footer import FOOTER_SIZE, decode_footer
from relevel.format.version_edit import VersionEdit
from relevel.storage.posix import NewDirectory
from relevel.storage.read_only import ReadOnlyDirectory
from tests.fixtures.catalogue import OWN, Fixture

FACTS = re.compile(
    r"comparator (?P<comparator>\S+); .*?"
    r"(?P<tables>\d+) tables(?: at levels \[(?P<levels>[\d, ]+)\])?; (?P<logs>\d+) logs; 1 MANIFEST \((?P<edits>\d+) edits\)"
)


def manifest_of(directory: ReadOnlyDirectory) -> ManifestScan:
    """Read the manifest that a sound CURRENT names, strictly."""
    current = scan_current(directory)
    assert not current.findings
    assert current.manifest_name is not None
    return read_manifest(directory, current.manifest_name)


def numbers(directory: ReadOnlyDirectory, kind: FileKind) -> set[int | None]:
    """The numbers of the files of a kind."""
    names = [parse_filename(entry.name) for entry in directory.entries()]
    return {name.number for name in names if name.kind is kind}


def test_every_collected_manifest_says_what_is_known_of_its_database(shared_fixtures: Path) -> None:
    """Comparator, edits, levels and tables, as its README has them."""
    readmes = sorted(shared_fixtures.glob("*/README.md"))
    assert readmes
    for readme in readmes:
        directory = ReadOnlyDirectory(readme.parent / "db")
        facts = FACTS.search(readme.read_text(encoding="utf-8"))
        assert facts is not None

        manifest = manifest_of(directory)

        live = {metadata.number for _, metadata in manifest.tables()}
        levels = sorted({level for level, _ in manifest.tables()})
        assert manifest.comparator == facts["comparator"]
        assert manifest.edit_count == int(facts["edits"])
        assert levels == [int(level) for level in (facts["levels"] or "").split(",") if level]
        assert len(numbers(directory, FileKind.TABLE)) == int(facts["tables"])
        assert len(numbers(directory, FileKind.LOG)) == int(facts["logs"])
        assert live <= numbers(directory, FileKind.TABLE)
        assert not live & manifest.deleted


def test_every_collected_table_has_the_size_that_its_manifest_says(shared_fixtures: Path) -> None:
    """To the byte."""
    for database in sorted(shared_fixtures.glob("*/db")):
        directory = ReadOnlyDirectory(database)
        sizes = {
            parse_filename(entry.name).number: entry.size for entry in directory.entries() if ".log" not in entry.name
        }

        for _, metadata in manifest_of(directory).tables():
            assert sizes[metadata.number] == metadata.file_size


def test_every_collected_table_ends_in_metaindex_index_and_footer(shared_fixtures: Path) -> None:
    """One after the other, each block with its trailer of 5 bytes."""
    for database in sorted(shared_fixtures.glob("*/db")):
        directory = ReadOnlyDirectory(database)
        names = {
            parse_filename(entry.name).number: entry.name for entry in directory.entries() if ".log" not in entry.name
        }

        for _, metadata in manifest_of(directory).tables():
            footer = decode_footer(directory.read(names[metadata.number]))
            assert footer.index.offset == footer.metaindex.offset + footer.metaindex.size + 5
            assert footer.index.offset + footer.index.size + 5 + FOOTER_SIZE == metadata.file_size


@pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)
def test_every_own_fixture_is_read_strictly(fixture: Fixture) -> None:
    """Its comparator is known, and its live tables are there."""
    directory = ReadOnlyDirectory(fixture.database)

    manifest = manifest_of(directory)

    assert manifest.complete
    assert manifest.comparator == fixture.comparator
    assert {metadata.number for _, metadata in manifest.tables()} <= numbers(directory, FileKind.TABLE)


def test_reading_a_manifest_leaves_no_trace() -> None:
    """The fingerprint is the same before and after."""
    directory = ReadOnlyDirectory(OWN[0].database)
    before = directory.fingerprint()

    manifest_of(directory)

    assert directory.fingerprint() == before


def test_a_database_that_plyvel_wrote_is_read(tmp_path: Path) -> None:
    """Levels and sequence number are plyvel's."""
    plyvel = pytest.importorskip("plyvel")
    with plyvel.DB(str(tmp_path / "db"), create_if_missing=True) as database:
        for index in range(100):
            database.put(b"key%d" % index, b"value")
        database.compact_range(start=b"a", stop=b"z")
        levels = [int(database.get_property(b"leveldb.num-files-at-level%d" % level)) for level in range(7)]

    manifest = manifest_of(ReadOnlyDirectory(tmp_path / "db"))

    assert [len(tables) for tables in manifest.levels] == levels
    assert manifest.last_sequence == 100
    assert manifest.comparator == "leveldb.BytewiseComparator"


def test_a_manifest_of_ours_is_opened_by_plyvel(tmp_path: Path) -> None:
    """With the tables of another database, copied, at their levels."""
    plyvel = pytest.importorskip("plyvel")
    source = ReadOnlyDirectory(next(fixture for fixture in OWN if fixture.name == "plyvel-emptied").database)
    known = manifest_of(source)
    assert known.next_file_number is not None
    state = VersionEdit(
        comparator=known.comparator,
        log_number=known.next_file_number,
        next_file_number=known.next_file_number + 2,
        last_sequence=known.last_sequence,
        compact_pointers=tuple(known.compact_pointers.items()),
        new_files=tuple(known.tables()),
    )

    with NewDirectory(tmp_path / "new", source=source.root) as new:
        for _, metadata in known.tables():
            new.copy(source.path(f"{metadata.number:06d}.ldb"), f"{metadata.number:06d}.ldb")
        write_manifest(new.path(f"MANIFEST-{known.next_file_number + 1:06d}"), state)
        new.write("CURRENT", encode_current(known.next_file_number + 1))
        new.publish()

    with plyvel.DB(str(tmp_path / "new"), paranoid_checks=True) as database:
        counts = [int(database.get_property(b"leveldb.num-files-at-level%d" % level)) for level in range(7)]
        database.put(b"more", b"value")
        assert database.get(b"more") == b"value"
    assert counts == [len(tables) for tables in known.levels]
    again = manifest_of(ReadOnlyDirectory(tmp_path / "new"))
    assert {metadata.number for _, metadata in again.tables()} >= {metadata.number for _, metadata in known.tables()}


def test_an_empty_database_of_ours_is_opened_by_plyvel(tmp_path: Path) -> None:
    """Nothing in it, and its sequence number goes on."""
    plyvel = pytest.importorskip("plyvel")
    with NewDirectory(tmp_path / "new") as new:
        write_manifest(new.path("MANIFEST-000002"), VersionEdit("leveldb.BytewiseComparator", 3, 0, 4, 77))
        new.write("CURRENT", encode_current(2))
        new.publish()

    with plyvel.DB(str(tmp_path / "new"), paranoid_checks=True) as database:
        assert list(database) == []
        database.put(b"a", b"b")

    assert manifest_of(ReadOnlyDirectory(tmp_path / "new")).last_sequence == 77
