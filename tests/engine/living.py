"""Databases of relevel's own for tests, and what is compared of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel.files.manifest import scan_manifest
from relevel.files.manifest_writer import write_manifest
from relevel.format.version_edit import FileMetadata, VersionEdit
from relevel.storage.read_only import ReadOnlyDirectory

SMALL: dict[str, Any] = {"write_buffer_size": 65536, "block_size": 1024}
"""Options under which little data makes many files."""

PAIRS = [(b"%04d" % number, b"value %d " % number * 7) for number in range(2000)]


def fill(path: Path, pairs: Iterable[tuple[bytes, bytes]] = PAIRS, **options: Any) -> Path:
    """Make a database with these entries, in tables and in a log, and close it."""
    with relevel.DB(path, create_if_missing=True, **{**SMALL, **options}) as db:
        for key, value in pairs:
            db.put(key, value)
    return path


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[relevel.DB]:
    """An open database; that its log is damaged is expected."""
    with pytest.warns(relevel.LogDamagedWarning):
        db = relevel.DB(path, **options)
    with db:
        yield db


def log_of(path: Path) -> Path:
    """The newest log of a closed database."""
    return max(path.glob("*.log"))


def flip(file: Path, offset: int) -> None:
    """Flip a bit of a file."""
    content = bytearray(file.read_bytes())
    content[offset] ^= 0x10
    file.write_bytes(content)


def noted(path: Path) -> VersionEdit:
    """The whole state in the manifest of a closed database."""
    found = scan_manifest(ReadOnlyDirectory(path), _manifest(path).name)
    return VersionEdit(
        comparator=found.comparator,
        log_number=found.log_number,
        previous_log_number=0,
        next_file_number=found.next_file_number,
        last_sequence=found.last_sequence,
        new_files=tuple(found.tables()),
    )


def note(path: Path, state: VersionEdit) -> None:
    """Write the manifest of a closed database anew."""
    manifest = _manifest(path)
    manifest.unlink()
    write_manifest(str(manifest), state)


def note_tables(path: Path, changed: Callable[[int, FileMetadata], tuple[int, FileMetadata]]) -> None:
    """Write the manifest of a closed database anew; ``changed`` says level and facts of each table from what was noted."""
    state = noted(path)
    note(path, state._replace(new_files=tuple(changed(level, table) for level, table in state.new_files)))


def _manifest(path: Path) -> Path:
    return path / (path / "CURRENT").read_text().strip()


def state_of(path: Path) -> dict[str, tuple[str, int]]:
    """Bytes and times of every file."""
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns) for file in path.iterdir()
    }
