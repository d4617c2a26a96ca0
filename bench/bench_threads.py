"""Measure what threads of one program get from one database: readers alone and together, and a writer alone and beside them.

    python bench/bench_threads.py [--entries N] [--seconds S] [--rounds N] [--stores NAMES] [--scratch DIRECTORY]

Every store does its turns in a process of its own, the stores of a round one after another, so that a slow moment of the machine
falls on all. Printed are medians, in thousands of calls a second, of all threads together.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

VALUE = b"v" * 50 + b"%050d" % 7
READERS = 4
CALLS_AT_ONCE = 500
TURNS = (
    "1 reader",
    f"{READERS} readers",
    "1 writer",
    f"1 writer beside {READERS} readers",
    f"{READERS} readers beside 1 writer",
)


def repeated(
    call: Callable[[int], object], is_over: threading.Event, counts: list[int], seed: int, entries: int
) -> None:
    """Make calls with numbers of any order until it is over, and say how many."""
    numbers = [random.Random(seed).randrange(entries) for _ in range(CALLS_AT_ONCE * 40)]
    count = 0
    while not is_over.is_set():
        start = count % len(numbers)
        for number in numbers[start : start + CALLS_AT_ONCE]:
            call(number)
        count += CALLS_AT_ONCE
    counts.append(count)


def turn(db: Any, readers: int, writers: int, entries: int, seconds: float) -> tuple[float, float]:
    """Calls a second of all readers, and of all writers."""
    is_over, read, written = threading.Event(), list[int](), list[int]()

    def get(number: int) -> object:
        return db.get(b"%016d" % number)

    def put(number: int) -> object:
        return db.put(b"%016d" % number, VALUE)

    threads = [threading.Thread(target=repeated, args=(get, is_over, read, n, entries)) for n in range(readers)]
    threads += [threading.Thread(target=repeated, args=(put, is_over, written, -n, entries)) for n in range(writers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    is_over.set()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    return sum(read) / took, sum(written) / took


def measure(store: str, path: str, entries: int, seconds: float) -> dict[str, float]:
    """Take every turn once, in this process."""
    module = importlib.import_module({"relevel": "relevel.plyvel"}.get(store, store))
    db = module.DB(path, create_if_missing=True, lru_cache_size=256 << 20, bloom_filter_bits=10)
    for number in range(entries):
        db.put(b"%016d" % number, VALUE)
    found: dict[str, float] = {}
    for name, readers, writers in ((TURNS[0], 1, 0), (TURNS[1], READERS, 0), (TURNS[2], 0, 1), (TURNS[3], READERS, 1)):
        read, written = turn(db, readers, writers, entries, seconds)
        found[name] = written if writers else read
        if readers and writers:
            found[TURNS[4]] = read
    db.close()
    return found


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=2, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stores", nargs="+", default=["relevel", "plyvel"], choices=["relevel", "plyvel"])
    parser.add_argument("--scratch", type=Path, help="where to work; the folder for temporary files if not given")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        store, path = options.one
        print(json.dumps(measure(store, path, options.entries, options.seconds)))
        return
    samples: dict[str, list[dict[str, float]]] = {store: [] for store in options.stores}
    for _ in range(options.rounds):
        for store, taken in samples.items():
            with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
                shape = ["--entries", str(options.entries), "--seconds", str(options.seconds)]
                command = [sys.executable, __file__, *shape, "--one", store, f"{folder}/db"]
                taken.append(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
    print(f"thousands a second{'':22}" + "".join(f"{store:>12}" for store in samples))
    for name in TURNS:
        medians = (statistics.median(one[name] for one in taken) / 1000 for taken in samples.values())
        print(f"{name:40}" + "".join(f"{median:12.0f}" for median in medians))


if __name__ == "__main__":
    main()
