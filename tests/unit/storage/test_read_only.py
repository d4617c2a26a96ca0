"""Directories that are evidence."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from relevel.errors import InvalidArgumentError, NotADatabaseError, StorageError
from relevel.storage import read_only
from relevel.storage.read_only import NO_LIMIT, EntryKind, ReadOnlyDirectory
from tests.refusals import refusing

if sys.platform == "linux":
    import fcntl

LONG_AGO_NS = 1_000_000_000 * 10**9

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="uses what Linux offers")


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    """A directory with a file of each sort."""
    place = tmp_path / "evidence"
    place.mkdir()
    (place / "000005.ldb").write_bytes(b"table bytes")
    (place / "LOCK").touch()
    (place / "lost").mkdir()
    return place


def test_entries_come_in_order_of_name_with_size_and_kind(evidence: Path) -> None:
    """What can be read is told from what cannot."""
    (evidence / "link").symlink_to("000005.ldb")
    (evidence / "broken").symlink_to("nowhere")
    (evidence / "loop").symlink_to("loop")

    entries = ReadOnlyDirectory(evidence).entries()

    assert [(entry.name, entry.size, entry.kind) for entry in entries] == [
        ("000005.ldb", 11, EntryKind.REGULAR),
        ("LOCK", 0, EntryKind.REGULAR),
        ("broken", 0, EntryKind.OTHER),
        ("link", 11, EntryKind.SYMLINK),
        ("loop", 0, EntryKind.OTHER),
        ("lost", 0, EntryKind.OTHER),
    ]
    assert [entry.name for entry in entries if not entry.is_file] == ["broken", "loop", "lost"]
    assert entries[0].mtime_ns == (evidence / "000005.ldb").stat().st_mtime_ns


@pytest.mark.parametrize(
    ("offset", "size", "expected"),
    [(0, None, b"table bytes"), (6, None, b"bytes"), (0, 5, b"table"), (6, 99, b"bytes"), (99, 5, b""), (3, 0, b"")],
)
def test_a_part_of_a_file_is_read(evidence: Path, offset: int, size: int | None, expected: bytes) -> None:
    """As much as there is, and no more than was asked for."""
    assert ReadOnlyDirectory(evidence).read("000005.ldb", offset, size) == expected


def test_a_file_is_read_through_a_link(evidence: Path, tmp_path: Path) -> None:
    """A table may live on another disk."""
    (tmp_path / "elsewhere").write_bytes(b"far")
    (evidence / "000006.ldb").symlink_to(tmp_path / "elsewhere")

    assert ReadOnlyDirectory(evidence).read("000006.ldb") == b"far"


def test_a_file_too_large_to_read_at_once_is_read_in_parts(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sparse file of any size does not exhaust the memory."""
    monkeypatch.setattr(read_only, "WHOLE_READ_LIMIT", 10)
    directory = ReadOnlyDirectory(evidence)

    with pytest.raises(StorageError, match="11 bytes"):
        directory.read("000005.ldb")
    assert directory.read("000005.ldb", 1) == b"able bytes"
    assert directory.read("000005.ldb", 0, 11) == b"table bytes"


@linux_only
def test_reading_and_listing_leave_no_access_time(evidence: Path) -> None:
    """Neither a file's nor the directory's, though both are old enough that the system would set it."""
    table = evidence / "000005.ldb"
    for path in (table, evidence):
        os.utime(path, ns=(LONG_AGO_NS, path.stat().st_mtime_ns))
    directory = ReadOnlyDirectory(evidence)

    directory.fingerprint()
    directory.read("000005.ldb")

    assert table.stat().st_atime_ns == LONG_AGO_NS
    assert evidence.stat().st_atime_ns == LONG_AGO_NS


@linux_only
def test_a_file_that_belongs_to_somebody_else_is_read_all_the_same(
    evidence: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only an owner may leave the access time alone."""
    real_open = os.open

    def refuse(path: str, flags: int) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(1, "Operation not permitted", path)
        return real_open(path, flags)

    monkeypatch.setattr(os, "open", refuse)

    assert ReadOnlyDirectory(evidence).read("000005.ldb") == b"table bytes"
    assert len(ReadOnlyDirectory(evidence).entries()) == 3


@linux_only
def test_hashing_a_directory_keeps_the_lock_that_this_process_holds(evidence: Path) -> None:
    """LOCK is never opened, under any of its names: closing it would drop the lock."""
    os.link(evidence / "LOCK", evidence / "000007.ldb")
    (evidence / "000008.ldb").symlink_to("LOCK")
    program = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    with (evidence / "LOCK").open("r+") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

        fingerprint = ReadOnlyDirectory(evidence).fingerprint()
        other = subprocess.run([sys.executable, "-c", program, evidence / "LOCK"], capture_output=True, check=False)

    assert b"BlockingIOError" in other.stderr
    assert {one.entry.name for one in fingerprint if one.sha256} == {"000005.ldb"}


@pytest.mark.parametrize("name", ["LOCK", "000007.ldb"])
def test_lock_is_not_read_by_any_name(evidence: Path, name: str) -> None:
    """The error says why."""
    os.link(evidence / "LOCK", evidence / "000007.ldb")

    with pytest.raises(StorageError, match="lock"):
        ReadOnlyDirectory(evidence).read(name)


@linux_only
def test_pipes_sockets_and_directories_are_never_opened(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are listed, and reading them is an error before it is an open."""
    os.mkfifo(evidence / "000008.ldb")
    monkeypatch.chdir(evidence)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("000009.ldb")
        directory = ReadOnlyDirectory(".")

        for name in ("000008.ldb", "000009.ldb", "lost"):
            with pytest.raises(StorageError, match="not a regular file"):
                directory.read(name)
            assert not directory.exists(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../secret", "lost/000005.ldb", "/etc/hostname", "a\0b"])
def test_a_name_does_not_lead_out_of_the_directory(evidence: Path, name: str) -> None:
    """Whatever a CURRENT file says."""
    directory = ReadOnlyDirectory(evidence)

    with pytest.raises(InvalidArgumentError, match="not the name of a file"):
        directory.read(name)
    assert not directory.exists(name)


def test_a_file_that_is_not_there_says_so(evidence: Path) -> None:
    """The path and the error number are kept."""
    with pytest.raises(StorageError, match=r"000099\.ldb.*does not exist") as caught:
        ReadOnlyDirectory(evidence).size("000099.ldb")

    assert caught.value.errno == 2


def test_a_directory_that_is_not_there_says_so(tmp_path: Path) -> None:
    """It is an error of the path, before anything is read."""
    with pytest.raises(StorageError, match="does not exist; check the path"):
        ReadOnlyDirectory(tmp_path / "nowhere")


@pytest.mark.parametrize("path", ["", b"", "a\0b"])
def test_what_is_no_path_is_refused(path: str | bytes) -> None:
    """An unset variable does not mean the working directory."""
    with pytest.raises(InvalidArgumentError, match="not the path of a directory"):
        ReadOnlyDirectory(path)


def test_a_file_instead_of_a_directory_says_which_directory_is_meant(evidence: Path) -> None:
    """People give the path of a table."""
    with pytest.raises(NotADatabaseError, match="is a file; give the directory") as caught:
        ReadOnlyDirectory(evidence / "000005.ldb")

    assert str(evidence) in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions bind neither root nor Windows")
def test_a_directory_that_may_not_be_listed_says_so(evidence: Path) -> None:
    """The advice is to run as somebody else or to copy it."""
    evidence.chmod(0)
    try:
        with pytest.raises(StorageError, match="permission denied"):
            ReadOnlyDirectory(evidence)
    finally:
        evidence.chmod(0o700)


@linux_only
def test_names_that_are_no_text_are_listed_and_read(evidence: Path) -> None:
    """Undecodable bytes travel as surrogate escapes."""
    Path(os.fsdecode(os.fsencode(evidence) + b"/\xff\xfe.ldb")).write_bytes(b"odd")
    directory = ReadOnlyDirectory(os.fsencode(evidence))

    assert directory.read("\udcff\udcfe.ldb") == b"odd"
    assert "\udcff\udcfe.ldb" in {entry.name for entry in directory.entries()}


def test_a_fingerprint_tells_any_change(evidence: Path) -> None:
    """Content, names and times."""
    directory = ReadOnlyDirectory(evidence)
    before = directory.fingerprint()
    assert directory.fingerprint() == before

    times = (evidence / "000005.ldb").stat()
    (evidence / "000005.ldb").write_bytes(b"table bytez")
    os.utime(evidence / "000005.ldb", ns=(times.st_atime_ns, times.st_mtime_ns))

    assert directory.fingerprint() != before


def test_a_directory_can_be_sent_to_another_process(evidence: Path) -> None:
    """Tasks carry it."""
    directory: ReadOnlyDirectory = pickle.loads(pickle.dumps(ReadOnlyDirectory(evidence)))

    assert directory.read("000005.ldb") == b"table bytes"
    assert directory.path("x") == str(evidence / "x")


def test_no_descriptor_is_left_open(evidence: Path) -> None:
    """Not after reads, and not after errors."""
    directory = ReadOnlyDirectory(evidence)
    before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0

    directory.fingerprint()
    for name in ("LOCK", "nowhere", "lost"):
        with pytest.raises(StorageError):
            directory.sha256(name)

    assert sys.platform != "linux" or len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_disk_that_fails_meanwhile_is_told(evidence: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a file is read, or the directory is listed; no descriptor is left open."""
    refuse = refusing()
    directory = ReadOnlyDirectory(evidence)
    before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0
    with monkeypatch.context() as patch:
        patch.setattr(os, "read", refuse)
        with pytest.raises(StorageError, match=r"cannot read .*000005\.ldb.*ddrescue"):
            directory.read("000005.ldb")
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(StorageError, match=r"cannot list .*evidence"):
            directory.entries()

    assert sys.platform != "linux" or len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_is_read_by_path_has_no_limit_and_no_past(evidence: Path) -> None:
    """Nothing was kept of it that it could have moved on from."""
    directory = ReadOnlyDirectory(evidence)
    (evidence / "000005.ldb").unlink()

    assert (directory.block_limit, directory.has_moved_on("000005.ldb")) == (NO_LIMIT, False)
