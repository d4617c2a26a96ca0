"""survey: all databases of a tree, in one report, one export and one list."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from pathlib import Path

import pytest

import relevel
from relevel.exports.survey import MANY_FORMATS
from relevel.recovery.tree.look import State
from tests.fixtures.catalogue import BY_NAME
from tests.unit.exports.reading import READERS, skip_without

NAMES = ["chromium-indexeddb", "plyvel-reverse", "plyvel-tiny"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three healthy databases and a damaged one."""
    root = tmp_path / "tree"
    for name in NAMES:
        shutil.copytree(BY_NAME[name].database, root / name)
    shutil.copytree(BY_NAME["demo"].database, root / "zz damaged")
    (root / "zz damaged" / "000005.ldb").unlink()
    return root


def content(tree: Path) -> dict[str, bytes]:
    """Every file under a tree."""
    return {str(path): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


def test_every_database_is_told(tree: Path) -> None:
    """With its state; the tree is untouched."""
    before = content(tree)

    report = relevel.survey(tree)

    assert [Path(database.path).name for database in report.databases] == [*NAMES, "zz damaged"]
    assert [database.state for database in report.databases] == [State.HEALTHY] * 3 + [State.DAMAGED]
    assert not report.is_clean
    assert content(tree) == before


@pytest.mark.parametrize("format", MANY_FORMATS)
def test_all_versions_go_into_one_file(format: str, tree: Path, tmp_path: Path) -> None:
    """Those of each database, one after another."""
    skip_without(format)
    place = tmp_path / f"all.{format}"

    report = relevel.survey(tree, export=place)

    names = [*NAMES, "zz damaged"]
    rows = [tuple(row) for name in names for row in relevel.dump(tree / name, all_versions=True)]
    assert READERS[format](place) == rows
    assert report.export is not None
    assert (report.export.row_count, report.export.incomplete) == (len(rows), ())


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet", "sqlite"])
def test_a_row_says_which_database_it_is_from(format: str, tree: Path, tmp_path: Path) -> None:
    """In its first column; and what it means, where that is asked for."""
    skip_without(format)
    place = tmp_path / f"all.{format}"

    relevel.survey(tree, export=place, decode="auto")

    text = place.read_bytes()
    assert all(str(tree / name).encode() in text for name in NAMES)
    assert b"decoded_value" in text


def test_the_list_of_hashes_has_every_file(tree: Path, tmp_path: Path) -> None:
    """In the format of sha256sum; a name with a line end is escaped as it does."""
    (tree / "plyvel-tiny" / "a\nb").write_bytes(b"odd")
    place = tmp_path / "hashes"

    report = relevel.survey(tree, hashes=place)

    lines = place.read_bytes().splitlines()
    expected = {
        path: hashlib.sha256(data).hexdigest() for path, data in content(tree).items() if not path.endswith("LOCK")
    }
    odd = str(tree / "plyvel-tiny" / "a\nb")
    assert f"\\{expected.pop(odd)}  {odd}".replace("\n", "\\n").encode() in lines
    assert {f"{digest}  {path}".encode() for path, digest in expected.items()} < set(lines)
    assert report.hashes is not None
    assert (report.hashes.file_count, report.hashes.left_out) == (len(lines), ())


def test_a_link_among_the_files_is_not_hashed(tree: Path, tmp_path: Path) -> None:
    """It is told instead."""
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tree / "plyvel-tiny" / "000099.ldb").symlink_to(tmp_path / "secret")

    report = relevel.survey(tree, hashes=tmp_path / "hashes")

    assert report.hashes is not None
    assert [Path(left.path).name for left in report.hashes.left_out] == ["000099.ldb"]
    assert not report.is_clean


def test_a_database_that_fails_is_told_and_the_others_are_exported(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is outrun by its writer costs its own rows."""

    def outrun(directory: relevel.History) -> None:
        if "plyvel-tiny" in str(directory.path):  # type: ignore[attr-defined]
            raise relevel.DatabaseInUseError("it moves")

    monkeypatch.setattr("relevel.recovery.read.reader.refuse_outrun", outrun)

    report = relevel.survey(tree, export=tmp_path / "all.jsonl")

    assert report.export is not None
    (incomplete,) = report.export.incomplete
    assert (Path(incomplete.path).name, incomplete.reason) == ("plyvel-tiny", "it moves")
    assert report.export.row_count == len((tmp_path / "all.jsonl").read_text().splitlines())
    assert not report.is_clean


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet", "sqlite", "duckdb"])
def test_a_database_whose_disk_fails_is_told_and_the_others_are_exported(
    format: str, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever error it is, and whatever is written."""

    def failing(directory: relevel.History) -> None:
        if "plyvel-tiny" in str(directory.path):  # type: ignore[attr-defined]
            raise relevel.StorageError("its disk fails")

    monkeypatch.setattr("relevel.recovery.read.reader.refuse_outrun", failing)

    report = relevel.survey(tree, export=tmp_path / f"all.{format}")

    assert report.export is not None
    assert [(Path(found.path).name, found.reason) for found in report.export.incomplete] == [
        ("plyvel-tiny", "its disk fails")
    ]
    assert not report.is_clean


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with names")
def test_what_is_no_file_is_named_and_not_opened(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe and a socket; neither makes the tree unclean."""
    clean = relevel.survey(tree).is_clean
    os.mkfifo(tree / "plyvel-tiny" / "000077.log")
    monkeypatch.chdir(tree)  # a socket's path has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        report = relevel.survey(tree)

    assert {(Path(passed.path).name, passed.reason) for passed in report.passed_by} == {
        ("000077.log", "a pipe: not opened"),
        ("socket", "a socket: not opened"),
    }
    assert report.is_clean == clean


def test_nothing_is_written_into_the_tree(tree: Path) -> None:
    """Nor over anything, nor in a format that holds one database."""
    for wrong in ({"export": tree / "all.jsonl"}, {"hashes": tree / "hashes"}, {"export": tree.parent / "all.arrow"}):
        with pytest.raises(relevel.InvalidArgumentError):
            relevel.survey(tree, **wrong)  # type: ignore[arg-type]


def test_an_empty_tree_has_nothing(tmp_path: Path) -> None:
    """And is clean; its export has no rows."""
    (tmp_path / "tree").mkdir()

    report = relevel.survey(tmp_path / "tree", export=tmp_path / "all.jsonl", hashes=tmp_path / "hashes")

    assert report.is_clean
    assert report.databases == ()
    assert (tmp_path / "all.jsonl").read_bytes() == (tmp_path / "hashes").read_bytes() == b""
