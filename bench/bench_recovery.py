"""Measure relevel's recovery commands beside their peers: seconds, ratios, and peak memory.

Every task runs in a process of its own, several rounds, the tasks of a round one after another, so that a
slow moment of the machine falls on all. Printed are the medians, the ratio of each to the peer named first in
its group, and the largest peak of resident memory.

    python bench/bench_recovery.py [--entries N] [--rounds N] [--database DIRECTORY] [--scratch DIRECTORY]
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measuring import database_of, parser_of, run, size_of
from tasks import TASKS

BASELINE = "baseline loop"
GROUPS = {
    "verify every entry of every table": (BASELINE, "relevel.check", "relevel.check, one thread"),
    "look at every version": ("rleveldb records", "relevel.dump(all_versions=True)"),
    "look at every version in the order of writing": ("rleveldb records", "relevel.History.timeline"),
    "look back at the middle of the history": (
        "relevel.History.at",
        "relevel.History.at, backward",
        "relevel.History.horizon",
    ),
    "look at every live entry": ("plyvel iterator", "relevel.dump"),
    "make a healthy database": ("plyvel copy loop", "plyvel.repair_db", "relevel.rescue"),
}
"""What is compared; the first of each group is what the others are measured by."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one task: seconds of work, entries seen, peak resident memory in bytes."""

    seconds: float
    entries: int
    peak_memory: int


def sample(name: str, database: Path, baseline: Path, scratch: Path) -> Sample:
    """Run one task once."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        if name == BASELINE:
            done = run([str(baseline), str(database)])
            words = done.output.split()
            told = dict(zip(words[::2], words[1::2], strict=True))
            return Sample(float(told["seconds"]), int(told["entries"]), done.peak_memory)
        if TASKS[name].modifies:
            database = Path(shutil.copytree(database, Path(folder) / "database"))
        work = Path(folder) / "work"
        work.mkdir()
        done = run([sys.executable, str(Path(__file__).with_name("tasks.py")), name, str(database), str(work)])
        found = json.loads(done.output)
        return Sample(found["seconds"], found["entries"], done.peak_memory)


def print_group(title: str, names: tuple[str, ...], samples: dict[str, list[Sample]], size: int) -> None:
    """Print one table of results."""
    print(f"\n{title}\n{'':34}{'median s':>10}{'ratio':>8}{'MB/s':>8}{'peak MB':>9}{'entries':>11}")
    reference = statistics.median(sample.seconds for sample in samples[names[0]])
    for name in names:
        median = statistics.median(sample.seconds for sample in samples[name])
        peak = max(sample.peak_memory for sample in samples[name])
        entries = samples[name][0].entries or ""
        speed = size / median / 1e6
        print(f"{name:34}{median:10.3f}{median / reference:8.2f}{speed:8.0f}{peak / 1e6:9.0f}{entries:>11}")


def find_baseline() -> Path:
    """The baseline program, as ``make bench`` builds it."""
    target = os.environ.get("CARGO_TARGET_DIR", str(Path(__file__).parents[1] / "target"))
    return Path(target) / "release" / "relevel-baseline"


def main() -> None:
    """Parse the command line, measure, print."""
    options = parser_of(__doc__).parse_args()
    with database_of(options) as (database, scratch):
        samples: dict[str, list[Sample]] = {name: [] for names in GROUPS.values() for name in names}
        for _ in range(options.rounds):
            for name, taken in samples.items():
                taken.append(sample(name, database, find_baseline(), scratch))
        for title, names in GROUPS.items():
            print_group(title, names, samples, size_of(database))


if __name__ == "__main__":
    main()
