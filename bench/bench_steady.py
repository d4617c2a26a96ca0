"""Overwrite without rest, and print how long a put takes and how much memory is taken, interval by interval.

    python bench/bench_steady.py [--minutes N] [--entries N] [--value-size N] [--scratch FOLDER]

What has to stay flat: the 99.9th percentile and the longest put, resident memory, descriptors, threads, bytes on disk. At
relevel's defaults; writes are not fsynced.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import relevel

INTERVALS = 10
LONGEST = 1_000_000
HEADINGS = (
    "minute",
    "puts/s",
    "p50 µs",
    "p99 µs",
    "p99.9 µs",
    "longest ms",
    "RSS MB",
    "disk MB",
    "files",
    "fds",
    "threads",
)


class Times:
    """How long puts took, counted by microsecond: takes the same memory however many there are."""

    def __init__(self) -> None:
        self.counts = [0] * LONGEST
        self.seconds = 0.0
        self.longest = 0.0

    def put_for(self, db: relevel.DB, seconds: float, entries: int, values: Sequence[bytes]) -> None:
        """Put for so many seconds."""
        pick, clock, put, counts = random.Random(), time.perf_counter, db.put, self.counts
        end, number = clock() + seconds, 0
        begun = clock()
        while begun < end:
            key, number = b"%016d" % pick.randrange(entries), number + 1
            begun = clock()
            put(key, values[number % len(values)])
            taken = clock() - begun
            counts[min(int(taken * 1e6), LONGEST - 1)] += 1
            self.seconds += taken
            self.longest = max(self.longest, taken)

    def rate(self) -> float:
        """Puts a second, the rest of the loop not counted."""
        return sum(self.counts) / self.seconds

    def percentile(self, part: float) -> int:
        """Microseconds that this part of the puts took at most."""
        wanted = part * sum(self.counts)
        return next(at for at, sum_so_far in enumerate(accumulate(self.counts)) if sum_so_far >= wanted)


def resident() -> float:
    """Megabytes of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def disk(folder: Path) -> tuple[float, int]:
    """Megabytes and files of the database."""
    sizes = []
    for file in folder.iterdir():
        try:
            sizes.append(file.stat().st_size)
        except FileNotFoundError:
            continue  # compacted away meanwhile
    return sum(sizes) / 1e6, len(sizes)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--value-size", type=int, default=100)
    parser.add_argument("--scratch", type=Path, help="where to work; the folder for temporary files if not given")
    options = parser.parse_args()
    half = max(1, options.value_size // 2)
    values = [(random.Random(seed).randbytes(half) * 2).ljust(options.value_size, b"v") for seed in range(1000)]
    folder = Path(tempfile.mkdtemp(dir=options.scratch))
    print("".join(f"{heading:>12}" for heading in HEADINGS), flush=True)
    try:
        with relevel.DB(folder / "db", create_if_missing=True) as db:
            for interval in range(1, INTERVALS + 1):
                times = Times()
                times.put_for(db, options.minutes * 60 / INTERVALS, options.entries, values)
                percentiles = [times.percentile(part) for part in (0.5, 0.99, 0.999)]
                size, files = disk(folder / "db")
                figures = [interval * options.minutes / INTERVALS, times.rate(), *percentiles, times.longest * 1e3]
                figures += [
                    resident(),
                    size,
                    files,
                    len(list(Path("/proc/self/fd").iterdir())),
                    threading.active_count(),
                ]
                print("".join(f"{figure:12.1f}" for figure in figures), flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
