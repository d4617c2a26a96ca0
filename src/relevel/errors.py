"""The exceptions of relevel, and the exit code of each; two warnings.

Every one derives from ``RelevelError`` and from the builtin that fits it, so that callers may catch either. Damage that a
tolerant reader passes over is not an exception but a ``Finding``; a strict reader raises it inside ``CorruptionError``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from relevel.findings import Finding


class RelevelError(Exception):
    """Root of relevel's exceptions, and what has none of its own below.

    Attributes:
        exit_code: what the command line exits with where this error ends a command; unique to the class.
    """

    exit_code: ClassVar[int] = 3


class CorruptionError(RelevelError):
    """The bytes are not what the format demands, and the operation asked for cannot go on without them.

    Attributes:
        finding: what is wrong, where it is known.
    """

    exit_code = 4

    def __init__(self, message: str, finding: Finding | None = None) -> None:
        super().__init__(message)
        self.finding = finding


class StorageError(RelevelError, OSError):
    """The operating system refused to read or write."""

    exit_code = 5


class DatabaseInUseError(RelevelError, OSError):
    """Another program changes the database faster than it can be read."""

    exit_code = 11


class NotADatabaseError(RelevelError, ValueError):
    """The path holds no LevelDB: nothing in it has the name or the shape of one of LevelDB's files."""

    exit_code = 6


class DestinationExistsError(RelevelError, FileExistsError):
    """The place where a result was to be written is taken; relevel never writes over anything."""

    exit_code = 7


class InvalidArgumentError(RelevelError, ValueError):
    """An argument is of the right type and makes no sense."""

    exit_code = 8


class NotSupportedError(RelevelError, NotImplementedError):
    """The database uses something relevel does not know, such as a comparator that was not registered."""

    exit_code = 9


class KeyNotFoundError(RelevelError, KeyError):
    """The key asked for is not in the database."""

    exit_code = 10

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class LockedError(StorageError, BlockingIOError):
    """The database is open elsewhere, and one process at a time may write to it."""

    exit_code = 12


class IteratorInvalidError(RelevelError):
    """The iterator stands on no entry, so there is no key and no value."""

    exit_code = 13


class LogDamagedWarning(UserWarning):
    """A database was opened of which a log has damaged bytes; what they held is not in it."""


class UnprovedWarning(UserWarning):
    """What was given is the newest that can be read, and nothing proves that there was nothing newer."""
