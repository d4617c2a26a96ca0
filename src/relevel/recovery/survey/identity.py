"""Identity: whether a file is the table that the manifest counts on, told by its size and its first and last key.

Everything in another table's file may be whole; what it says was never true of the place where it stands. No two tables of a
database have the same size and the same ends: an end has a sequence number in it.

Damage changes none of that unseen. The first data block is at offset 0, the last one is before the index or the metaindex, each has
a checksum, and footer and index stand where the size of the table says. What of these cannot be read tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.findings import Finding, KeyRange, Span
from relevel.format.footer import FOOTER_SIZE, BlockHandle, decode_handle
from relevel.format.internal_key import user_key_of
from relevel.format.java_size import may_end_at
from relevel.format.version_edit import FileMetadata
from relevel.recovery.heal.block import contents_at
from relevel.recovery.inventory.standing import DatabaseFile
from relevel.recovery.survey.access import Route, TableAccess, index_handle
from relevel.storage.patched import Readable

_Entries: TypeAlias = list[tuple[bytes, bytes]]
_Ends: TypeAlias = tuple[bytes | None, bytes | None]
"""The first and the last internal key, each None where it cannot be read."""


def verify_identity(
    storage: Readable, file: DatabaseFile, access: TableAccess, scan: _kernel.TableScan, findings: Iterable[Finding]
) -> Iterator[Finding]:
    """A table with another size, first or last key than the manifest says is not the one it counts on.

    Nor is one that holds keys outside its range: as they ascend, one end must be another, whether it can be read or not. Where they
    do not, it may be the order that is wrong, and it is another table if it has neither end, or if no index says that all blocks
    are of one table.

    Args:
        storage: where it is, with what was healed put back.
        file: which table.
        access: how its blocks were found.
        scan: what reading them found.
        findings: what is wrong with it.
    """
    claimed = file.metadata
    if claimed is None:
        return
    codes = {finding.code for finding in findings}
    is_in_order = not any(code.endswith(".key-order") for code in codes)
    strays = "table.range-mismatch" in codes and (is_in_order or not has_claimed_end(file, scan))
    if strays or _is_another(storage, file, claimed, access, scan):
        yield replaced_finding(file, claimed)
    elif not is_in_order and may_be_mixed(access, scan):
        yield replaced_finding(
            file, claimed, "blocks in it may be another table's: no index names them, and keys do not ascend"
        )


def _is_another(
    storage: Readable, file: DatabaseFile, claimed: FileMetadata, access: TableAccess, scan: _kernel.TableScan
) -> bool:
    """Whether it shows another size or end. What cannot be read a second time of a hurt one was told of before."""
    if access.route is Route.INDEX and not scan.faults and scan.block_count == scan.intact_block_count:
        return (scan.file_size, scan.smallest, scan.largest) != (claimed.file_size, claimed.smallest, claimed.largest)
    try:
        if access.route is Route.INDEX:
            return not is_as_claimed(storage, file)
        ends = _ends_found(storage, file, access, scan)
        return _has_another_size(file, claimed, access) or not _are_ends(claimed, ends)
    except OSError:
        return False


def _has_another_size(file: DatabaseFile, claimed: FileMetadata, access: TableAccess) -> bool:
    """Whether its end stands in another place, or there is no room for it. A table that was cut has none."""
    if access.end is None:
        return max(file.size, access.data_end + FOOTER_SIZE) > claimed.file_size
    return not may_end_at(access.end, claimed, file.name)


def _ends_found(storage: Readable, file: DatabaseFile, access: TableAccess, scan: _kernel.TableScan) -> _Ends:
    """The first and the last internal key of a table of which footer or index is lost."""
    if not access.blocks:
        return None, None
    first, last = BlockHandle(*access.blocks[0]), BlockHandle(*access.blocks[-1])
    frame = (offset for offset, _, kind, codec, _ in scan.blocks() if kind != "data" and codec)
    has_last = access.route is not Route.WALK or access.data_end in frame
    return (
        _first_key(storage, file.name, first) if first.offset == 0 else None,
        _last_key(storage, file.name, last) if has_last else None,
    )


def may_be_mixed(access: TableAccess, scan: _kernel.TableScan) -> bool:
    """Whether blocks that were found one by one may be of more than one table: there is a hole between them."""
    holes = (fault.offset for fault in scan.faults if fault.code == "table.gap")
    return access.route is Route.WALK and any(offset < access.data_end for offset in holes)


def has_claimed_end(file: DatabaseFile, scan: _kernel.TableScan) -> bool:
    """Whether one end is the one that the manifest says, where it says one: no other table has that key and sequence number."""
    claimed = file.metadata
    if claimed is None or scan.smallest is None:
        return True
    return scan.smallest == claimed.smallest or scan.largest == claimed.largest


def replaced_finding(
    file: DatabaseFile,
    claimed: FileMetadata,
    why: str = "not the table that the manifest counts on: size or end keys differ",
) -> Finding:
    """That a file is not the table of which the manifest says this, or not it alone."""
    keys = KeyRange(user_key_of(claimed.smallest), user_key_of(claimed.largest))
    return Finding.of("table.replaced", Span(file.name, 0, file.size), f"{file.name}: {why}", keys)


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
    return _are_ends(claimed, end_keys(storage, file.name))


def _are_ends(claimed: FileMetadata, ends: _Ends) -> bool:
    """Whether what can be read of a table's ends is what the manifest says."""
    smallest, largest = ends
    return smallest in (None, claimed.smallest) and largest in (None, claimed.largest)


def end_keys(storage: Readable, name: str) -> _Ends:
    """The first and the last internal key of a table, each None where it cannot be read. Reads three blocks at most.

    Raises:
        OSError: the file cannot be read.
    """
    index = _entries(storage, name, index_handle(storage, name))
    if not index:
        return None, None
    return _first_key(storage, name, _handle(index[0][1])), _last_key(storage, name, _handle(index[-1][1]))


def _first_key(storage: Readable, name: str, handle: BlockHandle | None) -> bytes | None:
    entries = _entries(storage, name, handle)
    return entries[0][0] if entries else None


def _last_key(storage: Readable, name: str, handle: BlockHandle | None) -> bytes | None:
    entries = _entries(storage, name, handle)
    return entries[-1][0] if entries else None


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
