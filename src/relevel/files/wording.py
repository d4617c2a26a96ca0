"""What LevelDB and goleveldb say where they meet a fault, word for word as far as the fault determines the words.

Source: google/leveldb table/format.cc, table/block.cc, db/log_reader.cc, db/db_impl.cc; goleveldb table/reader.go,
journal/journal.go. goleveldb gives both checksums of a block masked, as they are stored, and calls the stored one
"want".
"""

from __future__ import annotations

from typing import Final

from relevel._kernel import Fault
from relevel.format.footer import FOOTER_SIZE
from relevel.format.record import BLOCK_SIZE

_LEVELDB_BLOCK: Final = {
    "checksum-mismatch": "block checksum mismatch",
    "truncated": "truncated block read",
    "unknown-type": "bad block type",
    "decompression-failed": "corrupted compressed block contents",
    "bad-entry": "bad entry in block",
    "bad-restarts": "bad block contents",
    "bad-internal-key": "corrupted internal key in DBIter",
    "bad-magic": "not an sstable (bad magic number)",
    "too-short": "file is too short to be an sstable",
    "empty": "file is too short to be an sstable",
}
_LEVELDB_RECORD: Final = {
    "record.checksum-mismatch": "checksum mismatch",
    "record.bad-length": "bad record length",
    "record.orphan-fragment": "missing start of fragmented record",
    "record.unfinished": "partial record without end",
    "batch.too-small": "log record too small",
    "batch.wrong-count": "WriteBatch has wrong count",
}
_GOLEVELDB_KIND: Final = {
    "block": "data-block",
    "index": "index-block",
    "metaindex": "meta-block",
    "filter": "filter-block",
    "footer": "table-footer",
}
_GOLEVELDB_BLOCK: Final = {
    "decompression-failed": "snappy: corrupt input",
    "bad-entry": "entries corrupted",
}
_GOLEVELDB_RECORD: Final = {
    "record.checksum-mismatch": "checksum mismatch",
    "record.bad-length": "chunk length overflows block",
    "record.zero-header": "zero header",
    "tail.torn": "chunk length overflows block",
}


def leveldb_words(file: str, fault: Fault) -> str | None:
    """Give LevelDB's status for a fault; None where it says nothing or the fault does not determine what."""
    part, _, rest = fault.code.partition(".")
    if part == "table":
        words = _LEVELDB_BLOCK.get(rest.rpartition(".")[2])
        return None if words is None else f"Corruption: {words}: {file}"
    if rest == "record.unknown-type" and fault.got is not None:
        return f"Corruption: unknown record type {fault.got}"
    words = _LEVELDB_RECORD.get(rest)
    return None if words is None else f"Corruption: {words}"


def goleveldb_words(file: str, fault: Fault, file_size: int | None) -> str | None:
    """Give goleveldb's error for a fault; None where it says nothing or the fault does not determine what."""
    part, _, rest = fault.code.partition(".")
    say = _goleveldb_table if part == "table" else _goleveldb_log
    said = say(rest, fault, file_size)
    return None if said is None else f"leveldb/{said} [file={file}]"


def _goleveldb_table(rest: str, fault: Fault, file_size: int | None) -> str | None:
    part, _, what = rest.partition(".")
    if rest in {"too-short", "empty", "footer.bad-magic"}:
        return _goleveldb_footer(fault, file_size)
    reason = _GOLEVELDB_BLOCK.get(what)
    if what == "checksum-mismatch" and fault.expected is not None and fault.got is not None:
        reason = f"checksum mismatch, want={fault.expected:#x} got={fault.got:#x}"
    elif what == "unknown-type" and fault.got is not None:
        reason = f"unknown compression type {fault.got:#x}"
    kind = _GOLEVELDB_KIND.get(part)
    if reason is None or kind is None:
        return None
    return f"table: corruption on {kind} (pos={fault.offset}): {reason}"


def _goleveldb_footer(fault: Fault, file_size: int | None) -> str:
    """goleveldb looks for the footer where the manifest says that the table ends."""
    size = fault.offset + fault.size if file_size is None else file_size
    if size < FOOTER_SIZE:
        return "table: corruption on table (pos=0): too small"
    return f"table: corruption on table-footer (pos={size - FOOTER_SIZE}): bad magic number"


def _goleveldb_log(rest: str, fault: Fault, file_size: int | None) -> str | None:
    """goleveldb drops from the bad record to the end of its 32 KiB block, and says how many bytes that is."""
    reason = _GOLEVELDB_RECORD.get(rest)
    if rest == "record.unknown-type" and fault.got is not None:
        reason = f"invalid chunk type {fault.got:#x}"
    if reason is None or (rest == "tail.torn" and fault.expected is None):
        return None
    if file_size is None:
        return f"journal: block/chunk corrupted: {reason}"
    block_end = (fault.offset // BLOCK_SIZE + 1) * BLOCK_SIZE
    return f"journal: block/chunk corrupted: {reason} ({min(block_end, file_size) - fault.offset} bytes)"
