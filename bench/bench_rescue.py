"""Measure a rescue beside its peers' repairs: a database of which every tenth table is damaged, and the same one healthy.

    PYTHONPATH=. python bench/bench_rescue.py [--entries N] [--rounds N] [--database DIRECTORY] [--scratch DIRECTORY]
        [--only-relevel]

Every contestant works on a copy, in a process of its own, several rounds, the contestants of a round one after another.
Everything is done twice over: in SCRATCH, where syncs cost what its disk takes for them, and in ``/dev/shm`` where there is one,
where they cost nothing. ``--only-relevel`` is for databases so large that the others would take all day.

Each damaged table has three flipped bits and a page of zeroes, as far apart as a seed puts them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import database_of, parser_of, run, size_of

EVERY = 10
BITS = 3
PAGE = 4096
GOLEVELDB, PLYVEL = "goleveldb RecoverFile", "plyvel.repair_db"
RELEVEL, ONE_THREAD, DRY_RUN = "relevel rescue", "relevel rescue, one thread", "relevel rescue --dry-run"
MEMORY = Path("/dev/shm")

RESCUE = """
import json, sys, time
from concurrent.futures import ThreadPoolExecutor
import relevel
getattr(relevel, "rescue")
begun = time.perf_counter()
executor = ThreadPoolExecutor(1) if "one" in sys.argv[3:] else None
report = relevel.rescue(sys.argv[1], sys.argv[2], dry_run="dry" in sys.argv[3:], executor=executor)
print(json.dumps({"seconds": time.perf_counter() - begun, "how": "levels kept" if report.keeps_shape else "merged"}))
"""
REPAIR = "import plyvel, sys; plyvel.repair_db(sys.argv[1])"


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one contestant.

    Attributes:
        seconds: of the work; of a program that does nothing else, from its start to its end.
        processor: seconds of all cores.
        peak_memory: resident, in bytes.
        how: what it says of its work.
    """

    seconds: float
    processor: float
    peak_memory: int
    how: str


def damage(database: Path, seed: int) -> int:
    """Hurt every tenth table; how many these are."""
    source = random.Random(seed)
    tables = sorted([*database.glob("*.ldb"), *database.glob("*.sst")])[::EVERY]
    for table in tables:
        size = table.stat().st_size
        with table.open("r+b") as file:
            for _ in range(BITS):
                offset = source.randrange(size * 9 // 10)
                file.seek(offset)
                byte = file.read(1)[0] ^ 1 << source.randrange(8)
                file.seek(offset)
                file.write(bytes([byte]))
            file.seek(source.randrange(max(1, size // PAGE - 20)) * PAGE)
            file.write(bytes(PAGE))
    return len(tables)


def sample(command: list[str]) -> Sample:
    """Run a program that prints its seconds, or whose seconds are its own."""
    done = run(command)
    told: dict[str, Any] = json.loads(done.output) if done.output else {"seconds": done.seconds, "how": ""}
    return Sample(told["seconds"], done.processor, done.peak_memory, told["how"])


def contestants(copy: str, new: str, *, only_relevel: bool) -> Iterator[tuple[str, list[str]]]:
    """Names and commands, given a copy that they may change and a place where nothing is."""
    if not only_relevel:
        from tests.interop.readers import goleveldb

        yield GOLEVELDB, [str(goleveldb()), "recover", copy]
        yield PLYVEL, [sys.executable, "-c", REPAIR, copy]
    relevel = [sys.executable, "-c", RESCUE, copy, new]
    yield RELEVEL, relevel
    yield ONE_THREAD, [*relevel, "one"]
    yield DRY_RUN, [*relevel, "dry"]


def measure(database: Path, scratch: Path, rounds: int, *, only_relevel: bool) -> dict[str, list[Sample]]:
    """Run every contestant on a copy of a database."""
    samples: dict[str, list[Sample]] = {}
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        copy, new = f"{folder}/copy", f"{folder}/new"
        for _ in range(rounds):
            for name, command in contestants(copy, new, only_relevel=only_relevel):
                shutil.copytree(database, copy)
                os.sync()
                samples.setdefault(name, []).append(sample(command))
                shutil.rmtree(copy)
                shutil.rmtree(new, ignore_errors=True)
    return samples


def print_table(title: str, samples: dict[str, list[Sample]], size: int) -> None:
    """Print the medians; ratios are to goleveldb's, or to relevel's where it did not run."""
    print(f"\n{title}\n{'':30}{'median s':>10}{'least s':>9}{'ratio':>8}{'cpu s':>8}{'MB/s':>8}{'peak MB':>9}")
    medians = {name: statistics.median(one.seconds for one in taken) for name, taken in samples.items()}
    reference = medians.get(GOLEVELDB, medians[RELEVEL])
    for name, taken in samples.items():
        least = min(one.seconds for one in taken)
        processor = statistics.median(one.processor for one in taken)
        peak = max(one.peak_memory for one in taken)
        figures = f"{medians[name]:10.3f}{least:9.3f}{medians[name] / reference:8.2f}{processor:8.2f}"
        print(f"{name:30}{figures}{size / medians[name] / 1e6:8.0f}{peak / 1e6:9.0f}  {taken[0].how}")


def main() -> None:
    """Parse the command line, measure, print."""
    parser = parser_of(__doc__)
    parser.add_argument("--seed", type=int, default=2, help="of the damage")
    parser.add_argument("--only-relevel", action="store_true", help="without its peers")
    options = parser.parse_args()
    with database_of(options, overwrites=0.1, deletions=0.05) as (healthy, folder):
        hurt = Path(shutil.copytree(healthy, folder / "hurt"))
        print(f"{damage(hurt, options.seed)} tables hurt")
        places = {"synced to the disk": folder} | ({"syncs cost nothing": MEMORY} if MEMORY.is_dir() else {})
        for place, scratch in places.items():
            for state, database in (("damaged", hurt), ("healthy", healthy)):
                samples = measure(database, scratch, options.rounds, only_relevel=options.only_relevel)
                print_table(f"{state}, {place}", samples, size_of(healthy))


if __name__ == "__main__":
    main()
