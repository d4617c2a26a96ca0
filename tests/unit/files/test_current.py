"""CURRENT and its copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevel.files.current import encode_current, scan_current
from relevel.findings import Severity
from relevel.storage.read_only import ReadOnlyDirectory


def directory_with(place: Path, **files: bytes | None) -> ReadOnlyDirectory:
    """A directory with manifests 4 and 5, and files by name; ``__`` stands for a dot."""
    for number in (4, 5):
        (place / f"MANIFEST-{number:06d}").touch()
    for name, content in files.items():
        if content is not None:
            (place / name.replace("__", ".")).write_bytes(content)
    return ReadOnlyDirectory(place)


def test_a_sound_current_names_the_manifest(tmp_path: Path) -> None:
    """And there is nothing to find fault with."""
    scan = scan_current(directory_with(tmp_path, CURRENT=encode_current(5)))

    assert scan.manifest_name == "MANIFEST-000005"
    assert not scan.findings


def test_current_is_written_as_leveldb_writes_it() -> None:
    """A name and a newline."""
    assert encode_current(5) == b"MANIFEST-000005\n"
    assert encode_current(1234567) == b"MANIFEST-1234567\n"


def test_a_missing_current_is_a_warning(tmp_path: Path) -> None:
    """And names no manifest."""
    scan = scan_current(directory_with(tmp_path))

    assert scan.manifest_name is None
    assert [(finding.code, finding.severity) for finding in scan.findings] == [("current.missing", Severity.WARNING)]


@pytest.mark.parametrize(
    ("content", "complaint", "meant"),
    [
        (b"", "is empty", None),
        (bytes(16), "16 zero bytes", None),
        (b"MANIFEST-000005", "does not end with a newline", "MANIFEST-000005"),
        (b"MANIFEST-000005\r\n", "more than the name", "MANIFEST-000005"),
        (b"\xef\xbb\xbfMANIFEST-000005\n", "more than the name", "MANIFEST-000005"),
        (b" MANIFEST-000005\n", "more than the name", "MANIFEST-000005"),
        (b"MANIFEST-000005\nMANIFEST-000005\n", "more than once", "MANIFEST-000005"),
        (b"MANIFEST-000005\nMANIFEST-000004\n", "more than once", None),
        (
            b"<<<<<<< HEAD\nMANIFEST-000005\n=======\nMANIFEST-000004\n>>>>>>> theirs\n",
            "conflict markers of a version control system",
            None,
        ),
        (b"MANIFEST-0000\n\xff", "does not hold the name", None),
        (b"000005.ldb\n", "does not hold the name", None),
        (b"../MANIFEST-000005\n", "more than the name", "MANIFEST-000005"),
        (bytes(range(256)) * 64, "does not hold the name", None),
    ],
)
def test_a_malformed_current_says_how_and_may_still_mean_a_manifest(
    tmp_path: Path, content: bytes, complaint: str, meant: str | None
) -> None:
    """One manifest that is there, and no other, is what it means."""
    scan = scan_current(directory_with(tmp_path, CURRENT=content))

    (finding,) = scan.findings
    assert (finding.code, finding.severity) == ("current.malformed", Severity.WARNING)
    assert complaint in finding.message
    assert scan.manifest_name == meant
    assert not scan.candidates[0].is_sound


def test_a_malformed_current_that_means_a_manifest_that_is_gone_means_none(tmp_path: Path) -> None:
    """A torn name is no guess."""
    assert scan_current(directory_with(tmp_path, CURRENT=b"MANIFEST-000009")).manifest_name is None


def test_a_dangling_current_is_told_in_leveldbs_words(tmp_path: Path) -> None:
    """It names no manifest to use."""
    scan = scan_current(directory_with(tmp_path, CURRENT=b"MANIFEST-000099\n"))

    (finding,) = scan.findings
    assert (finding.code, finding.severity) == ("current.dangling", Severity.WARNING)
    assert "MANIFEST-000099" in finding.message
    assert str(finding.evidence["leveldb"]).startswith("Corruption: CURRENT points to a non-existent file")
    assert scan.manifest_name is None


@pytest.mark.parametrize(
    ("files", "file", "manifest"),
    [
        ({"CURRENT": 5, "CURRENT.bak": 4}, "CURRENT", 5),
        ({"CURRENT.bak": 4}, "CURRENT.bak", 4),
        ({"CURRENT": 99, "CURRENT.bak": 4}, "CURRENT.bak", 4),
        ({"CURRENT": 4, "CURRENT.5": 5}, "CURRENT.5", 5),
        ({"CURRENT": 5, "CURRENT.5": 5}, "CURRENT", 5),
        ({"CURRENT": 5, "CURRENT.4": 4}, "CURRENT", 5),
        ({"CURRENT": 4, "CURRENT.99": 99, "CURRENT.5": 5}, "CURRENT.5", 5),
        ({"CURRENT": 99, "CURRENT.4": 4, "CURRENT.bak": 5}, "CURRENT.bak", 5),
        ({"CURRENT": 99, "CURRENT.4": 4}, "CURRENT.4", 4),
    ],
)
def test_the_copies_are_trusted_in_goleveldbs_order(
    tmp_path: Path, files: dict[str, int], file: str, manifest: int
) -> None:
    """A pending one counts where it names a newer manifest; a backup where CURRENT is of no use."""
    directory = directory_with(tmp_path)
    for name, number in files.items():
        (tmp_path / name).write_bytes(encode_current(number))

    scan = scan_current(directory)

    assert scan.chosen is not None
    assert (scan.chosen.file, scan.chosen.number) == (file, manifest)


def test_a_backup_is_trusted_before_a_malformed_current(tmp_path: Path) -> None:
    """What LevelDB would take comes before what is guessed."""
    scan = scan_current(directory_with(tmp_path, CURRENT=b"MANIFEST-000005", CURRENT__bak=b"MANIFEST-000004\n"))

    assert scan.manifest_name == "MANIFEST-000004"
    assert [candidate.file for candidate in scan.candidates] == ["CURRENT.bak", "CURRENT"]


def test_copies_in_disorder_are_no_finding_beside_a_sound_current(tmp_path: Path) -> None:
    """goleveldb's backup names a manifest long gone."""
    scan = scan_current(directory_with(tmp_path, CURRENT=encode_current(5), CURRENT__bak=encode_current(1)))

    assert not scan.findings


def test_copies_in_disorder_are_notes_where_current_is_of_no_use(tmp_path: Path) -> None:
    """They were looked at, and that is why they did not help."""
    scan = scan_current(directory_with(tmp_path, CURRENT=b"", CURRENT__bak=encode_current(1)))

    assert [(finding.span.file, finding.severity) for finding in scan.findings] == [
        ("CURRENT", Severity.WARNING),
        ("CURRENT.bak", Severity.NOTE),
    ]


def test_a_current_that_is_no_file_is_unreadable(tmp_path: Path) -> None:
    """A directory of that name does not stop the reading."""
    (tmp_path / "CURRENT").mkdir()

    scan = scan_current(directory_with(tmp_path))

    assert [finding.code for finding in scan.findings] == ["file.unreadable"]
    assert scan.manifest_name is None


def test_names_that_were_listed_before_are_not_listed_again(tmp_path: Path) -> None:
    """What is not among them is not there."""
    directory = directory_with(tmp_path, CURRENT=encode_current(5))

    assert scan_current(directory, ["CURRENT"]).manifest_name == "MANIFEST-000005"
    assert [finding.code for finding in scan_current(directory, []).findings] == ["current.missing"]
