"""relevel: a LevelDB for Python that does not lose data, and the best tool there is for a LevelDB that has.

The recovery suite: ``check``, ``info``, ``dump``, ``scan``, ``get``, ``find``, ``history``, ``undelete``, ``rescue`` and
``History``. All of them open their source read-only; what they write goes to a new place.
"""

from __future__ import annotations

from relevel.errors import (
    CorruptionError,
    DestinationExistsError,
    InvalidArgumentError,
    KeyNotFoundError,
    NotADatabaseError,
    NotSupportedError,
    RelevelError,
    StorageError,
)
from relevel.findings import Finding, KeyRange, Severity, Span
from relevel.format.comparator import Comparator, register_comparator
from relevel.recovery.check import CheckReport, check
from relevel.recovery.dump import dump
from relevel.recovery.find import FindReport, find
from relevel.recovery.get import get
from relevel.recovery.history import DatabaseView, History, history
from relevel.recovery.info import InfoReport, info
from relevel.recovery.read.rows import Rows, Source, Version
from relevel.recovery.rescue import RescueReport, rescue
from relevel.recovery.scan import scan
from relevel.recovery.undelete import UndeleteReport, undelete

__all__ = [
    "CheckReport",
    "Comparator",
    "CorruptionError",
    "DatabaseView",
    "DestinationExistsError",
    "FindReport",
    "Finding",
    "History",
    "InfoReport",
    "InvalidArgumentError",
    "KeyNotFoundError",
    "KeyRange",
    "NotADatabaseError",
    "NotSupportedError",
    "RelevelError",
    "RescueReport",
    "Rows",
    "Severity",
    "Source",
    "Span",
    "StorageError",
    "UndeleteReport",
    "Version",
    "check",
    "dump",
    "find",
    "get",
    "history",
    "info",
    "register_comparator",
    "rescue",
    "scan",
    "undelete",
]
