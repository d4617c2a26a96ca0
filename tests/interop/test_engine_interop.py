"""Databases that the engine writes, others read; what others write, the engine reads and goes on with.

Each test runs over plyvel in the engine's place too, which shows that the test is right.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel.errors import LockedError
from tests.engine.conftest import MODULES, SMALL, implementation, module, plyvel
from tests.fixtures.catalogue import BYTEWISE, OWN, Fixture
from tests.fixtures.generate.workload import Script, emptied, everyday
from tests.fixtures.operations import live_map
from tests.interop.readers import (
    Content,
    classic_level,
    copy_of,
    goleveldb,
    put_wins,
    read_with_classic_level,
    read_with_goleveldb,
    read_with_plyvel,
    write_with,
)

__all__ = ["implementation", "plyvel"]

Live = dict[bytes, bytes]

READERS: list[Callable[[Path], Content]] = [read_with_plyvel, read_with_goleveldb, read_with_classic_level]
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "small": SMALL,
    "plain": {**SMALL, "compression": None},
    "bloom": {**SMALL, "bloom_filter_bits": 10, "block_restart_interval": 1},
}


def busy(seed: int) -> Script:
    """A long life: fill, flush, overwrite and delete, reopen, over and over; keys and values of any size."""
    script = everyday(seed)
    for turn in range(6):
        script.tell("reopen" if turn % 2 else "flush")
        for number in range(turn, 1200, 2 + turn):
            script.put(b"user:%06d" % (7 * number), script.document(f"turn {turn}"))
        script.batch((b"user:%06d" % (7 * number), None) for number in range(turn, 1200, 5 + turn))
        script.put(b"", b"empty key, turn %d" % turn)
    script.put(b"huge", b"".join(script.document("huge", 40) for _ in range(2000)))
    script.delete(b"empty value")
    script.put(b"another empty value", b"")
    script.batch([(b"", None), (b"\xff\xff", b"last"), (b"\x00\x00", b"first")])
    return script


def forgotten(seed: int) -> Script:
    """Nothing is left of it."""
    script = emptied(seed)
    script.tell("flush")
    script.tell("reopen")
    return script


def killed(seed: int) -> Script:
    """A long life that ends without a close."""
    script = busy(seed)
    script.tell("kill")
    return script


LIVES = [busy, forgotten, killed]


def program(name: str, options: dict[str, Any] | None = None) -> list[str]:
    """The command that writes with an implementation or another program."""
    if name in MODULES:
        return [sys.executable, "-m", "tests.interop.engine_program", MODULES[name], json.dumps(options or SMALL)]
    return [str(goleveldb())] if name == "goleveldb" else ["node", str(classic_level())]


def same_everywhere(database: Path, live: Live, readers: list[Callable[[Path], Content]] = READERS) -> None:
    """Fail unless all readers find this, by iteration in order and by get."""
    for read in readers:
        content = read(database)

        assert content.iterated == sorted(live.items())
        assert content.got == live


def same_in(engine: Any, database: Path, live: Live, **options: Any) -> None:
    """Fail unless an implementation finds this, by iteration both ways and by get."""
    with engine.DB(str(database), **options) as db:
        expected = sorted(live.items())

        assert list(db) == expected
        assert list(db.iterator(reverse=True)) == expected[::-1]
        assert {key: db.get(key) for key in live} == live


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_others_read_what_it_wrote(
    plyvel: Any, implementation: str, tmp_path: Path, options: str, life: Callable[[int], Script]
) -> None:
    """plyvel, goleveldb and classic-level, after several flushes and compactions, closed or killed."""
    script = life(21)
    write_with(program(implementation, OPTIONS[options]), tmp_path / "db", script.text)

    same_everywhere(tmp_path / "db", live_map(script.operations))
    assert put_wins(tmp_path / "db", b"user:000007")


@pytest.mark.parametrize("writer", ["plyvel", "goleveldb", "classic-level"])
@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.__name__)
def test_it_reads_what_others_wrote(plyvel: Any, tmp_path: Path, writer: str, life: Callable[[int], Script]) -> None:
    """plyvel, goleveldb and classic-level, closed or killed; and what it writes on top of that, they read."""
    script = life(22)
    write_with(program(writer), tmp_path / "db", script.text)
    live = live_map(script.operations)

    same_in(plyvel, tmp_path / "db", live)
    live.update(go_on(plyvel, tmp_path / "db"))
    same_everywhere(tmp_path / "db", live)


def go_on(engine: Any, database: Path) -> Live:
    """Overwrite some keys, and compact everything; what was written."""
    written = {b"user:%06d" % (7 * number): b"written later" for number in range(0, 1200, 3)}
    with engine.DB(str(database)) as db:
        for key, value in written.items():
            db.put(key, value)
        db.compact_range(start=b"\0", stop=b"\xff\xff\xff")
    return written


def test_many_write_in_turns(plyvel: Any, implementation: str, tmp_path: Path) -> None:
    """Each goes on with what the one before left, and the engine after each of them."""
    live: Live = {}
    for turn, writer in enumerate(["goleveldb", "classic-level", "plyvel", "goleveldb", "classic-level"]):
        for name in (implementation, writer):
            script = busy(100 * turn + len(name))
            write_with(program(name), tmp_path / "db", script.text)
            for operation in script.operations:
                if operation.value is None:
                    live.pop(operation.key, None)
                else:
                    live[operation.key] = operation.value
        same_in(plyvel, tmp_path / "db", live)

    same_everywhere(tmp_path / "db", live)


@pytest.mark.parametrize("fixture", [each for each in OWN if each.comparator == BYTEWISE], ids=lambda each: each.name)
def test_it_goes_on_with_a_real_database(plyvel: Any, implementation: str, fixture: Fixture) -> None:
    """Finds the truth in a copy, writes and compacts; others agree on the result."""
    if implementation == "plyvel" and fixture.codec in {"deflate", "zstd"}:
        pytest.skip("plyvel does not know its codec")
    live = dict(fixture.live)
    with copy_of(fixture.database) as database:
        same_in(plyvel, database, live)
        live.update(go_on(plyvel, database))

        same_in(plyvel, database, live)
        if fixture.codec != "deflate":
            same_everywhere(database, live)


@pytest.mark.parametrize("fixture", [each for each in OWN if each.comparator != BYTEWISE], ids=lambda each: each.name)
def test_it_goes_on_with_a_real_database_of_another_order(fixture: Fixture) -> None:
    """With the order given in Python; only relevel in this process, for plyvel's close can hang."""
    engine = module("relevel")
    from relevel.format.comparator import find_comparator  # noqa: PLC0415 - only where it can be

    options = {
        "comparator": find_comparator(fixture.comparator).compare,
        "comparator_name": fixture.comparator.encode(),
    }
    with copy_of(fixture.database) as database:
        key = max(fixture.live)
        with engine.DB(str(database), **options) as db:
            assert dict(db) == fixture.live
            db.put(key, b"later")
            db.compact_range()

        live = {**fixture.live, key: b"later"}
        with engine.DB(str(database), **options) as db:
            assert dict(db) == {key: db.get(key) for key in live} == live
        assert dict(read_with_plyvel(database, fixture.taught).iterated) == live


def test_a_refused_opening_leaves_leveldb_its_lock(tmp_path: Path) -> None:
    """Also in the same process, where closing any descriptor of the file would drop it."""
    leveldb = module("plyvel").DB(str(tmp_path / "db"), create_if_missing=True)
    opening = [sys.executable, "-c", f"import plyvel; plyvel.DB({str(tmp_path / 'db')!r})"]

    with pytest.raises(LockedError):
        relevel.DB(tmp_path / "db")

    assert subprocess.run(opening, capture_output=True, check=False).returncode == 1
    leveldb.close()
    assert subprocess.run(opening, capture_output=True, check=False).returncode == 0
