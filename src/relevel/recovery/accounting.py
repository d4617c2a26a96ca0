"""Accounting: what every byte of every file of a database is. The sums are the sizes of the files.

::

    table      data | trailer | … | filter | trailer | metaindex | trailer | index | trailer | footer
    log        header | record | … | padding | header | record | … | zeroes
    damaged    any of these is healed, salvaged, spared, unseen or lost instead

What is not said of a byte by a block, a record or a finding follows from where it stands: in a table it is spared, as no entry
is there; in a log it is padding.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final

from relevel import _kernel
from relevel.findings import INDEX_TOO_LARGE, Finding, KeyRange
from relevel.format.filename import FileKind
from relevel.format.footer import FOOTER_SIZE
from relevel.format.internal_key import user_key_of
from relevel.format.record import BLOCK_SIZE, HEADER_SIZE
from relevel.recovery.heal.block import TRAILER_SIZE
from relevel.recovery.inventory.standing import DatabaseFile, Standing
from relevel.recovery.survey.access import Route
from relevel.recovery.survey.log import LogSurvey
from relevel.recovery.survey.survey import Survey
from relevel.recovery.survey.table import TableSurvey
from relevel.storage.patched import within_limit
from relevel.strenum import StrEnum

_RECORDS_AT_ONCE: Final = 1024
_PAINTED: Final = ("table.", "log.", "manifest.", "file.unreadable")
_ABOUT_WHOLE_FILES: Final = (
    "table.orphan",
    "table.replaced",
    "table.uncertain",
    "table.range-mismatch",
    "table.size-mismatch",
    "log.sequence.",
    "log.tail.zeroed",
    "manifest.incomplete",
    "manifest.none",
    "manifest.partial",
    "manifest.sequence.short",
)
"""Findings whose bytes are as they were written, or are told of by others."""
_READABLE: Final = (".key-order", ".separator", ".false-negative", ".excess")
"""What is wrong with bytes that can be read all the same."""


class Part(StrEnum):
    """What a byte is."""

    DATA = "data"
    """Of a data block whose checksum fits."""
    TRAILER = "trailer"
    """Of the type and checksum that end a block."""
    FILTER = "filter"
    """Of a filter block."""
    METAINDEX = "metaindex"
    """Of a metaindex block."""
    INDEX = "index"
    """Of an index block."""
    FOOTER = "footer"
    """Of a table's last 48 bytes."""
    RECORD = "record"
    """Of the payload of a record of a log or manifest."""
    HEADER = "header"
    """Of a header of a record, or of the padding before the end of a log's block."""
    ZEROES = "zeroes"
    """Of the zeroes that end a log: preallocated, or left by a crash."""
    CONTROL = "control"
    """Of CURRENT, LOCK, and the messages for people in LOG."""
    STRANGER = "stranger"
    """Of a file that is not LevelDB's."""
    HEALED = "healed"
    """Of a block or record that was put back as it had been."""
    SALVAGED = "salvaged"
    """Of a block that was hurt elsewhere, so that entries of it were saved."""
    SPARED = "spared"
    """Damaged, or not reached, where nothing is lost by it: an index, a file that does not count."""
    UNSEEN = "unseen"
    """Of a block or record that is larger than what is looked at."""
    LOST = "lost"
    """Damaged where entries were, or may have been."""

    @property
    def condition(self) -> Condition:
        """How a byte of this part is."""
        return _CONDITIONS.get(self, Condition.INTACT)


class Condition(StrEnum):
    """How a byte is."""

    INTACT = "intact"
    HEALED = "healed"
    SALVAGED = "salvaged"
    SPARED = "spared"
    UNSEEN = "unseen"
    LOST = "lost"


_CONDITIONS: Final = {
    Part.HEALED: Condition.HEALED,
    Part.SALVAGED: Condition.SALVAGED,
    Part.SPARED: Condition.SPARED,
    Part.UNSEEN: Condition.UNSEEN,
    Part.LOST: Condition.LOST,
}


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes of one file, one after another, in one condition."""

    offset: int
    size: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class FileAccount:
    """What the bytes of one file are.

    Attributes:
        name: its name.
        kind: what its name says it is.
        standing: what it counts for.
        level: the level of a table, where a manifest says.
        size: bytes; 0 where it is missing.
        claimed_size: of a table, the bytes that the manifest says; 0 where it says nothing.
        keys: smallest and largest user key of a table, as its bytes say, or of a missing one the manifest.
        sequences: lowest and highest sequence number that could be read.
        entry_count: entries that could be read.
        parts: bytes by what they are; the sum is ``size``.
        runs: the same by condition, in file order, from offset 0 to ``size`` without a gap.
    """

    name: str
    kind: FileKind
    standing: Standing
    level: int | None
    size: int
    claimed_size: int
    keys: KeyRange | None
    sequences: tuple[int, int] | None
    entry_count: int | None
    parts: Mapping[Part, int]
    runs: tuple[Run, ...]

    @property
    def missing_size(self) -> int:
        """Bytes that the manifest says and the file has not: all of a missing table, the end of one that was cut."""
        return max(0, self.claimed_size - self.size)


_Span = tuple[int, int, Part]
"""From one offset to another, and what is there. Where spans share bytes, the later one in a list says."""


def account(found: Survey) -> tuple[FileAccount, ...]:
    """Say what every byte of a surveyed directory is, in order of name. Reads its logs and manifests once more.

    Raises:
        OSError: a log or manifest that could be read cannot be read any more.
    """
    findings: dict[str, list[Finding]] = {}
    for finding in found.findings:
        if finding.span.size and finding.code.startswith(_PAINTED):
            findings.setdefault(finding.span.file, []).append(finding)
    items: list[TableSurvey | LogSurvey] = [*found.tables, *found.logs]
    surveyed = {item.file.name: item for item in items}
    return tuple(
        _account_of(found, file, surveyed.get(file.name), findings.get(file.name, [])) for file in found.directory.files
    )


def _account_of(
    found: Survey, file: DatabaseFile, item: TableSurvey | LogSurvey | None, findings: Sequence[Finding]
) -> FileAccount:
    scan = None if item is None else item.scan
    size = file.size if scan is None else scan.file_size
    hurt = [span for finding in findings for span in _hurt(finding)]
    if isinstance(item, TableSurvey):
        pieces = list(_table_pieces(item, size, hurt))
    else:
        pieces = list(_partition(size, *_plain_spans(found, file, item, size), hurt))
    return FileAccount(
        name=file.name,
        kind=file.kind,
        standing=file.standing,
        level=file.level,
        size=size,
        claimed_size=0 if file.metadata is None else file.metadata.file_size,
        keys=_keys(file, item),
        sequences=None
        if scan is None or scan.min_sequence is None
        else (scan.min_sequence, scan.max_sequence or scan.min_sequence),
        entry_count=None if scan is None else scan.put_count + scan.deletion_count,
        parts=_sums(pieces),
        runs=tuple(_runs(pieces)),
    )


def _keys(file: DatabaseFile, item: TableSurvey | LogSurvey | None) -> KeyRange | None:
    if isinstance(item, TableSurvey) and item.scan is not None and item.scan.smallest and item.scan.largest:
        return KeyRange(user_key_of(item.scan.smallest), user_key_of(item.scan.largest))
    if file.standing is Standing.MISSING and file.metadata is not None:
        return KeyRange(user_key_of(file.metadata.smallest), user_key_of(file.metadata.largest))
    return None


def _hurt(finding: Finding) -> Iterator[_Span]:
    """What a finding says of bytes, the worst last."""
    span = finding.span
    if finding.code.startswith(_ABOUT_WHOLE_FILES):
        return
    healed, salvaged = finding.evidence.get("healed"), finding.evidence.get("salvaged")
    if isinstance(healed, Mapping):
        size = healed.get("size") or span.size
        for offset in healed.get("pages") or [span.offset]:
            yield offset, offset + size, Part.HEALED
    elif isinstance(salvaged, Mapping) and finding.is_loss:
        yield span.offset, span.end, Part.SALVAGED
        for start, end in salvaged.get("hurt") or [[span.offset, span.end]]:
            yield start, end, Part.LOST
    elif finding.is_unseen:
        start = 0 if finding.code == INDEX_TOO_LARGE else span.offset  # without its index nothing of a table is seen
        yield start, span.end, Part.UNSEEN
    else:
        lost = finding.is_loss and not finding.code.endswith(_READABLE)
        yield span.offset, span.end, Part.LOST if lost else Part.SPARED


def _table_pieces(table: TableSurvey, size: int, hurt: Sequence[_Span]) -> Iterator[_Span]:
    """A table that nothing is wrong with is summed up without asking for its blocks."""
    scan = table.scan
    if scan is None or table.access is None:
        counts = table.file.standing in (Standing.LIVE, Standing.UNPROVEN)
        return _partition(size, Part.LOST if counts else Part.SPARED, [], [])
    if hurt or table.access.route is not Route.INDEX or scan.intact_block_count != scan.block_count or scan.faults:
        return _partition(size, Part.SPARED, _block_spans(scan, size), hurt)
    return _whole_table(scan, size)


def _whole_table(scan: _kernel.TableScan, size: int) -> Iterator[_Span]:
    """The parts of a table in the order in which they follow each other, each with its bytes in one piece."""
    handles = {
        Part.FILTER: scan.filter_handle,
        Part.METAINDEX: scan.metaindex_handle,
        Part.INDEX: scan.index_handle,
    }
    frame = {part: handle[1] for part, handle in handles.items() if handle is not None}
    trailers = (scan.block_count + len(frame)) * TRAILER_SIZE
    data = size - FOOTER_SIZE - trailers - sum(frame.values())
    offset = 0
    for part, length in ((Part.DATA, data), (Part.TRAILER, trailers), *frame.items(), (Part.FOOTER, FOOTER_SIZE)):
        yield offset, offset + length, part
        offset += length


def _block_spans(scan: _kernel.TableScan, size: int) -> Iterator[_Span]:
    if scan.index_handle is not None:
        yield size - FOOTER_SIZE, size, Part.FOOTER
    for offset, length, kind, codec, _ in scan.blocks():
        end = offset + length
        if codec:
            yield offset, end, Part(kind)
            yield end, end + TRAILER_SIZE, Part.TRAILER
        elif kind == Part.DATA:
            yield offset, end + TRAILER_SIZE, Part.LOST


def _plain_spans(found: Survey, file: DatabaseFile, item: LogSurvey | None, size: int) -> tuple[Part, Iterable[_Span]]:
    """What the bytes of a file that is no table are where nothing else is said, and what is said."""
    if file.kind is FileKind.STRANGER:
        return Part.STRANGER, ()
    if file.kind is FileKind.LOG and (item is None or item.scan is None):
        return Part.LOST, ()
    if file.kind not in (FileKind.LOG, FileKind.MANIFEST) or file.standing is Standing.MISSING:
        return Part.CONTROL, ()
    storage = found.directory.storage
    try:
        source = storage.source(file.name) if item is None or item.data is None else within_limit(storage, item.data)
        return Part.HEADER, list(_record_spans(_kernel.LogReader(source), size))
    except OSError:
        if item is not None:
            raise
        return Part.SPARED, ()


def _record_spans(reader: _kernel.LogReader, size: int) -> Iterator[_Span]:
    """The payloads of a log, and what its reader cannot use. Headers stand before each payload and within."""
    while records := reader.read(_RECORDS_AT_ONCE):
        for _, end, payload in records:
            yield from _payload_spans(end, len(payload))
    yield size - reader.zero_tail_size, size, Part.ZEROES
    for fault in reader.faults:
        yield fault.offset, fault.offset + fault.size, Part.SPARED


def _payload_spans(end: int, rest: int) -> Iterator[_Span]:
    """Where the bytes of one payload are, from its last to its first: each log block that it enters has a header of its own."""
    while rest > 0 and end > 0:
        block_start = (end - 1) // BLOCK_SIZE * BLOCK_SIZE
        taken = min(rest, end - block_start - HEADER_SIZE)
        if taken > 0:
            yield end - taken, end, Part.RECORD
        rest -= max(taken, 0)
        end = block_start


def _partition(size: int, rest: Part, *layers: Iterable[_Span]) -> Iterator[_Span]:
    """Cut ``[0, size)`` so that each byte is in one piece: what the last span says that covers it, else ``rest``."""
    spans = [span for layer in layers for span in layer]
    starts = sorted((max(0, start), -order) for order, (start, end, _) in enumerate(spans) if start < min(end, size))
    cuts = sorted({0, size, *(min(max(0, cut), size) for start, end, _ in spans for cut in (start, end))})
    open_spans: list[tuple[int, int]] = []
    taken = 0
    for at, until in pairwise(cuts):
        while taken < len(starts) and starts[taken][0] <= at:
            order = starts[taken][1]
            heapq.heappush(open_spans, (order, spans[-order][1]))
            taken += 1
        while open_spans and open_spans[0][1] <= at:
            heapq.heappop(open_spans)
        yield at, until, spans[-open_spans[0][0]][2] if open_spans else rest


def _sums(pieces: Iterable[_Span]) -> dict[Part, int]:
    sums: Counter[Part] = Counter()
    for start, end, part in pieces:
        sums[part] += end - start
    return {part: sums[part] for part in Part if sums[part]}


def _runs(pieces: Iterable[_Span]) -> Iterator[Run]:
    for condition, group in groupby(pieces, key=lambda piece: piece[2].condition):
        run = list(group)
        yield Run(run[0][0], run[-1][1] - run[0][0], condition)
