"""Work on a database that another program changes meanwhile."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import relevel
from relevel._kernel import scan_log
from relevel.errors import DatabaseInUseError
from relevel.findings import Severity
from relevel.format.comparator import BYTEWISE
from relevel.recovery.inventory.directory import ATTEMPTS, Directory, open_directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.inventory.steady import refuse_outrun, steadily
from relevel.recovery.survey.log import LogSurvey, survey_log
from relevel.recovery.survey.survey import survey
from relevel.storage.held import HeldDirectory
from relevel.storage.read_only import DirectoryEntry

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="written for systems that delete open files")

LOG = "000015.log"
TABLE = "000009.ldb"


@pytest.fixture
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptors can be spared: tables are read by their paths."""
    monkeypatch.setattr("relevel.storage.held.open_file_limit", lambda: 0)


@pytest.fixture
def restless(node: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The database, whose manifest gets zeroes appended before every look at it."""
    look = HeldDirectory._list_control

    def grow(directory: HeldDirectory) -> tuple[DirectoryEntry, ...]:
        with (node / "MANIFEST-000014").open("ab") as manifest:
            manifest.write(bytes(7))
        return look(directory)

    with monkeypatch.context() as patch:
        patch.setattr(HeldDirectory, "_list_control", grow)
        yield node


def of_log(node: Path, directory: Directory) -> LogSurvey:
    """Survey the log of the database."""
    return survey_log(directory.storage, BYTEWISE, directory.by_name[LOG])


def test_what_is_deleted_after_the_inventory_is_read_all_the_same(node: Path) -> None:
    """Compaction does not get in the way of a survey."""
    directory = open_directory(node)
    shutil.rmtree(node)

    found = survey(directory, choose_comparator(directory))

    assert found.findings == ()


def test_rows_come_from_the_files_as_they_were(node: Path) -> None:
    """A history that is open goes on when everything is deleted."""
    expected = list(relevel.dump(node))
    rows = relevel.dump(node)
    shutil.rmtree(node)

    assert list(rows) == expected
    assert rows.findings == []


def test_a_record_that_was_being_written_is_a_note(node: Path) -> None:
    """The log ended in it when it was opened, and has grown since."""
    whole = (node / LOG).read_bytes()
    (node / LOG).write_bytes(whole[:-1])
    directory = open_directory(node)
    (node / LOG).write_bytes(whole)

    log = of_log(node, directory)

    assert [(finding.code, finding.severity) for finding in log.findings] == [("log.tail.torn", Severity.NOTE)]
    assert log.losses == ()
    assert scan_log(log.source(directory.storage)).faults == []


def test_a_record_at_the_end_of_a_log_that_rests_is_a_loss(node: Path) -> None:
    """Nobody is writing the rest of it."""
    whole = (node / LOG).read_bytes()
    (node / LOG).write_bytes(whole[:-1])

    log = of_log(node, open_directory(node))

    assert [finding.code for finding in log.losses] == ["log.tail.torn"]


def test_a_manifest_that_never_rests_is_read_where_it_fits_the_files(restless: Path) -> None:
    """Not every state need be that of a moment at which nothing happened."""
    assert relevel.check(restless).is_clean


def test_files_that_never_fit_the_manifest_are_said_to_be_in_use(restless: Path) -> None:
    """No damage is reported: what to do is to stop the program, or copy."""
    (restless / TABLE).unlink()

    with pytest.raises(DatabaseInUseError, match="Stop that program, or copy"):
        relevel.check(restless)


@pytest.mark.usefixtures("nothing_held")
def test_work_is_done_again_where_a_file_went_meanwhile(node: Path) -> None:
    """Once more is enough where the next inventory holds."""
    copy = (node / TABLE).read_bytes()
    sizes: list[int] = []

    def work(directory: Directory) -> int:
        sizes.append(directory.by_name[TABLE].size)
        (node / TABLE).write_bytes(b"cut" if len(sizes) == 1 else copy)
        refuse_outrun(directory)
        return len(sizes)

    assert steadily(node, work) == 3
    assert sizes == [len(copy), 3, len(copy)]


@pytest.mark.usefixtures("nothing_held")
@pytest.mark.parametrize("error", [None, OSError("gone"), relevel.CorruptionError("damage")])
def test_work_ends_where_files_go_each_time(node: Path, error: Exception | None) -> None:
    """Whatever the work says of it."""
    attempts: list[Directory] = []

    def work(directory: Directory) -> None:
        attempts.append(directory)
        (node / TABLE).write_bytes(bytes(len(attempts)))
        if error is not None:
            raise error
        refuse_outrun(directory)

    with pytest.raises(DatabaseInUseError):
        steadily(node, work)
    assert len(attempts) == ATTEMPTS


def test_an_error_of_work_on_what_is_held_is_the_error(node: Path) -> None:
    """Nothing is done again for it."""

    def work(directory: Directory) -> None:
        shutil.rmtree(node)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        steadily(node, work)


@pytest.mark.usefixtures("nothing_held")
def test_rows_that_could_not_be_held_end_with_an_error(node: Path) -> None:
    """What came before may lack something."""
    rows, pairs = relevel.dump(node), relevel.scan(node)
    (node / TABLE).unlink()

    with pytest.raises(DatabaseInUseError):
        list(rows)
    with pytest.raises(DatabaseInUseError):
        list(pairs)


@pytest.mark.usefixtures("nothing_held")
@pytest.mark.parametrize("verb", [relevel.rescue, lambda *places: relevel.undelete(*places, deleted=True)])
def test_nothing_is_published_where_files_go_each_time(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: object
) -> None:
    """Nothing is left of it either."""
    monkeypatch.setattr(HeldDirectory, "is_outrun", True)
    assert callable(verb)

    with pytest.raises(DatabaseInUseError):
        verb(node, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == [node.name]


def test_an_interrupt_ends_the_reads_of_a_survey(node: Path) -> None:
    """So that the threads that read large files come to an end."""
    directory = open_directory(node)

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(directory, BYTEWISE, progress=interrupt)
    with pytest.raises((OSError, RuntimeError)):
        directory.storage.read(TABLE)
