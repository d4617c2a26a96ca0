"""A new file beside the evidence: written whole, or not there; never over anything."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from relevel.errors import DestinationExistsError, InvalidArgumentError, StorageError
from relevel.storage.failure import storage_error
from relevel.storage.posix import CREATE_FLAGS, sync_directory
from relevel.storage.removal import remove_directory
from relevel.storage.rename import rename_without_replacing

_LONGEST_PREFIX: Final = 60


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
    except BaseException as error:
        with contextlib.suppress(OSError):
            path.unlink()
        if isinstance(error, OSError):
            raise _refused(path, error) from error
        raise


class NewFile:
    """A file that others write, and that appears when it is whole; a context manager.

    It is built in a hidden directory beside its place, where its writer may have temporary files of its own. Leaving the block
    without ``publish`` removes everything.
    """

    def __init__(self, path: Path, source: Path) -> None:
        """Name the file to be made; nothing is made yet.

        Args:
            path: must not exist; its directory must.
            source: the evidence; a place in or below it is refused.

        Raises:
            DestinationExistsError, InvalidArgumentError, StorageError: as ``refuse_place``.
        """
        refuse_place(path, source)
        self._place = path.absolute()
        self._folder: Path | None = None

    @property
    def path(self) -> Path:
        """Where to write to."""
        if self._folder is None:
            raise InvalidArgumentError(f"{str(self._place)!r} is not being built; use `with NewFile(…)`")
        return self._folder / self._place.name

    def __enter__(self) -> NewFile:
        """Make the hidden directory.

        Raises:
            StorageError: the file system refuses.
        """
        prefix = os.fsdecode(os.fsencode(self._place.name)[:_LONGEST_PREFIX])
        folder = self._place.parent / f".{prefix}.relevel-{secrets.token_hex(6)}"
        try:
            folder.mkdir()
        except OSError as error:
            raise _refused(self._place, error) from error
        self._folder = folder
        return self

    def __exit__(self, *error: object) -> None:
        """Remove what was not published."""
        if self._folder is not None:
            remove_directory(self._folder, [self._place.name])

    def publish(self) -> int:
        """Put the file in its place, durably, and give its size.

        Raises:
            DestinationExistsError: something has appeared there.
            StorageError: the file system refuses.
        """
        built = self.path
        try:
            with built.open("rb+") as file:
                os.fsync(file.fileno())
            size = built.stat().st_size
            rename_without_replacing(built, self._place)
            sync_directory(self._place.parent)
        except FileExistsError as error:
            raise DestinationExistsError(f"{str(self._place)!r} exists; choose another name") from error
        except OSError as error:
            raise _refused(self._place, error) from error
        return size


def _refused(path: Path, cause: OSError) -> StorageError:
    return storage_error("cannot write", str(path), cause)
