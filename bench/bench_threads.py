"""Measure what threads of one program get from one database: readers alone and together, and a writer alone and beside them.

    python bench/bench_threads.py [--entries N] [--seconds S] [--rounds N] [--stores NAMES] [--scratch DIRECTORY]

Every store does its turns in a process of its own, the stores of a round one after another, so that a slow moment of the machine
falls on all. Printed are medians, in thousands of keys a second, of all threads together.
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
MANY = 1000


def repeated(
    call: Callable[[list[bytes]], object], is_over: threading.Event, counts: list[int], keys: list[bytes]
) -> None:
    """Make calls with keys, over and over until it is over, and say for how many keys."""
    count = 0
    while not is_over.is_set():
        start = count % len(keys)
        call(keys[start : start + MANY])
        count += MANY
    counts.append(count)


def turn(
    db: Any, readers: int, writers: int, entries: int, seconds: float, *, many: bool = False
) -> tuple[float, float]:
    """Keys a second of all readers, and of all writers."""
    is_over, read, written = threading.Event(), list[int](), list[int]()
    get, put = db.get, db.put

    def get_each(keys: list[bytes]) -> None:
        for key in keys:
            get(key)

    def put_each(keys: list[bytes]) -> None:
        for key in keys:
            put(key, VALUE)

    threads = []
    for number in range(readers + writers):
        call, counts = (put_each, written) if number >= readers else (db.get_many if many else get_each, read)
        source = random.Random(number)
        keys = [b"%016d" % source.randrange(entries) for _ in range(20 * MANY)]
        threads.append(threading.Thread(target=repeated, args=(call, is_over, counts, keys)))
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
    found = {
        "1 reader": turn(db, 1, 0, entries, seconds)[0],
        f"{READERS} readers": turn(db, READERS, 0, entries, seconds)[0],
    }
    if hasattr(db, "get_many"):
        for readers in (1, 2, READERS):
            name = f"{readers} reader{'s' * (readers > 1)}, {MANY} keys at once"
            found[name] = turn(db, readers, 0, entries, seconds, many=True)[0]
    found["1 writer"] = turn(db, 0, 1, entries, seconds)[1]
    read, written = turn(db, READERS, 1, entries, seconds)
    found |= {f"1 writer beside {READERS} readers": written, f"{READERS} readers beside 1 writer": read}
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
                taken.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))
    print(f"thousands a second{'':22}" + "".join(f"{store:>12}" for store in samples))
    for name in dict.fromkeys(name for taken in samples.values() for name in taken[0]):
        rates = ([one[name] / 1000 for one in taken if name in one] for taken in samples.values())
        print(f"{name:40}" + "".join(f"{statistics.median(some):12.0f}" if some else f"{'':12}" for some in rates))


if __name__ == "__main__":
    main()
