"""New directories that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from relevel import _kernel
from relevel.errors import DestinationExistsError, InvalidArgumentError, StorageError
from relevel.storage import posix, rename
from relevel.storage.new_file import NewFile
from relevel.storage.posix import NewDirectory

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="uses what Linux offers")


def test_a_directory_appears_when_it_is_published(tmp_path: Path) -> None:
    """Not before, and nothing else is left beside it."""
    (tmp_path / "table").write_bytes(b"copied")
    with NewDirectory(tmp_path / "new") as new:
        new.write("CURRENT", b"written")
        Path(new.path("made")).write_bytes(b"made elsewhere")
        size = new.copy(tmp_path / "table", "000005.ldb")
        assert not (tmp_path / "new").exists()
        new.publish()
        assert new.path("CURRENT") == str(tmp_path / "new" / "CURRENT")

    contents = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    assert contents == {"CURRENT": b"written", "made": b"made elsewhere", "000005.ldb": b"copied"}
    assert size == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "table"]


def test_nothing_is_left_where_it_is_not_published(tmp_path: Path) -> None:
    """Leaving the block is a way back."""
    with NewDirectory(tmp_path / "new") as new:
        new.write("CURRENT", b"")

    assert not list(tmp_path.iterdir())


@contextmanager
def descriptors() -> Iterator[Callable[[], None]]:
    """Gives what takes all the descriptors that the process may have, until the block ends."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []

    def take() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, limits[0]), limits[1]))
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))

    try:
        yield take
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@linux_only
def test_nothing_is_left_where_there_is_no_descriptor_to_list_it_with(tmp_path: Path) -> None:
    """What was made is removed by its names."""
    advice = "cannot write .*too many open files; raise the limit"
    with descriptors() as take, pytest.raises(StorageError, match=advice), NewDirectory(tmp_path / "new") as new:
        new.write("CURRENT", b"")
        Path(new.path("made")).write_bytes(b"made elsewhere")
        take()
        new.write("000005.log", b"")

    assert not list(tmp_path.iterdir())


@linux_only
def test_nothing_is_left_of_a_new_file_for_which_there_is_no_descriptor(tmp_path: Path) -> None:
    """Nor of the hidden directory in which it was built."""
    place, advice = tmp_path / "new", "cannot write .*too many open files; raise the limit"
    with descriptors() as take, pytest.raises(StorageError, match=advice), NewFile(place, Path("nowhere")) as new:
        new.path.write_bytes(b"made elsewhere")
        take()
        new.publish()

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "error",
    [RuntimeError("bug"), KeyboardInterrupt(), SystemExit(1), StorageError("known"), BrokenPipeError(errno.EPIPE, "")],
)
def test_nothing_is_left_after_an_error(tmp_path: Path, error: BaseException) -> None:
    """Whatever ended the work comes out as it was."""
    with pytest.raises(type(error)) as caught, NewDirectory(tmp_path / "new") as new:
        new.write("CURRENT", b"")
        raise error

    assert caught.value is error
    assert not list(tmp_path.iterdir())


def make_file(path: Path) -> None:
    """Something in the way."""
    path.write_bytes(b"precious")


def make_link(path: Path) -> None:
    """A link to nowhere is in the way too."""
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [Path.mkdir, make_file, make_link])
def test_a_destination_that_exists_is_refused_at_once(tmp_path: Path, make: object) -> None:
    """Before hours of work, not after."""
    assert callable(make)
    make(tmp_path / "new")

    with pytest.raises(DestinationExistsError, match="never writes over"):
        NewDirectory(tmp_path / "new")


@pytest.mark.parametrize("make", [Path.mkdir, make_file, make_link])
@pytest.mark.parametrize("has_renameat2", [True, False])
def test_what_appears_at_the_destination_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: object, has_renameat2: bool
) -> None:
    """Not even an empty directory, with or without the system call that promises it."""
    assert callable(make)
    if not has_renameat2:
        monkeypatch.setattr(rename, "_renameat2", lambda: None)

    with pytest.raises(DestinationExistsError), NewDirectory(tmp_path / "new") as new:
        new.write("CURRENT", b"")
        make(tmp_path / "new")
        new.publish()

    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert not (tmp_path / "new" / "CURRENT").exists()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_without_the_careful_rename_is_looked_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Network file systems answer EINVAL."""

    def refuse(*_: object) -> int:
        monkeypatch.setattr("ctypes.get_errno", lambda: number)
        return -1

    monkeypatch.setattr(rename, "_renameat2", lambda: refuse)
    with NewDirectory(tmp_path / "new") as new:
        new.publish()

    assert (tmp_path / "new").is_dir()


@pytest.mark.parametrize("inside", ["new", "deeper/new", "link/new"])
def test_a_destination_inside_the_evidence_is_refused(tmp_path: Path, inside: str) -> None:
    """Directly, deeper, or through a link."""
    source = tmp_path / "source"
    (source / "deeper").mkdir(parents=True)
    (source / "link").symlink_to(source / "deeper")
    (tmp_path / "way").symlink_to(source)

    for place in (source, tmp_path / "way"):
        with pytest.raises(InvalidArgumentError, match="outside it"):
            NewDirectory(place / inside, source=source)

    NewDirectory(tmp_path / "source2", source=source)


def test_a_parent_that_is_not_there_says_so(tmp_path: Path) -> None:
    """The advice is to make it."""
    with pytest.raises(StorageError, match="does not exist; make it first"), NewDirectory(tmp_path / "no" / "new"):
        pytest.fail("not reached")


def test_a_relative_destination_is_meant_where_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of directory in between does not move it."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    new = NewDirectory("new/")
    monkeypatch.chdir(tmp_path / "b")
    with new:
        new.publish()

    assert (tmp_path / "a" / "new").is_dir()


def test_a_name_of_any_length_can_be_a_destination(tmp_path: Path) -> None:
    """The hidden sibling's name is no longer than the system allows."""
    name = "n" * 255
    with NewDirectory(tmp_path / name) as new:
        new.publish()

    assert (tmp_path / name).is_dir()


def test_a_file_is_not_written_twice(tmp_path: Path) -> None:
    """Two tables under one number would be a loss."""
    with pytest.raises(DestinationExistsError, match="twice"), NewDirectory(tmp_path / "new") as new:
        new.write("000005.ldb", b"first")
        new.write("000005.ldb", b"second")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd"])
def test_a_name_does_not_lead_out_of_the_directory(tmp_path: Path, name: str) -> None:
    """Only names of files."""
    with NewDirectory(tmp_path / "new") as new, pytest.raises(InvalidArgumentError, match="not the name"):
        new.path(name)


@linux_only
def test_files_have_the_mode_of_new_files(tmp_path: Path) -> None:
    """A read-only source does not make a database that cannot be opened."""
    (tmp_path / "source").write_bytes(b"x")
    (tmp_path / "source").chmod(0o400)
    mask = os.umask(0o027)
    try:
        with NewDirectory(tmp_path / "new") as new:
            new.copy(tmp_path / "source", "copy")
            new.write("written", b"")
            new.publish()
    finally:
        os.umask(mask)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new").iterdir()}
    assert modes == {"copy": 0o640, "written": 0o640}
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o750


@linux_only
def test_a_copy_leaves_no_access_time_and_reads_no_pipe(tmp_path: Path) -> None:
    """The source of a copy is evidence."""
    source = tmp_path / "source"
    source.write_bytes(b"x" * 3_000_000)
    os.utime(source, ns=(0, 0))
    os.mkfifo(tmp_path / "pipe")
    with NewDirectory(tmp_path / "new") as new:
        assert new.copy(source, "copy") == 3_000_000
        with pytest.raises(StorageError, match="not a regular file"):
            new.copy(tmp_path / "pipe", "other")
        with pytest.raises(StorageError, match="cannot read"):
            new.copy(tmp_path / "nowhere", "third")

    assert source.stat().st_atime_ns == 0


@linux_only
def test_everything_is_synced_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file, then the directory, then the rename, then the parent."""
    events: list[str] = []
    real_rename = rename.rename_without_replacing

    def watch_sync(descriptor: int) -> None:
        events.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def watch_rename(source: Path, destination: Path) -> None:
        events.append("rename")
        real_rename(source, destination)

    monkeypatch.setattr(os, "fsync", watch_sync)
    monkeypatch.setattr(_kernel, "sync_directory", lambda path: events.append(Path(path).name))
    monkeypatch.setattr(posix, "rename_without_replacing", watch_rename)
    with NewDirectory(tmp_path / "new") as new:
        hidden = Path(new.path("x")).parent.name
        new.write("CURRENT", b"")
        new.publish()

    assert events == ["CURRENT", hidden, "rename", tmp_path.name]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind neither root nor Windows")
def test_a_parent_that_may_not_be_written_says_so(tmp_path: Path) -> None:
    """The advice is another destination."""
    (tmp_path / "fixed").mkdir(mode=0o500)

    with pytest.raises(StorageError, match="permission denied"), NewDirectory(tmp_path / "fixed" / "new"):
        pytest.fail("not reached")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root mounts file systems")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("this system lets nobody mount")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_says_what_is_needed_and_leaves_nothing(small_disk: Path) -> None:
    """The destination, the space needed and the space there is."""
    with pytest.raises(StorageError, match=r"new'.*2000000 bytes are needed, 10\d{5} bytes are free") as caught:  # noqa: SIM117
        with NewDirectory(small_disk / "new", space_needed=2_000_000) as new:
            new.write("small", bytes(1000))
            new.write("large", bytes(2_000_000))

    assert caught.value.errno == errno.ENOSPC
    assert not list(small_disk.iterdir())


def test_a_full_disk_that_others_met_is_told_in_the_same_words(small_disk: Path) -> None:
    """Tables are written by the kernel; its errors come out as ours."""
    with pytest.raises(StorageError, match="no space left"), NewDirectory(small_disk / "new") as new:
        Path(new.path("table")).write_bytes(bytes(2_000_000))

    assert not list(small_disk.iterdir())


def test_an_error_of_reading_is_not_told_as_one_of_writing(tmp_path: Path) -> None:
    """It names what could not be read."""
    with pytest.raises(StorageError, match=r"cannot read .*nowhere"), NewDirectory(tmp_path / "new"):
        (tmp_path / "nowhere").read_bytes()
