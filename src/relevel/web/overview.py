"""The overview: files by level, what is wrong with them byte for byte, codecs, ranges of keys and sequence numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from relevel.findings import Severity
from relevel.format.internal_key import user_key_of
from relevel.recovery.accounting import Condition, FileAccount, Run, account
from relevel.recovery.inventory.producer import guess_producer
from relevel.recovery.survey.survey import Survey
from relevel.web.key_index import KeyIndex
from relevel.web.shown import finding_json, range_json

_MOST_FILES: Final = 2000
_MOST_FINDINGS: Final = 1000
_CELLS: Final = 400
"""Pieces into which a file is cut for its strip; a piece is as bad as the worst byte in it."""
_WORST_FIRST: Final = tuple(
    map(
        str,
        (
            Condition.LOST,
            Condition.UNSEEN,
            Condition.SALVAGED,
            Condition.HEALED,
            Condition.SPARED,
            Condition.INTACT,
        ),
    )
)


def overview(found: Survey) -> dict[str, Any]:
    """What the overview is drawn from.

    Raises:
        OSError: a log or manifest that could be read cannot be read any more.
    """
    accounts = account(found)
    manifest = found.directory.manifest
    codecs: Counter[str] = Counter()
    for table in found.tables:
        codecs.update(table.scan.codecs if table.scan else {})
    hurt = sorted(accounts, key=_badness)[:_MOST_FILES]
    return {
        "producer": str(guess_producer(found).name),
        "comparator": found.comparator.name,
        "proof": str(found.directory.proof),
        "manifest": None if manifest is None else manifest.name,
        "codecs": dict(codecs.most_common()),
        "files": [file_json(file) for file in sorted(hurt, key=_order)],
        "file_count": len(accounts),
        "size_by_standing": _sizes(accounts),
        "findings": [finding_json(finding) for finding in _worst_first(found)[:_MOST_FINDINGS]],
        "finding_count": len(found.findings),
        "damage_count": sum(1 for finding in found.findings if finding.severity is Severity.DAMAGE),
    }


def ranks(found: Survey, keys: KeyIndex) -> dict[str, tuple[int, int]]:
    """Between which rows the keys of each table lie, as near as the index tells."""
    placed = {}
    for table in found.tables:
        scan, order = table.scan, found.comparator
        if scan is not None and scan.smallest is not None and scan.largest is not None:
            lower, upper = (keys.before(user_key_of(key), order) for key in (scan.smallest, scan.largest))
            placed[table.file.name] = (lower.row, min(upper.row + keys.stride, keys.count))
    return placed


def file_json(file: FileAccount) -> dict[str, Any]:
    """One file and its strip."""
    return {
        "name": file.name,
        "kind": str(file.kind),
        "standing": str(file.standing),
        "level": file.level,
        "size": file.size,
        "missing": file.missing_size,
        "entries": file.entry_count,
        "keys": range_json(file.keys),
        "sequences": file.sequences,
        "strip": [list(piece) for piece in strip(file.runs, file.size)],
        "parts": {str(part): size for part, size in file.parts.items() if size},
    }


def strip(runs: Sequence[Run], size: int) -> Iterator[tuple[int, int, str]]:
    """Offset, size and condition of the pieces of a strip, in file order and without a gap."""
    if len(runs) <= _CELLS:
        yield from ((run.offset, run.size, str(run.condition)) for run in runs)
        return
    cell = -(-size // _CELLS)
    worst: dict[int, int] = {}
    for run in runs:
        rank = _WORST_FIRST.index(str(run.condition))
        for index in range(run.offset // cell, -(-(run.offset + run.size) // cell)):
            worst[index] = min(rank, worst.get(index, rank))
    offset = 0
    for rank, group in groupby(worst.get(index, len(_WORST_FIRST) - 1) for index in range(-(-size // cell))):
        length = min(size - offset, cell * sum(1 for _ in group))
        yield offset, length, _WORST_FIRST[rank]
        offset += length


def _badness(file: FileAccount) -> tuple[int, int]:
    hurt = sum(run.size for run in file.runs if run.condition is not Condition.INTACT)
    return -(hurt + file.missing_size), -file.size


def _order(file: FileAccount) -> tuple[bool, int, bytes, str]:
    lower = file.keys.lower if file.keys is not None else None
    return file.level is None, file.level or 0, lower or b"", file.name


def _sizes(files: Sequence[FileAccount]) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    for file in files:
        sizes[str(file.standing)] += file.size
    return dict(sizes)


def _worst_first(found: Survey) -> list[Any]:
    return sorted(found.findings, key=lambda finding: -finding.severity)
