"""Order: which comparator a database's keys are sorted by.

The manifest names it. Where no manifest can be read, the tables tell: their keys ascend in the right order and, but for chance,
in no other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from relevel import _kernel
from relevel.errors import NotSupportedError
from relevel.format.comparator import BYTEWISE, Comparator, find_comparator
from relevel.format.filename import FileKind
from relevel.recovery.inventory.directory import Directory

_CANDIDATES: Final = (BYTEWISE, find_comparator("idb_cmp1"), Comparator("", "reverse-bytewise"))
"""Nobody knows what a program calls the reverse order: it can be read, and written only with a name that is given."""
_TABLES_TO_ASK: Final = 4


def choose_comparator(directory: Directory, given: Comparator | None = None) -> Comparator:
    """The comparator of a database: the one given, else the one its manifest names, else the one its tables are sorted by.

    One that is given without a name has the name that the manifest says.

    Raises:
        NotSupportedError: the name is not registered, or nothing known fits the tables.
    """
    named = directory.manifest.comparator if directory.manifest is not None else None
    if given is not None:
        return given if given.name else replace(given, name=named or "")
    return find_comparator(named) if named is not None else _guess(directory)


def _guess(directory: Directory) -> Comparator:
    tables = sorted(directory.of_kind(FileKind.TABLE), key=lambda file: -file.size)[:_TABLES_TO_ASK]
    paths = [directory.storage.path(file.name) for file in tables]
    for candidate in _CANDIDATES:
        if not any(_disorders(path, candidate) for path in paths):
            return candidate
    raise NotSupportedError(
        f"{directory.path}: no manifest names the comparator, and the tables are in no order that is built in. "
        "Give it: --comparator NAME=module:function (comparator=… in Python)."
    )


def _disorders(path: str, comparator: Comparator) -> bool:
    try:
        scan = _kernel.scan_table(path, comparator.kernel, check_filter=False)
    except OSError:
        return False  # what cannot be read tells nothing of the order; the survey says that it cannot be read
    return any(fault.code.endswith(".key-order") for fault in scan.faults)
