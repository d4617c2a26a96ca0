"""Logs and manifests that another process wrote, and that stay in use: what the first ``sync`` after an opening makes safe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import relevel
from relevel.engine.opening import Opened, open_to_write
from relevel.engine.options import Options
from tests.damage import forge

ENTRIES = {b"%04d" % i: b"value %d" % i * 20 for i in range(1000)}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A database whose entries are all in its log."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key, value in ENTRIES.items():
            db.put(key, value)
    return tmp_path / "db"


def log_of(database: Path) -> Path:
    """The log that has something in it."""
    (log,) = (path for path in database.glob("*.log") if path.stat().st_size)
    return log


@contextmanager
def opened(database: Path, options: Options | None = None) -> Iterator[Opened]:
    """A database at the moment when it is open and nothing was done to it."""
    found = open_to_write(str(database), options or Options())
    try:
        yield found
    finally:
        found.store.close("closed")
        found.versions.close()
        assert found.lock is not None
        found.lock.release()


def test_what_is_in_a_log_becomes_a_table_in_the_background(database: Path) -> None:
    """Opening does not wait for it; until then the log stays."""
    with opened(database) as found:
        assert found.immutable is not None
        assert not any(found.versions.current.handles())


def test_of_much_a_table_is_made_at_once(database: Path) -> None:
    """What does not fit into one write buffer is not written again by the first ``sync``, which would be long."""
    with opened(database, Options(write_buffer_size=1 << 16)) as found:
        assert found.immutable is None

    with relevel.DB(database) as db:
        assert dict(db) == ENTRIES


def test_of_many_logs_a_table_is_made_at_once(database: Path) -> None:
    """Each that stays would be held open."""
    log = log_of(database)
    for count in range(1, 9):
        batch = forge.batch(len(ENTRIES) + count, forge.put(b"more %d" % count, b""), 1)
        log.with_name(f"{int(log.stem) + 10 + count:06d}.log").write_bytes(forge.log([batch]))

    with opened(database) as found:
        assert found.immutable is None

    with relevel.DB(database) as db:
        assert len(dict(db)) == len(ENTRIES) + 8


def test_a_log_that_a_backup_has_too_is_not_written_again(database: Path) -> None:
    """Of what is in it a table is made at once, and the backup stays as it was."""
    log, backup = log_of(database), database.parent / "backup.log"
    os.link(log, backup)
    before = backup.read_bytes(), backup.stat().st_mtime_ns

    with relevel.DB(database) as db:
        db.put(b"new", b"value", sync=True)

    assert (backup.read_bytes(), backup.stat().st_mtime_ns) == before
    with relevel.DB(database) as db:
        assert dict(db) == {**ENTRIES, b"new": b"value"}


def test_a_log_that_the_disk_has_lost_since_it_was_read_is_told_by_the_first_sync(database: Path) -> None:
    """After a failed sync it was in the system's memory only. Nothing is written behind the hole; what was read is there still."""
    log = log_of(database)
    with relevel.DB(database, reuse_logs=True) as db:
        lose(log, range(8192, 12288))

        db.put(b"not synced", b"value")
        with pytest.raises(relevel.StorageError, match=rf"{log.name}.*copy what you need out of this database"):
            db.put(b"synced", b"value", sync=True)
        with pytest.raises(relevel.StorageError):
            db.put(b"later", b"value")

        assert dict(db).items() >= ENTRIES.items()


def test_a_manifest_that_the_disk_has_lost_since_it_was_read_is_not_gone_on_in(database: Path) -> None:
    """The flush that would note its table there fails, and the next opening refuses a manifest without its beginning."""
    with relevel.DB(database) as db:
        db.compact_range()
    with relevel.DB(database) as db:
        lose(database / (database / "CURRENT").read_text().strip(), range(16))

        db.put(b"new", b"value")
        with pytest.raises(relevel.StorageError, match="copy what you need out of this database"):
            db.compact_range()

        assert dict(db) == {**ENTRIES, b"new": b"value"}

    with pytest.raises(relevel.CorruptionError, match="MANIFEST"):
        relevel.DB(database)


def lose(file: Path, where: range) -> None:
    """Put zeroes where something was."""
    with file.open("r+b") as opened_file:
        opened_file.seek(where.start)
        opened_file.write(bytes(len(where)))
