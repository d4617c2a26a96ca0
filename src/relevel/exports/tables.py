"""The tables of a SQL database: ``history``, the versions; ``findings``, what is wrong; ``files``, what each file counts for."""

from __future__ import annotations

from typing import Final

from relevel.decoders.decoding import DECODED_FIELDS
from relevel.exports.part import FILE_FIELDS, FINDING_FIELDS
from relevel.exports.rows import COLUMNS
from relevel.exports.writer import Layout

_NUMBERS: Final = frozenset({"sequence", "offset", "size", "level", "modified_ns"})
_BLOBS: Final = frozenset({"key", "value", "lower", "upper"})
TABLES: Final = ("history", "findings", "files")
"""The names of the tables."""


def columns(table: str, layout: Layout) -> list[str]:
    """The names of a table's columns."""
    own = {"history": list(COLUMNS), "findings": list(FINDING_FIELDS), "files": list(FILE_FIELDS)}[table]
    first = ["database"] if layout.has_database else []
    last = list(DECODED_FIELDS) if layout.has_decoded and table == "history" else []
    return [*first, *own, *last]


def create_statement(table: str, layout: Layout, number: str) -> str:
    """The statement that makes a table.

    Args:
        table: one of ``TABLES``.
        layout: which columns there are.
        number: what the database calls an integer of 64 bits.
    """
    kinds = {
        name: number if name in _NUMBERS else "BLOB" if name in _BLOBS else "TEXT" for name in columns(table, layout)
    }
    return f"create table {table} ({', '.join(f'{_quoted(name)} {kind}' for name, kind in kinds.items())})"


def insert_statement(table: str, layout: Layout) -> str:
    """The statement that inserts one row into a table."""
    marks = ", ".join("?" for _ in columns(table, layout))
    return f"insert into {table} values ({marks})"


def _quoted(name: str) -> str:
    return f'"{name}"'
