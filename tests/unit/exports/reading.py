"""What was exported, read back by the tools it was written for."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from relevel.exports.encoding import ENCODINGS

Row = tuple[Any, ...]
FIELDS = ("sequence", "type", "key", "value", "state", "file", "offset", "integrity")
_decode = ENCODINGS["escaped"].decode


def _jsonl(path: Path) -> list[Row]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        (
            row["sequence"],
            row["type"],
            _decode(row["key"]),
            None if row["value"] is None else _decode(row["value"]),
            row["state"],
            row["source"]["file"],
            row["source"]["offset"],
            row["integrity"],
        )
        for row in rows
    ]


def _csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        (
            int(row["sequence"]),
            row["type"],
            _decode(row["key"]),
            None if row["type"] == "delete" else _decode(row["value"]),
            row["state"],
            row["file"],
            int(row["offset"]),
            row["integrity"],
        )
        for row in rows
    ]


def _arrow_rows(table: Any) -> list[Row]:
    return list(zip(*(table.column(name).to_pylist() for name in FIELDS), strict=True))


def _parquet(path: Path) -> list[Row]:
    return _arrow_rows(pytest.importorskip("pyarrow.parquet").read_table(path))


def _arrow(path: Path) -> list[Row]:
    return _arrow_rows(pytest.importorskip("pyarrow.feather").read_table(path))


def _sqlite(path: Path) -> list[Row]:
    return query(path, f"select {', '.join(FIELDS)} from history".replace("offset", '"offset"'))


def _duckdb(path: Path) -> list[Row]:
    return query(path, f"select {', '.join(FIELDS)} from history".replace("offset", '"offset"'))


READERS: dict[str, Callable[[Path], list[Row]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
    "arrow": _arrow,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
}
"""How the rows of each format are read."""


def query(path: Path, statement: str) -> list[Row]:
    """Ask a SQLite or DuckDB file."""
    if path.suffix == ".sqlite":
        connection = sqlite3.connect(path)
    else:
        connection = pytest.importorskip("duckdb").connect(str(path), read_only=True)
    try:
        return [tuple(row) for row in connection.execute(statement).fetchall()]
    finally:
        connection.close()


def skip_without(format: str) -> None:
    """Skip a test whose format needs a package that is not installed."""
    if format in ("parquet", "arrow", "duckdb"):
        pytest.importorskip("pyarrow")
    if format == "duckdb":
        pytest.importorskip("duckdb")
