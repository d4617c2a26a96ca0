"""A new file beside the evidence: written whole, or not there; never over anything."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from relevel.errors import DestinationExistsError, InvalidArgumentError, StorageError
from relevel.storage.posix import CREATE_FLAGS


def refuse_place(path: Path, source: Path) -> None:
    """Refuse, before any work is done, a place where a file could not be written.

    Raises:
        DestinationExistsError: something is there.
        InvalidArgumentError: it lies in the source, which is not written to.
        StorageError: the directory that would hold it does not exist.
    """
    if os.path.lexists(path):
        raise DestinationExistsError(f"{str(path)!r} exists; relevel never writes over anything: choose another name")
    parent, evidence = path.absolute().parent.resolve(), source.resolve()
    if parent == evidence or evidence in parent.parents:
        raise InvalidArgumentError(
            f"{str(path)!r} lies in {str(source)!r}, which is not written to; choose another place"
        )
    if not parent.is_dir():
        raise StorageError(
            f"cannot write {str(path)!r}: the directory that would hold it does not exist; make it first"
        )


def write_new_file(path: Path, data: bytes) -> None:
    """Write a file that is not there yet; where that fails, nothing is left of it.

    Raises:
        DestinationExistsError: something is there.
        StorageError: the file system refuses.
    """
    try:
        descriptor = os.open(path, CREATE_FLAGS, 0o666)
    except FileExistsError as error:
        raise DestinationExistsError(f"{str(path)!r} exists; choose another name") from error
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise _refused(path, error) from error


def _refused(path: Path, cause: OSError) -> StorageError:
    error = StorageError(f"cannot write {str(path)!r}: {cause.strerror or cause}")
    error.errno = cause.errno
    return error
