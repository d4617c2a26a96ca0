"""A process that writes is killed after some acknowledged writes: every one of them is there, and nothing that never was."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

import relevel
from tests.crash.changes import change

CHILD = """
import os, sys
import relevel
from tests.crash.changes import change
path, seed, start = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = relevel.DB(path, create_if_missing=True, write_buffer_size=1 << 16, reuse_logs=bool(seed % 2))
for number in range(start, 1 << 30):
    with db.write_batch(sync=number % 50 == 0) as batch:
        for key, value in change(seed, number):
            batch.delete(key) if value is None else batch.put(key, value)
    os.write(1, b".")
    if number % 250 == 249:
        db.compact_range()
"""


TORN = {"log.tail.torn"}
"""The system ends a killed process's write between two pages: the last record may be there in part."""


def killed_after(count: int, path: Path, seed: int, start: int) -> int:
    """Write from batch ``start`` on, and be killed once ``count`` batches were acknowledged. How many were in the end."""
    command = [sys.executable, "-c", CHILD, str(path), str(seed), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        acknowledged = len(os.read(child.stdout.fileno(), 1))
        while acknowledged < count:
            acknowledged += len(os.read(child.stdout.fileno(), 1))
        child.kill()
        return acknowledged + len(child.stdout.read())


def codes_of(findings: Iterable[relevel.Finding]) -> set[str]:
    """The codes of what is worse than a note."""
    return {finding.code for finding in findings if finding.severity > relevel.Severity.NOTE}


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_loses_nothing_that_was_acknowledged(seed: int, tmp_path: Path) -> None:
    """Five times in a row; of the batch that was being written all is there or nothing."""
    chance = random.Random(seed)
    truth: dict[bytes, bytes] = {}
    done = 0
    for _ in range(5):
        acknowledged = killed_after(chance.randrange(1, 500), tmp_path / "db", seed, done)
        possible = []
        for number in range(done, done + acknowledged + 1):
            possible = [dict(truth)]
            for key, value in change(seed, number):
                truth.pop(key, None) if value is None else truth.update({key: value})
        done += acknowledged
        possible.append(dict(truth))

        assert codes_of(relevel.check(tmp_path / "db").findings) <= TORN
        with relevel.DB(tmp_path / "db", reuse_logs=True) as db:
            found = dict(db)
            assert found in possible
            assert {key: db.get(key) for key in found} == found
            assert codes_of(db.recovery_findings) <= TORN
        done += found != possible[0]
        truth = found
