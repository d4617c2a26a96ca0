"""One log's part of a survey: every record read and verified and, where one flipped bit explains the damage, healed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.files.log import TORN
from relevel.findings import CATALOGUE, Finding, Severity, Span
from relevel.format.comparator import Comparator
from relevel.recovery.heal.checksum import Trust
from relevel.recovery.heal.log import heal_file
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.survey.contents import verify_contents
from relevel.storage.patched import within_limit
from relevel.storage.read_only import ReadOnlyDirectory

_RECORDS_AT_ONCE: Final = 256
_PREALLOCATION: Final = 64 << 10
"""Writers that preallocate a log with zeroes do so in multiples of this: bytes."""


@dataclass(frozen=True, slots=True)
class LogSurvey:
    """What one log is worth.

    Attributes:
        file: which log.
        data: its bytes with what was healed put back; None where nothing was, and the file is to be read.
        end: where it ends: before a record that another program is just writing; None where there is none such.
        scan: what reading every record found, healed ones included; None where it cannot be read at all.
        findings: what is wrong with it.
    """

    file: DatabaseFile
    data: bytes | None
    end: int | None
    scan: _kernel.LogScan | None
    findings: tuple[Finding, ...]

    @property
    def losses(self) -> tuple[Finding, ...]:
        """The findings that may cost operations: damage or a torn end that was not healed."""
        return tuple(finding for finding in self.findings if finding.is_loss)

    def source(self, storage: ReadOnlyDirectory) -> _kernel.Source:
        """Give what to read its records from.

        Raises:
            OSError: it cannot be opened.
        """
        if self.data is not None:
            return within_limit(storage, self.data[: self.end])
        source = storage.source(self.file.name)
        if self.end is None:
            return source
        return (_kernel.File(source) if isinstance(source, str) else source).cut(self.end)


def survey_log(
    storage: ReadOnlyDirectory, comparator: Comparator, file: DatabaseFile, trust: int = Trust.TESTED
) -> LogSurvey:
    """Read and verify one log. Never raises on content, nor where it cannot be read: that is a finding."""
    data: bytes | None = None
    healed: list[Finding] = []
    try:
        source: _kernel.Source = storage.source(file.name)
        scan = _kernel.scan_log(source, comparator.kernel)
        findings = [finding_of(file.name, fault, scan.file_size) for fault in scan.faults]
        healing = heal_file(storage, file.name, findings, trust)
        if healing is not None:
            data, healed = healing
            scan = _kernel.scan_log(within_limit(storage, data), comparator.kernel)
            findings = [finding_of(file.name, fault, scan.file_size) for fault in scan.faults]
        if scan.record_count == 0 and scan.zero_tail_size == 0:
            findings += verify_contents(storage, file)
        end, findings = _cut_off(storage, findings)
    except OSError as error:
        message = f"{file.name}: cannot be read: {error.strerror or error}"
        span = Span(file.name, 0, file.size)
        unreadable = Finding("file.unreadable", CATALOGUE["file.unreadable"].severity, span, message)
        return LogSurvey(file, None, None, None, tuple(_weighed(file, [unreadable])))
    return LogSurvey(file, data, end, scan, tuple(_weighed(file, [*healed, *findings, *_zero_tail(file, scan)])))


def healed_records(storage: ReadOnlyDirectory, survey: LogSurvey) -> Iterator[int]:
    """The offsets of the records in which a bit was put back: no checksum that was stored vouches for them."""
    hurt = sorted(offset for finding in survey.findings for offset, _ in finding.healed_flips)
    if not hurt:
        return
    reader = _kernel.LogReader(survey.source(storage))
    while records := reader.read(_RECORDS_AT_ONCE):
        for offset, end, _ in records:
            position = bisect_left(hurt, offset)
            if position < len(hurt) and hurt[position] < end:
                yield offset


def _zero_tail(file: DatabaseFile, scan: _kernel.LogScan) -> Iterable[Finding]:
    """Zeroes at the end are preallocation where the file's size says so; else writes may have been lost there."""
    size = scan.zero_tail_size
    if size == 0:
        return
    preallocated = scan.file_size % _PREALLOCATION == 0
    message = f"{file.name}: ends in {size} zero bytes from offset {scan.file_size - size}"
    severity = Severity.NOTE if preallocated else Severity.WARNING
    yield Finding("log.tail.zeroed", severity, Span(file.name, scan.file_size - size, size), message)


def _cut_off(storage: ReadOnlyDirectory, findings: list[Finding]) -> tuple[int | None, list[Finding]]:
    """Of a log that somebody goes on writing, leave out the record at the end that was not whole when the log was opened.

    No program has been told that it is written: it is a note and no loss.
    """
    torn = next((finding for finding in findings if finding.code == TORN), None)
    if torn is None or not (storage.is_locked or storage.has_moved_on(torn.span.file)):
        return None, findings
    message = f"{torn.message}; another program is just writing this record, which is left out"
    noted = replace(torn, severity=Severity.NOTE, message=message)
    return torn.span.offset, [noted if finding is torn else finding for finding in findings]


def _weighed(file: DatabaseFile, findings: Iterable[Finding]) -> Iterable[Finding]:
    """What is wrong with a log that does not count for what is live is no more than a note."""
    counts = file.standing in (Standing.LIVE, Standing.UNPROVEN)
    return (finding if counts else replace(finding, severity=Severity.NOTE) for finding in findings)
