"""Order: which comparator a database's keys are sorted by.

The manifest names it. Where no manifest can be read, the tables tell: their keys ascend in the right order and, but for chance,
in no other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from relevel import _kernel
from relevel.errors import InvalidArgumentError, NotSupportedError
from relevel.format.comparator import BYTEWISE, Comparator, find_comparator, is_known
from relevel.format.filename import FileKind
from relevel.recovery.inventory.directory import Directory
from relevel.recovery.inventory.standing import Proof

_CANDIDATES: Final = (BYTEWISE, find_comparator("idb_cmp1"), Comparator("", "reverse-bytewise"))
"""Nobody knows what a program calls the reverse order: it can be read, and written only with a name that is given."""
_TABLES_TO_ASK: Final = 4


def choose_comparator(directory: Directory, given: Comparator | None = None) -> Comparator:
    """The comparator of a database: the one its manifest names, else the one given, else the one its tables are sorted by.

    One that is given serves where the manifest names none or one that is not known. Its name must then be the manifest's; without
    a name it has that one. It never takes the place of an order that is known: the keys would be read and written in another one.

    Raises:
        InvalidArgumentError: the manifest names another comparator than the one given.
        NotSupportedError: the name is not registered, or nothing known fits the tables.
    """
    named = directory.manifest.comparator if directory.manifest is not None else None
    if given is None:
        return find_comparator(named) if named is not None else _guess(directory)
    if named is None or given.name == named:
        return given
    if is_known(named) or (given.name and directory.proof is Proof.MANIFEST):
        raise InvalidArgumentError(
            f"{directory.path}: the manifest says that its keys are in the order of {named!r}, and {_describe(given)} was given; "
            + (
                "leave it out"
                if is_known(named)
                else f"give {named}=module:function (Comparator({named!r}, …) in Python)"
            )
        )
    return given if given.name else replace(given, name=named)


def _describe(given: Comparator) -> str:
    """What was given, as the user knows it: a name, or a function that has none."""
    if given.name:
        return f"the comparator {given.name!r}"
    return f"the function {getattr(given.kernel, '__qualname__', given.kernel)!r} without a name"


def _guess(directory: Directory) -> Comparator:
    tables = sorted(directory.of_kind(FileKind.TABLE), key=lambda file: -file.size)[:_TABLES_TO_ASK]
    sources = [directory.storage.source(file.name) for file in tables]
    for candidate in _CANDIDATES:
        if not any(_disorders(source, candidate) for source in sources):
            return candidate
    raise NotSupportedError(
        f"{directory.path}: no manifest names the comparator, and the tables are in no order that is built in. "
        "Give it: --comparator NAME=module:function (comparator=… in Python)."
    )


def _disorders(source: _kernel.Source, comparator: Comparator) -> bool:
    try:
        scan = _kernel.scan_table(source, comparator.kernel, check_filter=False)
    except OSError:
        return False  # what cannot be read tells nothing of the order; the survey says that it cannot be read
    return any(fault.code.endswith(".key-order") for fault in scan.faults)
