"""relevel.DB beyond plyvel: paths of any kind, its own names, and opening for reading only."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import SMALL, module

PAIRS = [(b"%04d" % number, b"value %d" % number * 5) for number in range(2000)]


@pytest.fixture
def relevel() -> Any:
    """relevel, where it has an engine."""
    module("relevel")
    import relevel  # noqa: PLC0415 - only where it can be

    return relevel


@pytest.fixture
def filled(relevel: Any, tmp_path: Path) -> Path:
    """The path of a closed database with PAIRS, in tables and in a log."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, **SMALL) as db:
        for key, value in PAIRS:
            db.put(key, value)
    return tmp_path / "db"


def state_of(path: Path) -> dict[str, tuple[str, int]]:
    """Bytes and times of every file."""
    return {
        file.name: (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns) for file in path.iterdir()
    }


def test_a_path_is_a_path(relevel: Any, tmp_path: Path) -> None:
    """Any PathLike, text or bytes."""
    for name in (tmp_path / "a", str(tmp_path / "b"), str(tmp_path / "c").encode()):
        with relevel.DB(name, create_if_missing=True) as db:
            db.put(b"key", b"value")

        assert not relevel.check(Path(name.decode() if isinstance(name, bytes) else name)).findings


def test_reading_only_gives_everything(relevel: Any, filled: Path) -> None:
    """By get, by iteration and by snapshot."""
    with relevel.DB(filled, read_only=True) as db:
        assert list(db) == PAIRS
        assert db.get(b"0007") == PAIRS[7][1]
        with db.snapshot() as snapshot:
            assert list(snapshot.iterator(reverse=True)) == PAIRS[::-1]
        raw = db.raw_iterator()
        raw.seek_to_last()
        assert raw.item() == PAIRS[-1]


def test_reading_only_changes_no_byte(relevel: Any, filled: Path) -> None:
    """No file comes, goes or changes: no lock, no log, no manifest."""
    before = state_of(filled)
    with relevel.DB(filled, read_only=True) as db:
        list(db)
        assert state_of(filled) == before

    assert state_of(filled) == before


def test_reading_only_needs_no_right_to_write(relevel: Any, filled: Path) -> None:
    """A directory and files without write permission are enough."""
    for file in filled.iterdir():
        file.chmod(0o444)
    filled.chmod(0o555)

    with relevel.DB(filled, read_only=True) as db:
        assert list(db) == PAIRS
    filled.chmod(0o755)


def test_reading_only_refuses_writes(relevel: Any, filled: Path) -> None:
    """Each with an error, and nothing is changed."""
    with relevel.DB(filled, read_only=True) as db:
        for write in WRITES:
            with pytest.raises((relevel.RelevelError, RuntimeError)):
                write(db)
        assert list(db) == PAIRS


def write_a_batch(db: Any) -> None:
    """Write a batch of one operation."""
    with db.write_batch() as batch:
        batch.put(b"key", b"value")


WRITES: list[Callable[[Any], Any]] = [
    lambda db: db.put(b"key", b"value"),
    lambda db: db.delete(b"0007"),
    lambda db: db.compact_range(),
    write_a_batch,
]


def test_reading_only_makes_nothing(relevel: Any, tmp_path: Path) -> None:
    """A database that is not there is an error, and stays away."""
    with pytest.raises(relevel.RelevelError):
        relevel.DB(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()


def test_many_may_read_only(relevel: Any, filled: Path) -> None:
    """At once, and beside each other."""
    with relevel.DB(filled, read_only=True) as one, relevel.DB(filled, read_only=True) as other:
        assert list(one) == list(other) == PAIRS


def test_what_is_written_passes_the_check(relevel: Any, filled: Path) -> None:
    """relevel's own check finds nothing in it, nor does its history invent anything."""
    assert relevel.check(filled).findings == ()
    assert list(relevel.scan(filled)) == PAIRS
