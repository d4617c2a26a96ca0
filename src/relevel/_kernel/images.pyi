"""Tables and logs in bytes without names: an image of a disk or of memory.

No policy lives here: what is found is told as it lies there. Words, sources and errors are those of ``relevel._kernel``.
"""

from collections.abc import Sequence
from typing import final

from relevel._kernel import Fault, Handle, Source

@final
class Carver:
    """Goes through an image once and finds tables and logs, at any alignment. What cannot be read is taken for zeroes.

    Bytes inside what was found are content, and not looked at again. Memory: a few megabytes, whatever the image.
    """

    def __new__(cls, source: Source) -> Carver: ...
    def read(
        self, size: int
    ) -> (
        tuple[
            list[tuple[int, Handle, Handle]],
            list[tuple[int, int, int]],
            list[tuple[int, int, bool, int | None, int, int, int]],
        ]
        | None
    ):
        """What begins in the next ``size`` bytes or somewhat more; None at the end.

        Footers: offset, metaindex, index; these follow one another, and nothing of them is verified. Runs of blocks whose checksums
        fit, the first at a multiple of 512: start, end, number of blocks. Logs, records whose checksums fit and that continue one
        another: start, end, whether it is a manifest, a place where a 32 KiB block begins if known, number of payloads, first
        sequence number, the one after the last.
        """
    @property
    def offset(self) -> int:
        """How far the image has been looked at."""
    @property
    def faults(self) -> list[Fault]:
        """What could not be read (``table.read-error``) since this was last asked."""

def sample_table(source: Source, most: int, *, blocks: Sequence[Handle] | None = None) -> list[tuple[int, int]]:
    """At most ``most`` sequence numbers of a table, each with a checksum of its key and type. Of two files that share numbers, both
    samples have the same ones among these. ``blocks`` replaces the index. Never raises on content."""

def sample_log(source: Source, most: int) -> list[tuple[int, int]]:
    """The same of a log."""
