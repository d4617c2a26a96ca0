"""repair: rescue a database in its place, whatever its state, the original kept beside it. What ``plyvel.repair_db`` calls."""

from __future__ import annotations

import os

from relevel.format.comparator import Comparator
from relevel.recovery.in_place import rescue_in_place
from relevel.recovery.rescue import RescueReport


def repair(path: str | bytes | os.PathLike[str], *, comparator: Comparator | None = None) -> RescueReport:
    """Rescue a database and put the result in its place, as ``rescue_in_place`` does with ``force``.

    Args:
        path: the database's directory; where it is a link, what it leads to is repaired and the link stays.
        comparator: the order of the keys, where the manifest does not name a known one.

    Raises:
        RelevelError: as ``rescue_in_place``.
    """
    return rescue_in_place(path, force=True, comparator=comparator).rescue
