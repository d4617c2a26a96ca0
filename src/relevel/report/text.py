"""Reports as text for people: what was found first, what to do next last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from relevel.catalogue import RESCUE
from relevel.exports.encoding import ENCODINGS
from relevel.findings import Finding, KeyRange, Severity
from relevel.recovery.check import CheckReport
from relevel.recovery.find import FindReport
from relevel.recovery.in_place import InPlaceReport
from relevel.recovery.info import FileInfo, InfoReport
from relevel.recovery.lost import Fate
from relevel.recovery.rebuild.plan import Treatment
from relevel.recovery.rebuild.stale import StaleRange
from relevel.recovery.rescue import RescueReport
from relevel.recovery.undelete import UndeleteReport
from relevel.report.commands import addressed
from relevel.report.past import estimate_lines, unproved_lines

_NO_NAME: Final = "not known; a rescue needs --comparator NAME, which its program has"
_MOST_FINDINGS: Final = 100
_MOST_KEY: Final = 60
_MOST_RANGES: Final = 3
_PLURALS: Final = {"copy": "copies", "entry": "entries", "loss": "losses", "damage": "damage"}
_TREATMENTS: Final = {
    Treatment.CARRY: "carried over as they are",
    Treatment.REWRITE: "written anew",
    Treatment.SORT: "put in order",
    Treatment.MERGE: "merged",
    Treatment.NONE: "not readable",
}
_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")


def size_text(size: float) -> str:
    """Bytes in the unit that leaves one to four digits."""
    for unit in _UNITS:
        if size < 1024 or unit == _UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return ""


def key_text(key: bytes | None, unbounded: str = "…") -> str:
    """A key, escaped, cut where it is long."""
    if key is None:
        return unbounded
    text = ENCODINGS["escaped"].encode(key)
    return f"'{text}'" if len(text) <= _MOST_KEY else f"'{text[:_MOST_KEY]}…' ({len(key)} bytes)"


def range_text(keys: KeyRange | None) -> str:
    """A range of keys."""
    return (
        "any key"
        if keys is None or keys == KeyRange()
        else f"{key_text(keys.lower, 'the first key')} to {key_text(keys.upper, 'the last key')}"
    )


def finding_lines(finding: Finding) -> Iterator[str]:
    """One finding: severity, code and message; then keys at risk and other programs' words for it."""
    yield f"{finding.severity}: {finding.code}: {finding.message}"
    if finding.keys is not None and finding.severity > Severity.NOTE:
        yield f"    keys at risk: {range_text(finding.keys)}"
    goleveldb = finding.evidence.get("goleveldb")
    if goleveldb:
        yield f"    goleveldb says: {goleveldb}"


def findings_lines(findings: Iterable[Finding], source: str | None = None, *, rescued: bool = False) -> Iterator[str]:
    """Findings worst first, notes counted, and the next steps; no advice to rescue what has just been ``rescued``.

    Args:
        findings: what was found.
        source: the database, where its path is to stand in the next steps.
        rescued: whether they are of a rescue.
    """
    ordered = sorted(findings, key=lambda finding: -finding.severity)
    worse = [finding for finding in ordered if finding.severity > Severity.NOTE]
    notes = Counter(finding.code for finding in ordered if finding.severity is Severity.NOTE)
    for finding in worse[:_MOST_FINDINGS]:
        yield from finding_lines(finding)
    if len(worse) > _MOST_FINDINGS:
        yield f"… and {len(worse) - _MOST_FINDINGS} more; --json has them all"
    for finding in ordered:
        if finding.severity is Severity.NOTE and notes[finding.code] == 1:
            yield from finding_lines(finding)
    for code, count in notes.items():
        if count > 1:
            yield f"note: {code}: {count} times; --json has them all"
    for step in dict.fromkeys(finding.next_step for finding in worse):
        if not (rescued and step == RESCUE):
            yield f"next: {step if source is None else addressed(step, Path(source))}"


def check_lines(report: CheckReport) -> Iterator[str]:
    """The report of ``check``."""
    files = f"{plural(report.table_count, 'table')}, {plural(report.log_count, 'log')}"
    yield f"{report.path}: {files}, {size_text(report.byte_count)} verified"
    yield (
        f"{report.block_count} data blocks, {report.record_count} log records, "
        f"{report.put_count} puts, {report.deletion_count} deletions; comparator {report.comparator or _NO_NAME}"
    )
    yield from findings_lines(report.findings, report.path)
    yield f"clean{_with_notes(report.findings)}" if report.is_clean else _count_text(report.findings)


def _with_notes(findings: Iterable[Finding]) -> str:
    count = sum(1 for _ in findings)
    return f", with {plural(count, 'note')}" if count else ""


def _count_text(findings: Iterable[Finding]) -> str:
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        plural(counts[severity], "place damaged" if severity is Severity.DAMAGE else str(severity))
        for severity in sorted(counts, reverse=True)
    )


def plural(count: int, noun: str) -> str:
    """So many of something."""
    if count == 1:
        return f"1 {noun}"
    first, _, rest = noun.partition(" ")
    return f"{count} {_PLURALS.get(first, first + 's')} {rest}".rstrip()


def info_lines(report: InfoReport) -> Iterator[str]:
    """The report of ``info``."""
    yield f"path         {report.path}"
    yield f"producer     {report.producer.name} ({'; '.join(report.producer.evidence)})"
    yield f"comparator   {report.comparator or 'not known'}"
    yield f"manifest     {report.manifest or 'none'} (which files count is proved by: {report.proof})"
    yield f"sequence     up to {report.last_sequence}"
    nothing = "none" if report.is_order_known else "not told, as their order is not known"
    keys = range_text(report.keys) if report.keys else nothing
    yield f"keys         {keys}"
    yield f"codecs       {', '.join(f'{name} ({count} blocks)' for name, count in report.codecs.items()) or 'no blocks'}"
    for level in report.levels:
        yield f"level {level.level}      {plural(level.table_count, 'table')}, {size_text(level.size)}"
    for standing, size in report.size_by_standing.items():
        yield f"{standing:<12} {size_text(size)}"
    yield ""
    yield f"{'file':<24} {'standing':<11} {'level':>5} {'size':>10} {'entries':>9}  {'sequences':<21} keys"
    for file in report.files:
        yield _file_line(file)
    worse = [finding for finding in report.findings if finding.severity > Severity.NOTE]
    if worse:
        yield ""
        yield f"{_count_text(worse)}: `relevel check` names them"


def _file_line(file: FileInfo) -> str:
    level = "" if file.level is None else str(file.level)
    entries = "" if file.entry_count is None else str(file.entry_count)
    sequences = "" if file.sequences is None else f"{file.sequences[0]}..{file.sequences[1]}"
    keys = "" if file.keys is None else range_text(file.keys)
    name = file.name.encode("utf-8", "backslashreplace").decode()
    return f"{name:<24} {file.standing!s:<11} {level:>5} {size_text(file.size):>10} {entries:>9}  {sequences:<21} {keys}".rstrip()


def find_lines(report: FindReport) -> Iterator[str]:
    """The report of ``find``."""
    yield f"{key_text(report.key)}: {plural(len(report.copies), 'copy')} on disk"
    for copy in report.copies:
        version = copy.version
        place = "log" if copy.level is None and version.file.endswith(".log") else f"level {copy.level}"
        value = "" if version.value is None else f" {size_text(len(version.value))} {key_text(version.value)}"
        yield (
            f"  @ {version.sequence} {version.type} {version.state}  {version.file}+{version.offset} "
            f"({place}, {copy.standing}, {version.integrity}){value}"
        )


def rescue_lines(report: RescueReport) -> Iterator[str]:
    """The report of ``rescue``."""
    treatments = Counter(table.treatment for table in report.tables)
    yield f"{report.source} -> {report.destination}" + (" (dry run: nothing was written)" if report.dry_run else "")
    counts = [f"{treatments[treatment]} {words}" for treatment, words in _TREATMENTS.items() if treatments[treatment]]
    shape = "levels kept" if report.keeps_shape else "all merged by sequence number into one level"
    yield f"tables: {', '.join(counts) or 'none'}; {shape}"
    if not report.dry_run:
        yield (
            f"written: {report.entry_count} entries (older versions and deletions included), {size_text(report.byte_count)}, "
            f"last sequence number {report.last_sequence}"
        )
    if report.healed:
        places = f"{plural(len(report.healed), 'place')} ({size_text(report.healed_byte_count)})"
        yield f"healed: {places} put back as before the damage; nothing of them is lost"
    yield from _lost_lines(report)
    yield from findings_lines(report.findings, report.source, rescued=True)
    for stale in report.left_out:
        yield f"left out: {plural(stale.count, 'entry')} in {range_text(stale.keys)}: {why_stale(stale)}"
    for stale in report.possibly_stale:
        where = "of any key" if stale.keys == KeyRange() else f"in {range_text(stale.keys)}"
        yield f"possibly stale: {plural(stale.count, 'entry')} {where}: {why_stale(stale)}"
    yield _verdict(report)


def _verdict(report: RescueReport) -> str:
    if report.is_complete:
        return "complete: every live entry is there"
    fates = Counter(piece.fate for piece in report.lost)
    if not fates[Fate.LOST]:
        return f"not proved complete: {plural(fates[Fate.IN_DOUBT], 'place')} in doubt"
    return f"not complete: {plural(len(report.losses), 'loss')}"


def _lost_lines(report: RescueReport) -> Iterator[str]:
    """What is lost for sure, and what is only not proved; each is named further down."""
    lost = [piece for piece in report.lost if piece.fate is Fate.LOST]
    doubts = [piece for piece in report.lost if piece.fate is Fate.IN_DOUBT]
    if lost:
        ranges = list(dict.fromkeys(range_text(piece.keys) for piece in lost))
        more = f", and {len(ranges) - _MOST_RANGES} ranges more" if len(ranges) > _MOST_RANGES else ""
        about = report.lost_entry_estimate
        count = (
            f"about {about} entries if they are of the mean size, older versions included"
            if about
            else "nobody knows how many entries"
        )
        size = f", {size_text(report.lost_byte_count)}, {count}"
        yield f"lost for sure: {plural(len(lost), 'place')}{size if report.lost_byte_count else ''}"
        yield f"    of the keys {'; '.join(ranges[:_MOST_RANGES])}{more}"
    if doubts:
        yield f"in doubt: {plural(len(doubts), 'place')}, where nothing is known to be lost, and nothing proves that it is not"


def in_place_lines(report: InPlaceReport) -> Iterator[str]:
    """The report of ``rescue --in-place``."""
    if report.is_healthy and not report.is_moved:
        yield f"{report.path}: nothing is wrong with it, and nothing was changed{_with_notes(report.rescue.findings)}"
        yield "next: If a program still does not open it, see that program's log; --force rescues it all the same."
    else:
        yield from rescue_lines(report.rescue)
    for left in report.leftovers:
        yield f"left from an earlier run that was interrupted or undone: {left}"
    for name in report.not_taken_over:
        yield f"stayed with the original: {name}"
    if report.backup is not None:
        yield f"the rescued database, verified, is at {report.path}"
        yield f"the original, unchanged, is at       {report.backup}"
    if report.undo is not None:
        yield f"to undo it, stop the program and run: {report.undo}"


def why_stale(stale: StaleRange) -> str:
    """Why entries may be older than something that is lost."""
    if stale.file.startswith("MANIFEST"):
        return (
            "no manifest proves which tables and logs count, so they may have been deleted long ago, and newer versions of them "
            "may be in files that are gone"
        )
    if stale.code == "log.sequence.late":
        return f"what is lost before {stale.file} may have held newer versions or deletions of them"
    if stale.taken_for is not None:
        return f"{stale.taken_for} is gone, and {stale.file}, which is taken for it, may be an older one"
    where = "" if stale.code.endswith(".missing") else " there"
    return f"{stale.file}, which is lost{where}, may have held newer versions or deletions of them"


def undelete_lines(report: UndeleteReport) -> Iterator[str]:
    """The report of ``undelete``."""
    what = "deleted keys brought back" if report.at is None else f"as of sequence number {report.at}"
    places = [place for place in (report.destination, report.patch) if place is not None]
    yield f"{report.source} -> {' and '.join(places) or 'dry run, nothing written'}: {what}"
    if report.estimate is not None:
        yield from estimate_lines(report.estimate)
    if report.amid is not None:
        yield f"a mass deletion was under way at that time, so that some of its keys are there and some not: {report.amid}"
        if report.amid.first_sequence > 1:
            yield f"  the state right before it: --at {report.amid.first_sequence - 1}"
    unknown = (
        f" (of which {report.unknown_count} have no deletion on disk: state unknown)" if report.unknown_count else ""
    )
    if report.destination is None:
        others = "" if report.at is None else f", {report.changed_count} changed, {report.removed_count} removed"
        begin = "would be" if report.patch is None else "to be loaded"
        yield f"{begin}: {report.restored_count} keys restored{unknown}{others}"
    else:
        restored = "" if report.restored_count is None else f", {report.restored_count} of them restored"
        yield f"written: {report.entry_count} entries{restored}{unknown}; last sequence number {report.last_sequence}"
    if report.horizon is not None and not report.is_proved:
        yield from unproved_lines(report.horizon)
        if report.patch is not None and report.removed_count:
            yield "keys that would be removed stay as they are: the patch has none of them"
    yield from findings_lines(report.findings, rescued=True)
