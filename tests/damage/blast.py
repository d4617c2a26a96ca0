"""What damage may cost at most: the block of a table, or the record of a log, that it hit.

Predicted from the undamaged database by the oracle, not by the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.damage.oracle import (
    LOG_HEADER_SIZE,
    TRAILER_SIZE,
    Handle,
    Version,
    batch_versions,
    block_contents,
    block_entries,
    records,
    table_layout,
)
from tests.fixtures.catalogue import Fixture
from tests.fixtures.operations import live_map


class Extent(NamedTuple):
    """Bytes of a file that are lost together, and the versions in them."""

    start: int
    end: int
    versions: frozenset[Version]


@dataclass(frozen=True)
class Truth:
    """What was written to a database, and where it lies.

    Attributes:
        versions: every version that was written, oldest first.
        live: what is live.
        files: contents of every file, by name.
        extents: of each file that holds versions.
    """

    versions: tuple[Version, ...]
    live: dict[bytes, bytes]
    files: dict[str, bytes]
    extents: dict[str, tuple[Extent, ...]]

    @classmethod
    def of(cls, fixture: Fixture) -> Truth:
        """Read it."""
        files = {path.name: path.read_bytes() for path in sorted(fixture.database.iterdir())}
        versions = tuple(Version(each.key, each.sequence, each.value) for each in fixture.operations)
        extents = {name: _extents(name, data) for name, data in files.items()}
        return cls(versions, live_map(fixture.operations), files, extents)

    def newest(self) -> dict[bytes, Version]:
        """The last version of each key."""
        return {version.key: version for version in self.versions}

    def state_before(self, lost: frozenset[Version]) -> dict[bytes, bytes]:
        """What was live before the first of these was written."""
        first = min((version.sequence for version in lost), default=1 << 64)
        newest = {version.key: version.value for version in self.versions if version.sequence < first}
        return {key: value for key, value in newest.items() if value is not None}

    def hit_at(self, name: str, offset: int) -> frozenset[Version]:
        """The versions that one byte of a file can cost."""
        return frozenset(
            version
            for extent in self.extents[name]
            if extent.start <= offset < extent.end
            for version in extent.versions
        )

    def cut_at(self, name: str, size: int) -> frozenset[Version]:
        """The versions that the end of a file can cost."""
        return frozenset(version for extent in self.extents[name] if extent.end > size for version in extent.versions)

    def leaves_no_trace(self, name: str, size: int) -> bool:
        """Whether a file that is cut there is like one that was never written further: a log that ends between two records."""
        return name.endswith(".log") and size in {0, *(extent.end for extent in self.extents[name])}


def _extents(name: str, data: bytes) -> tuple[Extent, ...]:
    kind = Path(name).suffix
    if kind == ".log":
        return tuple(_of_log(data))
    return tuple(_of_table(data)) if kind in (".ldb", ".sst") else ()


def _of_table(data: bytes) -> list[Extent]:
    return [
        Extent(handle.offset, handle.offset + handle.size + TRAILER_SIZE, frozenset(_of_block(data, handle)))
        for handle in table_layout(data).data
    ]


def _of_block(data: bytes, handle: Handle) -> list[Version]:
    entries = block_entries(block_contents(data, handle))
    trailers = ((key[:-8], int.from_bytes(key[-8:], "little"), value) for key, value in entries)
    return [Version(key, trailer >> 8, value if trailer & 0xFF else None) for key, trailer, value in trailers]


def _of_log(data: bytes) -> list[Extent]:
    return [
        Extent(
            record.fragments[0].offset,
            record.fragments[-1].offset + LOG_HEADER_SIZE + record.fragments[-1].size,
            frozenset(batch_versions(record.payload)),
        )
        for record in records(data)
    ]
