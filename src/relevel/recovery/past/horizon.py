"""Horizon: from which sequence number on the past is complete, and why.

Sequence numbers are given out one after another. A version that is nowhere on disk is a *gap*: a compaction has dropped it,
because a newer version of its key was there, or because it was a deletion with nothing under it. What is lost of the past lies
in gaps. So

- below the lowest gap the past is complete;
- a version that was dropped at gap g is missing from ``at(n)`` for n from g on, until the newer version that made it go. That
  one has been through a compaction as well: it is now in a table that a compaction has written (or that was replaced), or is
  itself a gap. So from the highest gap on, and from the newest version in such tables that may be of the key, nothing is missing.

What has *not* been through a compaction: the logs that count, and the tables of which the manifest's edits or LOG tell that they
are memtables written out, and in which no number is missing.

A version that damage has cost has no newer one that makes up for it: where keys are at risk, no number is said to be complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from relevel._kernel.past import Sequences
from relevel.files.faults import finding_of
from relevel.files.log import TORN
from relevel.findings import Finding, KeyRange, untold
from relevel.format.filename import FileKind
from relevel.recovery.inventory.standing import DatabaseFile, Proof, Standing
from relevel.recovery.lineage.chronicle import read_chronicle
from relevel.recovery.past.extents import Extents
from relevel.recovery.read.reader import EVERY_KEY, KeySpan, Reader
from relevel.storage.failure import refusals_named


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far back the past of some keys is complete.

    Attributes:
        sequence: from this sequence number on it is, up to the newest; None where no number can be proved to be.
        reason: why not further back.
        newest: the newest sequence number of which anything tells. Of a log that was cut off cleanly nothing tells.
        gap: the lowest sequence number of which nothing is on disk; below it the past is complete too. None where there is none.
    """

    sequence: int | None
    reason: str
    newest: int
    gap: int | None = None

    def is_complete_at(self, sequence: int) -> bool:
        """Whether ``History.at(sequence)`` is proved to be just what was there."""
        is_below = self.gap is not None and sequence < self.gap
        return is_below or (self.sequence is not None and self.sequence <= sequence <= self.newest)

    def covers(self, sequence: int) -> bool:
        """Whether no compaction may have dropped what was there at a sequence number. From the newest on, that is what is now."""
        return sequence >= self.newest or self.is_complete_at(sequence)


class _Doubt(NamedTuple):
    """Why nothing is proved, and whether what may be missing shows as gaps: what was healed in doubt is there and may be wrong."""

    reason: str
    is_in_gaps: bool = True


class Completeness:
    """What of the past is on disk. Reads every table and log once, when first asked.

    Attributes:
        met: what was found wrong while reading.
    """

    def __init__(self, reader: Reader, extents: Extents) -> None:
        self._reader = reader
        self._extents = extents
        self.met: list[Finding] = []

    @property
    def oldest(self) -> int | None:
        """The lowest sequence number on disk."""
        return self._found.oldest

    @property
    def newest(self) -> int | None:
        """The highest sequence number on disk."""
        return self._found.newest

    def horizon(self, span: KeySpan) -> Horizon:
        """How far back the past of these keys is complete."""
        gap = self._gaps[0]
        doubt = next(self._doubts(span), None)
        if doubt is not None:
            return Horizon(None, doubt.reason, self._newest, gap if doubt.is_in_gaps else None)
        if gap is None:
            return Horizon(0, "every sequence number from the first on is on disk", self._newest)
        return max(self._limits(span), key=lambda horizon: horizon.sequence or 0)

    def _limits(self, span: KeySpan) -> Iterator[Horizon]:
        first, last = self._gaps
        if last is not None:
            yield Horizon(
                last,
                f"nothing is on disk of sequence number {last}: a compaction has dropped it, or it was never used",
                self._newest,
                first,
            )
        compacted = self._newest_compacted(span)
        if compacted:
            reason = f"compactions, which drop what was overwritten, have seen versions of these keys up to {compacted}"
            yield Horizon(compacted, reason, self._newest, first)
        begin = self._reader.current_from
        if self._reader.inputs.past and begin is not None:
            reason = f"files that were replaced are still there, and may hold keys whose deletion is not: up to {begin} they count"
            yield Horizon(begin, reason, self._newest, first)

    @cached_property
    def _found(self) -> Sequences:
        """Every sequence number on disk."""
        return self._sequences()

    @cached_property
    def _newest(self) -> int:
        """The newest sequence number of which anything tells."""
        return max(self._found.newest or 0, self._reader.newest_sequence or 0)

    @cached_property
    def _gaps(self) -> tuple[int | None, int | None]:
        """The lowest and the highest number that nothing on disk has."""
        return self._found.first_missing(1, self._newest), self._found.last_missing(1, self._newest)

    @cached_property
    def _is_of_one_life(self) -> bool:
        """Whether each number has one version, and every version is in a file that is known to be of this database.

        A log that is over is not: what was in it is in tables, or was dropped by a compaction, and one of another life may fill
        that gap.
        """
        if self._found.version_count != self._found.count:
            return False
        strays = [name for name in self._reader.inputs.by_file if self._may_be_astray(name)]
        return not strays or self._sequences(without=strays).version_count == self._found.version_count

    def _may_be_astray(self, name: str) -> bool:
        file = self._reader.directory.by_name[name]
        is_old_log = file.kind is FileKind.LOG and file.standing is Standing.SUPERSEDED
        return is_old_log or file.standing is Standing.ORPHAN

    def _doubts(self, span: KeySpan) -> Iterator[_Doubt]:
        """Why nothing can be proved of these keys."""
        if self._found.has_forgotten:
            reason = "there are more sequence numbers with gaps between them than are held in memory"
            yield _Doubt(reason, is_in_gaps=False)
        elif not self._is_of_one_life:
            yield _Doubt(
                "sequence numbers were given twice, or a table that no manifest knows or a log that is over holds what nothing "
                "else does: files of several lives of the database may lie together",
                is_in_gaps=False,
            )
        found = (*self._reader.findings, *self._losses)
        for finding in sorted(found, key=lambda finding: not finding.is_healed):
            if self._costs(finding) and self._is_at_risk(finding, span):
                yield _Doubt(_why_lost(finding), is_in_gaps=not finding.is_healed)
        lost = self._lost_in_logs
        if lost is not None:
            yield _Doubt(f"nothing is on disk of sequence number {lost}, which was or may have been in a log")

    @cached_property
    def _lost_in_logs(self) -> int | None:
        """The highest number that is nowhere, and that no compaction can have dropped for all that is known."""
        begin = self._reader.inputs.oldest_in_logs
        if begin is not None:
            return self._found.last_missing(begin, self._newest)
        lost = self._gaps[1]
        manifest = self._reader.directory.manifest
        in_tables = (manifest.first_last_sequence if manifest else None) or 0
        return lost if lost is not None and lost > max(self._found.newest or 0, in_tables) else None

    def _costs(self, finding: Finding) -> bool:
        """Whether versions may be lost by it that no compaction has dropped."""
        if finding.code == TORN and finding.span.file == self._newest_log and self._lost_in_logs is None:
            return False  # what was lost there is newer than everything that is on disk
        file = self._reader.directory.by_name.get(finding.span.file)
        return finding.is_loss and (file is None or file.standing not in (Standing.SUPERSEDED, Standing.ORPHAN))

    @cached_property
    def _newest_log(self) -> str | None:
        logs = self._reader.directory.current_logs()
        return logs[-1].name if logs else None

    def _is_at_risk(self, finding: Finding, span: KeySpan) -> bool:
        keys, compare = finding.keys or KeyRange(), self._reader.comparator.compare
        is_before = span.start is not None and keys.upper is not None and compare(keys.upper, span.start) < 0
        is_after = span.stop is not None and keys.lower is not None and compare(keys.lower, span.stop) >= 0
        return not is_before and not is_after

    @cached_property
    def _losses(self) -> list[Finding]:
        """What was found wrong while reading everything."""
        return self.met if self._found else []

    @cached_property
    def _compacted(self) -> set[str]:
        """The files of which it is not known that nothing in them has been through a compaction."""
        return set(self._reader.inputs.by_file) - {file.name for file in self._not_compacted()}

    def _not_compacted(self) -> Iterator[DatabaseFile]:
        directory = self._reader.directory
        if directory.proof is Proof.MANIFEST:
            yield from directory.of_kind(FileKind.LOG, Standing.LIVE)
            yield from (file for file in self._flushed() if self._extents.of(file.name).is_without_gap)

    def _flushed(self) -> Iterator[DatabaseFile]:
        """The live tables that are known to be memtables written out."""
        manifest, chronicle = self._reader.directory.manifest, read_chronicle(self._reader.directory.storage)
        for file in self._reader.directory.of_kind(FileKind.TABLE, Standing.LIVE):
            number = file.number or 0
            addition = manifest.additions.get(number) if manifest else None
            size, _ = chronicle.created.get(number, (None, None))
            is_told = number in chronicle.flushed and size in (None, file.size)
            if addition.is_flush if addition is not None else is_told:
                yield file

    def _newest_compacted(self, span: KeySpan) -> int:
        """The newest version of some keys that may have been through a compaction; 0 where there is none.

        File by file, those with the newest versions first: the others need not be read.
        """
        newest = 0
        ordered = sorted(((self._extents.of(name).newest or 0, name) for name in self._compacted), reverse=True)
        for newest_of_all, name in ordered:
            if newest_of_all <= newest:
                break
            of_span = newest_of_all if span == EVERY_KEY else self._extents.newest_in(name, span)
            newest = max(newest, of_span or 0)
        return newest

    def _sequences(self, without: Iterable[str] = ()) -> Sequences:
        """The sequence numbers in all files but some."""
        repairer = self._reader.repairer()
        cursor = self._reader.cursor(
            "versions",
            past=True,
            repair=repairer,
            without=without,
        )
        with refusals_named(str(self._reader.directory.path)):
            found = cursor.sequences()
        met = (finding_of(name, fault) for name, fault in cursor.take_faults())
        self.met += [*repairer.findings, *untold(met, self._reader.findings)]
        return found


def _why_lost(finding: Finding) -> str:
    if finding.is_unseen:
        return f"versions of these keys may be in what is not looked at: {finding.message}"
    return f"damage may have cost versions of these keys: {finding.message}"
