"""New files that appear whole or not at all, and directories of a living database."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from relevel.errors import DestinationExistsError, InvalidArgumentError, StorageError
from relevel.storage import new_file
from relevel.storage.living import LivingDirectory
from relevel.storage.new_file import NewFile, refuse_place, write_new_file
from relevel.storage.posix import NewDirectory
from tests.refusals import refusing
from tests.unit.small_files import no_file_larger_than

refuse = refusing()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Evidence."""
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


def names(place: Path) -> list[str]:
    """What is there beside the evidence."""
    return sorted(path.name for path in place.iterdir() if path.name != "source")


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """What is there, though it appeared a moment ago, is not written over."""
    write_new_file(tmp_path / "new", b"first")

    with pytest.raises(DestinationExistsError, match="choose another name"):
        write_new_file(tmp_path / "new", b"second")
    with pytest.raises(StorageError, match="does not exist; check the path"):
        write_new_file(tmp_path / "no" / "new", b"second")

    assert (tmp_path / "new").read_bytes() == b"first"


def test_a_file_that_the_disk_refuses_is_not_left_by_half(tmp_path: Path) -> None:
    """Nor is one that its writer gives up."""
    with pytest.raises(StorageError, match="cannot write"), no_file_larger_than(1000):
        write_new_file(tmp_path / "new", bytes(2000))

    assert names(tmp_path) == []


def test_a_file_whose_writing_is_interrupted_is_not_left_by_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C leaves nothing half-made."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write_new_file(tmp_path / "new", b"content")

    assert names(tmp_path) == []


def test_a_file_has_no_place_before_it_is_being_built(source: Path, tmp_path: Path) -> None:
    """And is not published then."""
    new = NewFile(tmp_path / "new", source)

    for use in (lambda: new.path, new.publish):
        with pytest.raises(InvalidArgumentError, match="not being built"):
            use()


def test_a_file_whose_folder_goes_meanwhile_is_refused(source: Path, tmp_path: Path) -> None:
    """With the place, not with the hidden one."""
    (tmp_path / "folder").mkdir()
    new = NewFile(tmp_path / "folder" / "new", source)
    (tmp_path / "folder").rmdir()

    with pytest.raises(StorageError, match=r"cannot write '.*folder/new': .*does not exist"), new:
        pytest.fail("not reached")


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_what_appears_at_its_place_meanwhile_is_not_replaced(source: Path, tmp_path: Path, make: object) -> None:
    """Nothing else is left."""
    assert callable(make)
    with pytest.raises(DestinationExistsError), NewFile(tmp_path / "new", source) as new:
        new.path.write_bytes(b"content")
        make(tmp_path / "new")
        new.publish()

    assert names(tmp_path) == ["new"]
    assert (tmp_path / "new").is_dir() or (tmp_path / "new").read_bytes() == b""


def test_a_file_that_nobody_wrote_is_not_published(source: Path, tmp_path: Path) -> None:
    """It is told, and nothing is left."""
    with pytest.raises(StorageError, match="cannot write"), NewFile(tmp_path / "new", source) as new:
        new.publish()

    assert names(tmp_path) == []


def test_a_name_that_cannot_be_synced_is_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is whole: it was synced before it got its name."""
    monkeypatch.setattr(new_file, "sync_directory", refuse)

    with pytest.raises(StorageError, match="the disk failed"), NewFile(tmp_path / "new", source) as new:
        new.path.write_bytes(b"content")
        new.publish()

    assert names(tmp_path) == ["new"]
    assert (tmp_path / "new").read_bytes() == b"content"


def test_a_place_is_refused_before_any_work(source: Path, tmp_path: Path) -> None:
    """In a directory that is not there."""
    with pytest.raises(StorageError, match="make it first"):
        refuse_place(tmp_path / "no" / "new", source)


def test_a_directory_has_no_names_before_it_is_being_built(tmp_path: Path) -> None:
    """Nor is it published then, or twice."""
    new = NewDirectory(tmp_path / "new")
    with pytest.raises(InvalidArgumentError, match="not being built"):
        new.path("CURRENT")
    with pytest.raises(InvalidArgumentError, match="not being built"):
        new.publish()

    with new:
        new.publish()
        with pytest.raises(InvalidArgumentError, match="is published"):
            new.publish()

    assert names(tmp_path) == ["new"]


def test_a_name_in_a_new_directory_is_given_once(source: Path, tmp_path: Path) -> None:
    """By a link or by renaming either."""
    (source / "table").write_bytes(b"linked")
    with NewDirectory(tmp_path / "new") as new:
        new.write("000005.ldb", b"first")
        with pytest.raises(DestinationExistsError, match="twice"):
            new.link(str(source / "table"), "000005.ldb")
        new.write("000006.ldb", b"second")
        with pytest.raises(DestinationExistsError, match="twice"):
            new.rename("000006.ldb", "000005.ldb")
        new.publish()

    assert (tmp_path / "new" / "000005.ldb").read_bytes() == b"first"
    assert (tmp_path / "new" / "000006.ldb").read_bytes() == b"second"


def test_a_file_of_a_new_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """As what could not be written, and nothing is left."""
    with pytest.raises(StorageError, match=r"cannot write .*too long"), NewDirectory(tmp_path / "new") as new:
        new.write("n" * 300, b"")

    assert names(tmp_path) == []


def test_a_full_disk_that_cannot_be_measured_is_told_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is needed."""
    monkeypatch.setattr("shutil.disk_usage", refuse)

    with pytest.raises(StorageError, match="no space left; 7 bytes are needed, choose another destination"):  # noqa: SIM117
        with NewDirectory(tmp_path / "new", space_needed=7):
            raise OSError(28, os.strerror(28))

    assert names(tmp_path) == []


def test_the_name_of_a_living_directory_is_synced_or_it_is_told(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its parent may not be read it cannot be."""
    monkeypatch.setattr("relevel.storage.living.sync_directory", refuse)

    with pytest.raises(StorageError, match="cannot sync"):
        LivingDirectory(source).sync_name()


@pytest.mark.skipif(sys.platform == "win32", reason="links want rights there")
def test_what_a_living_database_goes_on_in_is_its_own(source: Path) -> None:
    """A file that a backup of links has too is not, nor a link, nor what is not there."""
    (source / "own").touch()
    (source / "shared").touch()
    os.link(source / "shared", source / "backup")
    (source / "link").symlink_to("own")

    directory = LivingDirectory(source)

    assert {name for name in ("own", "shared", "link", "none") if directory.may_go_on_in(name)} == {"own"}
