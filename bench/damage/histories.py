"""Databases whose whole history is known: five variants, the same each time for a seed.

Each has 50,000 keys and more, a fifth of them overwritten and a tenth deleted, tables on levels 0 to 2, and a log that no table has
yet. LevelDB (by plyvel) writes four of them, goleveldb the fifth. Tables and logs that became obsolete on the way are kept
beside the database, as far as they could be caught.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import plyvel
from tests.interop.readers import goleveldb, write_with

import relevel

KEYS = 50_000
SNAPSHOTS = 12
"""How often all files that are there are caught."""

Operation = tuple[bytes, "bytes | None"]


@dataclass(slots=True)
class History:
    """A database and all that was ever written to it.

    Attributes:
        variant: how it was written.
        path: the database, never opened since.
        obsolete: a folder of files that were replaced while it was written; empty where none were caught.
        live: the entries as they were at the end.
        values: every value that a key ever had.
        deleted: what the run of deletions at the end took away, where there is one.
        places: of each live key, the table and the offset of its data block, or the log and its record.
    """

    variant: str
    path: Path
    obsolete: Path
    live: dict[bytes, bytes] = field(default_factory=dict)
    values: dict[bytes, set[bytes]] = field(default_factory=dict)
    places: dict[bytes, tuple[str, int]] = field(default_factory=dict)

    def note(self, operation: Operation) -> None:
        """Remember an operation."""
        key, value = operation
        if value is None:
            self.live.pop(key, None)
        else:
            self.live[key] = value
            self.values.setdefault(key, set()).add(value)


def operations(seed: int, value_of: Callable[[random.Random], bytes]) -> Iterator[Operation]:
    """Half of the keys in order, the rest shuffled; then overwrites and deletions here and there; then some more puts."""
    chance = random.Random(seed)
    keys = [b"key%08d" % (number * 7) for number in range(KEYS)]
    for key in keys[: KEYS // 2]:
        yield key, value_of(chance)
    rest = keys[KEYS // 2 :]
    chance.shuffle(rest)
    for key in rest:
        yield key, value_of(chance)
    for _ in range(KEYS * 3 // 10):
        yield chance.choice(keys), value_of(chance) if chance.random() < 2 / 3 else None
    for number in range(500):
        yield b"late%06d" % number, value_of(chance)


def small(chance: random.Random) -> bytes:
    """A value of 20 to 140 bytes, half compressible."""
    half = chance.randrange(10, 70)
    return chance.randbytes(half) + b"v" * half


def sometimes_large(chance: random.Random) -> bytes:
    """One value in five hundred has 64 KiB."""
    return chance.randbytes(1 << 15) * 2 if chance.random() < 1 / 500 else small(chance)


def with_plyvel(history: History, seed: int, value_of: Callable[[random.Random], bytes], **options: object) -> None:
    """Write with LevelDB; iterators that are left open keep replaced tables, links keep logs."""
    work = history.path.with_name("work")
    every = KEYS * 13 // 10 // SNAPSHOTS
    caught = history.obsolete
    with plyvel.DB(str(work), create_if_missing=True, write_buffer_size=256 << 10, **options) as database:
        for number, operation in enumerate(operations(seed, value_of)):
            key, value = operation
            history.note(operation)
            if value is None:
                database.delete(key)
            else:
                database.put(key, value)
            if number % every == every - 1:
                catch(work, caught)
        settle(work)
        shutil.copytree(work, history.path)
    shutil.rmtree(work)


def catch(work: Path, caught: Path) -> None:
    """Link every table and log that is there just now."""
    for file in work.iterdir():
        if file.suffix in (".ldb", ".log") and not (caught / file.name).exists():
            with contextlib.suppress(FileNotFoundError):
                os.link(file, caught / file.name)


def settle(work: Path) -> None:
    """Wait until LevelDB has merged what there is to merge."""
    seen: list[tuple[str, int]] = []
    while True:
        time.sleep(0.3)
        now = sorted((file.name, file.stat().st_size) for file in work.iterdir())
        if now == seen:
            return
        seen = now


def with_goleveldb(history: History, seed: int) -> None:
    """Write with goleveldb, which is killed at the end."""
    lines = []
    for key, value in operations(seed, small):
        history.note((key, value))
        lines.append(f"delete {key.hex()}" if value is None else f"put {key.hex()} {value.hex()}")
    lines.append("kill")
    write_with([str(goleveldb())], history.path, "\n".join(lines) + "\n")


VARIANTS: dict[str, Callable[[History, int], None]] = {
    "snappy": lambda history, seed: with_plyvel(history, seed, small),
    "none": lambda history, seed: with_plyvel(history, seed, small, compression=None),
    "bloom": lambda history, seed: with_plyvel(history, seed, small, bloom_filter_bits=10),
    "large": lambda history, seed: with_plyvel(history, seed, sometimes_large),
    "goleveldb": with_goleveldb,
}


def make(variant: str, seed: int, folder: Path) -> History:
    """Write one database into a folder, and look up where everything is in it."""
    history = History(variant, folder / "db", folder / "obsolete")
    history.obsolete.mkdir(parents=True)
    VARIANTS[variant](history, seed)
    info = relevel.info(history.path)
    here = {file.name for file in info.files}
    for file in list(history.obsolete.iterdir()):
        is_cut = file.suffix == ".ldb" and file.read_bytes()[-8:] != bytes.fromhex("57fb808b247547db")
        if file.name in here or is_cut:
            file.unlink()
    for version in relevel.dump(history.path):
        history.places[version.key] = (version.file, version.offset)
    if history.places.keys() != history.live.keys():
        raise SystemExit(f"{variant}: {len(history.places)} live keys found, {len(history.live)} written")
    return history
