"""Arrow: versions as record batches. The kernel lays columns out as Arrow does, so no row becomes a Python object.

Keys and values are ``large_binary``, whose offsets have 64 bits: a batch may hold a value of any size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from relevel._kernel.columns import Columns
from relevel.decoders.decoding import DECODED_FIELDS
from relevel.exports.part import Part
from relevel.exports.writer import Layout
from relevel.extras import load_extra
from relevel.recovery.read.columns import ColumnBatches

_GROUP_COUNT: Final = 122_880
_GROUP_SIZE: Final = 32 << 20
_TYPES: Final = ("put", "delete")
_STATES: Final = ("live", "shadowed", "deleted", "unknown")
_INTEGRITIES: Final = ("intact", "unverified")
_WANTED: Final = "Arrow, on which Parquet, DuckDB and `sql` build,"
"""What pyarrow is wanted for."""


def arrow() -> Any:
    """The package pyarrow.

    Raises:
        NotSupportedError: it is not installed.
    """
    return load_extra("pyarrow", _WANTED)


def schema(layout: Layout) -> Any:
    """The schema of all batches of a layout: docs/export.md has it in words."""
    pa = arrow()

    def names(codes: Any) -> Any:
        return pa.dictionary(codes, pa.string())

    fields = [
        ("sequence", pa.uint64(), False),
        ("type", names(pa.int8()), False),
        ("key", pa.large_binary(), False),
        ("value", pa.large_binary(), True),
        ("state", names(pa.int8()), False),
        ("file", names(pa.int32()), False),
        ("offset", pa.uint64(), False),
        ("integrity", names(pa.int8()), False),
    ]
    if layout.has_database:
        fields.insert(0, ("database", pa.string(), False))
    if layout.has_decoded:
        fields += [(name, pa.large_string(), True) for name in DECODED_FIELDS]
    return pa.schema([pa.field(name, kind, nullable) for name, kind, nullable in fields])


def record_batches(part: Part, stream: ColumnBatches, layout: Layout) -> Iterator[Any]:
    """The batches of a part, streaming; ``stream.findings`` is complete at their end."""
    pa = arrow()
    wrap = _Wrapper(pa, stream.files, schema(layout))
    for columns in stream:
        yield _with_prefix(_batch(pa, part, wrap, columns, layout), stream.prefix)
        del columns  # a very large value is not held while the next one is read


def _batch(pa: Any, part: Part, wrap: _Wrapper, columns: Columns, layout: Layout) -> Any:
    arrays = wrap.arrays(columns)
    if layout.has_database:
        arrays.insert(0, pa.array([part.database] * columns.count, pa.string()))
    if layout.has_decoded:
        arrays += _decoded(pa, part, arrays[-6], arrays[-5])
    return pa.RecordBatch.from_arrays(arrays, schema=wrap.schema)


def tables(batches: Iterable[Any]) -> Iterator[Any]:
    """Batches gathered into tables of some 120,000 rows or 32 MiB."""
    pa = arrow()
    gathered: list[Any] = []
    count = size = 0
    for batch in batches:
        gathered.append(batch)
        count, size = count + batch.num_rows, size + batch.nbytes
        del batch  # a very large value is not held while the next one is read
        if count >= _GROUP_COUNT or size >= _GROUP_SIZE:
            yield _joined(pa, gathered)
            count = size = 0
    if gathered:
        yield _joined(pa, gathered)


def _joined(pa: Any, gathered: list[Any]) -> Any:
    """The batches as one table; none of them is kept."""
    table = pa.Table.from_batches(gathered)
    gathered.clear()
    return table


class _Wrapper:
    """Wraps the kernel's columns as arrays; nothing is copied."""

    def __init__(self, pa: Any, files: list[str], schema: Any) -> None:
        self._pa = pa
        self.schema = schema
        self._types, self._states, self._integrities = (pa.array(names) for names in (_TYPES, _STATES, _INTEGRITIES))
        unique = list(dict.fromkeys(files))
        self._files = pa.array(unique, pa.string())
        self._file_codes = None
        if len(unique) < len(files):  # a file that is several inputs has several numbers
            self._file_codes = pa.array([unique.index(name) for name in files], pa.int32())

    def arrays(self, columns: Columns) -> list[Any]:
        """One array for each field of a version."""
        pa, count = self._pa, columns.count

        def fixed(kind: Any, data: bytes) -> Any:
            return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(data)])

        def named(kind: Any, data: bytes, names: Any) -> Any:
            return pa.DictionaryArray.from_arrays(fixed(kind, data), names)

        def binary(offsets: bytes, data: bytes, validity: bytes | None = None) -> Any:
            buffers = [
                validity if validity is None else pa.py_buffer(validity),
                pa.py_buffer(offsets),
                pa.py_buffer(data),
            ]
            return pa.Array.from_buffers(pa.large_binary(), count, buffers)

        return [
            fixed(pa.uint64(), columns.sequence),
            named(pa.int8(), columns.type, self._types),
            binary(columns.key_offsets, columns.key),
            binary(columns.value_offsets, columns.value, columns.value_validity),
            named(pa.int8(), columns.state, self._states),
            self._of_files(fixed(pa.int32(), columns.file)),
            fixed(pa.uint64(), columns.offset),
            named(pa.int8(), columns.integrity, self._integrities),
        ]

    def _of_files(self, codes: Any) -> Any:
        known = codes if self._file_codes is None else self._file_codes.take(codes)
        return self._pa.DictionaryArray.from_arrays(known, self._files)


def _decoded(pa: Any, part: Part, keys: Any, values: Any) -> list[Any]:
    decode: Callable[[bytes, bytes | None], Iterable[str | None]] | None = part.decoding
    if decode is None:
        return [pa.nulls(len(keys), pa.large_string())] * len(DECODED_FIELDS)
    rows = [decode(key.as_py(), value.as_py()) for key, value in zip(keys, values, strict=True)]
    return [pa.array(list(column), pa.large_string()) for column in zip(*rows, strict=True)]


def _with_prefix(batch: Any, prefix: bytes) -> Any:
    if not prefix:
        return batch
    compute = load_extra("pyarrow.compute", _WANTED)
    return batch.filter(compute.starts_with(batch.column("key"), prefix))
