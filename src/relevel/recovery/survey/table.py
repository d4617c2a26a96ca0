"""One table's part of a survey: every block read, verified and, where one flipped bit explains the damage, healed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import CATALOGUE, Finding, KeyRange, Severity, Span
from relevel.format.comparator import Comparator
from relevel.format.internal_key import user_key_of
from relevel.recovery.heal.block import heal_block
from relevel.recovery.heal.repair import healed_finding
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.survey.access import Route, TableAccess, find_access
from relevel.storage.read_only import ReadOnlyDirectory

_CHECKSUM: Final = ".checksum-mismatch"
_FRAME_OF_INDEX: Final = ("table.footer.", "table.index.", "table.too-short", "table.empty")
_GAP: Final = "table.gap"
_DATA_PARTS: Final = ("table.block.", "table.gap", "table.overlap")


@dataclass(frozen=True, slots=True)
class TableSurvey:
    """What one table is worth.

    Attributes:
        file: which table.
        access: how its blocks are reached; None where it cannot be read at all.
        scan: what reading every block found; None where it cannot be read at all.
        findings: what is wrong with it.
    """

    file: DatabaseFile
    access: TableAccess | None
    scan: _kernel.TableScan | None
    findings: tuple[Finding, ...]

    @property
    def losses(self) -> tuple[Finding, ...]:
        """The findings that cost entries."""
        return tuple(finding for finding in self.findings if finding.is_loss)

    @property
    def is_out_of_order(self) -> bool:
        """Whether keys do not ascend, within a block or from one to the next."""
        return any(finding.code.endswith(".key-order") for finding in self.findings)

    def data_blocks(self) -> list[tuple[int, int]]:
        """The handles of the data blocks that were found, damaged ones included."""
        blocks = self.scan.blocks() if self.scan is not None else []
        return [(offset, size) for offset, size, kind, _, _ in blocks if kind == "data"]

    @property
    def is_intact(self) -> bool:
        """Whether the file can be used as it is, byte for byte."""
        return self.scan is not None and not any(finding.severity > Severity.NOTE for finding in self.findings)


def survey_table(storage: ReadOnlyDirectory, comparator: Comparator, file: DatabaseFile) -> TableSurvey:
    """Read and verify one table. Never raises on content, nor where it cannot be read: that is a finding."""
    try:
        access, scan, faults = _scan(storage, comparator, file)
        findings = [_finding(storage, file, fault) for fault in faults]
    except OSError as error:
        unreadable = _note(file, "file.unreadable", f"{file.name}: cannot be read: {error.strerror or error}")
        return TableSurvey(file, None, None, (_weighed(file, unreadable),))
    findings = [_reached_another_way(finding, access) for finding in findings]
    findings += _verify_end(file, access, scan)
    findings += _verify_against_manifest(file, scan, comparator)
    return TableSurvey(file, access, scan, tuple(_weighed(file, finding) for finding in findings))


def _scan(
    storage: ReadOnlyDirectory, comparator: Comparator, file: DatabaseFile
) -> tuple[TableAccess, _kernel.TableScan, list[_kernel.Fault]]:
    """Read a table through its index, or the way that was found where footer or index are damaged."""
    path = storage.path(file.name)
    scan = _kernel.scan_table(path, comparator.kernel)
    if not any(fault.code.startswith(_FRAME_OF_INDEX) for fault in scan.faults):
        return TableAccess(Route.INDEX), scan, _without_lost_filter(scan)
    access = find_access(storage, file.name)
    if access.blocks is None:
        return access, scan, scan.faults
    frame = [fault for fault in scan.faults if not fault.code.startswith(_DATA_PARTS)]
    scan = _kernel.scan_table(path, comparator.kernel, blocks=access.blocks, check_filter=False)
    in_data = [fault for fault in scan.faults if fault.code.startswith(_DATA_PARTS)]
    if _reaches_the_end(access, file, scan):
        in_data = [fault for fault in in_data if fault.code != _GAP or fault.offset < access.data_end]
    return access, scan, frame + in_data


def _without_lost_filter(scan: _kernel.TableScan) -> list[_kernel.Fault]:
    """Where the metaindex is damaged, nothing names the filter: what stands after all the blocks of an index is no loss."""
    if not any(fault.code.startswith("table.metaindex.") for fault in scan.faults):
        return scan.faults
    data_end = max((offset + size for offset, size, kind, _, _ in scan.blocks() if kind == "data"), default=0)
    return [fault for fault in scan.faults if fault.code != _GAP or fault.offset < data_end]


def _reaches_the_end(access: TableAccess, file: DatabaseFile, scan: _kernel.TableScan) -> bool:
    """Whether no data block can stand after the last one found: an index says so, or the manifest's largest key is in it."""
    return access.route is not Route.WALK or (file.metadata is not None and scan.largest == file.metadata.largest)


def _finding(storage: ReadOnlyDirectory, file: DatabaseFile, fault: _kernel.Fault) -> Finding:
    finding = finding_of(file.name, fault)
    if not fault.code.endswith(_CHECKSUM):
        return finding
    healing = heal_block(storage.read(file.name, fault.offset, fault.size))
    return finding if healing is None else healed_finding(finding, healing)


def _reached_another_way(finding: Finding, access: TableAccess) -> Finding:
    """A lost footer or index costs nothing where the blocks were reached all the same."""
    if (
        access.route is Route.INDEX
        or finding.is_healed
        or not finding.code.startswith(("table.footer.", "table.index."))
    ):
        return finding
    message = f"{finding.message}; the data blocks were found by their checksums instead"
    return replace(finding, message=message, evidence={**finding.evidence, "route": str(access.route)})


def _verify_end(file: DatabaseFile, access: TableAccess, scan: _kernel.TableScan) -> Iterable[Finding]:
    """A table cut between two blocks leaves no trace but the lack of a proof that the last block found was the last."""
    after_data = any(fault.code == _GAP and fault.offset >= access.data_end for fault in scan.faults)
    if after_data or _reaches_the_end(access, file, scan):
        return
    message = (
        f"{file.name}: ends at {scan.file_size} without an index, so blocks may be missing after the last one found"
    )
    lower = user_key_of(scan.largest) if scan.largest is not None else None
    upper = user_key_of(file.metadata.largest) if file.metadata is not None else None
    finding = _note(file, "table.truncated", message)
    yield replace(finding, span=Span(file.name, scan.file_size), keys=KeyRange(lower, upper))


def _verify_against_manifest(file: DatabaseFile, scan: _kernel.TableScan, comparator: Comparator) -> Iterable[Finding]:
    """The key range that the manifest gives must be the table's: LevelDB looks for no key outside it."""
    if file.metadata is None or scan.smallest is None or scan.largest is None or file.standing is Standing.ORPHAN:
        return
    smallest, largest = user_key_of(scan.smallest), user_key_of(scan.largest)
    below = comparator.compare(smallest, user_key_of(file.metadata.smallest)) < 0
    above = comparator.compare(largest, user_key_of(file.metadata.largest)) > 0
    if below or above:
        finding = _note(
            file, "table.range-mismatch", f"{file.name}: holds keys outside the range that the manifest gives"
        )
        yield replace(finding, keys=KeyRange(smallest, largest))


def _weighed(file: DatabaseFile, finding: Finding) -> Finding:
    """What is wrong with a file that does not count for what is live is no more than a note."""
    counts = file.standing in (Standing.LIVE, Standing.UNPROVEN)
    return finding if counts else replace(finding, severity=Severity.NOTE)


def _note(file: DatabaseFile, code: str, message: str) -> Finding:
    return Finding(code, CATALOGUE[code].severity, Span(file.name, 0, file.size), message)
