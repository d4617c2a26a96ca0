"""The operating system's refusals, in words that say which path and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from relevel.errors import RelevelError, StorageError
from relevel.storage.temporary import temporary_folder

_ADVICE: Final = {
    errno.ESTALE: "the network file system lost it; mount it again",
    errno.EMFILE: "too many open files; raise the limit with `ulimit -n`",
    errno.ELOOP: "its symbolic links go round in circles",
    errno.ENAMETOOLONG: "the name is too long",
}
_ADVICE_ON_READING: Final = {
    errno.ENOENT: "it does not exist; check the path",
    errno.EACCES: "permission denied; run as a user who may read it, or copy it elsewhere first",
    errno.EPERM: "not permitted; run as a user who may read it, or copy it elsewhere first",
    errno.EIO: "the disk cannot read it; copy what can be read with ddrescue or a similar tool, then run on the copy",
}
_ADVICE_ON_WRITING: Final = {
    errno.ENOENT: "it, or the directory that would hold it, does not exist; check the path",
    errno.EACCES: "permission denied; run as a user who may read and write there, or choose another place",
    errno.EPERM: "not permitted; run as a user who may read and write there, or choose another place",
    errno.EIO: "the disk failed; copy what can be read of it with ddrescue or a similar tool",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOSPC: "No space left on device; make room, or choose another place",
    errno.EDQUOT: "the user's share of the disk is used up; make room, or choose another place",
}
TEMPORARY: Final = "cannot write temporary files in"
"""What was refused where it was refused for the folder for temporary files."""
_READING: Final = frozenset({"cannot read", "cannot open", "cannot list"})


def storage_error(doing: str, path: str, cause: OSError) -> StorageError:
    """Make the error for a refusal of the operating system.

    Args:
        doing: what was refused, such as ``cannot read``.
        path: what it was refused for.
        cause: the refusal; its ``errno`` is kept, and its text where that says more than the number does.
    """
    number = cause.errno or 0
    advice = _ADVICE | (_ADVICE_ON_READING if doing in _READING else _ADVICE_ON_WRITING)
    says_more = cause.strerror is not None and cause.strerror != os.strerror(number)
    why = cause.strerror if says_more or number not in advice else advice[number]
    error = StorageError(f"{doing} {path!r}: {why or cause}")
    error.errno = cause.errno
    return error


def named_error(doing: str, path: str, cause: OSError) -> StorageError:
    """As ``storage_error``, for whichever file the system names; ``path`` stands for one that it does not name.

    The folder for temporary files is named where one cannot be made or written there, whatever else was being done.
    """
    named = os.fsdecode(cause.filename or path)
    return storage_error(TEMPORARY if named == temporary_folder() else doing, named, cause)


@contextmanager
def refusals(doing: str, path: str) -> Iterator[None]:
    """Turn what the operating system refuses inside the block into ``StorageError``; relevel's own errors stay as they are."""
    try:
        yield
    except RelevelError:
        raise
    except OSError as error:
        raise storage_error(doing, path, error) from error


@contextmanager
def refusals_named(path: str) -> Iterator[None]:
    """As ``refusals``, with the error that ``named_error`` makes."""
    try:
        yield
    except (InterruptedError, RelevelError):
        raise
    except OSError as error:
        raise named_error("cannot use", path, error) from error
