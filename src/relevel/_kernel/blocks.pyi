"""Blocks one at a time: codecs, contents, filters, and what is left of a damaged one.

No policy lives here. Words, sources and errors are those of ``relevel._kernel``.
"""

from collections.abc import Sequence

from relevel._kernel import Fault, Source

def compress(codec: str, contents: bytes) -> bytes:
    """Compress one block's contents. Does not apply the 7/8 rule."""

def decompress(block_type: int, stored: bytes) -> tuple[str, bytes]:
    """Decompress one block's stored bytes (no trailer): the codec found, and the contents.

    Bounded: never allocates more than the codec could honestly produce from ``stored``. Raises FaultError.
    """

def decode_block(stored_with_trailer: bytes) -> bytes:
    """Verify the checksum of a block as it lies on disk, trailer included, and decompress it. Raises FaultError."""

def load_block(source: Source, offset: int, size: int) -> bytes:
    """Read, verify and decompress the block at ``offset`` of ``size`` bytes without its trailer. Raises FaultError."""

def scan_block(contents: bytes, internal_keys: bool = True) -> tuple[list[tuple[bytes, bytes]], list[Fault]]:
    """The entries of one block's contents, and what is wrong with it. Never raises on content.

    Entries come until the first one that cannot be decoded; that place is a fault, as are a bad restart array and, with
    ``internal_keys``, keys without a trailer. Offsets are relative to ``contents``.
    """

def build_block(entries: Sequence[tuple[bytes, bytes]], restart_interval: int = 16) -> bytes:
    """The contents of a block with these entries, as LevelDB builds it. Entries must be in order."""

def explain_checksum(
    covered: bytes, masked_crc: int, *, longest_burst: int = 16, pairs: bool = True
) -> list[list[int]]:
    """Every small error after which a masked checksum fits: the bits that were flipped, in order, counted from the first byte,
    least significant first; from ``8 * len(covered)`` on they are bits of the stored checksum.

    Found are bursts of up to ``longest_burst`` bits (at most 32), so single bits too, and with ``pairs`` any two bits, in up to
    16 KiB.
    """

def salvage_block(
    stored: bytes,
    block_type: int,
    bad: Sequence[tuple[int, int]],
    *,
    prefix: bytes = b"",
) -> tuple[list[tuple[bytes, bytes]], int]:
    """What is certain of a block's stored bytes (no trailer), of which the ranges ``bad`` are hurt: entries in their order, and
    how many of them stand before the damage. Of compressed blocks only snappy's are taken. Bounded as ``decompress``.

    ``prefix`` is how every user key of the block begins: what follows from it fills in unknown bytes.
    """

def block_size_at(data: bytes, offset: int, limit: int) -> int | None:
    """The size of the block that starts at ``offset``, found by its checksum: the smallest n <= limit such that n bytes
    and a trailer of a known block_type whose checksum fits stand there. None if there is none. O(limit)."""

def bloom_filter(user_keys: Sequence[bytes], bits_per_key: int) -> bytes:
    """LevelDB's bloom filter over these keys."""

def bloom_may_match(filter: bytes, user_key: bytes) -> bool:
    """Whether the filter allows that the key is there."""
