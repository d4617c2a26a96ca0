"""Files that are read with other bytes than they have: damage that was put right, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from relevel import _kernel
from relevel.storage.read_only import NO_LIMIT


class Readable(Protocol):
    """Where files are read from: a directory, or a patched one."""

    def source(self, name: str) -> _kernel.Source:
        """Give what the kernel reads a file from."""

    def size(self, name: str) -> int:
        """Give a file's size in bytes."""

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """Read bytes of a file; see ``ReadOnlyDirectory.read``."""

    @property
    def block_limit(self) -> int:
        """Bytes up to which a block or record is looked at."""


def within_limit(storage: Readable, data: bytes) -> _kernel.Source:
    """The bytes that a file of ``storage`` has once it is patched, as a source with the same limit."""
    return data if storage.block_limit == NO_LIMIT else _kernel.Limited(data, storage.block_limit)


class Patched:
    """A directory, and the bytes that take the place of some of its files'. Nothing is written."""

    def __init__(self, base: Readable, files: Mapping[str, bytes]) -> None:
        """Put bytes in the place of files'.

        Args:
            base: where everything else is.
            files: the bytes by name.
        """
        self._base = base
        self._files = dict(files)

    def source(self, name: str) -> _kernel.Source:
        """Give what the kernel reads a file from."""
        data = self._files.get(name)
        return self._base.source(name) if data is None else within_limit(self._base, data)

    @property
    def block_limit(self) -> int:
        """Bytes up to which a block or record is looked at."""
        return self._base.block_limit

    def size(self, name: str) -> int:
        """Give a file's size in bytes."""
        data = self._files.get(name)
        return self._base.size(name) if data is None else len(data)

    def read(self, name: str, offset: int = 0, size: int | None = None) -> bytes:
        """Read bytes of a file; see ``ReadOnlyDirectory.read``."""
        data = self._files.get(name)
        if data is None:
            return self._base.read(name, offset, size)
        return data[offset:] if size is None else data[offset : offset + size]
