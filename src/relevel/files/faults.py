"""Faults as findings: what the kernel found wrong with one file, in words, and as LevelDB and goleveldb would say it.

``evidence["leveldb"]`` and ``evidence["goleveldb"]`` hold the other programs' own messages, so that a line in
somebody's log can be matched with the place it is about.
"""

from __future__ import annotations

from relevel._kernel import Fault
from relevel.files.wording import goleveldb_words, leveldb_words
from relevel.findings import CATALOGUE, Finding, KeyRange, Span
from relevel.format.filename import FileKind, parse_filename


def finding_of(file: str, fault: Fault, file_size: int | None = None) -> Finding:
    """Make the finding for a fault.

    Args:
        file: the file's name in its directory; in a manifest, which is a log of version edits, ``log.`` faults are
            ``manifest.`` ones.
        fault: what the kernel found.
        file_size: bytes, where known, and of a table what the manifest says; goleveldb's messages depend on it.
    """
    code = _code_in(file, fault.code)
    evidence: dict[str, object] = {
        "expected": fault.expected,
        "got": fault.got,
        "leveldb": leveldb_words(file, fault),
        "goleveldb": goleveldb_words(file, fault, file_size),
    }
    return Finding(
        code=code,
        severity=CATALOGUE[code].severity,
        span=Span(file, fault.offset, fault.size),
        message=_message(file, code, fault),
        keys=None if fault.lower is None and fault.upper is None else KeyRange(fault.lower, fault.upper),
        evidence={name: value for name, value in evidence.items() if value is not None},
    )


def _code_in(file: str, code: str) -> str:
    part, _, fault = code.partition(".")
    if part == "log" and parse_filename(file).kind is FileKind.MANIFEST:
        of_manifest = f"manifest.{fault}"
        return of_manifest if of_manifest in CATALOGUE else code
    return code


def _message(file: str, code: str, fault: Fault) -> str:
    place = f"offset {fault.offset}, {fault.size} bytes" if fault.size else f"offset {fault.offset}"
    return f"{file}: {CATALOGUE[code].title} ({place}{_values(fault)})"


def _values(fault: Fault) -> str:
    if fault.code.endswith(".checksum-mismatch") and fault.expected is not None and fault.got is not None:
        return f"; stored {fault.expected:#010x}, computed {fault.got:#010x}"
    if fault.code.endswith(".bad-magic") and fault.got is not None:
        return f"; got {fault.got:#018x}"
    expected = "" if fault.expected is None else f"; expected {fault.expected}"
    return expected + ("" if fault.got is None else f"{',' if expected else ';'} got {fault.got}")
