"""Any report as JSON values. Field names are those of the report's class; bytes are written ``escaped``."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any

from relevel.export.encoding import ENCODINGS
from relevel.findings import Finding

_VERDICTS = ("is_clean", "is_complete")


def as_json(value: object) -> Any:
    """The JSON value of a report or of any part of one."""
    if isinstance(value, bytes):
        return ENCODINGS["escaped"].encode(value)
    if isinstance(value, Finding):
        return {**_fields(value), "severity": str(value.severity), "next_step": value.next_step}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {**_fields(value), **{name: getattr(value, name) for name in _VERDICTS if hasattr(value, name)}}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_json(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(item) for item in value]
    return str(value) if isinstance(value, enum.Enum) else value


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
