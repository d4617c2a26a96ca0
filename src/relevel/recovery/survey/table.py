"""One table's part of a survey: every block read, verified and, where one flipped bit explains the damage, healed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from relevel import _kernel
from relevel.files.faults import finding_of
from relevel.findings import Finding, KeyRange, Severity, Span
from relevel.format.comparator import Comparator
from relevel.format.internal_key import user_key_of
from relevel.recovery.heal.checksum import Trust
from relevel.recovery.heal.log import MOST_TO_HEAL
from relevel.recovery.heal.pages import Swaps, put_pages_back, sound_blocks
from relevel.recovery.heal.repair import Handle
from relevel.recovery.heal.table import heal_table
from relevel.recovery.heal.told import swapped_finding
from relevel.recovery.inventory.at_risk import STRAYS
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.survey.access import Route, TableAccess, find_access
from relevel.recovery.survey.contents import verify_contents
from relevel.recovery.survey.identity import has_claimed_end, may_be_mixed, verify_identity
from relevel.recovery.survey.mender import Mender, size_of_mended
from relevel.storage.patched import Patched, Readable

_CHECKSUM: Final = ".checksum-mismatch"
_FRAME_OF_INDEX: Final = ("table.footer.", "table.index.", "table.too-short", "table.empty")
_GAP: Final = "table.gap"
_NAMES_FILTER: Final = ("table.metaindex.", "table.filter.bad-handle")
_DATA_PARTS: Final = ("table.block.", "table.gap", "table.overlap")


@dataclass(frozen=True, slots=True)
class TableSurvey:
    """What one table is worth.

    Attributes:
        file: which table.
        access: how its blocks are reached; None where it cannot be read at all.
        scan: what reading every block found, healed ones included; None where it cannot be read at all.
        findings: what is wrong with it.
        data: its bytes with pages put back where they belong; None where none were out of place, and the file is to be read.
        mended: what could be made of hurt data blocks, so that nobody has to look for it again: contents by place, None where
            nothing could. Empty where it would take too much memory.
    """

    file: DatabaseFile
    access: TableAccess | None
    scan: _kernel.TableScan | None
    findings: tuple[Finding, ...]
    data: bytes | None = None
    mended: Mapping[Handle, bytes | None] = field(default_factory=dict)

    @property
    def losses(self) -> tuple[Finding, ...]:
        """The findings that cost entries."""
        return tuple(finding for finding in self.findings if finding.is_loss)

    @property
    def mended_size(self) -> int:
        """About how much memory ``mended`` takes: bytes."""
        return sum(map(size_of_mended, self.mended.values()))

    @property
    def is_out_of_order(self) -> bool:
        """Whether keys do not ascend, within a block or from one to the next."""
        return any(finding.code.endswith(".key-order") for finding in self.findings)

    @property
    def is_order_in_doubt(self) -> bool:
        """Whether keys do not ascend, and it may be the order that is wrong and not the file: all blocks are of one table."""
        return self.is_out_of_order and not (self.access and self.scan and may_be_mixed(self.access, self.scan))

    def data_blocks(self) -> list[tuple[int, int]]:
        """The handles of the data blocks that were found, damaged ones included."""
        blocks = self.scan.blocks() if self.scan is not None else []
        return [(offset, size) for offset, size, kind, _, _ in blocks if kind == "data"]

    def storage(self, storage: Readable) -> Readable:
        """Where to read it from, given where its file is."""
        return storage if self.data is None else Patched(storage, {self.file.name: self.data})

    @property
    def is_in_its_place(self) -> bool:
        """Whether nothing says that the file holds entries of another table, which may be older than what lies deeper."""
        if self.is_out_of_order or any(finding.code in STRAYS for finding in self.findings):
            return False
        return self.scan is None or has_claimed_end(self.file, self.scan)

    @property
    def is_intact(self) -> bool:
        """Whether the file can be used as it is, byte for byte."""
        return (
            self.scan is not None
            and self.data is None
            and not any(finding.severity > Severity.NOTE for finding in self.findings)
        )


def survey_table(
    storage: Readable, comparator: Comparator, file: DatabaseFile, trust: int = Trust.TESTED
) -> TableSurvey:
    """Read and verify one table. Never raises on content, nor where it cannot be read: that is a finding.

    Where blocks are hurt that cannot be healed, and this is because pages stand in each other's place, it is read with these
    put back.
    """
    found = _survey(storage, comparator, file, trust)
    swaps = _put_pages_back(storage, found)
    if swaps is None:
        return found
    again = _survey(Patched(storage, {file.name: swaps.data}), comparator, file, trust)
    moved = [weighed(file, swapped_finding(file.name, *pages)) for pages in swaps.pages]
    return replace(again, findings=(*moved, *again.findings), data=swaps.data)


def _put_pages_back(storage: Readable, found: TableSurvey) -> Swaps | None:
    read = [finding for finding in found.findings if not finding.is_unseen]
    hurt = [finding.span for finding in read if finding.is_loss and finding.code.startswith(_DATA_PARTS)]
    hurt += [finding.span for finding in read if finding.code.startswith(_FRAME_OF_INDEX) and not finding.is_healed]
    if not hurt or found.access is None or found.file.size > MOST_TO_HEAL:
        return None
    spans = [(span.offset, span.end) for span in hurt]
    told = found.scan if found.access.route is Route.INDEX else None
    sound = [] if told is None else sound_blocks(told)
    return put_pages_back(storage.read(found.file.name), None if told is None else spans, spans, sound)


def _survey(storage: Readable, comparator: Comparator, file: DatabaseFile, trust: int) -> TableSurvey:
    try:
        access, scan, faults = _scan(storage, comparator, file)
        mender = Mender(storage, comparator, file, trust)
        findings = [mender.finding(fault) for fault in faults]
        healed = _healed(storage, file, findings)
        scan, uncovered = _scan_healed(healed, comparator, file, access, scan, findings=findings)
        if scan.block_count == 0 and not any(finding.is_unseen for finding in findings):
            uncovered += verify_contents(storage, file)
    except OSError as error:
        unreadable = _note(file, "file.unreadable", f"{file.name}: cannot be read: {error.strerror or error}")
        return TableSurvey(file, None, None, (weighed(file, unreadable),))
    findings = [_reached_another_way(finding, access) for finding in [*findings, *uncovered]]
    findings += _verify_end(file, access, scan)
    findings += _verify_against_manifest(file, scan, comparator)
    findings += verify_identity(healed or storage, file, access, scan, findings)
    if not any(finding.code in STRAYS for finding in findings):
        findings = [_within_claim(file, finding) for finding in findings]
    return TableSurvey(file, access, scan, tuple(weighed(file, finding) for finding in findings), mended=mender.mended)


def _within_claim(file: DatabaseFile, finding: Finding) -> Finding:
    """What is lost of a table had keys in the range that the manifest gives."""
    claimed = file.metadata
    if claimed is None or not finding.is_loss:
        return finding
    keys = finding.keys or KeyRange()
    lower = user_key_of(claimed.smallest) if keys.lower is None else keys.lower
    upper = user_key_of(claimed.largest) if keys.upper is None else keys.upper
    return replace(finding, keys=KeyRange(lower, upper))


def _scan(
    storage: Readable, comparator: Comparator, file: DatabaseFile
) -> tuple[TableAccess, _kernel.TableScan, list[_kernel.Fault]]:
    """Read a table through its index, or the way that was found where footer or index are damaged."""
    source = storage.source(file.name)
    scan = _kernel.scan_table(source, comparator.kernel)
    if not any(fault.code.startswith(_FRAME_OF_INDEX) for fault in scan.faults):
        return TableAccess(Route.INDEX), scan, _without_lost_filter(scan)
    may_be_cut = file.metadata is None or file.size < file.metadata.file_size
    access = find_access(storage, file.name, may_be_cut=may_be_cut)
    if access.blocks is None:
        return access, scan, _without_lost_filter(scan)
    frame = [fault for fault in scan.faults if not fault.code.startswith(_DATA_PARTS)]
    scan = _kernel.scan_table(source, comparator.kernel, blocks=access.blocks, check_filter=False)
    in_data = [fault for fault in scan.faults if fault.code.startswith(_DATA_PARTS)]
    if _reaches_the_end(access, file, scan):
        in_data = [fault for fault in in_data if fault.code != _GAP or fault.offset < access.data_end]
    return access, scan, frame + in_data


def _healed(storage: Readable, file: DatabaseFile, findings: Sequence[Finding]) -> Patched | None:
    """Where to read a table with the flipped bits of its data put back; None where there are none, or it is too large."""
    data = heal_table(storage, file.name, [finding for finding in findings if finding.code.startswith(_DATA_PARTS)])
    return None if data is None else Patched(storage, {file.name: data})


def _scan_healed(
    healed: Patched | None,
    comparator: Comparator,
    file: DatabaseFile,
    access: TableAccess,
    scan: _kernel.TableScan,
    *,
    findings: Sequence[Finding],
) -> tuple[_kernel.TableScan, list[Finding]]:
    """Read a table once more with the flipped bits put back: what is in the healed blocks, and what is wrong with it."""
    if healed is None:
        return scan, []
    source = healed.source(file.name)
    again = _kernel.scan_table(source, comparator.kernel, blocks=access.blocks, check_filter=False)
    known = {(finding.code, finding.span.offset) for finding in findings}
    new = [fault for fault in again.faults if fault.code.startswith("table.block.")]
    return again, [finding_of(file.name, fault) for fault in new if (fault.code, fault.offset) not in known]


def _without_lost_filter(scan: _kernel.TableScan) -> list[_kernel.Fault]:
    """Where the metaindex is damaged, nothing names the filter: what stands after all the blocks of an index is no loss."""
    if not any(fault.code.startswith(_NAMES_FILTER) for fault in scan.faults):
        return scan.faults
    data_end = max((offset + size for offset, size, kind, _, _ in scan.blocks() if kind == "data"), default=0)
    return [fault for fault in scan.faults if fault.code != _GAP or fault.offset < data_end]


def _reaches_the_end(access: TableAccess, file: DatabaseFile, scan: _kernel.TableScan) -> bool:
    """Whether no data block can stand after the last one found: an index says so, or the manifest's largest key is in it.

    An index found without the footer may be another table's, copied into the file: where its last block can be read, that must
    end with the manifest's largest key.
    """
    claimed = file.metadata
    if access.route is Route.FOUND_INDEX and claimed is not None and _last_is_intact(access, scan):
        return scan.largest == claimed.largest
    return access.route is not Route.WALK or (claimed is not None and scan.largest == claimed.largest)


def _last_is_intact(access: TableAccess, scan: _kernel.TableScan) -> bool:
    last = access.blocks[-1] if access.blocks else None
    return any((offset, size) == last and codec for offset, size, _, codec, _ in scan.blocks())


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


def weighed(file: DatabaseFile, finding: Finding) -> Finding:
    """A finding as it counts: what is wrong with a file that does not count for what is live is no more than a note."""
    counts = file.standing in (Standing.LIVE, Standing.UNPROVEN)
    return finding if counts else replace(finding, severity=Severity.NOTE)


def _note(file: DatabaseFile, code: str, message: str) -> Finding:
    return Finding.of(code, Span(file.name, 0, file.size), message)
