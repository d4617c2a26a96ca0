"""Logs and manifests as records: read tolerantly through the kernel, written one record at a time.

Source: google/leveldb, doc/log_format.md.

::

    checksum (4, masked) | length (2) | type (1) | payload         one physical record, inside one 32 KiB block

A record longer than the rest of a block goes on in the next, as First, Middle… and Last.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from relevel import _kernel
from relevel.errors import StorageError
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.format.record import BLOCK_SIZE
from relevel.storage.failure import refusals
from relevel.storage.read_only import ReadOnlyDirectory

_BATCH: Final = 256

_CHUNK: Final = 1 << 20
"""Bytes that are read at once to find one that is not zero, which nearly every log begins with."""
_BEGINNING: Final = 4 * _CHUNK
"""Bytes in which most logs have a batch."""
TORN: Final = "log.tail.torn"
"""The code of a fault: the file ends inside a record, as a crash leaves it."""


def has_only_zeroes(directory: ReadOnlyDirectory, name: str) -> bool:
    """Say whether there is nothing in a log, or only zeroes, which a loss of power leaves in the place of what was not written.

    Of one that the system cannot read it is not said: that is told by who reads it.

    Raises:
        StorageError: it is not there, or not a file.
    """
    offsets = range(0, directory.size(name), _CHUNK)
    try:
        return not any(directory.read(name, offset, _CHUNK).strip(b"\0") for offset in offsets)
    except StorageError:
        return False


def looks_like_log(directory: ReadOnlyDirectory, name: str) -> bool:
    """Say whether there is a batch in a file's first mebibytes, behind damage or not, or nothing but one that is longer."""
    try:
        beginning = directory.read(name, 0, _BEGINNING)
    except StorageError:
        return False
    scan = _kernel.scan_log(beginning)
    goes_on = len(beginning) == _BEGINNING and {fault.code for fault in scan.faults} == {TORN}
    return bool(scan.batch_count) or goes_on


def commands_on(path: str, name: str) -> tuple[str, str]:
    """The command that prints what a log of a database holds, and the one that writes into the database what that prints."""
    dump, load = ["relevel", "dump", path, "--file", name], ["relevel", "load", path, "--changes"]
    return shlex.join(dump), shlex.join(load)


class RecordScan:
    """The records of one log or manifest, streaming. Iterate once; then the findings are complete.

    Yields ``(offset, end_offset, payload)``: bytes from the start of the file to the record's first physical record and
    to the byte after its last one.
    """

    def __init__(self, directory: ReadOnlyDirectory, name: str, data: bytes | None = None) -> None:
        """Open a log.

        Args:
            directory: where it is.
            name: its name there.
            data: its bytes with damage put right, to be read instead of the file.

        Raises:
            StorageError: it cannot be read.
        """
        self._name = name
        self._path = directory.path(name)
        directory.size(name)  # refuses what is no regular file
        with refusals("cannot open", self._path):
            self._reader = _kernel.LogReader(directory.source(name) if data is None else data)

    def __iter__(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield records.

        Raises:
            StorageError: the system cannot read on.
        """
        while records := self._read():
            yield from records

    def _read(self) -> list[tuple[int, int, bytes]]:
        with refusals("cannot read", self._path):
            return self._reader.read(_BATCH)

    @property
    def findings(self) -> list[Finding]:
        """What was wrong with the bytes so far."""
        return [finding_of(self._name, fault, self.file_size) for fault in self._reader.faults]

    @property
    def file_size(self) -> int:
        """Bytes when it was opened."""
        return self._reader.file_size

    @property
    def zero_tail_size(self) -> int:
        """Zero bytes at the end; known when the iteration has ended."""
        return self._reader.zero_tail_size


class LogWriter:
    """Writes a log or manifest. A context manager; leaving it syncs. Not thread-safe."""

    def __init__(self, path: str, *, size: int = 0) -> None:
        """Create the file, which must not exist, or go on in one.

        Args:
            path: of the file.
            size: bytes that are there, all of them whole records; 0 makes the file.

        Raises:
            OSError: the file system refuses.
        """
        self._file = _kernel.AppendedFile(path, is_new=not size)
        self._size = size

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def append(self, payload: bytes) -> int:
        """Append one record, not yet synced. Returns its offset.

        Raises:
            OSError: the file system refuses; the file ends inside the record then.
        """
        offset = self._size
        record = _kernel.encode_log_record(payload, offset % BLOCK_SIZE)
        self._file.append(record)
        self._size += len(record)
        return offset

    def sync(self) -> None:
        """Make what was appended durable.

        Raises:
            OSError: the file system refuses.
        """
        self._file.sync()

    def close(self) -> None:
        """Close the file without syncing. May be called again."""
        self._file.close()

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.sync()
        finally:
            self.close()
