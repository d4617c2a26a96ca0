"""Small tables: levels of many tables in a small database, as a large one has them.

Options hold tables to a mebibyte at least, and level 1 to ten of them, as LevelDB does. A database of a few hundred kilobytes
would so have one table a level, and nothing could go wrong between two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

from relevel.engine import options

LEAST: Final = 1 << 12
"""Bytes of a table."""
_LEVEL_1: Final = 1 << 15


@contextmanager
def small_tables() -> Iterator[None]:
    """Let ``max_file_size`` be as small as ``LEAST`` in the block, and level 1 32 KiB."""
    limits = {**options._LIMITS, "max_file_size": (LEAST, 1 << 30)}
    with (
        patch.object(options, "_LIMITS", limits),
        patch.object(options.Options, "level1_size", property(lambda _: _LEVEL_1)),
    ):
        yield
