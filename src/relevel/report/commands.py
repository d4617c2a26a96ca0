"""Commands that can be run next, with the paths of the database that they are about."""

from __future__ import annotations

import os
import shlex
from itertools import chain, count
from pathlib import Path
from typing import Final

_PLACEHOLDERS: Final = "SRC DST"


def beside(source: Path, what: str) -> Path:
    """A name for something new beside a database: ``chaindata-restored``, or ``chaindata-restored-2`` where that is there."""
    name = f"{source if source.name not in {'', '..'} else source.resolve()}-{what}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(place for place in map(Path, names) if not os.path.lexists(place))


def addressed(step: str, source: Path) -> str:
    """A next step of the catalogue, to be copied: with the database's path, and one for what it writes."""
    return step.replace(_PLACEHOLDERS, shlex.join([str(source), str(beside(source, "rescued"))]))
