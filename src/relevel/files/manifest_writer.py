"""Writing a manifest: a snapshot of the whole state first, then one edit for each change.

Source: google/leveldb, db/version_set.cc. What a manifest holds is described in ``relevel.files.manifest``.
"""

from __future__ import annotations

from relevel.errors import InvalidArgumentError
from relevel.files.log import LogWriter
from relevel.format.version_edit import VersionEdit, encode_version_edit


class ManifestWriter:
    """A manifest that is written to. Not thread-safe."""

    def __init__(self, log: LogWriter) -> None:
        """Go on in a manifest that holds whole edits only."""
        self._log = log

    @classmethod
    def begin(cls, path: str, state: VersionEdit) -> ManifestWriter:
        """Begin a manifest as LevelDB does, with a snapshot and then the numbers, synced.

        Args:
            path: must not exist.
            state: the whole state: comparator, numbers and live tables, and nothing deleted.

        Raises:
            InvalidArgumentError: LevelDB would not accept it.
            OSError: the file system refuses.
        """
        _refuse_incomplete(state)
        snapshot = VersionEdit(
            comparator=state.comparator, compact_pointers=state.compact_pointers, new_files=state.new_files
        )
        numbers = state._replace(
            comparator=None, compact_pointers=(), new_files=(), previous_log_number=state.previous_log_number or 0
        )
        writer = cls(LogWriter(path))
        try:
            writer._log.append(encode_version_edit(snapshot))
            writer.append(numbers)
        except BaseException:
            writer.close()
            raise
        return writer

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._log.size

    def append(self, edit: VersionEdit) -> None:
        """Write one change, synced.

        Raises:
            OSError: the file system refuses; the manifest may end inside the edit then, and takes no other.
        """
        self._log.append(encode_version_edit(edit))
        self._log.sync()

    def close(self) -> None:
        """Close the file. May be called again."""
        self._log.close()


def write_manifest(path: str, state: VersionEdit) -> int:
    """Write a new manifest that holds this state and no more. Returns its size; errors as ``ManifestWriter``."""
    writer = ManifestWriter.begin(path, state)
    writer.close()
    return writer.size


def _refuse_incomplete(state: VersionEdit) -> None:
    if None in (state.comparator, state.log_number, state.next_file_number, state.last_sequence) or state.deleted_files:
        raise InvalidArgumentError(
            "a manifest begins with comparator, log, next file and last sequence, and no deletions"
        )
    numbers = [state.log_number or 0, *(metadata.number for _, metadata in state.new_files)]
    if max(numbers) >= (state.next_file_number or 0):
        raise InvalidArgumentError(f"the next file number {state.next_file_number} is taken: {max(numbers)} is in use")
