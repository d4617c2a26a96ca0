"""Mender: what can be made of the hurt blocks of one table, found out once and kept for whoever reads the table again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import Finding
from relevel.format.comparator import Comparator
from relevel.recovery.heal.repair import Handle, Patience, is_hurt_data, mend
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.storage.patched import Readable

_CHECKSUM: Final = ".checksum-mismatch"
_MOST_KEPT: Final = 1 << 20
"""What is kept of one table's mended blocks: bytes."""
_SIZE_OF_PLACE: Final = 256


class Mender:
    """Makes findings of faults, and of hurt blocks what can be made of them."""

    def __init__(self, storage: Readable, comparator: Comparator, file: DatabaseFile, trust: int) -> None:
        self._mended: dict[Handle, bytes | None] = {}
        self._room = _MOST_KEPT
        self._storage = storage
        self._comparator = comparator
        self._file = file
        self._patience = Patience(trust, file.size)

    def finding(self, fault: _kernel.Fault) -> Finding:
        """What a fault is after all that could be done about it."""
        name, is_block = self._file.name, fault.code.endswith(_CHECKSUM)
        if self._patience.is_over:
            return finding_of(name, fault)
        stored = self._storage.read(name, fault.offset, fault.size) if is_block else b""
        mended = mend(self._storage, name, fault, stored, self._comparator, trust=self._patience.trust)
        self._patience.note(fault, mended)
        if is_hurt_data(fault):
            self._keep(fault, mended.contents)
        return mended.told(finding_of(name, fault))

    @property
    def mended(self) -> Mapping[Handle, bytes | None]:
        """What was made of all blocks, or nothing: whoever mends some of them himself must come to the same end of patience."""
        return self._mended if self._room >= 0 else {}

    def _keep(self, fault: _kernel.Fault, contents: bytes | None) -> None:
        self._room -= size_of_mended(contents)
        if self._room >= 0:
            self._mended[fault.offset, fault.size] = contents


def size_of_mended(contents: bytes | None) -> int:
    """About how much memory it takes to keep what was made of a block: bytes."""
    return _SIZE_OF_PLACE + len(contents or b"")
