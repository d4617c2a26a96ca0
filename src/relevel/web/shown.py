"""What the page is sent: bytes as a bounded head, versions with where they lie, findings. JSON values only.

Keys and values go out as base64 and are made into text by the page, which puts text into text nodes and nowhere else.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final

from relevel.decoders.decoding import Decoding
from relevel.errors import InvalidArgumentError
from relevel.findings import Finding, KeyRange
from relevel.recovery.past.moments import Moment
from relevel.recovery.past.runs import DeletionRun
from relevel.recovery.read.rows import Version
from relevel.report.json import as_json
from relevel.web.beside import Helping, KeyRow

LONGEST_KEY: Final = 16 << 10
"""Bytes of a key up to which it is sent whole, and can be asked for."""
_ROW_HEAD: Final = 160
VALUE_HEAD: Final = 64 << 10
"""Bytes of a value that are shown at most; the rest can be downloaded."""


def bytes_of(text: str) -> bytes:
    """The bytes that the page means.

    Raises:
        InvalidArgumentError: it is not base64 as URLs have it, or longer than a key that is sent whole.
    """
    if len(text) > LONGEST_KEY * 4 // 3 + 4:
        raise InvalidArgumentError("longer than a key that can be asked for here")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgumentError(f"not base64: {error}") from error


def text_of(data: bytes) -> str:
    """Bytes as base64 of the kind that URLs take, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def head_of(data: bytes, most: int) -> dict[str, Any]:
    """The first bytes, and how many there are."""
    return {"head": text_of(data[:most]), "size": len(data)}


def key_json(key: bytes) -> dict[str, Any]:
    """A key: whole up to a size, then its head."""
    return head_of(key, LONGEST_KEY)


def version_json(version: Version, most: int = _ROW_HEAD) -> dict[str, Any]:
    """A version with where it lies and the head of its value."""
    return {
        "sequence": version.sequence,
        "type": version.type,
        "state": version.state,
        "file": version.file,
        "offset": version.offset,
        "integrity": version.integrity,
        "value": None if version.value is None else head_of(version.value, most),
    }


def decoded_key(decoding: Decoding, key: bytes) -> str | None:
    """What a key decodes to; None where it does not, or to what it says anyway."""
    text = decoding(key, None).decoded_key
    return None if text is None or text.encode("utf-8", "surrogateescape") == key else text[:LONGEST_KEY]


def decoded_value(decoding: Decoding | None, key: bytes, value: bytes) -> dict[str, Any]:
    """What a value decodes to, and why where it does not."""
    if decoding is None:
        return {"decoded": None, "undecoded": None}
    found = decoding(key, value)
    text = found.decoded_value
    return {"decoded": None if text is None else text[:VALUE_HEAD], "undecoded": found.undecoded}


def moment_json(moment: Moment) -> dict[str, Any]:
    """When a change was made: an estimate."""
    ends = {"not_before": moment.not_before, "not_after": moment.not_after}
    times = {name: None if time is None else time.isoformat() for name, time in ends.items()}
    return {"sequence": moment.sequence, **times, "evidence": list(moment.evidence)}


def row_json(row: KeyRow, decoding: Decoding | None, *, in_doubt: bool) -> dict[str, Any]:
    """One key, then and now; and whether another version of it may be in what is not looked at."""
    return {
        "key": key_json(row.key),
        "decoded": None if decoding is None else decoded_key(decoding, row.key),
        "status": str(row.status),
        "then": None if row.then is None else version_json(row.then),
        "now": None if row.now is None else version_json(row.now),
        "newest": {"sequence": row.newest.sequence, "type": row.newest.type},
        "versions": row.version_count,
        "in_doubt": in_doubt,
    }


def helping_json(helping: Helping[dict[str, Any]], *, is_known: bool = True) -> dict[str, Any]:
    """Some rows and where the next ones begin; and whether it is known yet which there are."""
    return {
        "is_known": is_known,
        "rows": helping.rows,
        "next": None if helping.next_key is None else text_of(helping.next_key),
        "looked_at": helping.looked_at,
    }


def run_json(run: DeletionRun) -> dict[str, Any]:
    """A mass deletion."""
    return {
        "first": run.first_sequence,
        "last": run.last_sequence,
        "count": run.count,
        "keys": range_json(run.keys),
        "prefix": key_json(run.prefix),
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as reports have it; what JSON cannot say is left out of its evidence."""
    made: dict[str, Any] = json.loads(json.dumps(as_json(finding), default=str))
    return {**made, "severity": str(finding.severity), "loss": finding.is_loss, "keys": range_json(finding.keys)}


def range_json(keys: KeyRange | None) -> dict[str, Any] | None:
    """A range of keys."""
    if keys is None:
        return None
    return {end: None if key is None else key_json(key) for end, key in (("lower", keys.lower), ("upper", keys.upper))}
