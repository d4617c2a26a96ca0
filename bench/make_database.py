"""Make a database to measure with: random keys, half-compressible values, written by Google's LevelDB through plyvel.

The default is a million entries with keys of 16 bytes and values of 100 bytes, about 70 MB on disk. The same options
make the same entries.

    python bench/make_database.py DIRECTORY [--entries N] [--value-size N] [--overwrites F] [--deletions F] [--seed N]
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import plyvel

BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """What a database to measure with holds.

    Attributes:
        entries: how many different keys are written.
        value_size: bytes of each value; the second half repeats the first, so that it compresses to about a half.
        overwrites: the share of the keys that are written a second time.
        deletions: the share of the keys that are deleted at the end.
        seed: of the random bytes.
    """

    entries: int = 1_000_000
    value_size: int = 100
    overwrites: float = 0.0
    deletions: float = 0.0
    seed: int = 1


def operations(shape: Shape) -> Iterator[tuple[bytes, bytes | None]]:
    """The puts, and the deletions as ``(key, None)``, in the order in which they are written."""
    source = random.Random(shape.seed)
    keys = [f"{number:016d}".encode() for number in range(shape.entries)]
    source.shuffle(keys)
    overwritten = keys[: int(shape.entries * shape.overwrites)]
    deleted = keys[shape.entries - int(shape.entries * shape.deletions) :]
    half = (shape.value_size + 1) // 2
    for key in (*keys, *overwritten):
        yield key, (source.randbytes(half) * 2)[: shape.value_size]
    for key in deleted:
        yield key, None


def make_database(directory: Path, shape: Shape) -> int:
    """Write a new database, compact it, and give its size on disk in bytes."""
    with plyvel.DB(str(directory), create_if_missing=True, error_if_exists=True) as db:
        batch = db.write_batch()
        for number, (key, value) in enumerate(operations(shape), start=1):
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
            if number % BATCH_SIZE == 0:
                batch.write()
                batch = db.write_batch()
        batch.write()
        if not shape.overwrites and not shape.deletions:
            db.compact_range()
    return sum(path.stat().st_size for path in directory.iterdir())


def main() -> None:
    """Parse the command line and make the database."""
    default = Shape()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--entries", type=int, default=default.entries)
    parser.add_argument("--value-size", type=int, default=default.value_size)
    parser.add_argument("--overwrites", type=float, default=default.overwrites)
    parser.add_argument("--deletions", type=float, default=default.deletions)
    parser.add_argument("--seed", type=int, default=default.seed)
    options = vars(parser.parse_args())
    directory = options.pop("directory")
    size = make_database(directory, Shape(**options))
    print(f"{directory}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
