"""What is no database, or claims what cannot be: a clear error or a finding, never a traceback, and bounded memory."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import relevel
from tests.damage.commands import run_all
from tests.damage.evidence import state_of
from tests.fixtures.catalogue import BY_NAME
from tests.interop.readers import copy_of

TINY = BY_NAME["plyvel-tiny"]
NAMES = ("CURRENT", "MANIFEST-000002", "000005.ldb", "000006.sst", "000004.log")
NOBODY = 65534


def test_an_empty_directory_is_no_database(tmp_path: Path) -> None:
    """Every command says so, and makes nothing in it."""
    empty = tmp_path / "empty"
    empty.mkdir()

    errors = run_all(empty, tmp_path)

    assert {type(error) for error in errors.values()} == {relevel.NotADatabaseError}
    assert list(empty.iterdir()) == []


def test_other_files_are_no_database(tmp_path: Path) -> None:
    """A directory of photographs is none."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "holiday.jpg").write_bytes(b"\xff\xd8\xff")
    (other / "LOCKSMITH").mkdir()

    errors = run_all(other, tmp_path)

    assert {type(error) for error in errors.values()} == {relevel.NotADatabaseError}


@pytest.mark.parametrize("name", ["a file", "nothing there"])
def test_a_path_that_is_no_directory_is_refused(name: str, tmp_path: Path) -> None:
    """A file in its place, or nothing at all: an error that names the path."""
    path = tmp_path / name
    if name == "a file":
        path.write_bytes(b"text")

    errors = run_all(path, tmp_path)

    assert all(name in str(error) for error in errors.values())
    assert all(isinstance(error, relevel.StorageError | relevel.NotADatabaseError) for error in errors.values())


@pytest.mark.parametrize("size", [0, 1, 7, 48, 5000, 70000])
@pytest.mark.parametrize("seed", range(4))
def test_files_of_noise_are_findings(size: int, seed: int, tmp_path: Path) -> None:
    """Files with the right names and random bytes: every command ends, and check finds something wrong."""
    noise = tmp_path / "noise"
    noise.mkdir()
    for name in NAMES:
        (noise / name).write_bytes(random.Random(f"{name} {seed}").randbytes(size))

    errors = run_all(noise, tmp_path)

    assert set(errors.values()) == {None}
    assert relevel.check(noise).findings


@pytest.mark.parametrize("name", NAMES)
def test_each_file_alone_is_read_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    """One file of a database and nothing else: every command ends."""
    alone = tmp_path / "alone"
    alone.mkdir()
    source = TINY.database / name
    (alone / name).write_bytes(source.read_bytes() if source.exists() else b"")

    errors = run_all(alone, tmp_path)

    assert set(errors.values()) == {None}


def test_an_empty_path_is_refused(tmp_path: Path) -> None:
    """It would mean the current directory."""
    with pytest.raises(relevel.InvalidArgumentError):
        relevel.check("")
    with pytest.raises(relevel.InvalidArgumentError):
        relevel.rescue(TINY.database, "")


def test_names_that_are_not_utf8_are_no_obstacle(tmp_path: Path) -> None:
    """A directory and a stranger in it with such names: all commands work, in Python and on the command line."""
    strange = Path(os.fsdecode(bytes(tmp_path) + b"/db \xff\xfe"))
    with copy_of(TINY.database) as copy:
        try:
            copy.rename(strange)
        except OSError:
            pytest.skip("this file system has no such names")
        (strange / os.fsdecode(b"\xff stranger")).write_bytes(b"")

        errors = run_all(strange, tmp_path)
        done = run_command("check", strange)

        assert set(errors.values()) == {None}
        assert done.returncode in (0, 1)
        assert b"Traceback" not in done.stderr
        strange.rename(copy)


@pytest.mark.parametrize("kind", ["fifo", "directory", "dangling link", "loop"])
def test_what_is_no_file_is_no_obstacle(kind: str, tmp_path: Path) -> None:
    """A pipe, a directory or a broken link with a table's name: nothing hangs, the rest is read."""
    with copy_of(TINY.database) as copy:
        odd = copy / "000009.ldb"
        if kind == "fifo":
            os.mkfifo(odd)
        elif kind == "directory":
            odd.mkdir()
        else:
            odd.symlink_to("000009.ldb" if kind == "loop" else "nowhere.ldb")

        errors = run_all(copy, tmp_path)

        assert set(errors.values()) == {None}
        assert dict(relevel.scan(copy)) == TINY.live


def test_a_file_without_permission_is_a_finding(tmp_path: Path) -> None:
    """A table that may not be read is named; the rest is read."""
    with copy_of(TINY.database) as copy, as_nobody(copy):
        (copy / "000005.ldb").chmod(0)

        report = relevel.check(copy)
        rows = list(relevel.dump(copy))

    assert "000005.ldb" in {finding.span.file for finding in report.findings}
    assert {row.key for row in rows} <= TINY.live.keys()


@pytest.mark.parametrize("without", [(), ("CURRENT", "MANIFEST-000002")])
def test_files_without_permission_never_end_in_an_error_of_the_system(without: tuple[str, ...], tmp_path: Path) -> None:
    """Not even where no manifest names the comparator and the tables are asked for their order."""
    place = tmp_path / "place"
    place.mkdir(mode=0o777)
    with copy_of(TINY.database) as copy, as_nobody(copy, place):
        for path in copy.iterdir():
            path.chmod(0)
        for name in without:
            (copy / name).unlink()

        errors = run_all(copy, place)

    assert all(error is None or isinstance(error, relevel.RelevelError) for error in errors.values())
    assert errors["check"] is None


def test_a_directory_without_permission_is_an_error(tmp_path: Path) -> None:
    """Every command says which directory it may not read."""
    place = tmp_path / "place"
    place.mkdir(mode=0o777)
    with copy_of(TINY.database) as copy, as_nobody(place, copy):
        copy.chmod(0)

        errors = run_all(copy, place)
        copy.chmod(0o755)

    assert {type(error) for error in errors.values()} == {relevel.StorageError}
    assert all(str(copy) in str(error) for error in errors.values())


def test_a_destination_without_permission_is_an_error(tmp_path: Path) -> None:
    """The rescue says where it may not write."""
    place = tmp_path / "place"
    place.mkdir(mode=0o555)
    with as_nobody(tmp_path), pytest.raises(relevel.StorageError, match="place"):
        relevel.rescue(TINY.database, place / "rescued")


def test_a_full_disk_leaves_nothing_half_made(small_disk: Path) -> None:
    """The rescue fails with the system's word for it, the destination is not there, the source is as it was."""
    source = BY_NAME["demo"].database
    before = state_of(source)

    with pytest.raises(relevel.StorageError):
        relevel.rescue(source, small_disk / "rescued")

    assert list(small_disk.iterdir()) == []
    assert state_of(source) == before


def test_errors_of_the_command_line_are_one_line(tmp_path: Path) -> None:
    """No traceback, the exit code of the error's class, and the path in the message."""
    done = run_command("check", tmp_path)

    assert done.returncode == relevel.NotADatabaseError.exit_code
    assert done.stderr.count(b"\n") == 1
    assert bytes(tmp_path) in done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 128 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    options = ["-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@contextmanager
def as_nobody(*owned: Path) -> Iterator[None]:
    """Go on without root's rights, as the owner of these directories and what is in them."""
    if os.geteuid() != 0:
        yield
        return
    for path in owned:
        for inside in (path, *path.rglob("*")):
            os.chown(inside, NOBODY, NOBODY)
    parents = {parent for path in owned for parent in path.parents}
    with_access = [parent for parent in parents if not parent.stat().st_mode & 0o001]
    modes = [parent.stat().st_mode for parent in with_access]
    for parent in with_access:
        parent.chmod(0o711)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for parent, mode in zip(with_access, modes, strict=True):
            parent.chmod(mode)


def run_command(*arguments: str | Path) -> "subprocess.CompletedProcess[bytes]":
    """Run the command line."""
    return subprocess.run([sys.executable, "-m", "relevel", *arguments], capture_output=True, check=False)
