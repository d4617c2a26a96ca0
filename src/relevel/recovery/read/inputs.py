"""Inputs: the files of a directory as the merging cursor takes them.

Tables of one level whose ranges the manifest keeps apart are read one after another, one open at a time; all others are inputs
of their own. Logs are sorted by the kernel, and read with what could be healed put back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from relevel import _kernel
from relevel.findings import CATALOGUE, Finding, Span
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.survey.access import TableAccess, find_access
from relevel.recovery.survey.identity import is_as_claimed
from relevel.recovery.survey.log import LogSurvey, healed_records, survey_log
from relevel.recovery.survey.succession import verify_log_ends, verify_logs_by_ends
from relevel.recovery.survey.table import TableSurvey, survey_table
from relevel.storage.patched import Readable
from relevel.storage.temporary import temporary_folder

_LOG_MEMORY: Final = (64 << 20, 1 << 20)
"""What all logs may take in memory together before they are sorted in temporary files, and what one may at least: bytes."""
STANDINGS: Final = {
    Standing.LIVE: "current",
    Standing.UNPROVEN: "current",
    Standing.SUPERSEDED: "superseded",
    Standing.ORPHAN: "unproven",
}
"""What the kernel calls the standing of a file that is there."""


def memory_of_a_log(directory: Directory) -> int:
    """What one log of a directory may take in memory before it is sorted in temporary files: bytes."""
    in_all, least = _LOG_MEMORY
    return max(in_all // max(1, sum(1 for _ in directory.of_kind(FileKind.LOG))), least)


@dataclass(frozen=True, slots=True)
class InputSet:
    """Files ready to be merged.

    Attributes:
        current: what counts for the database as it is now.
        past: superseded and orphan tables and logs.
        findings: what was found wrong while opening them: unreadable files, damaged indexes, damaged logs.
        unverified: file and offset of the log records in which a bit was put back.
        oldest_in_logs: the lowest sequence number in the logs that count; None where there is none.
        newest_in_logs: the highest sequence number in the logs that count; 0 where there is none.
        by_file: the inputs of each file, by its name.
    """

    current: tuple[_kernel.Input, ...]
    past: tuple[_kernel.Input, ...]
    findings: tuple[Finding, ...]
    unverified: frozenset[tuple[str, int]]
    oldest_in_logs: int | None
    newest_in_logs: int
    by_file: Mapping[str, Sequence[_kernel.Input]]


def open_inputs(directory: Directory, comparator: Comparator, *, only: str | None = None) -> InputSet:
    """Prepare the tables and logs of a directory for merging; with ``only``, one file alone, told of as one that counts."""
    opener = _Opener(directory, comparator)
    files = [*directory.of_kind(FileKind.TABLE), *directory.of_kind(FileKind.LOG)]
    if only is not None:
        # as one that counts, its faults keep their severity; that nothing says so of its rows, the kernel is told
        asked = [replace(file, standing=Standing.UNPROVEN) for file in files if file.name == only]
        return opener.result([], [item for file in asked for item in opener.open(file, "unproven")])
    levels: dict[int, list[DatabaseFile]] = defaultdict(list)
    current: list[_kernel.Input] = []
    past: list[_kernel.Input] = []
    for file in files:
        if file.standing is Standing.LIVE and file.level and file.metadata is not None:
            levels[file.level].append(file)
            continue
        items = opener.open(file, STANDINGS[file.standing])
        (current if STANDINGS[file.standing] == "current" else past).extend(items)
    for tables in levels.values():
        current += opener.open_level(tables)
    opener.verify_succession()
    return opener.result(current, past)


class _Opener:
    """Makes inputs and keeps the findings met on the way."""

    def __init__(self, directory: Directory, comparator: Comparator) -> None:
        self.findings: list[Finding] = []
        self._unverified: set[tuple[str, int]] = set()
        self._logs: list[LogSurvey] = []
        self._strays: set[str] = set()
        self._newest_in_logs = 0
        self._begins: list[int] = []
        self._by_file: dict[str, Sequence[_kernel.Input]] = {}
        self._directory = directory
        self._storage = directory.storage
        self._comparator = comparator
        self._temp_dir = temporary_folder()
        self._log_memory = memory_of_a_log(directory)

    def open(self, file: DatabaseFile, standing: str) -> Sequence[_kernel.Input]:
        return self._log(file, standing) if file.kind is FileKind.LOG else self._open_table(file, standing)

    def _open_table(self, file: DatabaseFile, standing: str) -> Sequence[_kernel.TableInput]:
        inputs = self._table(file, standing)
        self._by_file[file.name] = inputs
        return inputs

    def open_level(self, tables: Sequence[DatabaseFile]) -> Iterable[_kernel.Input]:
        """One input for the whole level where the manifest keeps its tables apart, else one for each table."""
        order = self._comparator.internal_sort_key
        ordered = sorted(tables, key=lambda file: order(file.metadata.smallest if file.metadata else b""))
        opened = [self._open_table(file, "current") for file in ordered]
        every = [item for items in opened for item in items]
        in_order = self._strays.isdisjoint(file.name for file in tables)
        return [_kernel.LevelInput(every)] if every and in_order and self._are_apart(ordered) else every

    def verify_succession(self) -> None:
        """Hold the logs against the manifest, as far as that can be done without reading every table."""
        self.findings += verify_logs_by_ends(self._directory, self._logs)
        self.findings += verify_log_ends(self._directory, self._logs)

    def result(self, current: Sequence[_kernel.Input], past: Sequence[_kernel.Input]) -> InputSet:
        """The inputs, with what was learned while they were made."""
        unverified = frozenset(self._unverified)
        return InputSet(
            current=tuple(current),
            past=tuple(past),
            findings=tuple(self.findings),
            unverified=unverified,
            oldest_in_logs=min(self._begins, default=None),
            newest_in_logs=self._newest_in_logs,
            by_file=self._by_file,
        )

    def _table(self, file: DatabaseFile, standing: str) -> Sequence[_kernel.TableInput]:
        try:
            access = find_access(self._storage, file.name, trusts_checksum=True)
            is_claimed = is_as_claimed(self._storage, file)
        except OSError as error:
            self._unreadable(file, error)
            return []
        if access.blocks is None and is_claimed:
            return [table_input(self._storage, file, standing, access)]
        survey = survey_table(self._storage, self._comparator, file)  # what no cursor looks at must be told too
        self.findings += survey.findings
        if survey.is_in_its_place:
            return [self._surveyed(survey, file, standing, access)]
        self._strays.add(file.name)
        if survey.is_out_of_order:
            return block_inputs(self._directory, survey, standing)
        return [self._surveyed(survey, replace(file, metadata=None), standing, access)]

    def _surveyed(
        self, survey: TableSurvey, file: DatabaseFile, standing: str, access: TableAccess
    ) -> _kernel.TableInput:
        return table_input(survey.storage(self._storage), file, standing, survey.access or access)

    def _log(self, file: DatabaseFile, standing: str) -> Sequence[_kernel.LogInput]:
        survey = survey_log(self._storage, self._comparator, file)
        self.findings += survey.findings
        self._logs.append(survey)
        self._unverified |= {(file.name, offset) for offset in healed_records(self._storage, survey)}
        if survey.scan is None:
            return []
        if standing == "current":
            self._newest_in_logs = max(self._newest_in_logs, survey.scan.max_sequence or 0)
            self._begins += [] if survey.scan.min_sequence is None else [survey.scan.min_sequence]
        source, memory = survey.source(self._storage), self._log_memory
        log = _kernel.LogInput(source, file.name, standing, temp_dir=self._temp_dir, memory_limit=memory)
        self._by_file[file.name] = [log]
        return [log]

    def _unreadable(self, file: DatabaseFile, error: OSError) -> None:
        message = f"{file.name}: cannot be read: {error.strerror or error}"
        span = Span(file.name, 0, file.size)
        self.findings.append(Finding("file.unreadable", CATALOGUE["file.unreadable"].severity, span, message))

    def _are_apart(self, ordered: Sequence[DatabaseFile]) -> bool:
        """Whether each table's range ends before the next one's begins, or in the same user key with newer versions."""
        ranges = [file.metadata for file in ordered if file.metadata is not None]
        compare = self._comparator.compare_internal
        return all(compare(left.largest, right.smallest) < 0 for left, right in pairwise(ranges))


def block_inputs(directory: Directory, table: TableSurvey, standing: str) -> list[_kernel.TableInput]:
    """Each data block of a table as an input of its own: order between blocks does not matter then."""
    source = table.storage(directory.storage).source(table.file.name)
    return [_kernel.TableInput(source, table.file.name, standing, blocks=[handle]) for handle in table.data_blocks()]


def table_input(storage: Readable, file: DatabaseFile, standing: str, access: TableAccess) -> _kernel.TableInput:
    """One table as an input, reached the way that was found."""
    metadata = file.metadata
    return _kernel.TableInput(
        storage.source(file.name),
        file.name,
        standing,
        blocks=access.blocks,
        smallest=metadata.smallest if metadata else None,
        largest=metadata.largest if metadata else None,
    )
