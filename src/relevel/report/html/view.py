"""What the HTML page shows, as values: the verdict, the next steps, what is missing, what was healed, what every byte is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relevel.findings import Finding, KeyRange
from relevel.format.filename import FileKind
from relevel.recovery.accounting import Condition, FileAccount, Part
from relevel.recovery.check import CheckReport
from relevel.recovery.in_place import InPlaceReport
from relevel.recovery.inventory.standing import Standing
from relevel.recovery.rebuild.stale import StaleRange
from relevel.recovery.rescue import RescueReport
from relevel.report.html.damage_map import Strip, damage_map, place_of
from relevel.report.html.sequences import SequenceChart, sequence_chart
from relevel.report.html.verdict import Verdict, verdict_of
from relevel.report.text import plural, size_text, why_stale
from relevel.storage.read_only import FileFingerprint

_MOST_ROWS: Final = 500
"""Rows of a table at most: JSON has them all."""
LOOKS: Final = (
    "intact",
    "healed",
    "salvaged",
    "spared",
    "lost",
    "missing",
    "superseded",
    "orphan",
    "stranger",
)
"""What a square can be, in the order of the legend."""
_COUNTS: Final = (Standing.LIVE, Standing.UNPROVEN, Standing.MISSING)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the bytes that count for what is live.

    Attributes:
        look: what they are: a condition, or ``missing``.
        size: bytes.
        percent: of all.
        offset: percent before it.
    """

    look: str
    size: int
    percent: float
    offset: float


@dataclass(frozen=True, slots=True)
class Loss:
    """One stretch that is lost, or one thing that is not proved.

    Attributes:
        finding: the first finding of the stretch.
        keys: from the first to the last key at risk; None where it is not known.
        offset: where the stretch begins.
        size: its bytes; of a missing or cut table, with those that only the manifest tells of.
        entries: about how many entries it held; None where it is not known.
        count: findings that were joined.
    """

    finding: Finding
    keys: KeyRange | None
    offset: int
    size: int
    entries: int | None
    count: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that matters.

    Attributes:
        label: what it counts.
        value: the number with its unit.
        note: what to know of it.
        look: the condition whose colour it has; empty for none.
    """

    label: str
    value: str
    note: str
    look: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One line of the accounting: a file, where it stands, and what a rescue made of it."""

    account: FileAccount
    place: str
    treatment: str


@dataclass(frozen=True, slots=True)
class Healed:
    """One block or record that was put back: where, what was done to it, and how likely this is wrong."""

    finding: Finding
    what: str
    odds: float | None


@dataclass(frozen=True, slots=True)
class Hash:
    """A file's SHA-256 before and after the work."""

    name: str
    size: int
    before: str | None
    after: str | None

    @property
    def is_same(self) -> bool:
        """Whether it has not changed."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class View:
    """The page. Long tables end at 500 rows; what ends in ``_more`` says how many were left out.

    ``unmeasured`` are missing tables and logs of which nothing says how large they were: ``shares`` are without them.
    """

    title: str
    source: str
    destination: str | None
    comparator: str
    proof: str
    verdict: Verdict
    shares: tuple[Share, ...]
    unmeasured: tuple[str, ...]
    figures: tuple[Figure, ...]
    strips: tuple[Strip, ...]
    looks: tuple[str, ...]
    losses: tuple[Loss, ...]
    losses_more: int
    stale: tuple[tuple[StaleRange, str], ...]
    left_out: tuple[tuple[StaleRange, str], ...]
    healed: tuple[Healed, ...]
    healed_more: int
    sequences: SequenceChart | None
    files: tuple[FileRow, ...]
    files_more: int
    totals: tuple[tuple[Part, int], ...]
    hashes: tuple[Hash, ...]
    hashes_more: int
    findings: tuple[Finding, ...]
    findings_more: int

    @property
    def cell_size(self) -> int | None:
        """Bytes of a square of the damage map; None where it depends on the strip."""
        sizes = {strip.cell_size for strip in self.strips}
        return sizes.pop() if len(sizes) == 1 else None

    @property
    def total_size(self) -> int:
        """Bytes of all files."""
        return sum(size for _, size in self.totals)

    @property
    def changed(self) -> int:
        """How many files of those shown are not as they were."""
        return sum(not found.is_same for found in self.hashes)


def view_of(
    found: CheckReport | RescueReport | InPlaceReport,
    before: Sequence[FileFingerprint],
    after: Sequence[FileFingerprint],
) -> View:
    """Work out what the page shows."""
    report = found.rescue if isinstance(found, InPlaceReport) else found
    rescued = report if isinstance(report, RescueReport) else None
    losses = list(_losses(report))
    healed = [_healed(finding) for finding in report.findings if finding.is_healed]
    strips = damage_map(report.files)
    hashes = _hashes(before, after)
    return View(
        title="relevel check" if rescued is None else "relevel rescue",
        source=report.path if isinstance(report, CheckReport) else report.source,
        destination=None if rescued is None else rescued.destination,
        comparator=report.comparator,
        proof=str(report.proof),
        verdict=verdict_of(found),
        shares=tuple(_shares(report.files)),
        unmeasured=tuple(_unmeasured(losses)),
        figures=tuple(_check_figures(report) if isinstance(report, CheckReport) else _rescue_figures(report)),
        strips=strips,
        looks=tuple(look for look in LOOKS if any(cells.look == look for strip in strips for cells in strip.cells)),
        losses=tuple(losses[:_MOST_ROWS]),
        losses_more=max(0, len(losses) - _MOST_ROWS),
        stale=tuple((stale, why_stale(stale)) for stale in (rescued.possibly_stale if rescued else ())),
        left_out=tuple((stale, why_stale(stale)) for stale in (rescued.left_out if rescued else ())),
        healed=tuple(healed[:_MOST_ROWS]),
        healed_more=max(0, len(healed) - _MOST_ROWS),
        sequences=sequence_chart(report.files),
        files=tuple(_file_rows(report)),
        files_more=max(0, len(report.files) - _MOST_ROWS),
        totals=tuple(_totals(report.files)),
        hashes=tuple(hashes[:_MOST_ROWS]),
        hashes_more=max(0, len(hashes) - _MOST_ROWS),
        findings=tuple(sorted(report.findings, key=lambda finding: -finding.severity)[:_MOST_ROWS]),
        findings_more=max(0, len(report.findings) - _MOST_ROWS),
    )


def _shares(files: Sequence[FileAccount]) -> Iterator[Share]:
    """The tables and logs that count, missing ones with the size that the manifest gives them."""
    sizes: Counter[str] = Counter()
    for file in files:
        if file.kind in (FileKind.TABLE, FileKind.LOG) and file.standing in _COUNTS:
            sizes["missing"] += file.missing_size
            sizes.update({str(run.condition): 0 for run in file.runs})
            for run in file.runs:
                sizes[str(run.condition)] += run.size
    total, before = sum(sizes.values()), 0
    for look in LOOKS:
        if sizes[look]:
            yield Share(look, sizes[look], 100 * sizes[look] / total, 100 * before / total)
            before += sizes[look]


def _unmeasured(losses: Sequence[Loss]) -> Iterator[str]:
    for loss in losses:
        if loss.finding.is_missing and not loss.size:
            yield loss.finding.span.file


def _check_figures(report: CheckReport) -> Iterator[Figure]:
    tables, logs = plural(report.table_count, "table"), plural(report.log_count, "log")
    yield Figure("Verified", size_text(report.byte_count), f"{tables}, {logs}", "intact")
    entries = report.put_count + report.deletion_count
    yield Figure("Entries read", f"{entries:,}", f"{report.put_count:,} puts, {report.deletion_count:,} deletions")
    healed = [finding for finding in report.findings if finding.is_healed]
    if healed:
        note = (
            f"{size_text(sum(finding.span.size for finding in healed))} that a rescue puts back; nothing of it is lost"
        )
        yield Figure("Can be healed", plural(len(healed), "place"), note, "healed")
    yield from _lost_figures(sum(loss.size for loss in _losses(report)), None)


def _rescue_figures(report: RescueReport) -> Iterator[Figure]:
    if not report.dry_run:
        note = f"{size_text(report.byte_count)} in tables, last sequence number {report.last_sequence:,}"
        yield Figure("In the new database", f"{report.entry_count:,} entries", note, "intact")
    if report.healed:
        note = f"{size_text(report.healed_byte_count)} put back as before the damage; nothing of it is lost"
        yield Figure("Healed", plural(len(report.healed), "place"), note, "healed")
    counts = [finding.saved_entry_count for finding in report.losses if finding.is_salvaged]
    if counts:
        yield Figure(
            "Saved from hurt blocks", plural(sum(counts), "entry"), f"of {plural(len(counts), 'block')}", "salvaged"
        )
    yield from _lost_figures(report.lost_byte_count, report.lost_entry_estimate)
    stale = sum(found.count for found in report.possibly_stale)
    if stale:
        note = "older versions may stand where newer ones are lost"
        most = stale if report.dry_run else min(stale, report.entry_count)
        yield Figure("Possibly stale", f"up to {most:,} entries" if most > 1 else "1 entry", note, "salvaged")


def _lost_figures(size: int, entries: int | None) -> Iterator[Figure]:
    if size:
        note = "that cannot be read" if entries is None else f"about {entries:,} entries, older versions included"
        yield Figure("Lost", size_text(size), note, "lost")


def _losses(report: CheckReport | RescueReport) -> Iterator[Loss]:
    """The losses, with blocks that follow one another in one."""
    found = report.losses if isinstance(report, RescueReport) else [each for each in report.findings if each.is_loss]
    density = _entries_per_byte(report)
    cut_off = {file.name: file.missing_size for file in report.files if file.size and file.missing_size}
    stretch: list[Finding] = []
    for finding in sorted(found, key=lambda each: each.span):
        if stretch and not _follows(stretch[-1], finding):
            is_last = stretch[-1].span.file != finding.span.file
            yield _loss(stretch, density, cut_off.get(stretch[-1].span.file, 0) if is_last else 0)
            stretch = []
        stretch.append(finding)
    if stretch:
        yield _loss(stretch, density, cut_off.get(stretch[-1].span.file, 0))


def _follows(one: Finding, other: Finding) -> bool:
    return (
        one.span.size > 0
        and one.span.end == other.span.offset
        and (one.code, one.span.file) == (other.code, other.span.file)
    )


def _loss(stretch: Sequence[Finding], density: float, cut_off: int) -> Loss:
    first, last = stretch[0], stretch[-1]
    claimed = first.evidence.get("expected_size") if first.is_missing else None
    size = claimed if isinstance(claimed, int) else sum(finding.span.size for finding in stretch) + cut_off
    lower = first.keys.lower if first.keys is not None else None
    upper = last.keys.upper if last.keys is not None else None
    keys = None if first.keys is None and last.keys is None else KeyRange(lower, upper)
    return Loss(first, keys, first.span.offset, size, round(size * density) if size and density else None, len(stretch))


def _entries_per_byte(report: CheckReport | RescueReport) -> float:
    if isinstance(report, RescueReport):
        return report.lost_entry_estimate / report.lost_byte_count if report.lost_byte_count else 0
    return (report.put_count + report.deletion_count) / report.byte_count if report.byte_count else 0


def _healed(finding: Finding) -> Healed:
    evidence = finding.evidence["healed"]
    place: Mapping[str, object] = evidence if isinstance(evidence, Mapping) else {}
    odds = place.get("odds")
    flips = finding.healed_flips
    if len(flips) == 1:
        what = f"bit {flips[0][1]} of byte {flips[0][0]} was flipped"
    elif flips:
        what = f"{len(flips)} bits of bytes {flips[0][0]} to {flips[-1][0]} were flipped"
    else:
        what = str(place.get("kind", "")).replace("-", " ")
    return Healed(finding, what, odds if isinstance(odds, float) else None)


def _file_rows(report: CheckReport | RescueReport) -> Iterator[FileRow]:
    """Hurt files first, then by name."""
    tables = report.tables if isinstance(report, RescueReport) else ()
    treatments = {table.file: str(table.treatment) for table in tables}
    for file in sorted(report.files, key=lambda file: (not _is_hurt(file), file.name))[:_MOST_ROWS]:
        yield FileRow(file, place_of(file), treatments.get(file.name, ""))


def _is_hurt(file: FileAccount) -> bool:
    return file.missing_size > 0 or any(run.condition is not Condition.INTACT for run in file.runs)


def _totals(files: Sequence[FileAccount]) -> Iterator[tuple[Part, int]]:
    sums: Counter[Part] = Counter()
    for file in files:
        sums.update(file.parts)
    return ((part, sums[part]) for part in Part if sums[part])


def _hashes(before: Sequence[FileFingerprint], after: Sequence[FileFingerprint]) -> list[Hash]:
    first = {entry.name: (entry.size, digest) for entry, digest in before}
    then = {entry.name: (entry.size, digest) for entry, digest in after}
    names = sorted({*first, *then})
    nothing = (0, None)
    return [
        Hash(name, (first.get(name) or then[name])[0], first.get(name, nothing)[1], then.get(name, nothing)[1])
        for name in names
    ]
