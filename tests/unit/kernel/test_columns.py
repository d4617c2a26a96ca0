"""Columns: the rows of a cursor as buffers that Arrow can wrap."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from relevel._kernel import Cursor, LogInput, TableInput
from relevel._kernel.columns import Columns, file_names, read_columns
from tests.unit.kernel.inputs import history_of_one_key, rows_of

TYPES = ("put", "delete")
STATES = ("live", "shadowed", "deleted", "unknown")
INTEGRITIES = ("intact", "unverified")


@pytest.fixture
def inputs(tmp_path: Path) -> list[TableInput | LogInput]:
    """The history of one key, and others."""
    return history_of_one_key(tmp_path)


def rows_of_columns(columns: Columns, files: list[str]) -> list[tuple[object, ...]]:
    """The rows that columns stand for."""

    def parts(offsets: bytes, data: bytes) -> list[bytes]:
        ends = memoryview(offsets).cast("Q")
        return [data[start:end] for start, end in pairwise(ends)]

    keys, values = parts(columns.key_offsets, columns.key), parts(columns.value_offsets, columns.value)
    bits = columns.value_validity
    valid = [bits is None or bool(bits[index // 8] >> index % 8 & 1) for index in range(columns.count)]
    return list(
        zip(
            memoryview(columns.sequence).cast("Q"),
            (TYPES[code] for code in columns.type),
            keys,
            (value if is_valid else None for value, is_valid in zip(values, valid, strict=True)),
            (STATES[code] for code in columns.state),
            (files[code] for code in memoryview(columns.file).cast("I")),
            memoryview(columns.offset).cast("Q"),
            (INTEGRITIES[code] for code in columns.integrity),
            strict=True,
        )
    )


@pytest.mark.parametrize("count", [1, 3, 9, 100])
def test_columns_are_the_rows(inputs: list[TableInput | LogInput], count: int) -> None:
    """However many are asked for at a time, and None at the end."""
    cursor = Cursor(inputs, mode="versions")

    read = []
    while (columns := read_columns(cursor, count)) is not None:
        assert 0 < columns.count <= count
        read += rows_of_columns(columns, file_names(cursor))

    assert read == rows_of(Cursor(inputs, mode="versions"))


def test_columns_without_deletions_have_no_validity(inputs: list[TableInput | LogInput]) -> None:
    """Every value is there."""
    columns = read_columns(Cursor(inputs), 10)

    assert columns is not None
    assert columns.value_validity is None


def test_a_place_that_is_unverified_makes_its_versions_so(inputs: list[TableInput | LogInput]) -> None:
    """Whatever they say themselves; the others stay intact."""
    cursor = Cursor(inputs, mode="versions")

    columns = read_columns(cursor, 100, frozenset({("000005.ldb", 0), ("no such file", 0)}))

    assert columns is not None
    found = {(row[5], row[7]) for row in rows_of_columns(columns, file_names(cursor))}
    assert ("000005.ldb", "unverified") in found
    assert ("000005.ldb", "intact") not in found
    assert ("000007.ldb", "intact") in found
