"""Claims: what a manifest says of tables and logs, those that it has let go included.

The names are lost, and the sizes and end keys that a manifest gives with each number are not. Few tables of a database have the
same, for an end key has a sequence number in it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from relevel import _kernel
from relevel.format.comparator import find_comparator, is_known
from relevel.format.version_edit import FileMetadata, VersionEdit, scan_version_edit
from relevel.recovery.carving.piece import ALL_ORDERS, CarvingProof, Kind, Piece
from relevel.storage.failure import refusals

_RECORDS_AT_ONCE = 256


@dataclass(slots=True)
class Claims:
    """What one manifest says.

    Attributes:
        comparator: name of the order of the keys.
        log_number: logs with this number or a higher one count.
        next_file_number: no file had this number yet.
        last_sequence: the newest sequence number in the tables, or thereabouts.
        live: the tables that count, by number.
        added: every table that ever counted, by number.
        _made_at: the level at which each was added first.
        _replaced_at: the level that each was removed from, if nothing newer was merged with it.
    """

    comparator: str | None = None
    log_number: int = 0
    next_file_number: int = 0
    last_sequence: int = 0
    live: dict[int, FileMetadata] = field(default_factory=dict)
    added: dict[int, FileMetadata] = field(default_factory=dict)
    _by_end: dict[bytes, list[FileMetadata]] = field(default_factory=lambda: defaultdict(list))
    _made_at: dict[int, int] = field(default_factory=dict)
    _replaced_at: dict[int, int] = field(default_factory=dict)

    @property
    def age(self) -> tuple[int, int]:
        """What is larger in a newer manifest of the same database."""
        return self.next_file_number, self.last_sequence

    @property
    def orders(self) -> frozenset[str]:
        """The orders that keys may be in."""
        known = self.comparator is not None and is_known(self.comparator)
        order = find_comparator(self.comparator).kernel if known and self.comparator is not None else None
        return frozenset({order}) if isinstance(order, str) else ALL_ORDERS

    def numbers_of(self, piece: Piece) -> list[int]:
        """The numbers that a table may have, where this manifest has it: its size and an end key tell, of a whole one both.

        More than one where values are all of one size, and tables were made from one another. Of a table that has lost its footer
        the size is not known. Then the first key tells, if only one table began with it.
        """
        if piece.kind is not Kind.TABLE or piece.content.keys is None:
            return []
        smallest, largest = piece.content.keys
        near = {metadata.number: metadata for key in (smallest, largest) for metadata in self._by_end.get(key, ())}
        if piece.proof is CarvingProof.BLOCKS:
            fitting = [table for table in near.values() if table.smallest == smallest and table.file_size >= piece.size]
            return [fitting[0].number] if len(fitting) == 1 else []
        return sorted(
            table.number
            for table in near.values()
            if table.file_size == piece.size
            and (table.smallest == smallest) + (table.largest == largest) > piece.is_whole
        )

    def is_copy(self, older: int, newer: int) -> bool:
        """Say whether a later table, of the same size and ends, has the very versions of one that was replaced.

        It has where the replaced one was the newest input of its compaction: it came from a shallower level than the later one was
        made at. Else newer versions may stand between the ends, where values are all of one size.
        """
        return self._replaced_at.get(older, self._made_at.get(newer, 0)) < self._made_at.get(newer, 0)

    def apply(self, edit: VersionEdit) -> None:
        """Take an edit in."""
        self.comparator = self.comparator if edit.comparator is None else edit.comparator
        self.log_number = self.log_number if edit.log_number is None else edit.log_number
        self.next_file_number = max(self.next_file_number, edit.next_file_number or 0)
        self.last_sequence = max(self.last_sequence, edit.last_sequence or 0)
        newest = min((level for level, _ in edit.deleted_files), default=0)
        in_level_0 = [number for level, number in edit.deleted_files if level == 0]
        for level, number in edit.deleted_files:
            self.live.pop(number, None)
            self._replaced_at.pop(number, None)
            if level == newest and (level or in_level_0 == [number]):
                self._replaced_at[number] = level
        for level, metadata in edit.new_files:
            self.live[metadata.number] = metadata
            self._made_at.setdefault(metadata.number, level)
            if metadata.number not in self.added:
                self._by_end[metadata.smallest].append(metadata)
                self._by_end[metadata.largest].append(metadata)
            self.added[metadata.number] = metadata


def read_claims(piece: Piece) -> Claims:
    """Read a manifest that was found, beyond damage too.

    Raises:
        StorageError: the image cannot be read.
    """
    claims = Claims()
    with refusals("cannot read", piece.image.path):
        reader = _kernel.LogReader(piece.source())
        while records := reader.read(_RECORDS_AT_ONCE):
            for _, _, payload in records:
                claims.apply(scan_version_edit(payload).edit)
    return claims
