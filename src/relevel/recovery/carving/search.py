"""Search: everything that may be a table or a log in one image, from one pass over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from relevel._kernel import Fault
from relevel._kernel.images import Carver
from relevel.errors import StorageError
from relevel.findings import Finding, Span
from relevel.format.footer import FOOTER_SIZE, BlockHandle
from relevel.recovery.carving.image import Image
from relevel.recovery.heal.block import TRAILER_SIZE
from relevel.storage.failure import storage_error

_STEP: Final = 16 << 20
_MOST_FINDS: Final = 1 << 20
"""Places of one sort that are kept of one image; hostile bytes could make millions."""


class FooterFind(NamedTuple):
    """A footer: where it is, and its handles."""

    offset: int
    metaindex_handle: BlockHandle
    index_handle: BlockHandle

    @property
    def start(self) -> int:
        """Where its table begins if that is in one stretch; below 0 where the image does not reach back so far."""
        return self.offset - (self.index_handle.offset + self.index_handle.size + TRAILER_SIZE)

    @property
    def end(self) -> int:
        """Where its table ends."""
        return self.offset + FOOTER_SIZE


class RunFind(NamedTuple):
    """Blocks that follow one another."""

    start: int
    end: int
    block_count: int


class ChainFind(NamedTuple):
    """Records that follow one another; see the kernel's ``Carver``."""

    start: int
    end: int
    is_manifest: bool
    boundary: int | None
    record_count: int
    first_sequence: int
    next_sequence: int


@dataclass
class Finds:
    """What one image may hold, each list in order of offsets."""

    image: Image
    footers: list[FooterFind] = field(default_factory=list)
    runs: list[RunFind] = field(default_factory=list)
    chains: list[ChainFind] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def places(self) -> list[int]:
        """Where footers and runs of blocks begin, in order. Asked when the search is over."""
        return sorted([*(footer.offset for footer in self.footers), *(run.start for run in self.runs)])

    @cached_property
    def chain_starts(self) -> list[int]:
        """Where chains begin, in order. Asked when the search is over."""
        return [chain.start for chain in self.chains]


def search(image: Image, progress: Callable[[int], None]) -> Finds:
    """Look through an image. ``progress`` is told how far it is. An image that cannot be opened is a finding."""
    finds = Finds(image)
    try:
        carver = Carver(image.open())
        while (found := carver.read(_STEP)) is not None:
            footers, runs, chains = found
            finds.footers += [FooterFind(at, BlockHandle(*meta), BlockHandle(*index)) for at, meta, index in footers]
            finds.runs += map(RunFind._make, runs)
            finds.chains += map(ChainFind._make, chains)
            finds.findings += [_unreadable(image, fault) for fault in carver.faults]
            progress(carver.offset)
            most = max(len(finds.footers), len(finds.runs), len(finds.chains))
            if most > _MOST_FINDS and carver.offset < image.size:
                message = f"{image.name}: more than {_MOST_FINDS} places by offset {carver.offset}; the rest was not looked at"
                finds.findings.append(
                    Finding.of("carve.too-many", Span(image.name, carver.offset, image.size - carver.offset), message)
                )
                break
    except StorageError as error:
        finds.findings.append(Finding.of("file.unreadable", Span(image.name, 0, image.size), str(error)))
    except OSError as error:
        reason = str(storage_error("cannot read", image.path, error))
        finds.findings.append(Finding.of("file.unreadable", Span(image.name, 0, image.size), reason))
    return finds


def _unreadable(image: Image, fault: Fault) -> Finding:
    message = f"{image.name}: {fault.size} bytes at offset {fault.offset} cannot be read; they were taken for zeroes"
    return Finding.of("file.unreadable", Span(image.name, fault.offset, fault.size), message)
