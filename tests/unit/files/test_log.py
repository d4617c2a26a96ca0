"""Logs as records."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.errors import StorageError
from relevel.files.log import LogWriter, RecordScan
from relevel.format.record import BLOCK_SIZE
from relevel.storage.read_only import ReadOnlyDirectory

payload_lists = st.lists(
    st.binary(max_size=40) | st.integers(0, 3 * BLOCK_SIZE).map(lambda size: b"p" * size), max_size=6
)


def payloads_of(scan: RecordScan) -> list[bytes]:
    """What the records hold."""
    return [payload for _, _, payload in scan]


@given(payload_lists)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes]) -> None:
    """Payloads of any size, the empty one too, across blocks; and nothing is wrong with them."""
    place = tmp_path_factory.mktemp("log")
    with LogWriter(str(place / "000003.log")) as log:
        offsets = [log.append(payload) for payload in payloads]
        size = log.size

    scan = RecordScan(ReadOnlyDirectory(place), "000003.log")

    records = list(scan)
    assert [payload for _, _, payload in records] == payloads
    assert [end for _, end, _ in records][-1:] == ([size] if payloads else [])
    assert all(offset >= written for (offset, _, _), written in zip(records, offsets, strict=True))
    assert (scan.file_size, scan.zero_tail_size, scan.findings) == (size, 0, [])


def test_a_log_is_never_written_over(tmp_path: Path) -> None:
    """A file that exists is refused."""
    (tmp_path / "000003.log").write_bytes(b"precious")

    with pytest.raises(FileExistsError):
        LogWriter(str(tmp_path / "000003.log"))


def test_leaving_a_log_syncs_and_closes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Except after an error, when there is nothing to keep."""
    synced: list[int] = []
    monkeypatch.setattr(LogWriter, "sync", lambda log: synced.append(log.size))
    with LogWriter(str(tmp_path / "1.log")) as log:
        log.append(b"x")
    assert len(synced) == 1

    with pytest.raises(RuntimeError), LogWriter(str(tmp_path / "2.log")) as log:
        raise RuntimeError

    assert len(synced) == 1
    log.close()


def test_a_torn_end_is_a_finding_and_the_rest_is_read(tmp_path: Path) -> None:
    """Cutting a byte costs one record."""
    with LogWriter(str(tmp_path / "000003.log")) as log:
        for payload in (b"first", b"second"):
            log.append(payload)
    os.truncate(tmp_path / "000003.log", log.size - 1)
    scan = RecordScan(ReadOnlyDirectory(tmp_path), "000003.log")

    assert payloads_of(scan) == [b"first"]
    assert [finding.code for finding in scan.findings] == ["log.tail.torn"]


def test_damage_is_a_finding_with_the_bytes_concerned(tmp_path: Path) -> None:
    """And the records around it are read."""
    with LogWriter(str(tmp_path / "000003.log")) as log:
        offsets = [log.append(payload) for payload in (b"first", b"second", b"third")]
    data = bytearray((tmp_path / "000003.log").read_bytes())
    data[offsets[1] + 9] ^= 0x10
    (tmp_path / "000003.log").write_bytes(data)
    scan = RecordScan(ReadOnlyDirectory(tmp_path), "000003.log")

    assert payloads_of(scan) == [b"first", b"third"]
    (finding,) = scan.findings
    assert finding.code == "log.record.checksum-mismatch"
    assert (finding.span.offset, finding.span.size) == (offsets[1], 13)
    said = f"({log.size - offsets[1]} bytes) [file=000003.log]"
    assert str(finding.evidence["goleveldb"]).endswith(said)


def test_zeroes_at_the_end_are_counted_and_no_finding(tmp_path: Path) -> None:
    """Some programs write logs in files that are as large as they will be."""
    with LogWriter(str(tmp_path / "000003.log")) as log:
        log.append(b"x")
    os.truncate(tmp_path / "000003.log", 1 << 16)
    scan = RecordScan(ReadOnlyDirectory(tmp_path), "000003.log")

    assert payloads_of(scan) == [b"x"]
    assert scan.zero_tail_size == (1 << 16) - log.size
    assert not scan.findings


def test_bytes_put_right_are_read_instead_of_the_file(tmp_path: Path) -> None:
    """As healing gives them."""
    with LogWriter(str(tmp_path / "000003.log")) as log:
        log.append(b"x")
    data = (tmp_path / "000003.log").read_bytes()
    (tmp_path / "000003.log").write_bytes(b"damaged")

    assert payloads_of(RecordScan(ReadOnlyDirectory(tmp_path), "000003.log", data)) == [b"x"]


@pytest.mark.parametrize("name", ["nowhere.log", "directory.log"])
def test_what_cannot_be_read_is_an_error_of_storage(tmp_path: Path, name: str) -> None:
    """It has the path in it."""
    (tmp_path / "directory.log").mkdir()

    with pytest.raises(StorageError, match=name):
        RecordScan(ReadOnlyDirectory(tmp_path), name)


def test_a_log_that_cannot_be_read_on_does_not_end_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails behind the first records: an error that names the log."""

    class Failing:
        def read(self, _: int) -> list[tuple[int, int, bytes]]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with LogWriter(str(tmp_path / "000003.log")) as log:
        log.append(b"x")
    scan = RecordScan(ReadOnlyDirectory(tmp_path), "000003.log")
    monkeypatch.setattr(scan, "_reader", Failing())

    with pytest.raises(StorageError, match=r"cannot read .*000003\.log.*ddrescue"):
        list(scan)
