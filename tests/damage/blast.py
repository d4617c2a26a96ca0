"""What damage may cost at most: the block of a table, or the record of a log, that it hit.

Predicted from the undamaged database by the oracle, not by the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.damage.manifest_oracle import live_tables, read_state
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
        levels: of each live table, by name.
    """

    versions: tuple[Version, ...]
    live: dict[bytes, bytes]
    files: dict[str, bytes]
    extents: dict[str, tuple[Extent, ...]]
    levels: dict[str, int]

    @classmethod
    def of(cls, fixture: Fixture) -> Truth:
        """Read it."""
        files = {path.name: path.read_bytes() for path in sorted(fixture.database.iterdir())}
        versions = tuple(Version(each.key, each.sequence, each.value) for each in fixture.operations)
        extents = {name: _extents(name, data) for name, data in files.items()}
        numbers = read_state(fixture.database).levels
        levels = {path.name: numbers[int(path.stem)] for path in live_tables(fixture.database)}
        return cls(versions, live_map(fixture.operations), files, extents, levels)

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

    def met_at(self, name: str, offset: int, *, is_cut: bool = False) -> frozenset[bytes]:
        """The keys whose search may meet that byte of a table: what an engine may fail to get where it is hurt.

        What is hurt is a block of data; or the whole table, where it is cut or the byte is of its index, filter or end. Keys
        between those there are searched there: any in level 0, and below it those that no other part has the newest version of.
        """
        if name not in self.levels:
            return frozenset()
        extents = self.extents[name]
        hit = [extent for extent in extents if not is_cut and extent.start <= offset < extent.end] or extents
        here = {version for extent in hit for version in extent.versions}
        keys = sorted(version.key for extent in extents for version in extent.versions)
        first = max(
            (each.key for extent in extents if extent.end <= hit[0].start for each in extent.versions), default=keys[0]
        )
        last = min(
            (each.key for extent in extents if extent.start >= hit[-1].end for each in extent.versions),
            default=keys[-1],
        )
        return frozenset(
            key
            for key, newest in self.newest().items()
            if newest in here or (first <= key <= last and (self.levels[name] == 0 or key not in keys))
        )

    def logged(self) -> frozenset[bytes]:
        """The keys whose newest version is in a log."""
        logs = (extent for name, extents in self.extents.items() if name.endswith(".log") for extent in extents)
        newest = set(self.newest().values())
        return frozenset(version.key for extent in logs for version in extent.versions if version in newest)

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
