"""A crowd for a long time: nothing wrong is seen, and memory, descriptors and threads stay flat.

    python -m tests.crowd.soak [--minutes N] [--seed N] [--trail N] [--batches N] [--scratch FOLDER]

Rounds of work follow one another in one process; each opens the database with other options and closes it while everybody is at
work. Between two rounds, when it is closed, as many descriptors and threads must be there as at the beginning. A row is printed
for each tenth of the time: what the process had right before the last closing in it. Memory has to stay within a quarter and 16 MB
of what it was after the first three tenths.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.crowd.crowd import WORK, Crowd

_ROWS: Final = 10
_SETTLED: Final = 3
"""Rows after which memory has to stay what it is."""
_HEADINGS: Final = ("minute", "RSS MB", "disk MB", "files", "fds", "threads", "rounds")


def memory() -> float:
    """Megabytes that this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def descriptor_count() -> int:
    """Descriptors that are open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - its own is among them, always


def sizes(folder: Path) -> tuple[float, int]:
    """Megabytes and files of a database that others may be changing."""
    found = []
    for file in folder.iterdir():
        try:
            found.append(file.stat().st_size)
        except FileNotFoundError:
            continue
    return sum(found) / 1e6, len(found)


class Soak:
    """Rounds without end, and what the process has in them.

    Attributes:
        rounds: how many were finished.
        peaks: megabytes of memory, the most of each row.
    """

    def __init__(self, folder: Path, crowd: Crowd) -> None:
        self.rounds = 0
        self.peaks: list[float] = []
        self._folder = folder
        self._crowd = crowd
        self._figures: tuple[float, ...] = ()
        self._peak = 0.0
        self._descriptors = 0

    def go_on(self, batches: int) -> None:
        """Finish a round; nothing of it may be left.

        Raises:
            AssertionError: something was wrong, or is left.
        """
        self._crowd.round(batches, self._look)
        gc.collect()
        self.rounds += 1
        self._descriptors = self._descriptors or descriptor_count()
        assert descriptor_count() == self._descriptors, f"{descriptor_count()} descriptors, not {self._descriptors}"
        assert threading.active_count() == 1, f"{threading.enumerate()} are left"

    def _look(self) -> None:
        now = memory()
        self._peak = max(self._peak, now)
        self._figures = (now, *sizes(self._folder / "db"), descriptor_count(), threading.active_count())

    def row(self, minute: float) -> str:
        """What was last seen, and how much was done in all."""
        self.peaks.append(self._peak)
        self._peak = 0.0
        done = [self._crowd.tally[name] for name in WORK]
        return "".join(f"{figure:12.1f}" for figure in (minute, *self._figures, self.rounds, *done))


def main(arguments: Sequence[str] | None = None) -> int:
    """Work, print a row for each tenth, and say whether memory stayed flat."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trail", type=int, default=1500, help="keys that each writer has at a time")
    parser.add_argument("--batches", type=int, default=1500, help="of a round")
    parser.add_argument("--scratch", type=Path, help="where to work; the folder for temporary files if not given")
    given = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=given.scratch))
    sys.stdout.write("".join(f"{heading:>12}" for heading in (*_HEADINGS, *WORK)) + "\n")
    begun = time.monotonic()
    try:
        soak = Soak(folder, Crowd(folder, given.seed, trail=given.trail))
        for row in range(1, _ROWS + 1):
            soak.go_on(given.batches)
            while time.monotonic() - begun < given.minutes * 60 * row / _ROWS:
                soak.go_on(given.batches)
            sys.stdout.write(soak.row((time.monotonic() - begun) / 60) + "\n")
            sys.stdout.flush()
    finally:
        shutil.rmtree(folder)
    before, after = max(soak.peaks[:_SETTLED]), max(soak.peaks[_SETTLED:])
    is_flat = after <= 1.25 * before + 16
    sys.stdout.write(f"memory {'is flat' if is_flat else 'GROWS'}: at most {before:.1f} MB, then {after:.1f} MB\n")
    return 0 if is_flat else 1


if __name__ == "__main__":
    sys.exit(main())
