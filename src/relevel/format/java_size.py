"""The size of a table as Java's LevelDB (dain/leveldb, up to 0.12) notes it in the manifest.

When a compaction has finished a table, that program adds to its size what an empty block takes: the four bytes of a restart count
that is never written. LevelDB looks for the footer where this size says, and refuses such a table; the table itself is whole.
"""

from __future__ import annotations

from typing import Final

from relevel.format.version_edit import FileMetadata

_EMPTY_BLOCK_SIZE: Final = 4
_SUFFIX: Final = ".sst"
"""The only one that Java's LevelDB knows."""


def with_true_size(metadata: FileMetadata, name: str, size: int) -> FileMetadata:
    """What a manifest says of a table, with the size of its file where Java's LevelDB noted another.

    Args:
        metadata: from the manifest.
        name: of the file.
        size: of the file. One from which four bytes were cut ends in no footer, so reading it tells.
    """
    is_javas = name.endswith(_SUFFIX) and size + _EMPTY_BLOCK_SIZE == metadata.file_size
    return metadata._replace(file_size=size) if is_javas else metadata


def may_end_at(end: int, metadata: FileMetadata, name: str) -> bool:
    """Whether a table whose footer ends there can be the one that a manifest speaks of, or Java's LevelDB noted another size.

    Args:
        end: where its footer ends, or did before it was cut.
        metadata: what ``with_true_size`` gave, which takes a table from which four bytes were cut for one of Java's.
        name: of the file.
    """
    off = abs(end - metadata.file_size)
    return off == 0 or (off == _EMPTY_BLOCK_SIZE and name.endswith(_SUFFIX))
