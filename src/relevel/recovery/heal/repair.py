"""Repair: what the merging cursor asks for when it meets a block that it cannot use, and what a survey writes down.

A block that small errors explain is healed and used; of another the entries that are certain are; what is left is named as lost.
The cursor goes on either way. All are findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from relevel import _kernel
from relevel.errors import StorageError
from relevel.files.faults import finding_of
from relevel.findings import Finding, KeyRange
from relevel.format.comparator import Comparator
from relevel.recovery.heal.block import Healing, contents_of, heal_block, holds_data, parses
from relevel.recovery.heal.checksum import Trust
from relevel.recovery.heal.log import MOST_TO_HEAL
from relevel.recovery.heal.pages import Swaps, put_pages_back, sound_blocks
from relevel.recovery.heal.salvage import Salvage, hurt_ranges, salvage
from relevel.recovery.heal.told import healed_finding, salvaged_finding, swapped_finding
from relevel.storage.patched import Readable

_CHECKSUM: Final = ".checksum-mismatch"
Handle = tuple[int, int]
"""Where the bytes of a fault begin, and how many they are."""

_DATA: Final = "table.block."
_MOST_TRIED: Final = 100
"""Blocks of one table that are not healed, after which healing goes less far."""
_MOST_TIMES: Final = 16
"""So many times the bytes of a table may be in blocks that are not healed; a reader may meet one more than once."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What could be made of a damaged block; ``salvage`` where it is not whole.

    Attributes:
        healing: the bits that were put back.
        salvage: the entries that are certain.
    """

    healing: Healing | None = None
    salvage: Salvage | None = None

    @property
    def contents(self) -> bytes | None:
        """A block's contents; None where nothing could be had."""
        if self.healing is not None:
            return _kernel.blocks.decode_block(self.healing.stored)
        return self.salvage.contents if self.salvage is not None else None

    def told(self, finding: Finding) -> Finding:
        """The finding with what was made of it."""
        if self.healing is not None:
            return healed_finding(finding, self.healing)
        return finding if self.salvage is None else salvaged_finding(finding, self.salvage)


def mend(
    storage: Readable,
    file: str,
    fault: _kernel.Fault,
    stored: bytes,
    comparator: Comparator,
    *,
    trust: int = Trust.TESTED,
) -> Mended:
    """Make what can be made of a block whose checksum does not fit.

    Args:
        storage: where the table is.
        file: its name.
        fault: what is wrong.
        stored: the block with its trailer.
        comparator: the order of the user keys.
        trust: how far to go, one of ``Trust``; with one bit at most, nothing is salvaged either.

    Raises:
        StorageError: what is around it cannot be read.
    """
    if not fault.code.endswith(_CHECKSUM):
        return Mended()
    if not fault.code.startswith(_DATA):
        return Mended(heal_block(stored, parses, trust))
    hurt = hurt_ranges(storage, file, fault.offset, stored)
    healing = heal_block(stored, holds_data(comparator), min(Trust.BURST_OF_8, trust) if hurt else trust)
    if healing is not None or trust == Trust.ONE_BIT:
        return Mended(healing)
    return Mended(salvage=salvage(stored, hurt, comparator, KeyRange(fault.lower, fault.upper)))


def is_hurt_data(fault: _kernel.Fault) -> bool:
    """Whether it is a data block whose checksum does not fit."""
    return fault.code.startswith(_DATA) and fault.code.endswith(_CHECKSUM)


class Patience:
    """How far healing goes in a table: all the way in so many blocks; where these are hurt in another way, less in the others.

    Looking for two bits takes milliseconds a block, and a table that is noise has thousands. Blocks that lie in each other, as no
    writer leaves them, are given up when they come to many times the bytes of the table.
    """

    def __init__(self, trust: int, table_size: int) -> None:
        self._trust = trust
        self._left = _MOST_TRIED
        self._bytes_left = _MOST_TIMES * table_size

    @property
    def trust(self) -> int:
        """How far to go in the next block, one of ``Trust``."""
        return self._trust if self._left > 0 else min(self._trust, Trust.BURST_OF_8)

    @property
    def is_over(self) -> bool:
        """Whether no block is to be mended any more."""
        return self._bytes_left < 0

    def note(self, fault: _kernel.Fault, mended: Mended) -> None:
        """Note what was made of a block. Whoever reads the table's blocks in order comes to the same."""
        if mended.healing is None and is_hurt_data(fault):
            self._left -= 1
            self._bytes_left -= fault.size


class Repairer:
    """Answers the cursor's question and keeps the findings. One for each read.

    Attributes:
        findings: what was healed or saved in part so far, in the order it was met.
    """

    def __init__(
        self,
        storage: Readable,
        comparator: Comparator,
        trust: int = Trust.TESTED,
        known: Mapping[str, Mapping[Handle, bytes | None]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            storage: where the tables are.
            comparator: the order of the user keys.
            trust: how far to go, one of ``Trust``.
            known: what could be made of blocks that a survey has come upon, by file; these are no findings any more.
        """
        self.findings: list[Finding] = []
        self._storage = storage
        self._comparator = comparator
        self._trust = trust
        self._known = known or {}
        self._patience: dict[str, Patience] = {}
        self._swaps: dict[str, Swaps | None] = {}

    def __call__(self, file: str, fault: _kernel.Fault, stored: bytes) -> bytes | None:
        """Give the contents of a damaged block, or None where they cannot be had."""
        known, handle = self._known.get(file, {}), (fault.offset, fault.size)
        if handle in known:
            return known[handle]
        try:
            patience = self._patience_with(file)
            if patience.is_over:
                return None
            mended = mend(self._storage, file, fault, stored, self._comparator, trust=patience.trust)
            patience.note(fault, mended)
            contents = None if mended.healing else self._with_pages_back(file, fault, len(stored))
        except StorageError:
            return None
        if contents is None:
            contents = mended.contents
            if contents is not None:
                self.findings.append(mended.told(finding_of(file, fault)))
        return contents

    def _patience_with(self, file: str) -> Patience:
        if file not in self._patience:
            self._patience[file] = Patience(self._trust, self._storage.size(file))
        return self._patience[file]

    def _with_pages_back(self, file: str, fault: _kernel.Fault, size: int) -> bytes | None:
        """The contents of a block once the pages of its table are in their places; None where that does not help."""
        if not is_hurt_data(fault):
            return None
        if file not in self._swaps:
            swaps = self._swaps[file] = self._look_for_swaps(file)
            self.findings += [] if swaps is None else [swapped_finding(file, *pages) for pages in swaps.pages]
        swaps = self._swaps[file]
        return None if swaps is None else contents_of(swaps.data[fault.offset : fault.offset + size])

    def _look_for_swaps(self, file: str) -> Swaps | None:
        if self._storage.size(file) > MOST_TO_HEAL:
            return None
        scan = _kernel.scan_table(self._storage.source(file), self._comparator.kernel, check_filter=False)
        hurt = [(fault.offset, fault.offset + fault.size) for fault in scan.faults if fault.code.endswith(_CHECKSUM)]
        return put_pages_back(self._storage.read(file), hurt, hurt, sound_blocks(scan))
