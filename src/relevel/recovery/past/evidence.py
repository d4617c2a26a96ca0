"""Evidence: what files and LOG tell of times, as bounds of sequence numbers.

::

    a table or log           all in it was written before the file was last written
    CURRENT                  written when the manifest was begun: what came before is before, what came after is after
    the edit of a table      made right after the table was written: what was given out later was written later (LevelDB)
    the table before         a memtable is full only after the one before it was written out
    LOG                      the same with the times of its lines, which survive copying

Times of files say *before* whatever was done to them, for copying makes them later. They say *after* only where they are still
those of the writing: where they are those of LOG's lines, or lie further apart than copying takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Final

from relevel.format.filename import FileKind
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.past.clock import Bound, Clock, are_in_agreement
from relevel.recovery.past.extents import Extents
from relevel.recovery.past.stamps import Stamp, Stamps, read_stamps
from relevel.recovery.read.reader import Reader

_BY_FILE, _BY_LOG = 1, 2
"""How much evidence is trusted."""
_EXACT: Final = 2.0
"""Seconds that the time of a file may differ from that of its line in LOG."""
_COPY_SPEED: Final = 1 << 20
_COPY_START: Final = 120.0
"""Bytes a second, and seconds beside: a copy that takes longer is not one copy."""


def read_clock(reader: Reader, extents: Extents) -> Clock:
    """Gather all evidence of one database. Reads every table and log.

    Args:
        reader: the database.
        extents: the sequence numbers of its files.
    """
    return _Evidence(reader, extents).clock()


class _Evidence:
    def __init__(self, reader: Reader, extents: Extents) -> None:
        self._manifest = reader.directory.manifest
        self._extents = extents
        self._files = [
            file for file in reader.directory.files if file.mtime_ns and file.standing is not Standing.STRANGER
        ]
        self._mtimes = {file.name: file.mtime_ns / 1e9 for file in self._files}
        self._stamps: Stamps = read_stamps(reader.directory.storage, self._mtimes)
        self._begun = self._stamps.of("begun")
        self._all_made = {**self._stamps.of("generated"), **self._stamps.of("replayed"), **self._stamps.of("flushed")}
        self._matches = [abs(seconds) <= _EXACT for seconds in self._deviations()]

    def clock(self) -> Clock:
        """All bounds."""
        afters, untils = list(self._afters_of_log()), list(self._untils_of_log())
        notes = [self._stamps.offset] if self._stamps.offset is not None and (afters or untils) else []
        if not self._is_backdated():
            untils += self._untils_of_files()
        of_files = list(self._afters_of_files()) if self._is_original() else []
        if of_files and are_in_agreement(of_files, untils):
            afters += of_files
        else:
            notes.append("times of files may be those of a copy: they only say before when something was written")
        return Clock(afters, untils, tuple(notes))

    def _made(self, number: int) -> Stamp | None:
        """The line that tells that a table was there."""
        return self._all_made.get(number)

    def _deviations(self) -> Iterator[float]:
        """How much later than their lines in LOG tables were changed, in seconds."""
        for file in self._files:
            stamp = self._made(file.number or 0) if file.kind is FileKind.TABLE else None
            if stamp is not None:
                time = self._mtimes[file.name]
                yield max(time - stamp.latest, 0.0) + min(time - stamp.earliest, 0.0)

    def _is_backdated(self) -> bool:
        """Whether a file is older than what LOG tells of its writing."""
        return any(seconds < -_EXACT for seconds in self._deviations())

    def _is_original(self) -> bool:
        """Whether the times of files are those of their writing."""
        if self._matches:
            return all(self._matches) and "not known" not in (self._stamps.offset or "")
        times = [self._mtimes[file.name] for file in self._files if file.kind in (FileKind.TABLE, FileKind.LOG)]
        size = sum(file.size for file in self._files)
        return bool(times) and max(times) - min(times) > size / _COPY_SPEED + _COPY_START

    def _untils_of_files(self) -> Iterator[Bound]:
        for file in self._data_files():
            newest = self._extents.of(file.name).newest
            if newest is not None:
                evidence = f"{file.name}, which holds numbers up to {newest}, was last changed then"
                yield Bound(newest, self._mtimes[file.name], evidence, _BY_FILE)
        manifest = self._manifest
        if manifest is not None and manifest.last_sequence and manifest.name in self._mtimes:
            evidence = f"{manifest.name}, which knows numbers up to {manifest.last_sequence}, was last changed then"
            yield Bound(manifest.last_sequence, self._mtimes[manifest.name], evidence, _BY_FILE)
        begun = self._when_begun()
        if begun is not None:
            yield begun

    def _afters_of_files(self) -> Iterator[Bound]:
        manifest = self._manifest
        begun = self._when_begun()
        if begun is not None:
            yield begun
        for file in self._data_files():
            time, number = self._mtimes[file.name], file.number or 0
            newest = self._extents.of(file.name).newest
            addition = manifest.additions.get(number) if manifest else None
            if file.kind is FileKind.LOG and newest is not None:
                yield Bound(newest, time, f"{file.name}, which ends with {newest}, was last changed then", _BY_FILE)
            elif addition is not None and addition.last_sequence is not None and self._edits_are_up_to_date:
                evidence = f"{file.name} was there then, and {addition.last_sequence} was the newest number"
                yield Bound(addition.last_sequence, time, evidence, _BY_FILE)

    def _when_begun(self) -> Bound | None:
        """When CURRENT was written, and which number was the newest then."""
        manifest = self._manifest
        if manifest is None or manifest.first_last_sequence is None or "CURRENT" not in self._mtimes:
            return None
        sequence = manifest.first_last_sequence
        evidence = f"CURRENT was written then, when {sequence} was the newest number"
        return Bound(sequence, self._mtimes["CURRENT"], evidence, _BY_FILE)

    def _untils_of_log(self) -> Iterator[Bound]:
        for file in self._data_files():
            number = file.number or 0
            stamp = (self._begun.get(number) or self._made(number)) if file.kind is FileKind.TABLE else None
            newest = self._extents.of(file.name).newest
            if stamp is not None and newest is not None:
                evidence = f"{stamp.evidence}: {file.name} holds numbers up to {newest}"
                yield Bound(newest, stamp.latest, evidence, _BY_LOG)
        opened = self._stamps.opened
        if opened is not None and self._manifest is not None and self._manifest.first_last_sequence is not None:
            sequence = self._manifest.first_last_sequence
            yield Bound(sequence, opened.latest, f"{opened.evidence}: opened, when {sequence} was the newest", _BY_LOG)

    def _afters_of_log(self) -> Iterator[Bound]:
        manifest = self._manifest
        opened = self._stamps.opened
        if opened is not None and manifest is not None and manifest.first_last_sequence is not None:
            sequence = manifest.first_last_sequence
            yield Bound(
                sequence, opened.earliest, f"{opened.evidence}: opened, when {sequence} was the newest", _BY_LOG
            )
        for number, addition in (manifest.additions if manifest else {}).items():
            stamp = self._made(number)
            if stamp is not None and addition.last_sequence is not None and self._edits_are_up_to_date:
                evidence = f"{stamp.evidence}: {addition.last_sequence} was the newest number then"
                yield Bound(addition.last_sequence, stamp.earliest, evidence, _BY_LOG)
        yield from self._after_the_flush_before()

    def _after_the_flush_before(self) -> Iterator[Bound]:
        """A memtable is full only after the one before it was written out; but for those that are replayed from logs."""
        for before, stamp in pairwise(self._stamps.of("flushed").values()):
            newest = self._newest_in_table(stamp.table or 0)
            if newest is not None:
                yield Bound(newest, before.earliest, f"{before.evidence}: before {newest} was written out", _BY_LOG)

    @cached_property
    def _edits_are_up_to_date(self) -> bool:
        """Whether the manifest's edits have the newest number of their moment, as LevelDB's do.

        Those of goleveldb and relevel have the newest in the table that is added, and more was written meanwhile.
        """
        additions = self._manifest.additions if self._manifest else {}
        flushes = ((number, addition) for number, addition in additions.items() if addition.is_flush)
        known = ((addition.last_sequence, self._newest_in_table(number)) for number, addition in flushes)
        return any(None not in (last, newest) and last != newest for last, newest in known)

    def _newest_in_table(self, number: int) -> int | None:
        names = (file.name for file in self._files if file.kind is FileKind.TABLE and file.number == number)
        return next((self._extents.of(name).newest for name in names), None)

    def _data_files(self) -> Iterator[DatabaseFile]:
        return (file for file in self._files if file.kind in (FileKind.TABLE, FileKind.LOG))
