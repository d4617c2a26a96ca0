"""get: the value of one key as it is now."""

from __future__ import annotations

import os
import shlex
import warnings
from dataclasses import dataclass

from relevel.errors import CorruptionError, KeyNotFoundError, UnprovedWarning
from relevel.findings import Finding, Severity
from relevel.format.comparator import Comparator
from relevel.recovery.inventory.at_risk import hurt_file
from relevel.recovery.inventory.steady import steadily
from relevel.recovery.read.newest import newest
from relevel.recovery.read.reader import Reader


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest value of a key that can be read.

    Attributes:
        value: the value.
        unproved: why nothing proves that there was no newer one: the manifest, or the end of a log, is lost or may be. Empty
            where it is proved.
    """

    value: bytes
    unproved: tuple[Finding, ...]


def get(path: str | os.PathLike[str], key: bytes, *, comparator: Comparator | None = None) -> bytes:
    """Give the value of one key as it is now, without writing anything.

    Warns with ``UnprovedWarning`` where nothing proves that there was no newer value: see ``look_up``.

    Args:
        path: the database's directory.
        key: the user key.
        comparator: the order of the keys, where the manifest does not name a known one.

    Raises:
        KeyNotFoundError: the key is not there, and nothing unreadable could have held it.
        CorruptionError: something that may hold the key, or a newer version of it, cannot be read or is gone.
        DatabaseInUseError: another program changes the database faster than it can be read.
    """
    answer = look_up(path, key, comparator=comparator)
    if answer.unproved:
        message = f"{answer.unproved[0].message}: nothing proves that {key!r} had no newer value"
        warnings.warn(message, UnprovedWarning, stacklevel=2)
    return answer.value


def look_up(path: str | os.PathLike[str], key: bytes, *, comparator: Comparator | None = None) -> Answer:
    """Give the value of one key, and what keeps it from being proved.

    Raises:
        KeyNotFoundError, CorruptionError, DatabaseInUseError: as ``get``.
    """
    return steadily(path, lambda directory: _look_up(Reader(path, comparator, directory=directory), key))


def _look_up(reader: Reader, key: bytes) -> Answer:
    found, doubts = newest(reader, key)
    losses = [finding for finding in doubts if _is_certain(reader, finding)]
    if losses:
        raise CorruptionError(
            f"{losses[0].message}: it may hold {key!r} or a newer version of it. {_next_step(reader)}", losses[0]
        )
    if found is not None and found.value is not None:
        return Answer(found.value, doubts)
    if doubts:
        raise CorruptionError(
            f"{doubts[0].message}: {key!r} is not there, and that is not proved. {_next_step(reader)}", doubts[0]
        )
    raise KeyNotFoundError(f"{reader.directory.path}: {key!r} is not there")


def _is_certain(reader: Reader, finding: Finding) -> bool:
    """Whether entries are lost for certain: not where a log may have been cut, nor where only the proof of what counts is gone."""
    return finding.severity is Severity.DAMAGE and hurt_file(reader.directory, finding) is not None


def _next_step(reader: Reader) -> str:
    return f"`relevel find {shlex.quote(str(reader.directory.path))} KEY` shows what can still be read of the key."
