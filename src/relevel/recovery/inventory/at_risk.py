"""At risk: which versions may be older than something that was lost.

Where a block, a file or the manifest is lost, versions that lie deeper surface in its place. They may have been overwritten or
deleted by what is lost, unless something proves that they are newer: levels and the numbers of logs do, and within one log
the order of its records.
"""

from __future__ import annotations

from typing import Final

from relevel.findings import Finding, KeyRange, Span
from relevel.format.comparator import Comparator
from relevel.format.filename import FileKind
from relevel.format.internal_key import user_key_of
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.standing import DatabaseFile, is_older

ANY_KEY: Final = KeyRange()
STRAYS: Final = ("table.replaced", "table.range-mismatch")
"""That a file holds entries of another table: whatever its place tells of their age is untrue, of any key."""
OUT_OF_TURN: Final = "log.sequence.back"
"""The records of this log are not in the order of time, so that their places in it prove nothing."""


def hurt_file(directory: Directory, finding: Finding) -> DatabaseFile | None:
    """The table or log that lost bytes or is missing; None where what is lost is the proof of which files count."""
    file = directory.by_name.get(finding.span.file)
    return file if file is not None and file.kind in (FileKind.TABLE, FileKind.LOG) else None


def keys_at_risk(directory: Directory, finding: Finding) -> KeyRange:
    """The keys that the lost bytes may have held: where the finding does not tell, those the manifest says of the table."""
    file = hurt_file(directory, finding)
    claimed = None if file is None else file.metadata
    found = finding.keys
    if claimed is None or found == ANY_KEY:
        return found or ANY_KEY
    smallest, largest = user_key_of(claimed.smallest), user_key_of(claimed.largest)
    if found is None:
        return KeyRange(smallest, largest)
    return KeyRange(smallest if found.lower is None else found.lower, largest if found.upper is None else found.upper)


def holds(comparator: Comparator, keys: KeyRange, key: bytes) -> bool:
    """Whether a key is in a range."""
    compare = comparator.compare
    return (keys.lower is None or compare(keys.lower, key) <= 0) and (
        keys.upper is None or compare(key, keys.upper) <= 0
    )


def overlap(comparator: Comparator, one: KeyRange, other: KeyRange) -> bool:
    """Whether some key can be in both ranges."""
    return _begins_before(comparator, one, other) and _begins_before(comparator, other, one)


def _begins_before(comparator: Comparator, one: KeyRange, other: KeyRange) -> bool:
    return one.lower is None or other.upper is None or comparator.compare(one.lower, other.upper) <= 0


def is_proved_newer(file: DatabaseFile, offset: int, lost: DatabaseFile | None, span: Span, code: str) -> bool:
    """Whether a version in ``file`` is newer than any of its key that was in the ``span`` of ``lost``, for certain.

    Args:
        file: where the version lies.
        offset: where in it: bytes.
        lost: the table or log that lost bytes; None for a manifest, beside which nothing is certain.
        span: what it lost.
        code: what is wrong with it.
    """
    if lost is None:
        return False
    if file.name == lost.name:
        in_turn = file.kind is FileKind.LOG and code != OUT_OF_TURN
        return in_turn and offset >= max(span.end, span.offset + 1)
    return is_older(lost, file)
