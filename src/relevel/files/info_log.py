"""LOG: what happened to a database, for people. LOG of the opening before becomes LOG.old.

Source: google/leveldb, util/posix_logger.h.

::

    2026/11/20-16:40:00.123456 139712 Recovering log #3
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from relevel._kernel import AppendedFile
from relevel.errors import StorageError
from relevel.storage.living import LivingDirectory
from relevel.storage.patched import Readable

_NAME = "LOG"
_OLD_NAME = "LOG.old"
_MOST_READ: Final = 8 << 20
"""Bytes of the end of a LOG that are read."""


class InfoLog:
    """Writes LOG. Messages are lost in silence where they cannot be written: no operation fails for want of them."""

    def __init__(self, directory: LivingDirectory) -> None:
        """Begin a new LOG."""
        self._file: AppendedFile | None = None
        path, old_path = directory.path(_NAME), directory.path(_OLD_NAME)
        with contextlib.suppress(OSError):
            if os.path.lexists(path):
                # Out of the way first: where a rename replaces a file, ext4 gives the renamed one to the disk there and then.
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(old_path)  # noqa: PTH108 - at every opening
                os.rename(path, old_path)  # noqa: PTH104 - at every opening
            self._file = AppendedFile(path)

    def write(self, *messages: str) -> None:
        """Write lines. Safe from any thread."""
        file = self._file
        if file is not None:
            now = datetime.now().astimezone().strftime("%Y/%m/%d-%H:%M:%S.%f")
            lines = "".join(f"{now} {threading.get_native_id()} {message}\n" for message in messages)
            with contextlib.suppress(OSError):
                file.append(lines.encode(errors="backslashreplace"))

    def close(self) -> None:
        """Close the file. May be called again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()


def info_log_lines(storage: Readable, name: str) -> Sequence[str]:
    """The lines of LOG or LOG.old, of a very long one the last; none where it cannot be read."""
    try:
        start = max(0, storage.size(name) - _MOST_READ)
        return storage.read(name, start, _MOST_READ).decode(errors="replace").splitlines()
    except StorageError:
        return ()
