"""SQLite files, through the standard library."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from relevel.errors import NotSupportedError, StorageError
from relevel.exports.part import MOST_FINDINGS, Part, Taken, file_row, finding_row
from relevel.exports.tables import TABLES, create_statement, insert_statement
from relevel.exports.writer import Layout, Writer

_AT_ONCE: Final = 4096


class SqliteWriter(Writer):
    """Writes a SQLite file in one transaction. It is new, so nothing is lost where it is not finished."""

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        with _refusals(path):
            self._connection = sqlite3.connect(path, isolation_level=None)
            for pragma in ("journal_mode = off", "synchronous = off", "locking_mode = exclusive"):
                self._connection.execute(f"pragma {pragma}")
            self._connection.execute("begin")
            for table in TABLES:
                self._connection.execute(create_statement(table, layout, "INTEGER"))

    def take(self, part: Part) -> Taken:
        """Write one database's versions, findings and files."""
        rows = part.wanted.rows(part.reader)
        first = (part.database,) if self.layout.has_database else ()
        statement, count = insert_statement("history", self.layout), 0
        values = self._values(part, first, iter(rows))
        while group := list(islice(values, _AT_ONCE)):
            with _refusals(self.path):
                self._connection.executemany(statement, group)
            count += len(group)
            if part.progress:
                part.progress(count)
        findings = rows.findings
        self._insert("findings", ((*first, *finding_row(finding)) for finding in findings[:MOST_FINDINGS]))
        self._insert("files", ((*first, *file_row(file)) for file in part.reader.directory.files))
        return Taken(count, findings)

    def close(self) -> None:
        """Commit."""
        with _refusals(self.path):
            self._connection.execute("commit")
            self._connection.close()

    def abandon(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _values(
        self, part: Part, first: tuple[object, ...], rows: Iterator[tuple[object, ...]]
    ) -> Iterator[tuple[object, ...]]:
        if not self.layout.has_decoded:
            return ((*first, *row) for row in rows) if first else rows
        decode = part.decoding
        nothing = (None, None, None)
        return ((*first, *row, *(decode(row[2], row[3]) if decode else nothing)) for row in rows)  # type: ignore[arg-type]

    def _insert(self, table: str, rows: Iterator[tuple[object, ...]]) -> None:
        with _refusals(self.path):
            self._connection.executemany(insert_statement(table, self.layout), rows)


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """What SQLite refuses, in our words."""
    try:
        yield
    except (sqlite3.DataError, OverflowError) as error:
        raise NotSupportedError(f"SQLite cannot hold a row: {error}; the other formats can") from error
    except sqlite3.Error as error:
        raise StorageError(f"cannot write {str(path)!r}: {error}") from error
