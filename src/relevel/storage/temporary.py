"""Where files go that are gone when the work is done."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def temporary_folder() -> str:
    """The folder for what memory does not hold. Where none can be written to, one that will refuse what has to be written."""
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return os.environ.get("TMPDIR") or str(Path(os.sep, "tmp"))
