"""LOG: what happened to a database, for people. LOG of the opening before becomes LOG.old.

Source: google/leveldb, util/posix_logger.h.

::

    2026/11/20-16:40:00.123456 139712 Recovering log #3
"""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime
from pathlib import Path

from relevel._kernel import AppendedFile
from relevel.storage.living import LivingDirectory

_NAME = "LOG"
_OLD_NAME = "LOG.old"


class InfoLog:
    """Writes LOG. Messages are lost in silence where they cannot be written: no operation fails for want of them."""

    def __init__(self, directory: LivingDirectory) -> None:
        """Begin a new LOG."""
        self._file: AppendedFile | None = None
        with contextlib.suppress(OSError):
            path = Path(directory.path(_NAME))
            with contextlib.suppress(FileNotFoundError):
                path.replace(directory.path(_OLD_NAME))
            self._file = AppendedFile(str(path))

    def write(self, message: str) -> None:
        """Write one line. Safe from any thread."""
        file = self._file
        if file is not None:
            now = datetime.now().astimezone().strftime("%Y/%m/%d-%H:%M:%S.%f")
            line = f"{now} {threading.get_native_id()} {message}\n"
            with contextlib.suppress(OSError):
                file.append(line.encode(errors="backslashreplace"))

    def close(self) -> None:
        """Close the file. May be called again."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
