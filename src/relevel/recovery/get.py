"""get: the value of one key as it is now."""

from __future__ import annotations

import os

from relevel.errors import CorruptionError, KeyNotFoundError
from relevel.findings import Finding, Severity
from relevel.format.comparator import Comparator
from relevel.recovery.inventory.standing import is_older
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version


def get(path: str | os.PathLike[str], key: bytes, *, comparator: Comparator | None = None) -> bytes:
    """Give the value of one key as it is now, without writing anything.

    Args:
        path: the database's directory.
        key: the user key.
        comparator: the order of the keys, where the manifest does not name a known one.

    Raises:
        KeyNotFoundError: the key is not there, and nothing unreadable could have held it.
        CorruptionError: something that may hold the key, or a newer version of it, cannot be read.
    """
    reader = Reader(path, comparator)
    rows = reader.rows("visible", past=False, start=key)
    first = next(iter(rows), None)
    found = first if first is not None and first.key == key else None
    in_the_way = [finding for finding in rows.findings if _may_hide(reader, finding, key, found)]
    if in_the_way:
        raise CorruptionError(
            f"{in_the_way[0].message}: it may hold {key!r} or a newer version of it. "
            f"`relevel find {reader.directory.path} KEY` shows what can still be read of the key.",
            in_the_way[0],
        )
    if found is None or found.value is None:
        raise KeyNotFoundError(f"{reader.directory.path}: {key!r} is not there")
    return found.value


def _may_hide(reader: Reader, finding: Finding, key: bytes, found: Version | None) -> bool:
    """Whether a finding is damage that was not healed, in bytes that may hold a newer version of the key than was found."""
    if finding.severity is not Severity.DAMAGE or finding.is_healed:
        return False
    files = reader.directory.by_name
    hurt = files.get(finding.span.file)
    if found is not None and hurt is not None and is_older(hurt, files[found.file]):
        return False
    if finding.keys is None:
        return True
    compare, keys = reader.comparator.compare, finding.keys
    above = keys.lower is None or compare(key, keys.lower) >= 0
    below = keys.upper is None or compare(key, keys.upper) <= 0
    return above and below
