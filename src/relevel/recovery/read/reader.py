"""Reader: one database opened for reading whatever its state, without writing anything.

Everything that gives rows (dump, scan, get, find, history) goes through here: the inventory, the comparator, the inputs, and
cursors over them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final, NamedTuple

from relevel import _kernel
from relevel.errors import InvalidArgumentError
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.recovery.heal.repair import Repairer
from relevel.recovery.inventory.directory import Directory, open_directory
from relevel.recovery.inventory.order import choose_comparator
from relevel.recovery.inventory.standing import Proof, Standing
from relevel.recovery.inventory.steady import refuse_outrun
from relevel.recovery.read.columns import ColumnBatches
from relevel.recovery.read.inputs import InputSet, open_inputs
from relevel.recovery.read.rows import RowCursor, Rows, Version
from relevel.storage.failure import refusals_named
from relevel.storage.temporary import temporary_folder

BYTEWISE = "bytewise"


class KeySpan(NamedTuple):
    """Some keys: those in ``[start, stop)``, and of these, where no range says it all, those that ``keep`` keeps."""

    start: bytes | None
    stop: bytes | None
    keep: Callable[[Version], bool] | None


EVERY_KEY: Final = KeySpan(None, None, None)


class Reader:
    """A database, read-only. Not thread-safe; make one for each thread.

    Attributes:
        directory: the inventory.
        comparator: the order of the keys.
        inputs: the tables and logs.
        broke_off: whether something could not be read to its end, for an error of the system and not for damage.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        comparator: Comparator | None = None,
        *,
        only: str | None = None,
        directory: Directory | None = None,
    ) -> None:
        self.directory: Directory = directory or open_directory(path)
        if only is not None and not _holds_entries(self.directory, only):
            raise InvalidArgumentError(
                f"{self.directory.path}: there is no table or log {only!r} in it; relevel info lists them"
            )
        self.comparator: Comparator = choose_comparator(self.directory, comparator)
        self.broke_off = False
        self.inputs: InputSet = open_inputs(self.directory, self.comparator, only=only)

    @property
    def findings(self) -> list[Finding]:
        """What was found wrong while opening."""
        return [*self.directory.findings, *self.inputs.findings]

    def repairer(self) -> Repairer:
        """What answers one cursor that meets a damaged block."""
        return Repairer(self.directory.storage, self.comparator)

    def cursor(
        self,
        mode: str,
        *,
        past: bool,
        repair: Repairer | None = None,
        files: Iterable[str] | None = None,
        without: Iterable[str] = (),
        **options: Any,
    ) -> _kernel.Cursor:
        """A kernel cursor over the current inputs and, with ``past``, the superseded and orphan ones; or over some files.

        ``without`` leaves out files that are inputs of their own, as all superseded and orphan ones are.
        """
        inputs = (*self.inputs.current, *self.inputs.past) if past else self.inputs.current
        if files is not None:
            inputs = tuple(item for name in files for item in self.inputs.by_file.get(name, ()))
        left_out = {id(item) for name in without for item in self.inputs.by_file.get(name, ())}
        if left_out:
            inputs = tuple(item for item in inputs if id(item) not in left_out)
        if "sequence" in options:
            options["newest_sequence"] = self.current_from
        try:
            return _kernel.Cursor(inputs, self.comparator.kernel, mode=mode, repair=repair, **options)
        except OSError:
            self.broke_off = True
            raise

    @cached_property
    def newest_sequence(self) -> int | None:
        """The newest sequence number that counts, where a whole manifest says up to which the tables go."""
        manifest = self.directory.manifest
        if self.directory.proof is not Proof.MANIFEST or manifest is None or manifest.last_sequence is None:
            return None
        return max(manifest.newest, self.inputs.newest_in_logs)

    @property
    def current_from(self) -> int | None:
        """From which sequence number on what counts now tells all that was; None where no whole manifest says what counts.

        That is where the logs begin, of which nothing has been through a compaction. Below it, what was replaced may tell more;
        above it, it could only bring keys back whose deletion a compaction has dropped.
        """
        newest, begin = self.newest_sequence, self.inputs.oldest_in_logs
        return newest if newest is None or begin is None else min(newest, begin - 1)

    def rows(
        self,
        mode: str,
        *,
        past: bool,
        key: bytes | None = None,
        prefix: bytes = b"",
        start: bytes | None = None,
        stop: bytes | None = None,
        by_sequence: bool = False,
        **options: Any,
    ) -> Rows:
        """Rows of one mode of the merge, for keys in ``[start, stop)`` that start with ``prefix``; or for one key."""
        span = self.span(prefix, start, stop, key)
        repairer = self.repairer()
        cursor = self.cursor(mode, past=past, repair=repairer, start=span.start, stop=span.stop, **options)
        if not by_sequence:
            return self.rows_of(cursor, repairer, span)
        with refusals_named(str(self.directory.path)):
            return self.rows_of(cursor.by_sequence(temporary_folder()), repairer, span)

    def rows_of(self, source: RowCursor, repairer: Repairer, span: KeySpan) -> Rows:
        """The rows of a cursor, as far as they belong to a span of keys."""
        unverified, at_end = self.inputs.unverified, self.note_end
        return Rows(source, repairer, self.findings, keep=span.keep, unverified=unverified, at_end=at_end)

    def span(
        self, prefix: bytes = b"", start: bytes | None = None, stop: bytes | None = None, key: bytes | None = None
    ) -> KeySpan:
        """The keys in ``[start, stop)`` that start with ``prefix``; or one key."""
        if key is not None:
            return KeySpan(key, self.after(key), lambda version: version.key == key)
        start, stop, prefix = self.bounds(prefix, start, stop)
        return KeySpan(start, stop, _starts_with(prefix) if prefix else None)

    def bounds(
        self, prefix: bytes, start: bytes | None, stop: bytes | None
    ) -> tuple[bytes | None, bytes | None, bytes]:
        """Bounds of the keys in ``[start, stop)`` that start with ``prefix``, and the prefix where bounds do not say it all."""
        if prefix and self.comparator.kernel == BYTEWISE:
            return *narrow(prefix, start, stop), b""
        return start, stop, prefix

    def after(self, key: bytes) -> bytes | None:
        """The first key that can come after ``key``, in bytewise order; None where the order is another."""
        return key + b"\x00" if self.comparator.kernel == BYTEWISE else None

    def columns(
        self,
        mode: str,
        *,
        past: bool,
        prefix: bytes = b"",
        start: bytes | None = None,
        stop: bytes | None = None,
        **options: Any,
    ) -> ColumnBatches:
        """What ``rows`` gives, as columns. Where the order of the keys is not bytewise, the prefix is left to the caller."""
        repairer = self.repairer()
        start, stop, prefix = self.bounds(prefix, start, stop)
        cursor = self.cursor(mode, past=past, repair=repairer, start=start, stop=stop, **options)
        unverified, at_end = self.inputs.unverified, self.note_end
        return ColumnBatches(cursor, repairer, self.findings, prefix=prefix, unverified=unverified, at_end=at_end)

    def note_end(self, broke_off: bool) -> None:
        """Note that something was read to its end, or could not be.

        Raises:
            DatabaseInUseError: as ``refuse_outrun``.
        """
        self.broke_off |= broke_off
        self.refuse_outrun()

    def refuse_outrun(self) -> None:
        """Go no further where a file that is not held has changed or gone since the inventory.

        Raises:
            DatabaseInUseError: one has.
        """
        refuse_outrun(self.directory)


def _holds_entries(directory: Directory, name: str) -> bool:
    file = directory.by_name.get(name)
    return file is not None and file.kind in (FileKind.TABLE, FileKind.LOG) and file.standing is not Standing.MISSING


def narrow(prefix: bytes, start: bytes | None, stop: bytes | None) -> tuple[bytes | None, bytes | None]:
    """The part of ``[start, stop)`` whose keys start with ``prefix``, in bytewise order."""
    end = after_prefix(prefix)
    lower = prefix if start is None else max(start, prefix)
    upper = end if stop is None else stop if end is None else min(stop, end)
    return lower, upper


def after_prefix(prefix: bytes) -> bytes | None:
    """The first key, in bytewise order, after all keys that start with ``prefix``; None where there is none."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else None


def _starts_with(prefix: bytes) -> Callable[[Version], bool]:
    return lambda version: version.key.startswith(prefix)
