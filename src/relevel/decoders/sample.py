"""A sample of a database's keys and values: from its beginning, and from where tables begin."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from relevel.format.filename import FileKind
from relevel.format.internal_key import user_key_of
from relevel.recovery.read.reader import Reader

_MOST_PLACES: Final = 16
_KEYS_OF_ONE_PLACE: Final = 24
_ROWS_OF_ONE_PLACE: Final = 4096
_MOST_VALUE: Final = 1 << 16
_LARGE_LOGS: Final = 32 << 20
"""Logs of so many bytes, which every place reads anew, are read for the beginning alone."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some keys and values.

    Attributes:
        pairs: keys with their values; of values that are long, none is there.
        comparator: the name of the order of the keys.
    """

    pairs: tuple[tuple[bytes, bytes], ...]
    comparator: str


def take_sample(reader: Reader) -> Sample:
    """Take a sample of the versions on disk."""
    tables = [file.metadata for file in reader.directory.of_kind(FileKind.TABLE) if file.metadata is not None]
    starts = sorted({user_key_of(metadata.smallest) for metadata in tables})
    step = max(1, len(starts) // _MOST_PLACES)
    pairs: dict[bytes, bytes] = {}
    has_large_logs = sum(file.size for file in reader.directory.of_kind(FileKind.LOG)) > _LARGE_LOGS
    for start in [None, *([] if has_large_logs else starts[::step][:_MOST_PLACES])]:
        pairs.update(_some(reader, start))
    return Sample(tuple(pairs.items()), reader.comparator.name)


def _some(reader: Reader, start: bytes | None) -> dict[bytes, bytes]:
    """Some keys from ``start`` on, each with its newest value that is not long."""
    found: dict[bytes, bytes] = {}
    for row in islice(reader.rows("versions", past=True, start=start), _ROWS_OF_ONE_PLACE):
        if row.value is not None and len(row.value) <= _MOST_VALUE:
            found.setdefault(row.key, row.value)
        if len(found) == _KEYS_OF_ONE_PLACE:
            break
    return found
