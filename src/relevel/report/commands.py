"""Commands that can be run next, with the paths of the database that they are about."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

_PLACEHOLDERS: Final = "SRC DST"


def beside(source: Path, what: str) -> Path:
    """A name for something new beside a database: ``chaindata-restored``."""
    return Path(f"{source if source.name not in {'', '..'} else source.resolve()}-{what}")


def addressed(step: str, source: Path) -> str:
    """A next step of the catalogue, to be copied: with the database's path, and one for what it writes."""
    return step.replace(_PLACEHOLDERS, shlex.join([str(source), str(beside(source, "rescued"))]))
