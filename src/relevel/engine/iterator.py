"""Iterators: over a range of entries, between entries; and LevelDB's own, on entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from relevel._kernel.engine import EntryIterator, RawEntryIterator
from relevel.engine.batch import require_flag
from relevel.engine.closing import Closing
from relevel.errors import IteratorInvalidError

if TYPE_CHECKING:
    from relevel.engine.database import DB

_CLOSED = "Database or iterator is closed"
_NOWHERE = "the iterator stands on no entry"


class Bounds(NamedTuple):
    """A range of keys. None is unbounded.

    Attributes:
        lower: the smallest key.
        upper: the largest key.
        include_lower: whether ``lower`` itself is in it.
        include_upper: whether ``upper`` is.
    """

    lower: bytes | None = None
    upper: bytes | None = None
    include_lower: bool = True
    include_upper: bool = False

    def below(self, prefix: bytes) -> Bounds:
        """The same range of the keys that begin with a prefix, which its bounds are without."""
        if not prefix:
            return self
        whole = prefix_bounds(prefix)
        lower = (whole.lower, True) if self.lower is None else (prefix + self.lower, self.include_lower)
        upper = (whole.upper, False) if self.upper is None else (prefix + self.upper, self.include_upper)
        return Bounds(lower[0], upper[0], lower[1], upper[1])


def prefix_bounds(prefix: bytes) -> Bounds:
    """The range of the keys that begin with a prefix."""
    stem = prefix.rstrip(b"\xff")
    return Bounds(prefix, stem[:-1] + bytes([stem[-1] + 1]) if stem else None)


def bounds_of(
    prefix: bytes | None,
    start: bytes | None,
    stop: bytes | None,
    *,
    include_start: bool | None,
    include_stop: bool | None,
) -> Bounds:
    """The range that an iterator's arguments ask for.

    Raises:
        TypeError: a prefix is given together with a bound, or one of them is not bytes.
    """
    flags = (require_flag("include_start", include_start), require_flag("include_stop", include_stop))
    for name, key in (("prefix", prefix), ("start", start), ("stop", stop)):
        if key is not None and not isinstance(key, bytes):
            raise TypeError(f"'{name}' must be bytes, not {type(key).__name__}")
    if prefix is None:
        return Bounds(start, stop, *flags)
    if start is not None or stop is not None:
        raise TypeError("'prefix' cannot be used together with 'start' or 'stop'")
    return prefix_bounds(prefix)


class Iterator(Closing, EntryIterator):
    """Goes over the entries of a range, both ways, as of the moment it was made. A context manager. One thread at a time.

    ``__next__`` and ``prev`` are the kernel's: the iterator stands between entries, so ``prev`` after ``next`` gives the same
    entry again.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Iterator:
        """Make an iterator that ``__init__`` completes."""
        return super().__new__(cls)

    def __init__(
        self,
        db: DB,
        bounds: Bounds,
        *,
        prefix: bytes = b"",
        sequence: int | None = None,
        reverse: bool | None = False,
        include_key: bool | None = True,
        include_value: bool | None = True,
        verify_checksums: bool | None = None,
        fill_cache: bool | None = True,
    ) -> None:
        core = db.core
        if core.closed:
            raise RuntimeError(_CLOSED)
        self._db = db  # an iterator keeps its database
        self._prefix = prefix
        whole = bounds.below(prefix)
        self.attach(
            core.store,
            sequence=sequence,
            lower=whole.lower,
            upper=whole.upper,
            include_lower=whole.include_lower,
            include_upper=whole.include_upper,
            reverse=require_flag("reverse", reverse),
            prefix_size=len(prefix),
            include_key=require_flag("include_key", include_key),
            include_value=require_flag("include_value", include_value),
            verify_checksums=None if verify_checksums is None else require_flag("verify_checksums", verify_checksums),
            fill_cache=require_flag("fill_cache", fill_cache),
            closed_message=_CLOSED,
        )

    def seek(self, target: bytes) -> None:
        """Move to just before the first entry at or after ``target``, or to the nearer end of the range."""
        super().seek(self._prefix + target if self._prefix else target)

    def close(self) -> None:
        """Let go of what it holds. May be called again."""
        self.detach()


class RawIterator(Closing, RawEntryIterator):
    """Stands on an entry of the whole database, or on none. A context manager. One thread at a time.

    ``valid``, ``seek``, ``seek_to_first`` and ``seek_to_last`` are the kernel's.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> RawIterator:
        """Make an iterator that ``__init__`` completes."""
        return super().__new__(cls)

    def __init__(
        self,
        db: DB,
        *,
        sequence: int | None = None,
        verify_checksums: bool | None = None,
        fill_cache: bool | None = True,
    ) -> None:
        core = db.core
        if core.closed:
            raise RuntimeError(_CLOSED)
        self._db = db  # an iterator keeps its database
        self.attach(
            core.store,
            sequence=sequence,
            verify_checksums=None if verify_checksums is None else require_flag("verify_checksums", verify_checksums),
            fill_cache=require_flag("fill_cache", fill_cache),
            closed_message=_CLOSED,
        )

    def next(self) -> None:
        """Go to the next entry.

        Raises:
            IteratorInvalidError: it stands on none.
        """
        self._require_valid()
        super().next()

    def prev(self) -> None:
        """Go to the entry before.

        Raises:
            IteratorInvalidError: it stands on none.
        """
        self._require_valid()
        super().prev()

    def _require_valid(self) -> None:
        if not self.valid():
            raise IteratorInvalidError(_NOWHERE)

    def key(self) -> bytes:
        """The key of the entry.

        Raises:
            IteratorInvalidError: it stands on none.
        """
        return self.item()[0]

    def value(self) -> bytes:
        """The value of the entry.

        Raises:
            IteratorInvalidError: it stands on none.
        """
        return self.item()[1]

    def item(self) -> tuple[bytes, bytes]:
        """Key and value of the entry.

        Raises:
            IteratorInvalidError: it stands on none.
        """
        entry = self.entry()
        if entry is None:
            raise IteratorInvalidError(_NOWHERE)
        return entry

    def close(self) -> None:
        """Let go of what it holds. May be called again."""
        self.detach()
