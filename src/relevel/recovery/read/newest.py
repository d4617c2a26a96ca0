"""Newest: what can be read of one key as it is now, and what may have cost a newer version of it."""

from __future__ import annotations

from typing import NamedTuple

from relevel.findings import Finding
from relevel.recovery.inventory.at_risk import STRAYS, holds, hurt_file, is_proved_newer, keys_at_risk
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version


class Newest(NamedTuple):
    """The newest version of a key that can be read.

    Attributes:
        version: the version, which may be a deletion; None where there is none.
        doubts: what is lost, or may be, and may have held a newer one; empty where it is proved that there was none.
    """

    version: Version | None
    doubts: tuple[Finding, ...]


def newest(reader: Reader, key: bytes) -> Newest:
    """Look up the newest version of a key.

    Raises:
        DatabaseInUseError: another program changes the database faster than it can be read.
    """
    rows = reader.rows("versions", past=False, start=key)
    first = next(iter(rows), None)
    reader.refuse_outrun()
    found = first if first is not None and first.key == key else None
    return Newest(found, tuple(finding for finding in rows.findings if _may_outdate(reader, finding, key, found)))


def _may_outdate(reader: Reader, finding: Finding, key: bytes, found: Version | None) -> bool:
    """Whether a finding costs something that may have held a newer version of the key than was found."""
    if not finding.is_loss:
        return False
    if finding.code in STRAYS and found is not None and found.file == finding.span.file:
        return True
    if not holds(reader.comparator, keys_at_risk(reader.directory, finding), key):
        return False
    if found is None:
        return True
    lost = hurt_file(reader.directory, finding)
    return not is_proved_newer(reader.directory.by_name[found.file], found.offset, lost, finding.span, finding.code)
