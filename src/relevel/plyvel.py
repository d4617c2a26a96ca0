"""plyvel's names: ``from relevel import plyvel`` instead of ``import plyvel``. What differs is in docs/plyvel.md."""

from __future__ import annotations

import os
from collections.abc import Callable

from relevel.engine.database import DB as _DB
from relevel.engine.destroy import destroy as _destroy
from relevel.engine.options import make_options as _make_options
from relevel.errors import CorruptionError, IteratorInvalidError
from relevel.errors import RelevelError as Error
from relevel.errors import StorageError as IOError
from relevel.recovery.repair import repair as _repair

__all__ = ["DB", "CorruptionError", "Error", "IOError", "IteratorInvalidError", "destroy_db", "repair_db"]

__version__ = "1.5.1"
"""The version of plyvel whose interface this is."""
__leveldb_version__ = "1.23"
"""The version of LevelDB whose files these are."""


class DB(_DB):
    """``relevel.DB`` as plyvel's programs know it."""

    package = "plyvel"


def repair_db(
    name: str | bytes | os.PathLike[str],
    *,
    paranoid_checks: bool | None = None,
    write_buffer_size: int | None = None,
    max_open_files: int | None = None,
    lru_cache_size: int | None = None,
    block_size: int | None = None,
    block_restart_interval: int | None = None,
    max_file_size: int | None = None,
    compression: str | None = "snappy",
    bloom_filter_bits: int | None = None,
    comparator: Callable[[bytes, bytes], int] | None = None,
    comparator_name: bytes | str | None = None,
) -> None:
    """Put a database right: rescue it and put the result in its place. The original is kept beside it.

    The options are checked and, but for the comparator, of no consequence: the new database is like the old one.

    Raises:
        RelevelError: nothing could be rescued; nothing was changed.
    """
    options = _make_options(
        paranoid_checks=paranoid_checks,
        write_buffer_size=write_buffer_size,
        max_open_files=max_open_files,
        lru_cache_size=lru_cache_size,
        block_size=block_size,
        block_restart_interval=block_restart_interval,
        max_file_size=max_file_size,
        compression=compression,
        bloom_filter_bits=bloom_filter_bits,
        comparator=comparator,
        comparator_name=comparator_name,
    )
    _repair(name, comparator=options.comparator)


def destroy_db(name: str | bytes | os.PathLike[str]) -> None:
    """Remove a database and all its files. Nothing there is no error.

    Raises:
        LockedError: it is open.
    """
    _destroy(name)
