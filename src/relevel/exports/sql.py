"""sql: questions to the history of a database, answered by DuckDB.

Tables are read while the question is answered, as often as it names them; nothing of the database is copied first. DuckDB is locked
down: it opens no file outside of its own folder, and no network connection, loads no extension, and what it is told is forgotten at
the end.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Final

from relevel.decoders.choice import choose_decoding
from relevel.errors import InvalidArgumentError, StorageError
from relevel.exports.arrow import arrow, record_batches, schema
from relevel.exports.asking import ask
from relevel.exports.part import FILE_FIELDS, FINDING_FIELDS, Part, file_row, finding_row
from relevel.exports.wanted import Wanted
from relevel.exports.writer import Layout
from relevel.extras import interruptible, load_extra
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.check import check
from relevel.recovery.read.columns import ColumnBatches
from relevel.recovery.read.reader import Reader
from relevel.storage.failure import TEMPORARY, refusals
from relevel.storage.temporary import temporary_folder

MEMORY_LIMIT: Final = "1GB"
"""What DuckDB may hold in memory before it spills, where nothing else is said."""
_AT_ONCE: Final = 1024
_NO_QUESTION: Final = "the question asks for no rows; ask for some: select state, count(*) from history group by state"
_LOCKS: Final = (
    "set autoinstall_known_extensions = false",
    "set autoload_known_extensions = false",
    "set python_enable_replacements = false",
    "create macro text(bytes) as try(decode(bytes))",
    "create view live as select * from history where state = 'live'",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


class Answer:
    """The rows of an answer, streaming; iterate once. A context manager; ``close`` it where it is not used as one.

    Attributes:
        columns: the names of the columns.
        decoder: what keys and values were decoded with; None where they were not.
        guess: how sure it is that this decoder was the right one; None where it was named.
    """

    def __init__(self, tables: _Tables, question: str, memory_limit: str) -> None:
        self._tables = tables
        self._stack = ExitStack()
        self.decoder = tables.decoding.name if tables.decoding else None
        self.guess = (tables.decoding.guess or None) if tables.decoding else None
        try:
            self._connection = self._connect(memory_limit)
            self._ask(lambda: self._connection.execute(question))
            self.columns = [column[0] for column in self._connection.description or ()]
            if not self.columns:
                raise InvalidArgumentError(_NO_QUESTION)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while True:
            rows = self._ask(lambda: self._connection.fetchmany(_AT_ONCE))
            if not rows:
                return
            yield from rows

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def findings(self) -> list[Finding]:
        """What was found wrong with what has been read; complete when the iteration has ended."""
        return self._tables.findings

    def close(self) -> None:
        """Let go of everything."""
        self._stack.close()

    def _ask(self, work: Callable[[], Any]) -> Any:
        with self._tables.translated():
            return ask(work, self._stop)

    def _stop(self) -> None:
        self._tables.stop()
        self._connection.interrupt()

    def _connect(self, memory_limit: str) -> Any:
        duckdb = load_extra("duckdb", "SQL")
        with refusals(TEMPORARY, temporary_folder()):
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="relevel-sql-"))
        with self._tables.translated(), interruptible():
            connection = duckdb.connect(config={"memory_limit": memory_limit, "temp_directory": folder})
            self._stack.callback(connection.close)
            for name, table in self._tables.by_name().items():
                connection.register(name, table)
            for statement in _LOCKS:
                connection.execute(statement)
        return connection


def sql(
    source: str | os.PathLike[str],
    question: str,
    *,
    decode: str | None = None,
    memory_limit: str = MEMORY_LIMIT,
    comparator: Comparator | None = None,
) -> Answer:
    """Ask the history of a database, whatever its state, in SQL. Nothing is written.

    There are the tables ``history`` (every version on disk), ``live`` (those that a read gives), ``findings`` (what is wrong, as
    ``check`` finds it) and ``files``; docs/export.md has their columns. ``text(key)`` is a key in UTF-8 as
    text, null where it is not UTF-8.

    Args:
        source: the database's directory.
        question: in DuckDB's SQL.
        decode: as for ``export``; ``history`` has the decoded columns then.
        memory_limit: what DuckDB may hold in memory before it spills to temporary files.
        comparator: the order of the keys, where the manifest does not name a known one.

    Raises:
        InvalidArgumentError: DuckDB cannot answer the question, or it asks for nothing.
        NotADatabaseError, StorageError: there is nothing to read, or no room for temporary files.
        NotSupportedError: duckdb or pyarrow is not installed, or the comparator is not known.
        DatabaseInUseError: another program changes the database faster than it can be read.
    """
    return Answer(_Tables(source, decode, comparator), question, memory_limit)


class _Tables:
    """The tables of one database, and what went wrong when they were read."""

    def __init__(self, source: str | os.PathLike[str], decode: str | None, comparator: Comparator | None) -> None:
        arrow()
        self._source = source
        self._comparator = comparator
        self._reader = Reader(source, comparator)
        self._scans: list[ColumnBatches] = []
        self._error: BaseException | None = None
        self._is_stopped = False
        self.decoding = None if decode is None else choose_decoding(decode, self._reader)
        self._layout = Layout(has_decoded=self.decoding is not None)

    def by_name(self) -> dict[str, Any]:
        """What DuckDB reads, by the name of the table."""
        pa = arrow()
        kinds = {**dict.fromkeys(("offset", "size", "level", "modified_ns"), pa.int64())}
        kinds |= dict.fromkeys(("lower", "upper"), pa.large_binary())

        def table(fields: tuple[str, ...], rows: Callable[[], list[tuple[object, ...]]]) -> _Table:
            form = pa.schema([(name, kinds.get(name, pa.string())) for name in fields])
            return _Table(form, lambda: self._told(pa, form, rows))

        return {
            "history": _Table(schema(self._layout), self._history),
            "findings": table(FINDING_FIELDS, self._checked),
            "files": table(FILE_FIELDS, lambda: [file_row(file) for file in self._reader.directory.files]),
        }

    @property
    def findings(self) -> list[Finding]:
        """Of all scans; where there were several, those of the one that tells most."""
        return max((scan.findings for scan in self._scans), key=len, default=self._reader.findings)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """A block in which DuckDB's errors become ours, or those that were raised while it read a table."""
        duckdb = load_extra("duckdb", "SQL")
        try:
            yield
        except duckdb.Error as error:
            cause, self._error = self._error, None
            if cause is not None:
                raise cause from error
            if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
                first_line, _, _ = str(error).partition("\n")  # the others advise what is locked
                raise StorageError(f"DuckDB: {first_line}; --memory gives it more") from error
            raise InvalidArgumentError(f"DuckDB: {error}") from error

    def _history(self) -> Iterator[Any]:
        wanted = Wanted()
        scan = wanted.columns(self._reader)
        self._scans.append(scan)
        part = Part(self._reader, wanted, decoding=self.decoding)
        return self._watched(lambda: record_batches(part, scan, self._layout))

    def _told(self, pa: Any, form: Any, rows: Callable[[], list[tuple[object, ...]]]) -> Iterator[Any]:
        def batches() -> Iterator[Any]:
            columns = list(zip(*rows(), strict=True)) or [()] * len(form)
            arrays = [pa.array(list(column), field.type) for column, field in zip(columns, form, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=form)

        return self._watched(batches)

    def stop(self) -> None:
        """Make every table end where it is being read."""
        self._is_stopped = True
        self._reader.directory.storage.stop()

    def _heed(self, done: int, total: int) -> None:
        if self._is_stopped:
            raise InvalidArgumentError(f"stopped after {done} of {total} bytes")

    def _checked(self) -> list[tuple[object, ...]]:
        found = check(self._source, comparator=self._comparator, progress=self._heed).findings
        return [finding_row(finding) for finding in found]

    def _watched(self, batches: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        try:
            yield from batches()
        except GeneratorExit:  # DuckDB needs no more
            raise
        except BaseException as error:
            self._error = error
            raise


class _Table:
    """A table that can be read again and again: Arrow's interface for streams."""

    def __init__(self, form: Any, batches: Callable[[], Iterator[Any]]) -> None:
        self._form = form
        self._batches = batches

    def __arrow_c_schema__(self) -> object:
        made: object = self._form.__arrow_c_schema__()
        return made

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        made: object = arrow().RecordBatchReader.from_batches(self._form, self._batches()).__arrow_c_stream__()
        return made
