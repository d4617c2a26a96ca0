"""A directory held as it was, whatever another program does to it."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from relevel.errors import StorageError
from relevel.storage.held import HeldDirectory
from relevel.storage.read_only import DirectoryEntry, EntryKind

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="written for systems that delete open files")

FILES = {
    "000003.log": b"older log",
    "000004.log": b"log",
    "000005.ldb": b"table",
    "CURRENT": b"MANIFEST-000002\n",
    "LOCK": b"",
    "LOG": b"words",
    "MANIFEST-000002": b"edits",
}
DATA = [name for name in FILES if name not in ("LOCK", "LOG")]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with one file of each kind, and two logs."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def interrupt(monkeypatch: pytest.MonkeyPatch, change: Callable[[int], None]) -> None:
    """Let something change in the directory before each look at CURRENT and the manifests, the first look being 0."""
    look, count = HeldDirectory._list_control, iter(range(1000))

    def changed_look(directory: HeldDirectory) -> tuple[DirectoryEntry, ...]:
        change(next(count))
        return look(directory)

    monkeypatch.setattr(HeldDirectory, "_list_control", changed_look)


def test_what_is_held_is_what_was_there(place: Path) -> None:
    """Names, sizes and bytes are those of the directory."""
    held = HeldDirectory(place)

    assert held.is_settled
    assert {entry.name: entry.size for entry in held.entries()} == {name: len(data) for name, data in FILES.items()}
    assert [held.read(name) for name in DATA] == [FILES[name] for name in DATA]


def test_files_that_are_deleted_later_are_still_there(place: Path) -> None:
    """For listing, reading and the kernel alike."""
    held = HeldDirectory(place)
    for name in DATA:
        (place / name).unlink()

    assert [held.read(name, 1, 3) for name in DATA] == [FILES[name][1:4] for name in DATA]
    assert all(held.exists(name) and held.size(name) == len(FILES[name]) for name in DATA)
    assert not isinstance(held.source("000005.ldb"), str)
    assert len(held.entries()) == len(FILES)
    assert not held.is_outrun


def test_files_that_grow_later_have_not_grown(place: Path) -> None:
    """What was appended since is not seen, but it can be asked about."""
    held = HeldDirectory(place)
    (place / "000004.log").write_bytes(b"log and more")
    (place / "000003.log").unlink()

    assert held.read("000004.log") == b"log"
    assert [held.has_moved_on(name) for name in ("000003.log", "000004.log", "000005.ldb")] == [True, True, False]


def test_a_lock_is_not_opened_nor_what_leads_to_one(place: Path) -> None:
    """Closing it would drop a lock that this process may hold."""
    (place / "000009.ldb").symlink_to("LOCK")
    held = HeldDirectory(place)

    assert isinstance(held.source("LOCK"), str)
    assert isinstance(held.source("000009.ldb"), str)
    with pytest.raises(StorageError):
        held.read("000009.ldb")


def test_what_is_no_file_is_listed_and_not_held(place: Path) -> None:
    """A directory with the name of a table does not get in the way."""
    (place / "000009.ldb").mkdir()

    assert {entry.name for entry in HeldDirectory(place).entries() if entry.kind is EntryKind.OTHER} == {"000009.ldb"}


def test_tables_for_which_no_descriptor_is_left_are_read_by_path(place: Path) -> None:
    """And it is known when one of them has changed."""
    held = HeldDirectory(place, most_held=0)
    before = held.read("000005.ldb"), held.source("000005.ldb"), held.is_outrun
    (place / "000005.ldb").unlink()

    assert before == (b"table", str(place / "000005.ldb"), False)
    assert held.is_outrun
    assert not isinstance(held.source("000004.log"), str)


def test_a_table_that_goes_before_it_is_opened_was_not_there(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No manifest that was seen counts on it, or it would be missed there."""
    status = HeldDirectory._file_status

    def delete_first(directory: HeldDirectory, name: str) -> object:
        if name == "000005.ldb":
            (place / name).unlink()
        return status(directory, name)

    monkeypatch.setattr(HeldDirectory, "_file_status", delete_first)

    assert "000005.ldb" not in {entry.name for entry in HeldDirectory(place).entries()}


def test_where_the_manifest_grows_meanwhile_the_files_are_held_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compaction between two looks: the new table is held, the old one is not, and the edit is seen."""

    def compact(look: int) -> None:
        if look == 1:
            (place / "000006.ldb").write_bytes(b"new table")
            (place / "MANIFEST-000002").write_bytes(b"edits, one more")
            (place / "000005.ldb").unlink()

    interrupt(monkeypatch, compact)

    held = HeldDirectory(place)

    assert held.is_settled
    assert held.read("MANIFEST-000002") == b"edits, one more"
    assert {entry.name for entry in held.entries()} == FILES.keys() - {"000005.ldb"} | {"000006.ldb"}


def test_a_table_that_was_being_written_is_held_whole(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size at the last look counts."""

    def finish(look: int) -> None:
        if look == 1:
            (place / "000005.ldb").write_bytes(b"table, finished")
            (place / "MANIFEST-000002").write_bytes(b"edits, one more")

    interrupt(monkeypatch, finish)

    assert HeldDirectory(place).read("000005.ldb") == b"table, finished"


def test_a_manifest_that_never_rests_is_not_settled(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds end; what is held may be the state of one moment or not."""

    def grow(look: int) -> None:
        (place / "MANIFEST-000002").write_bytes(b"e" * look)

    interrupt(monkeypatch, grow)

    assert not HeldDirectory(place).is_settled


def test_a_log_is_not_measured_before_the_one_after_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else writes to the older one could be missed while those to the newer one are seen."""
    opened: list[str] = []
    status = HeldDirectory._file_status

    def note(directory: HeldDirectory, name: str) -> object:
        opened.append(name)
        return status(directory, name)

    monkeypatch.setattr(HeldDirectory, "_file_status", note)
    HeldDirectory(place)

    assert [name for name in opened if name.endswith(".log")] == ["000004.log", "000003.log"]


def test_in_another_process_files_are_read_by_path(place: Path) -> None:
    """A log no further than it went. Here it is known then when a table goes that was read there."""
    held = HeldDirectory(place)
    before = held.is_outrun
    sent: HeldDirectory = pickle.loads(pickle.dumps(held))
    (place / "000004.log").write_bytes(b"log and more")
    log = sent.whole_source("000004.log")
    after_write = held.is_outrun, sent.is_outrun
    (place / "000005.ldb").unlink()

    assert not isinstance(log, str)
    assert log.read(0, 99) == b"log"
    assert (sent.source("000005.ldb"), sent.entries()) == (str(place / "000005.ldb"), held.entries())
    assert (before, after_write) == (False, (False, False))
    assert held.is_outrun
    assert sent.is_outrun


def test_reads_end_when_they_are_told_to(place: Path) -> None:
    """Threads that read come to an end."""
    held = HeldDirectory(place)

    held.stop()

    with pytest.raises((StorageError, RuntimeError)):
        held.read("000005.ldb")


def test_a_file_too_large_to_read_at_once_is_read_in_parts(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A held file as any other."""
    monkeypatch.setattr("relevel.storage.held.WHOLE_READ_LIMIT", 4)
    held = HeldDirectory(place)

    with pytest.raises(StorageError, match="5 bytes: too many to read at once"):
        held.read("000005.ldb")
    assert held.read("000005.ldb", 1) == b"able"
    assert held.read("000005.ldb", 0, 5) == b"table"


def test_a_file_that_cannot_be_asked_about_is_not_said_to_have_changed(place: Path) -> None:
    """A link that goes round in circles stands in its place: who reads it is told."""
    held = HeldDirectory(place, most_held=0)
    (place / "000005.ldb").unlink()
    (place / "000005.ldb").symlink_to("000005.ldb")

    assert not held.has_moved_on("000005.ldb")
    with pytest.raises(StorageError, match="round in circles"):
        held.read("000005.ldb")
