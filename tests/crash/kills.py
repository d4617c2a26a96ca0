"""A process that writes is killed, again and again: every acknowledged write is there, and nothing that never was.

python -m tests.crash.kills [--kills N] [--seed N] [--engine NAME]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import relevel
from tests.crash.changes import State, states

CHILD: Final = """
import importlib, os, sys
from tests.crash.changes import change
engine, path, seed, start = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
options = {"reuse_logs": True} if engine == "relevel" and seed % 2 else {}
db = importlib.import_module(engine).DB(path, create_if_missing=True, write_buffer_size=1 << 16, **options)
for number in range(start, 1 << 30):
    with db.write_batch(sync=number % 50 == 0) as batch:
        for key, value in change(seed, number):
            batch.delete(key) if value is None else batch.put(key, value)
    os.write(1, b".")
    if number % 250 == 249:
        db.compact_range()
"""
TORN: Final = {"log.tail.torn"}
"""The system ends a killed process's write between two pages: the last record may be there in part."""
ENGINES: Final = ("relevel", "plyvel")
_KILLS_EACH: Final = 5
_LONGEST_LIFE: Final = 500


def killed_after(count: int, engine: str, path: Path, seed: int, start: int) -> int:
    """Write from batch ``start`` on, and be killed once ``count`` batches were acknowledged. How many were in the end."""
    command = [sys.executable, "-c", CHILD, engine, str(path), str(seed), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        acknowledged = 0
        while acknowledged < count:
            said = os.read(child.stdout.fileno(), 1)
            assert said, f"it ended by itself, after {acknowledged} batches from {start} on"
            acknowledged += len(said)
        child.kill()
        return acknowledged + len(child.stdout.read())


def codes_of(findings: Iterable[relevel.Finding]) -> set[str]:
    """The codes of what is worse than a note."""
    return {finding.code for finding in findings if finding.severity > relevel.Severity.NOTE}


def kill_repeatedly(seed: int, kills: int, database: Path, engines: Sequence[str] = ("relevel",)) -> None:
    """Kill a writer so many times, and look at what is there each time; of the batch being written all is there or nothing.

    Args:
        seed: of what is written, of when it is killed, and of which engine writes.
        kills: how many.
        database: where.
        engines: who may write; each life draws one. What one left, the next one opens; in half of the cases relevel has opened
            it for writing in between.

    Raises:
        AssertionError: something is not as it must be.
    """
    chance = random.Random(seed)
    truth: State = {}
    done = 0
    for _ in range(kills):
        acknowledged = killed_after(chance.randrange(1, _LONGEST_LIFE), chance.choice(engines), database, seed, done)
        possible = list(islice(states(seed, done, truth), acknowledged, acknowledged + 2))
        done += acknowledged

        assert codes_of(relevel.check(database).findings) <= TORN
        with relevel.DB(database, read_only=chance.random() < 0.5, reuse_logs=True) as db:
            found = dict(db)
            assert found in possible
            assert {key: db.get(key) for key in found} == found
            assert codes_of(db.recovery_findings) <= TORN
        done += found != possible[0]
        truth = found


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill, and print how often all was well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=ENGINES, action="append", help="who writes; repeated, they do in turns")
    given = parser.parse_args(arguments)
    seeds = range(given.seed, given.seed + -(-given.kills // _KILLS_EACH))
    for seed in seeds:
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            kill_repeatedly(seed, _KILLS_EACH, Path(folder) / "db", given.engine or ("relevel",))
    sys.stdout.write(f"{len(seeds) * _KILLS_EACH} kills, seeds {seeds[0]} to {seeds[-1]}, nothing lost\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
