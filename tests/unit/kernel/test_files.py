"""Files that the kernel holds open."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from relevel._kernel import File, LogReader, Stop, encode_log_record, held_file_count, scan_log

LOG = encode_log_record(b"a record", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log of one record."""
    path = tmp_path / "000003.log"
    path.write_bytes(LOG)
    return path


def test_an_open_file_is_a_source(path: Path) -> None:
    """It gives what its path gives."""
    assert LogReader(File(str(path))).read(9) == LogReader(str(path)).read(9)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps the name of a deleted file that is open")
def test_a_deleted_file_stays_readable(path: Path) -> None:
    """By the kernel and by Python, as often as one likes."""
    file = File(str(path))
    path.unlink()

    assert scan_log(file).record_count == 1
    assert file.read(0, 99) == file.read(0, len(LOG)) == LOG


def test_a_file_ends_where_it_ended_when_it_was_opened(path: Path) -> None:
    """What is appended later is not seen, and no damage."""
    file = File(str(path))
    with path.open("ab") as log:
        log.write(encode_log_record(b"another", len(LOG)))

    assert file.size == len(LOG)
    assert file.read(len(LOG) - 4, 99) == LOG[-4:]
    assert file.read(len(LOG) + 1, 1) == b""
    assert (scan_log(file).record_count, scan_log(str(path)).record_count) == (1, 2)


def test_a_file_can_be_cut(path: Path) -> None:
    """What is cut off is not read, and no descriptor more is held."""
    file = File(str(path))
    before = held_file_count()
    cut = file.cut(5)

    assert (cut.size, cut.read(0, 99), file.cut(99).size) == (5, LOG[:5], len(LOG))
    assert scan_log(cut).faults[0].code == "log.tail.torn"
    assert held_file_count() == before


def test_a_stop_ends_the_reads_of_all_its_files(path: Path) -> None:
    """Those of the kernel and those of Python; other files are read on."""
    stop = Stop()
    file, other = File(str(path), stop), File(str(path), Stop())

    stop.set()

    for read in (scan_log, lambda source: LogReader(source).read(1), lambda source: source.read(0, 1)):
        with pytest.raises((RuntimeError, OSError)):
            read(file)
        read(other)


def test_a_file_is_closed_when_nobody_holds_it(path: Path) -> None:
    """The count of held files says so."""
    gc.collect()
    before = held_file_count()
    files = [File(str(path)) for _ in range(3)]
    reader = LogReader(files[0])
    while_held = held_file_count()

    del files

    assert (while_held, held_file_count()) == (before + 3, before + 1)
    assert reader.read(9)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """As every other error of the system is."""
    with pytest.raises(FileNotFoundError) as caught:
        File(str(tmp_path / "nowhere"))
    assert caught.value.filename == str(tmp_path / "nowhere")


@pytest.mark.skipif(sys.platform == "win32", reason="no descriptors there")
def test_a_file_tells_its_descriptor(path: Path) -> None:
    """For what only the system can do with it."""
    assert os.fstat(File(str(path)).fileno()).st_ino == path.stat().st_ino
