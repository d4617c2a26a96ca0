"""Where the kernel reads from, and what it says when it cannot."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from relevel._kernel import LogReader, encode_log_record, scan_log, walk_table

LOG = encode_log_record(b"a record", 0)


def test_a_string_is_a_path_and_bytes_are_the_bytes(tmp_path: Path) -> None:
    """Both sources give the same records."""
    path = tmp_path / "000003.log"
    path.write_bytes(LOG)

    assert LogReader(str(path)).read(9) == LogReader(LOG).read(9) == [(0, len(LOG), b"a record")]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of files that are no text")
def test_a_path_need_not_be_text(tmp_path: Path) -> None:
    """Any name that the system allows can be opened, as os.fsdecode spells it."""
    path = os.fsdecode(bytes(tmp_path) + b"/\xff\xfe.log")
    Path(path).write_bytes(LOG)

    assert LogReader(path).file_size == len(LOG)


def test_a_missing_file_is_named_in_the_error(tmp_path: Path) -> None:
    """The error is the builtin one, with number and file name."""
    path = str(tmp_path / "000003.log")

    with pytest.raises(FileNotFoundError) as caught:
        scan_log(path)
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, path)
    assert caught.value.strerror == os.strerror(errno.ENOENT)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """Opening a directory fails as Python's own open does."""
    with pytest.raises(IsADirectoryError) as caught:
        scan_log(str(tmp_path))
    assert (caught.value.errno, caught.value.filename) == (errno.EISDIR, str(tmp_path))


def test_reading_leaves_the_access_time_alone(tmp_path: Path) -> None:
    """Evidence is not touched, not even its time stamps."""
    path = tmp_path / "000003.log"
    path.write_bytes(LOG)
    os.utime(path, ns=(10**18, 2 * 10**18))
    before = path.stat()
    scan_log(str(path))
    after = path.stat()

    assert (after.st_atime_ns, after.st_mtime_ns) == (before.st_atime_ns, before.st_mtime_ns)


@pytest.mark.parametrize("source", [None, 7, Path("a path object"), bytearray(b"bytes that may change")])
def test_any_other_source_is_a_type_error(source: object) -> None:
    """The message says what a source is."""
    with pytest.raises(TypeError, match="a path \\(str\\), an open File, the bytes themselves \\(bytes\\)"):
        scan_log(source)  # type: ignore[arg-type]


def log_of_batches(count: int) -> bytes:
    """A log of batches that each put one key."""
    log = b""
    for sequence in range(1, count + 1):
        batch = sequence.to_bytes(8, "little") + (1).to_bytes(4, "little") + b"\x01\x01k\x00"
        log += encode_log_record(batch, len(log) % 32768)
    return log


def test_an_exception_of_a_comparator_stops_a_scan_that_runs_without_the_lock() -> None:
    """The very exception comes out, and the comparator is not called again."""
    calls: list[bytes] = []
    error = ArithmeticError("no order")

    def fails(a: bytes, _b: bytes) -> int:
        calls.append(a)
        raise error

    with pytest.raises(ArithmeticError) as caught:
        scan_log(log_of_batches(500), fails)
    assert caught.value is error
    assert len(calls) == 1


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Python's own handler, also where the tests were started with interrupts ignored, as in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupts")
@pytest.mark.parametrize("work", [walk_table, scan_log])
def test_an_interrupt_ends_work_within_a_mebibyte(work: Callable[[bytes], object]) -> None:
    """The signal comes before the work begins, and nothing but the work looks for it: all of this runs in C."""
    went_on: list[bool] = []
    steps: list[Any] = [
        partial(interrupt_main),
        partial(work, bytes(3 << 20)),
        partial(went_on.append, True),
    ]
    do: Any = partial.__call__

    with pytest.raises(KeyboardInterrupt):
        list(map(do, steps))
    assert not went_on


def test_a_comparator_may_use_the_kernel_itself() -> None:
    """A callback is free to call back in: no lock is held while it runs."""

    def order(a: bytes, b: bytes) -> int:
        assert scan_log(LOG).record_count == 1
        return (a > b) - (a < b)

    assert scan_log(log_of_batches(3), order).put_count == 3


def test_threads_with_failing_comparators_each_get_their_own_exception() -> None:
    """What one call's callback raises does not come out of another call."""
    log = log_of_batches(50)
    wrong: list[object] = []

    def scan(number: int) -> None:
        def fails(_a: bytes, _b: bytes) -> int:
            raise LookupError(number)

        for _ in range(20):
            try:
                scan_log(log, fails)
                wrong.append("no error")
            except LookupError as error:
                if error.args != (number,):
                    wrong.append(error)

    threads = [threading.Thread(target=scan, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong
