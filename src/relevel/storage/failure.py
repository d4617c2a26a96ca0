"""The operating system's refusals, in words that say which path and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from relevel.errors import StorageError

_ADVICE: Final = {
    errno.ENOENT: "it does not exist; check the path",
    errno.EACCES: "permission denied; run as a user who may read it, or copy it elsewhere first",
    errno.EPERM: "not permitted; run as a user who may read it, or copy it elsewhere first",
    errno.EIO: "the disk cannot read it; copy what can be read with ddrescue or a similar tool, then run on the copy",
    errno.ESTALE: "the network file system lost it; mount it again",
    errno.EMFILE: "too many open files; raise the limit with `ulimit -n`",
    errno.ELOOP: "its symbolic links go round in circles",
    errno.ENAMETOOLONG: "the name is too long",
}


def storage_error(doing: str, path: str, cause: OSError) -> StorageError:
    """Make the error for a refusal of the operating system.

    Args:
        doing: what was refused, such as ``cannot read``.
        path: what it was refused for.
        cause: the refusal; its ``errno`` is kept.
    """
    advice = _ADVICE.get(cause.errno or 0) or cause.strerror or str(cause)
    error = StorageError(f"{doing} {path!r}: {advice}")
    error.errno = cause.errno
    return error


@contextmanager
def refusals(doing: str, path: str) -> Iterator[None]:
    """Turn what the operating system refuses inside the block into ``StorageError``; one that is raised there stays as it is."""
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise storage_error(doing, path, error) from error
