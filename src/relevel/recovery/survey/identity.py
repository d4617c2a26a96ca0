"""Identity: whether a file is the table that the manifest counts on, told by its size and its first and last key.

Everything in another table's file may be whole; what it says was never true of the place where it stands. No two tables of a
database have the same size and the same ends: an end has a sequence number in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.findings import Finding, KeyRange, Span
from relevel.format.footer import BlockHandle, decode_handle
from relevel.format.internal_key import user_key_of
from relevel.format.version_edit import FileMetadata
from relevel.recovery.heal.block import contents_at
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.survey.access import Route, TableAccess, index_handle
from relevel.storage.patched import Readable

_Entries = list[tuple[bytes, bytes]]


def verify_identity(
    storage: Readable, file: DatabaseFile, access: TableAccess, scan: _kernel.TableScan, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """A table with another size, first or last key than the manifest says is not the one it counts on.

    Where its index is lost, or its end keys are, it is another one if it has neither of them and holds keys outside its range.
    """
    claimed = file.metadata
    if claimed is None:
        return
    strays = any(finding.code == "table.range-mismatch" for finding in findings) and not has_claimed_end(file, scan)
    if strays or (access.route is Route.INDEX and _is_another(storage, file, claimed, scan)):
        yield replaced_finding(file, claimed)


def _is_another(storage: Readable, file: DatabaseFile, claimed: FileMetadata, scan: _kernel.TableScan) -> bool:
    """Whether it shows another size or end. What cannot be read a second time of a hurt one was told of before."""
    if not scan.faults and scan.block_count == scan.intact_block_count:
        return (scan.file_size, scan.smallest, scan.largest) != (claimed.file_size, claimed.smallest, claimed.largest)
    try:
        return not is_as_claimed(storage, file)
    except OSError:
        return False


def has_claimed_end(file: DatabaseFile, scan: _kernel.TableScan) -> bool:
    """Whether one end is the one that the manifest says, where it says one: no other table has that key and sequence number."""
    claimed = file.metadata
    if claimed is None or scan.smallest is None:
        return True
    return scan.smallest == claimed.smallest or scan.largest == claimed.largest


def replaced_finding(file: DatabaseFile, claimed: FileMetadata) -> Finding:
    """That a file is not the table of which the manifest says this."""
    message = f"{file.name}: not the table that the manifest counts on: size or end keys differ"
    keys = KeyRange(user_key_of(claimed.smallest), user_key_of(claimed.largest))
    return Finding.of("table.replaced", Span(file.name, 0, file.size), message, keys)


def is_as_claimed(storage: Readable, file: DatabaseFile) -> bool:
    """Whether a file has the size and the end keys that the manifest says, where it says any. Reads three blocks at most.

    An end that cannot be read tells nothing: that it cannot is found where its block is read.

    Raises:
        OSError: the file cannot be read.
    """
    claimed = file.metadata
    if claimed is None:
        return True
    if file.size != claimed.file_size:
        return False
    smallest, largest = end_keys(storage, file.name)
    return smallest in (None, claimed.smallest) and largest in (None, claimed.largest)


def end_keys(storage: Readable, name: str) -> tuple[bytes | None, bytes | None]:
    """The first and the last internal key of a table, each None where it cannot be read. Reads three blocks at most.

    Raises:
        OSError: the file cannot be read.
    """
    index = _entries(storage, name, index_handle(storage, name))
    if not index:
        return None, None
    first = _entries(storage, name, _handle(index[0][1]))
    last = _entries(storage, name, _handle(index[-1][1])) if len(index) > 1 else first
    return (first[0][0] if first else None), (last[-1][0] if last else None)


def _entries(storage: Readable, name: str, handle: BlockHandle | None) -> _Entries:
    """The entries of one block; none where it is damaged."""
    if handle is None:
        return []
    contents = contents_at(storage, name, handle.offset, handle.size)
    if contents is None:
        return []
    entries, faults = _kernel.blocks.scan_block(contents)
    return [] if faults else entries


def _handle(value: bytes) -> BlockHandle | None:
    try:
        return decode_handle(value)[0]
    except CorruptionError:
        return None
