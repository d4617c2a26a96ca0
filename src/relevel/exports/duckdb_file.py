"""DuckDB files, fed with Arrow's tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from relevel.errors import NotSupportedError, StorageError
from relevel.exports.arrow import arrow, record_batches, tables
from relevel.exports.part import MOST_FINDINGS, Part, Taken, file_row, finding_row
from relevel.exports.tables import TABLES, create_statement, insert_statement
from relevel.exports.writer import Layout, Writer
from relevel.extras import interruptible, load_extra

_CONFIGURATION: Final = {"memory_limit": "4GB", "threads": 1}
"""One thread writes whole groups of rows in order, which takes half the space and half the work. A value is held in one piece."""


class DuckDbWriter(Writer):
    """Writes a DuckDB file in one transaction."""

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        _refuse_bytes(path)
        arrow()
        duckdb = load_extra("duckdb", "DuckDB")
        with _refusals(path):
            self._connection: Any = duckdb.connect(str(path), config=_CONFIGURATION)
            self._connection.execute("set preserve_insertion_order = true; begin")
            for table in TABLES:
                self._connection.execute(create_statement(table, layout, "BIGINT"))

    def take(self, part: Part) -> Taken:
        """Write one database's versions, findings and files."""
        stream = part.wanted.columns(part.reader)
        count = 0
        for table in tables(record_batches(part, stream, self.layout)):
            with _refusals(self.path):
                self._connection.register("rows_of_one_table", table)
                self._connection.execute("insert into history select * from rows_of_one_table")
                self._connection.unregister("rows_of_one_table")
            count += table.num_rows
            if part.progress:
                part.progress(count)
            del table  # a very large value is not held while the next one is read
        findings = stream.findings
        first = (part.database,) if self.layout.has_database else ()
        self._insert("findings", [(*first, *finding_row(finding)) for finding in findings[:MOST_FINDINGS]])
        self._insert("files", [(*first, *file_row(file)) for file in part.reader.directory.files])
        return Taken(count, findings)

    def close(self) -> None:
        """Commit."""
        with _refusals(self.path):
            self._connection.execute("commit")
            self._connection.execute("checkpoint")
            self._connection.close()

    def abandon(self) -> None:
        """Let go of the file."""
        with contextlib.suppress(Exception):
            self._connection.close()

    def _insert(self, table: str, rows: list[tuple[object, ...]]) -> None:
        if rows:
            with _refusals(self.path):
                self._connection.executemany(insert_statement(table, self.layout), rows)


def _refuse_bytes(path: Path) -> None:
    """DuckDB takes text for a path."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotSupportedError(
            f"DuckDB cannot write {str(path)!r}, which is not text: choose another place, or another format"
        ) from error


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """What DuckDB refuses, in our words."""
    duckdb = load_extra("duckdb", "DuckDB")
    try:
        with interruptible():
            yield
    except (duckdb.DataError, duckdb.IntegrityError, duckdb.NotSupportedError, duckdb.InvalidInputException) as error:
        raise NotSupportedError(f"DuckDB cannot hold a row: {error}; JSON lines hold every row") from error
    except duckdb.Error as error:  # a full disk has several kinds, as it is met when writing, committing or later
        raise StorageError(f"cannot write {str(path)!r}: {error}") from error
