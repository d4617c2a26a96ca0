"""One log's part of a survey: every record read and verified and, where one flipped bit explains the damage, healed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import CATALOGUE, Finding, Severity, Span
from relevel.format.comparator import Comparator
from relevel.recovery.heal.block import Healing
from relevel.recovery.heal.log import heal_log
from relevel.recovery.heal.repair import healed_finding
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.storage.read_only import ReadOnlyDirectory

_MOST_TO_HEAL: Final = 256 << 20
"""Logs above this size are not held in memory, so their records are not healed: bytes."""
_PREALLOCATION: Final = 64 << 10
"""Writers that preallocate a log with zeroes do so in multiples of this: bytes."""
_HEALABLE: Final = frozenset({"log.record.checksum-mismatch", "log.record.bad-length", "log.record.unknown-type"})


@dataclass(frozen=True, slots=True)
class LogSurvey:
    """What one log is worth.

    Attributes:
        file: which log.
        source: what to read its records from: its path, or its bytes with what was healed put back.
        scan: what reading every record found, healed ones included; None where it cannot be read at all.
        findings: what is wrong with it.
    """

    file: DatabaseFile
    source: _kernel.Source
    scan: _kernel.LogScan | None
    findings: tuple[Finding, ...]

    @property
    def losses(self) -> tuple[Finding, ...]:
        """The findings that may cost operations: damage or a torn end that was not healed."""
        return tuple(finding for finding in self.findings if finding.severity > Severity.NOTE and not finding.is_healed)


def survey_log(storage: ReadOnlyDirectory, comparator: Comparator, file: DatabaseFile) -> LogSurvey:
    """Read and verify one log. Never raises on content, nor where it cannot be read: that is a finding."""
    source: _kernel.Source = storage.path(file.name)
    healed: list[Finding] = []
    try:
        scan = _kernel.scan_log(source, comparator.kernel)
        if file.size <= _MOST_TO_HEAL and any(fault.code in _HEALABLE for fault in scan.faults):
            data = storage.read(file.name)
            patched, healings = heal_log(data, (fault.offset for fault in scan.faults if fault.code in _HEALABLE))
            if healings:
                healed = [_healed(file, scan.faults, healing) for healing in healings]
                source, scan = patched, _kernel.scan_log(patched, comparator.kernel)
    except OSError as error:
        message = f"{file.name}: cannot be read: {error.strerror or error}"
        unreadable = Finding(
            "file.unreadable", CATALOGUE["file.unreadable"].severity, Span(file.name, 0, file.size), message
        )
        return LogSurvey(file, source, None, tuple(_weighed(file, [unreadable])))
    findings = healed + [finding_of(file.name, fault) for fault in scan.faults] + list(_zero_tail(file, scan))
    return LogSurvey(file, source, scan, tuple(_weighed(file, findings)))


def _healed(file: DatabaseFile, faults: Iterable[_kernel.Fault], healing: Healing) -> Finding:
    fault = max(
        (fault for fault in faults if fault.code in _HEALABLE and fault.offset <= healing.offset),
        key=lambda fault: fault.offset,
    )
    return healed_finding(finding_of(file.name, fault), replace(healing, offset=healing.offset - fault.offset))


def _zero_tail(file: DatabaseFile, scan: _kernel.LogScan) -> Iterable[Finding]:
    """Zeroes at the end are preallocation where the file's size says so; else writes may have been lost there."""
    size = scan.zero_tail_size
    if size == 0:
        return
    preallocated = scan.file_size % _PREALLOCATION == 0
    message = f"{file.name}: ends in {size} zero bytes from offset {scan.file_size - size}"
    severity = Severity.NOTE if preallocated else Severity.WARNING
    yield Finding("log.tail.zeroed", severity, Span(file.name, scan.file_size - size, size), message)


def _weighed(file: DatabaseFile, findings: Iterable[Finding]) -> Iterable[Finding]:
    """What is wrong with a log that does not count for what is live is no more than a note."""
    counts = file.standing in (Standing.LIVE, Standing.UNPROVEN)
    return (finding if counts else replace(finding, severity=Severity.NOTE) for finding in findings)
