"""relevel: a LevelDB for Python that does not lose data, and the best tool there is for a LevelDB that has.

The engine: ``DB``, with plyvel's methods and more; ``from relevel import plyvel`` has plyvel's names.

The recovery suite: ``check``, ``info``, ``dump``, ``scan``, ``get``, ``find``, ``history``, ``export``, ``sql``, ``undelete``,
``rescue``, ``carve``, ``survey`` and ``History``. All of them open their source read-only; what they write goes to a new place.

Names are imported when they are first used, so that the command line starts fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relevel.decoders.decoder import Decoder, NotDecodedError
    from relevel.engine.database import DB
    from relevel.engine.destroy import destroy
    from relevel.engine.load import LoadReport, load
    from relevel.engine.prefixed import PrefixedDB
    from relevel.engine.snapshot import Snapshot
    from relevel.errors import (
        CorruptionError,
        DatabaseInUseError,
        DestinationExistsError,
        InvalidArgumentError,
        IteratorInvalidError,
        KeyNotFoundError,
        LockedError,
        LogDamagedWarning,
        NotADatabaseError,
        NotSupportedError,
        RelevelError,
        StorageError,
        UnprovedWarning,
    )
    from relevel.exports.export import ExportReport, export
    from relevel.exports.sql import Answer, sql
    from relevel.exports.survey import SurveyReport, survey
    from relevel.findings import Finding, KeyRange, Severity, Span
    from relevel.format.comparator import Comparator, register_comparator
    from relevel.recovery.carve import CarvedDatabase, CarvedFile, CarveReport, carve
    from relevel.recovery.check import CheckReport, check
    from relevel.recovery.dump import dump
    from relevel.recovery.find import FindReport, find
    from relevel.recovery.get import get
    from relevel.recovery.history import History, history
    from relevel.recovery.in_place import InPlaceReport, rescue_in_place
    from relevel.recovery.info import InfoReport, info
    from relevel.recovery.past.difference import Change
    from relevel.recovery.past.horizon import Horizon
    from relevel.recovery.past.moments import Moment, SequenceEstimate
    from relevel.recovery.past.patch import Patch, PatchCounts
    from relevel.recovery.past.runs import DeletionRun
    from relevel.recovery.past.selection import Selection
    from relevel.recovery.past.view import DatabaseView
    from relevel.recovery.read.rows import Rows, Source, Version
    from relevel.recovery.repair import repair
    from relevel.recovery.rescue import RescueReport, rescue
    from relevel.recovery.scan import Pairs, scan
    from relevel.recovery.undelete import UndeleteReport, undelete

__all__ = [
    "DB",
    "Answer",
    "CarveReport",
    "CarvedDatabase",
    "CarvedFile",
    "Change",
    "CheckReport",
    "Comparator",
    "CorruptionError",
    "DatabaseInUseError",
    "DatabaseView",
    "Decoder",
    "DeletionRun",
    "DestinationExistsError",
    "ExportReport",
    "FindReport",
    "Finding",
    "History",
    "Horizon",
    "InPlaceReport",
    "InfoReport",
    "InvalidArgumentError",
    "IteratorInvalidError",
    "KeyNotFoundError",
    "KeyRange",
    "LoadReport",
    "LockedError",
    "LogDamagedWarning",
    "Moment",
    "NotADatabaseError",
    "NotDecodedError",
    "NotSupportedError",
    "Pairs",
    "Patch",
    "PatchCounts",
    "PrefixedDB",
    "RelevelError",
    "RescueReport",
    "Rows",
    "Selection",
    "SequenceEstimate",
    "Severity",
    "Snapshot",
    "Source",
    "Span",
    "StorageError",
    "SurveyReport",
    "UndeleteReport",
    "UnprovedWarning",
    "Version",
    "carve",
    "check",
    "destroy",
    "dump",
    "export",
    "find",
    "get",
    "history",
    "info",
    "load",
    "register_comparator",
    "repair",
    "rescue",
    "rescue_in_place",
    "scan",
    "sql",
    "survey",
    "undelete",
]

_PLACES = {
    "relevel.decoders.decoder": ("Decoder", "NotDecodedError"),
    "relevel.engine.database": ("DB",),
    "relevel.engine.destroy": ("destroy",),
    "relevel.engine.load": ("LoadReport", "load"),
    "relevel.engine.prefixed": ("PrefixedDB",),
    "relevel.engine.snapshot": ("Snapshot",),
    "relevel.errors": (
        "CorruptionError",
        "DatabaseInUseError",
        "DestinationExistsError",
        "InvalidArgumentError",
        "IteratorInvalidError",
        "KeyNotFoundError",
        "LockedError",
        "LogDamagedWarning",
        "NotADatabaseError",
        "NotSupportedError",
        "RelevelError",
        "StorageError",
        "UnprovedWarning",
    ),
    "relevel.exports.export": ("ExportReport", "export"),
    "relevel.exports.sql": ("Answer", "sql"),
    "relevel.exports.survey": ("SurveyReport", "survey"),
    "relevel.findings": ("Finding", "KeyRange", "Severity", "Span"),
    "relevel.format.comparator": ("Comparator", "register_comparator"),
    "relevel.recovery.carve": ("CarveReport", "CarvedDatabase", "CarvedFile", "carve"),
    "relevel.recovery.check": ("CheckReport", "check"),
    "relevel.recovery.dump": ("dump",),
    "relevel.recovery.find": ("FindReport", "find"),
    "relevel.recovery.get": ("get",),
    "relevel.recovery.history": ("History", "history"),
    "relevel.recovery.in_place": ("InPlaceReport", "rescue_in_place"),
    "relevel.recovery.info": ("InfoReport", "info"),
    "relevel.recovery.past.difference": ("Change",),
    "relevel.recovery.past.horizon": ("Horizon",),
    "relevel.recovery.past.moments": ("Moment", "SequenceEstimate"),
    "relevel.recovery.past.patch": ("Patch", "PatchCounts"),
    "relevel.recovery.past.runs": ("DeletionRun",),
    "relevel.recovery.past.selection": ("Selection",),
    "relevel.recovery.past.view": ("DatabaseView",),
    "relevel.recovery.read.rows": ("Rows", "Source", "Version"),
    "relevel.recovery.repair": ("repair",),
    "relevel.recovery.rescue": ("RescueReport", "rescue"),
    "relevel.recovery.scan": ("Pairs", "scan"),
    "relevel.recovery.undelete": ("UndeleteReport", "undelete"),
}
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACE_OF:
        raise AttributeError(f"module 'relevel' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_PLACE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
