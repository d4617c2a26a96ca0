"""Manifests read tolerantly and strictly, and written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.errors import CorruptionError, InvalidArgumentError, StorageError
from relevel.files import manifest as manifests
from relevel.files.log import LogWriter
from relevel.files.manifest import ManifestScan, read_manifest, scan_manifest
from relevel.files.manifest_writer import write_manifest
from relevel.findings import Severity
from relevel.format.version_edit import FileMetadata, VersionEdit, encode_version_edit
from relevel.storage.read_only import ReadOnlyDirectory

NAME = "MANIFEST-000002"
START = VersionEdit("leveldb.BytewiseComparator", 3, 0, 4, 0)


def table(number: int) -> FileMetadata:
    """A table with some keys."""
    return FileMetadata(number, 4096, b"a" + b"\1" * 8, b"z" + b"\1" * 8)


def manifest_of(place: Path, *edits: VersionEdit | bytes) -> Path:
    """A manifest with a record for each edit, given as value or as bytes."""
    with LogWriter(str(place / NAME)) as log:
        for edit in edits:
            log.append(edit if isinstance(edit, bytes) else encode_version_edit(edit))
    return place / NAME


def scan(place: Path) -> ManifestScan:
    """Read it tolerantly."""
    return scan_manifest(ReadOnlyDirectory(place), NAME)


def live(manifest: ManifestScan) -> dict[int, int]:
    """The level of each live table."""
    return {metadata.number: level for level, metadata in manifest.tables()}


def codes(manifest: ManifestScan) -> list[str]:
    """The findings' codes."""
    return [finding.code for finding in manifest.findings]


def test_edits_add_and_delete_tables(tmp_path: Path) -> None:
    """What is left, what is gone, and the last of each number."""
    manifest_of(
        tmp_path,
        START,
        VersionEdit(log_number=5, next_file_number=9, last_sequence=10, new_files=((0, table(6)), (0, table(7)))),
        VersionEdit(
            next_file_number=12,
            last_sequence=20,
            compact_pointers=((0, b"k" * 9),),
            deleted_files=((0, 6), (0, 7)),
            new_files=((1, table(10)),),
        ),
    )

    found = read_manifest(ReadOnlyDirectory(tmp_path), NAME)

    assert found.levels[1] == {10: table(10)}
    assert live(found) == {10: 1}
    assert found.deleted == {6, 7}
    assert found.comparator == "leveldb.BytewiseComparator"
    assert (found.log_number, found.previous_log_number) == (5, 0)
    assert (found.next_file_number, found.last_sequence) == (12, 20)
    assert found.compact_pointers == {0: b"k" * 9}
    assert found.edit_count == 3
    assert found.complete
    assert not found.damaged
    assert not found.findings


def test_a_table_that_moves_down_a_level_is_not_deleted(tmp_path: Path) -> None:
    """Deletions are by level and number."""
    moved = VersionEdit(deleted_files=((0, 6),), new_files=((1, table(6)),))
    manifest_of(tmp_path, START, VersionEdit(new_files=((0, table(6)),)), moved)

    assert live(scan(tmp_path)) == {6: 1}
    assert not scan(tmp_path).deleted


def test_a_table_that_comes_back_is_live(tmp_path: Path) -> None:
    """An addition cancels an earlier deletion of the same table at the same level."""
    added = VersionEdit(new_files=((2, table(6)),))
    manifest_of(tmp_path, START, added, VersionEdit(deleted_files=((2, 6),)), added)

    assert live(scan(tmp_path)) == {6: 2}
    assert not scan(tmp_path).deleted


def test_within_an_edit_deletions_come_first(tmp_path: Path) -> None:
    """In whatever order its fields are written."""
    edit = encode_version_edit(VersionEdit(new_files=((0, table(6)),)))
    deletion = encode_version_edit(VersionEdit(deleted_files=((0, 6),)))
    manifest_of(tmp_path, START, edit + deletion)

    assert live(scan(tmp_path)) == {6: 0}


@pytest.mark.parametrize("cut", [1, 8, 20])
def test_a_torn_end_is_a_warning_and_refused_by_strict_reading(tmp_path: Path, cut: int) -> None:
    """LevelDB would install the older version and delete the new tables."""
    path = manifest_of(tmp_path, START, VersionEdit(new_files=((0, table(6)),)))
    os.truncate(path, path.stat().st_size - cut)

    found = scan(tmp_path)

    assert codes(found) == ["manifest.tail.torn"]
    assert found.findings[0].severity is Severity.WARNING
    assert found.damaged
    assert found.complete
    assert not live(found)
    with pytest.raises(CorruptionError, match="ends inside a record") as caught:
        read_manifest(ReadOnlyDirectory(tmp_path), NAME)
    assert caught.value.finding == found.findings[0]


def test_a_damaged_edit_costs_no_other(tmp_path: Path) -> None:
    """Reading goes on behind it."""
    edits = [VersionEdit(new_files=((0, table(number)),)) for number in (6, 7, 8)]
    path = manifest_of(tmp_path, START, *edits)
    data = bytearray(path.read_bytes())
    data[data.index(b"\x07\x00\x07") + 1] ^= 4
    path.write_bytes(data)

    found = scan(tmp_path)

    assert codes(found) == ["manifest.record.checksum-mismatch"]
    assert found.damaged
    assert live(found) == {6: 0, 8: 0}


def test_of_an_edit_that_cannot_be_decoded_the_deletions_are_not_believed(tmp_path: Path) -> None:
    """What replaces the deleted tables may be in the part that is lost."""
    compaction = VersionEdit(last_sequence=9, deleted_files=((0, 6),), new_files=((1, table(7)), (1, table(8))))
    manifest_of(tmp_path, START, VersionEdit(new_files=((0, table(6)),)), encode_version_edit(compaction)[:-1])

    found = scan(tmp_path)

    assert live(found) == {6: 0, 7: 1}
    assert not found.deleted
    assert found.last_sequence == 9
    assert codes(found) == ["manifest.edit.malformed"]
    assert found.findings[0].severity is Severity.DAMAGE
    assert found.findings[0].evidence["leveldb"] == "Corruption: VersionEdit: new-file entry"
    assert found.damaged


def test_what_only_goleveldb_accepts_is_a_warning(tmp_path: Path) -> None:
    """An eighth level is kept, and nothing is lost by it."""
    edit = encode_version_edit(VersionEdit(new_files=((6, table(9)),))).replace(b"\x07\x06", b"\x07\x08")
    manifest_of(tmp_path, START, edit)

    found = scan(tmp_path)

    assert len(found.levels) == 9
    assert live(found) == {9: 8}
    assert not found.damaged
    assert [(finding.code, finding.severity) for finding in found.findings] == [
        ("manifest.edit.malformed", Severity.WARNING)
    ]


@pytest.mark.parametrize(
    ("missing", "leveldb", "goleveldb"),
    [
        ("next_file_number", "Corruption: no meta-nextfile entry in descriptor", "next-file-num"),
        ("log_number", "Corruption: no meta-lognumber entry in descriptor", "journal-file-num"),
        ("last_sequence", "Corruption: no last-sequence-number entry in descriptor", "seq-num"),
        ("comparator", "Corruption: no comparator entry in descriptor", "comparer"),
    ],
)
def test_what_is_missing_is_named_in_the_words_of_the_others(
    tmp_path: Path, missing: str, leveldb: str, goleveldb: str
) -> None:
    """A manifest without it is not complete."""
    manifest_of(tmp_path, VersionEdit(**{**START._asdict(), missing: None}))

    found = scan(tmp_path)

    assert not found.complete
    (finding,) = found.findings
    assert finding.code == "manifest.incomplete"
    assert finding.evidence["leveldb"] == leveldb
    assert finding.evidence["goleveldb"] == (
        f"leveldb: manifest corrupted (field '{goleveldb}'): missing [file=MANIFEST-000002]"
    )


@pytest.mark.parametrize("content", [b"", bytes(65536), b"\xff" * 70000, b"not a manifest at all, but some text\n"])
def test_a_file_that_is_no_manifest_is_incomplete(tmp_path: Path, content: bytes) -> None:
    """It is read without an error and holds nothing."""
    (tmp_path / NAME).write_bytes(content)

    found = scan(tmp_path)

    assert not found.complete
    assert not live(found)
    assert "manifest.incomplete" in codes(found)


def test_a_manifest_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """Tolerantly; strictly it is an error."""
    (tmp_path / NAME).mkdir()

    assert "file.unreadable" in codes(scan(tmp_path))
    assert scan(tmp_path).damaged
    with pytest.raises(StorageError):
        read_manifest(ReadOnlyDirectory(tmp_path), NAME)


def test_zeroes_at_the_end_are_no_finding(tmp_path: Path) -> None:
    """LevelDB once wrote manifests in files of 64 KiB."""
    path = manifest_of(tmp_path, START)
    size = path.stat().st_size
    os.truncate(path, 65536)

    found = read_manifest(ReadOnlyDirectory(tmp_path), NAME)

    assert found.zero_tail_size == 65536 - size
    assert not found.damaged


def test_findings_about_edits_are_counted_past_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile manifest does not fill the memory with them."""
    monkeypatch.setattr(manifests, "_MOST_FINDINGS", 3)
    manifest_of(tmp_path, START, *[b"\x0a"] * 10)

    found = scan(tmp_path)

    assert len(found.findings) == 4
    assert "7 more problems" in found.findings[-1].message


def test_a_comparator_is_not_changed_by_a_later_edit(tmp_path: Path) -> None:
    """The order that the first tables were written in is the order."""
    manifest_of(tmp_path, START, VersionEdit("another"))

    assert scan(tmp_path).comparator == "leveldb.BytewiseComparator"


def test_a_manifest_is_written_as_leveldb_writes_one(tmp_path: Path) -> None:
    """A record with the snapshot, and one with the numbers."""
    edit = VersionEdit("c", 3, None, 9, 77, ((1, b"k" * 9),), (), ((0, table(5)), (2, table(6))))

    size = write_manifest(str(tmp_path / NAME), edit)

    found = read_manifest(ReadOnlyDirectory(tmp_path), NAME)
    assert (found.file_size, found.edit_count) == (size, 2)
    assert live(found) == {5: 0, 6: 2}
    assert found.compact_pointers == {1: b"k" * 9}
    assert (found.comparator, found.log_number, found.previous_log_number) == ("c", 3, 0)
    assert (found.next_file_number, found.last_sequence) == (9, 77)


@pytest.mark.parametrize(
    "change",
    [
        lambda edit: edit._replace(comparator=None),
        lambda edit: edit._replace(last_sequence=None),
        lambda edit: edit._replace(next_file_number=3),
        lambda edit: edit._replace(new_files=((0, table(4)),)),
        lambda edit: edit._replace(deleted_files=((0, 1),)),
    ],
)
def test_a_manifest_that_leveldb_would_refuse_is_not_written(
    tmp_path: Path, change: Callable[[VersionEdit], VersionEdit]
) -> None:
    """Nothing is created."""
    with pytest.raises(InvalidArgumentError):
        write_manifest(str(tmp_path / NAME), change(START))

    assert not list(tmp_path.iterdir())


@given(st.binary(max_size=300))
def test_any_bytes_are_scanned(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """As the file, and as an edit in a sound record."""
    place = tmp_path_factory.mktemp("any")
    (place / NAME).write_bytes(data)
    assert scan(place).file_size == len(data)

    (place / NAME).unlink()
    manifest_of(place, START, data)

    assert scan(place).edit_count == 2


def test_how_tables_came_is_kept_of_the_last_ones_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest of millions of edits does not fill the memory with it; which tables are live is not touched."""
    monkeypatch.setattr(manifests, "_MOST_ADDITIONS", 3)
    manifest_of(tmp_path, START, *[VersionEdit(new_files=((0, table(number)),)) for number in range(10, 20)])

    found = scan(tmp_path)

    assert list(found.additions) == [17, 18, 19]
    assert live(found) == dict.fromkeys(range(10, 20), 0)
