"""Any report as JSON values. Field names are those of the report's class; bytes are written ``escaped``."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from relevel.exports.encoding import ENCODINGS
from relevel.findings import Finding

_VERDICTS = ("is_clean", "is_complete")


def as_json(value: object) -> Any:
    """The JSON value of a report or of any part of one."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [as_json(item) for item in value]
    return _scalar(value)


def _scalar(value: object) -> Any:
    if isinstance(value, bytes):
        return ENCODINGS["escaped"].encode(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, enum.Enum) else value


def _object(value: Any) -> dict[str, Any]:
    """The fields, and what follows from them: a finding's next step, a report's verdict."""
    fields = {field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Finding):
        return {**fields, "next_step": value.next_step}
    return {**fields, **{name: getattr(value, name) for name in _VERDICTS if hasattr(value, name)}}
