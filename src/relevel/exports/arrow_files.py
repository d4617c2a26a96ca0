"""Parquet and Arrow files.

A Parquet file's metadata has, under the key ``relevel``, a JSON array with an object for each database: its files, how they stand,
and its findings. An Arrow file has its metadata in front of its rows, so findings are in the report alone.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Final

from relevel.errors import NotSupportedError, StorageError
from relevel.exports.arrow import arrow, record_batches, schema, tables
from relevel.exports.part import Part, Taken
from relevel.exports.writer import Layout, Writer
from relevel.extras import load_extra

_NAMES: Final = ("type", "state", "file", "integrity", "database")
_WITHOUT_STATISTICS: Final = ("value", "decoded_value")
"""The smallest and the largest value tell little, and would be copied for each page."""
_LARGE: Final = 64 << 20
"""Bytes of a table past which what was needed to write it is given back to the system."""
_METADATA_KEY: Final = "relevel"


class ArrowWriter(Writer):
    """Writes the rows of what pyarrow writes."""

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        self._schema = schema(layout)
        with _refusals(path):
            # A path of any bytes: pyarrow's writers want text.
            self._file: Any = arrow().OSFile(os.fsencode(path), "wb")
            self._writer: Any = self._open()

    def _open(self) -> Any:
        """Make pyarrow's writer."""
        ipc = load_extra("pyarrow.ipc", "Arrow")
        return ipc.new_file(self._file, self._schema)

    def take(self, part: Part) -> Taken:
        """Write one database's versions."""
        stream = part.wanted.columns(part.reader)
        count = 0
        for table in tables(record_batches(part, stream, self.layout)):
            with _refusals(self.path):
                self._writer.write_table(table)
            count += table.num_rows
            if part.progress:
                part.progress(count)
            if table.nbytes > _LARGE:
                arrow().default_memory_pool().release_unused()
            del table  # a very large value is not held while the next one is read
        return Taken(count, stream.findings)

    def close(self) -> None:
        """Write what is left."""
        with _refusals(self.path):
            self._writer.close()
            self._file.close()

    def abandon(self) -> None:
        """Let go of the file."""
        for held in (self._writer, self._file):
            with contextlib.suppress(Exception):
                held.close()


class ArrowFileWriter(ArrowWriter):
    """Writes an Arrow file (Feather 2). It holds one database: the names of its files are one dictionary."""

    holds_many: ClassVar[bool] = False


class ParquetWriter(ArrowWriter):
    """Writes a Parquet file: columns of names as dictionaries, keys and values plain, everything by snappy."""

    def __init__(self, path: Path, layout: Layout) -> None:
        super().__init__(path, layout)
        self._told: list[dict[str, Any]] = []

    def _open(self) -> Any:
        parquet = load_extra("pyarrow.parquet", "Parquet")
        names = [name for name in _NAMES if name in self._schema.names]
        return parquet.ParquetWriter(
            self._file,
            self._schema,
            compression="snappy",
            use_dictionary=names,
            write_statistics=[name for name in self._schema.names if name not in _WITHOUT_STATISTICS],
        )

    def take(self, part: Part) -> Taken:
        """Write one database's versions."""
        taken = super().take(part)
        self._told.append(part.told(taken.findings))
        return taken

    def close(self) -> None:
        """Write the metadata and what is left."""
        with _refusals(self.path):
            self._writer.add_key_value_metadata({_METADATA_KEY: json.dumps(self._told)})
        super().close()


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """What pyarrow refuses, in our words."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot write {str(path)!r}: {error}") from error
    except arrow().ArrowException as error:
        raise NotSupportedError(f"this format cannot hold a row: {error}; JSON lines hold every row") from error
