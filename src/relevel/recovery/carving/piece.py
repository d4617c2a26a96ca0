"""Pieces: what was found, as it lies in the image, and how its bytes are put together again.

::

    image   ……[ extent ]……………………[ extent ]……
    file      [ extent | zeroes | extent ]        zeroes stand where nothing was found
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from relevel import _kernel
from relevel.findings import KeyRange, Span
from relevel.format.internal_key import user_key_of
from relevel.recovery.carving.image import Image
from relevel.strenum import StrEnum

MOST_IN_MEMORY: Final = 64 << 20
"""Bytes of a piece that is not one stretch of the image: it is put together in memory."""
SAMPLE_SIZE: Final = 512
"""Sequence numbers in a sample at most."""
SAMPLE: Final = struct.Struct("<QI")
"""One of them: the number, and the checksum of its key and type."""
_CHUNK_SIZE: Final = 1 << 20


class Kind(StrEnum):
    """What a piece is."""

    TABLE = "table"
    LOG = "log"
    MANIFEST = "manifest"


class CarvingProof(StrEnum):
    """What shows that a piece is what it is taken for."""

    INDEX = "index"
    """A footer and an index, with the data blocks where the index says, their checksums verified."""
    BLOCKS = "blocks"
    """Blocks that follow one another, each found by its checksum; footer or index are lost."""
    RECORDS = "records"
    """Records that follow one another, their checksums verified."""


class Extent(NamedTuple):
    """A stretch of the image and where it belongs in the file: bytes."""

    file_offset: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Content:
    """What can be read of a piece.

    Attributes:
        entry_count: versions in it: puts and deletions.
        sequences: the smallest and the largest sequence number; None where there is no entry.
        keys: the smallest and the largest key: internal keys of a table, user keys of a log.
        orders: the kernel's comparators that the keys are in the order of, or ``other``; for a log, all.
        sample: sequence numbers, each with what tells its operation from others; packed as ``SAMPLE`` says.
    """

    entry_count: int
    sequences: tuple[int, int] | None
    keys: tuple[bytes, bytes] | None
    orders: frozenset[str]
    sample: bytes


ALL_ORDERS: Final = frozenset({"bytewise", "idb", "reverse-bytewise", "other"})
NOTHING: Final = Content(0, None, None, ALL_ORDERS, b"")


@dataclass(frozen=True)
class Piece:
    """A table, log or manifest that was found.

    Attributes:
        image: where.
        kind: what it is.
        extents: the stretches of the image it is made of, in order of their places in the file.
        size: bytes of the file.
        proof: what shows that it is one.
        is_whole: whether nothing of it is missing or damaged, as far as can be told.
        content: what can be read of it.
    """

    image: Image
    kind: Kind
    extents: tuple[Extent, ...]
    size: int
    proof: CarvingProof
    is_whole: bool
    content: Content = NOTHING

    @property
    def span(self) -> Span:
        """Where it lies in the image: its last stretch, for a table's footer is there."""
        extent = self.extents[-1]
        return Span(self.image.name, extent.offset, extent.size)

    @property
    def place(self) -> tuple[str, int]:
        """What pieces are ordered by: image and offset."""
        return self.image.name, self.extents[0].offset

    @property
    def key_range(self) -> KeyRange | None:
        """The user keys in it."""
        if self.content.keys is None:
            return None
        smallest, largest = self.content.keys
        if self.kind is Kind.TABLE:
            return KeyRange(user_key_of(smallest), user_key_of(largest))
        return KeyRange(smallest, largest)

    def source(self) -> _kernel.Source:
        """What the kernel reads it from: the image itself, or bytes where it has to be put together.

        Of a long log without a beginning, what stands before it in the image takes the place of the zeroes.

        Raises:
            StorageError: the image cannot be opened or read.
        """
        first = self.extents[0]
        is_long = self.size > MOST_IN_MEMORY and first.offset >= first.file_offset
        if len(self.extents) == 1 and (first.file_offset == 0 or is_long):
            return self.image.open().part(first.offset - first.file_offset, self.size)
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file, in order.

        Raises:
            StorageError: the image cannot be read.
        """
        written = 0
        for extent in self.extents:
            yield bytes(extent.file_offset - written)
            for done in range(0, extent.size, _CHUNK_SIZE):
                yield self.image.read(extent.offset + done, min(_CHUNK_SIZE, extent.size - done))
            written = extent.file_offset + extent.size
        yield bytes(self.size - written)

    def sha256(self) -> str:
        """The hash of the file's bytes, in hex."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()


def packed(sample: Iterable[tuple[int, int]]) -> bytes:
    """A sample as the kernel gives it, in few bytes: many pieces have one."""
    return b"".join(SAMPLE.pack(sequence, operation) for sequence, operation in sample)
