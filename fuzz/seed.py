"""Cut the first inputs of the fuzzers from real databases: ``python -m fuzz.seed CORPUS``.

One folder for each target, of files in the shape that ``rust/hostile`` gives its bytes. Nothing of it is kept. Two claims are of
what they make up themselves: "merging" has no seeds, and "lookups" only such as are tables.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.damage.oracle import TRAILER_SIZE, OracleError, records, table_layout
from tests.fixtures.catalogue import BY_NAME

from relevel.format.filename import parse_filename

_LARGEST = 4096
"""Bytes of an input: small ones are tried faster."""


def files() -> Iterator[tuple[str, bytes]]:
    """The kind and the contents of every table, log, manifest and LOG of the fixtures."""
    for fixture in BY_NAME.values():
        for path in sorted(fixture.database.iterdir()):
            kind = parse_filename(path.name).kind
            if kind in _OF:
                yield kind, path.read_bytes()


def of_table(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Blocks, filters, and small tables."""
    layout = table_layout(data)
    for handle in (*layout.data[:2], layout.index_block, layout.metaindex):
        stored, kind = data[handle.offset :][: handle.size], data[handle.offset + handle.size]
        yield "blocks", bytes([kind]) + stored
        yield "codecs", bytes([kind, 0, 1, 0]) + stored
        yield "salvage", bytes([kind == 1, 40, 0, 16, 0, 1]) + stored
        yield "explain", data[handle.offset + handle.size + 1 :][:4] + bytes([8, 1, 0, 0]) + stored[:200]
    if layout.filter is not None:
        contents = data[layout.filter.offset :][: layout.filter.size]
        yield "filters", bytes([0, 10, 0]) + bytes(8) + contents
    for how in (0, 1):
        yield "tables", bytes([how]) + data
        yield "lookups", bytes([0, how]) + data
    yield "carve", bytes([2, 0, 8]) + data[: layout.data[0].size + TRAILER_SIZE] + data[-1024:]


def of_log(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Payloads of records, and the beginnings of logs."""
    for number, record in enumerate(records(data)):
        if number < 3:
            yield "batches", record.payload
            yield "comparators", record.payload[:60]
    for is_stamped in (0, 1):
        yield "logs", bytes([is_stamped, 255, 255]) + data[:_LARGEST]
        yield "logs", bytes([is_stamped, 20, 0]) + data[:_LARGEST]
        yield "replays", bytes([is_stamped, 1, 3, 255, 255, 0]) + data[:_LARGEST]
    yield "carve", bytes([1, 0, 8]) + data[:_LARGEST]


def of_manifest(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Its edits, for the decoders in Python."""
    for record in records(data):
        yield "edits", record.payload


def of_info_log(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Its beginning, which is of an opening, and its end."""
    for target in ("chronicles", "stamps"):
        yield target, data[:_LARGEST]
        yield target, data[-_LARGEST:]


_OF: Final = {"table": of_table, "log": of_log, "manifest": of_manifest, "info-log": of_info_log}


def main(corpus: Path) -> None:
    """Write them."""
    for kind, data in files():
        try:
            for target, seed in _OF[kind](data):
                folder = corpus / target
                folder.mkdir(parents=True, exist_ok=True)
                if len(seed) <= _LARGEST + 8:
                    (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
        except OracleError:
            continue


if __name__ == "__main__":
    main(Path(sys.argv[1]))
