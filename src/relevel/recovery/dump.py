"""dump: the live entries in key order, or every version on disk."""

from __future__ import annotations

import os

from relevel.format.comparator import Comparator
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Rows


def dump(
    path: str | os.PathLike[str],
    *,
    all_versions: bool = False,
    file: str | None = None,
    prefix: bytes = b"",
    start: bytes | None = None,
    stop: bytes | None = None,
    comparator: Comparator | None = None,
) -> Rows:
    """Stream the entries of a database in key order, whatever its state, without writing anything.

    Args:
        path: the database's directory.
        all_versions: every version of every key (newest first), from superseded and orphan files too, not just the live ones.
            The same version in several files comes once.
        file: one table or log of the directory alone; every version in it, with state ``unknown``.
        prefix: only keys that start with this.
        start: only keys at or after this one.
        stop: only keys before this one.
        comparator: the order of the keys, where the manifest does not name a known one.

    Returns:
        The versions, streaming; their ``findings`` are complete when the iteration ends.

    Raises:
        NotADatabaseError, StorageError: there is nothing to read.
        NotSupportedError: the comparator is not known.
    """
    reader = Reader(path, comparator, only=file)
    mode = "versions" if all_versions or file is not None else "visible"
    past = all_versions or file is not None
    return reader.rows(mode, past=past, prefix=prefix, start=start, stop=stop)
