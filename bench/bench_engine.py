"""Measure relevel's engine beside its peers: microseconds an operation, and ratios.

Every store does its rows in a process of its own, several rounds, the stores of a round one after another, so that a slow
moment of the machine falls on all. Printed are the medians, and relevel's ratio to each peer: above 1, relevel is faster.

    python bench/bench_engine.py [--entries N] [--value-size N] [--defaults] [--rounds N] [--stores NAMES] [--rows NAMES]

Keys are 16 digits, values half-compressible, writes are not fsynced. Every row but the first four reads what ``fillrandom`` wrote.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stores import Store, open_store

STORES = ("relevel", "plyvel", "rocksdict", "lmdb")
BATCH_SIZE = 1000
LOG_SIZE = 7 << 19


@dataclass(frozen=True, slots=True)
class Setup:
    """What is measured.

    Attributes:
        store: its name.
        entries: how many.
        value_size: bytes of each value.
        equal: at equal settings, or at each store's defaults.
        folder: where the databases go.
    """

    store: str
    entries: int
    value_size: int
    equal: bool
    folder: Path

    def open(self, name: str, *, bloom: bool = False) -> Store:
        """Open one of the databases."""
        return open_store(self.store, self.folder / name, equal=self.equal, bloom=bloom)

    def values(self) -> list[bytes]:
        """Values to take in turn; half of each can be compressed away."""
        half = max(1, self.value_size // 2)
        return [(random.Random(seed).randbytes(half) * 2).ljust(self.value_size, b"v") for seed in range(1000)]

    def keys(self, seed: int | None = None) -> list[bytes]:
        """All keys, in order or shuffled."""
        keys = [b"%016d" % i for i in range(self.entries)]
        if seed is not None:
            random.Random(seed).shuffle(keys)
        return keys


def fill(setup: Setup, name: str, keys: list[bytes], *, bloom: bool = False) -> float:
    """Put entries one by one."""
    store, values = setup.open(name, bloom=bloom), setup.values() * (setup.entries // 1000 + 1)
    put = store.put
    begun = time.perf_counter()
    for key, value in zip(keys, values, strict=False):
        put(key, value)
    seconds = time.perf_counter() - begun
    store.close()
    return seconds


def fill_batch(setup: Setup) -> float:
    """Put entries in order, a thousand at once."""
    store, values, keys = setup.open("batch"), setup.values(), setup.keys()
    begun = time.perf_counter()
    for start in range(0, len(keys), BATCH_SIZE):
        store.write_batch(zip(keys[start : start + BATCH_SIZE], values, strict=False))
    seconds = time.perf_counter() - begun
    store.close()
    return seconds


def read(setup: Setup, keys: list[bytes], *, there: bool, name: str = "random") -> float:
    """Get entries one by one."""
    store = setup.open(name, bloom=name == "bloom")
    get = store.get
    settle(store)
    begun = time.perf_counter()
    found = sum(1 for key in keys if get(key) is not None)
    seconds = time.perf_counter() - begun
    store.close()
    if found != (len(keys) if there else 0):
        raise SystemExit(f"{setup.store}: {found} of {len(keys)} keys found")
    return seconds


def settle(store: Store) -> None:
    """Wait for what opening has set off."""
    store.get(b"none")
    time.sleep(0.5)


def walk(setup: Setup, direction: Callable[[Store], Iterator[tuple[bytes, bytes]]]) -> float:
    """Go over all entries."""
    store = setup.open("random")
    settle(store)
    begun = time.perf_counter()
    count = 0
    for _ in direction(store):
        count += 1
    seconds = time.perf_counter() - begun
    store.close()
    if count != setup.entries:
        raise SystemExit(f"{setup.store}: {count} of {setup.entries} entries met")
    return seconds


def seek(setup: Setup) -> float:
    """Find the first entry at or after a key, for many keys."""
    store, keys = setup.open("random"), setup.keys(seed=3)
    settle(store)
    find = store.seek()
    begun = time.perf_counter()
    for key in keys:
        find(key)
    seconds = time.perf_counter() - begun
    del find
    store.close()
    return seconds


def missing_keys(setup: Setup) -> list[bytes]:
    """Keys that lie between those that are there."""
    return [key + b"." for key in setup.keys(seed=2)]


def reopen(setup: Setup) -> float:
    """Open and close."""
    setup.open("random").close()
    begun = time.perf_counter()
    store = setup.open("random")
    seconds = time.perf_counter() - begun
    store.close()
    return seconds * setup.entries  # one operation, so that microseconds an operation come out


def open_with_log(setup: Setup) -> float:
    """Open a database whose log holds 3.5 MB, as a killed program leaves it: closing would empty RocksDB's log."""
    store, values = setup.open("writing"), setup.values()
    count = LOG_SIZE // (16 + setup.value_size + 30)
    for i in range(count):
        store.put(b"%016d" % (i * 7919 % count), values[i % 1000])
    shutil.copytree(setup.folder / "writing", setup.folder / "killed")
    store.close()
    begun = time.perf_counter()
    store = setup.open("killed")
    seconds = time.perf_counter() - begun
    store.close()
    return seconds * setup.entries


ROWS: dict[str, Callable[[Setup], float]] = {
    "fillseq": lambda setup: fill(setup, "sequential", setup.keys()),
    "fillbatch": fill_batch,
    "fillrandom": lambda setup: fill(setup, "random", setup.keys(seed=0)),
    "overwrite": lambda setup: fill(setup, "random", setup.keys(seed=1)),
    "readrandom": lambda setup: read(setup, setup.keys(seed=2), there=True),
    "readmissing": lambda setup: read(setup, missing_keys(setup), there=False),
    "readseq": lambda setup: walk(setup, lambda store: store.forward()),
    "readreverse": lambda setup: walk(setup, lambda store: store.backward()),
    "seekrandom": seek,
    "open": reopen,
    "openlog": open_with_log,
    "fillbloom": lambda setup: fill(setup, "bloom", setup.keys(seed=0), bloom=True),
    "missingbloom": lambda setup: read(setup, missing_keys(setup), there=False, name="bloom"),
}


def measure(setup: Setup, rows: list[str]) -> dict[str, float]:
    """Do the rows of one store: microseconds an operation."""
    return {row: ROWS[row](setup) / setup.entries * 1e6 for row in rows}


def measure_apart(options: argparse.Namespace, store: str, folder: Path) -> dict[str, float]:
    """The same in a process of its own."""
    arguments = ["--entries", str(options.entries), "--value-size", str(options.value_size), "--rows", *options.rows]
    arguments += ["--defaults"] if options.defaults else []
    command = [sys.executable, __file__, *arguments, "--one", store, str(folder)]
    found: dict[str, float] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return found


def print_table(options: argparse.Namespace, samples: dict[str, list[dict[str, float]]]) -> None:
    """Print medians, and relevel's ratios."""
    settings = "each store's defaults" if options.defaults else "equal settings"
    print(f"{options.entries} entries of 16 + {options.value_size} bytes, {options.rounds} rounds, {settings}; µs/op")
    peers = [store for store in samples if store != "relevel"]
    print(f"{'':14}" + "".join(f"{store:>12}" for store in samples) + "".join(f"{'vs ' + peer:>14}" for peer in peers))
    for row in options.rows:
        medians = {store: statistics.median(found[row] for found in taken) for store, taken in samples.items()}
        line = f"{row:14}" + "".join(f"{median:12.3f}" for median in medians.values())
        if "relevel" in medians:
            line += "".join(f"{medians[peer] / medians['relevel']:14.2f}" for peer in peers)
        print(line)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--value-size", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--defaults", action="store_true", help="at each store's own defaults instead of equal settings"
    )
    parser.add_argument("--stores", nargs="+", default=list(STORES), choices=STORES)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--scratch", type=Path, help="where to work; the folder for temporary files if not given")
    parser.add_argument("--one", nargs=2, metavar=("STORE", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        store, folder = options.one
        setup = Setup(store, options.entries, options.value_size, not options.defaults, Path(folder))
        print(json.dumps(measure(setup, options.rows)))
        return
    samples: dict[str, list[dict[str, float]]] = {store: [] for store in options.stores}
    for _ in range(options.rounds):
        for store, taken in samples.items():
            folder = Path(tempfile.mkdtemp(dir=options.scratch))
            try:
                taken.append(measure_apart(options, store, folder))
            finally:
                shutil.rmtree(folder)
    print_table(options, samples)


if __name__ == "__main__":
    main()
