"""Writes to a database without end, through plyvel, so that flushes and compactions never rest::

    python -m tests.interop.busy_writer DIRECTORY

Puts the keys of STEADY, prints a line when all of them are acknowledged, and then goes on with other keys until it is killed, or
the process that started it has ended.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Final

STEADY: Final = {b"steady/%04d" % number: b"value %d" % number for number in range(500)}
"""What is put first and never again."""


def main(directory: str) -> None:
    """Write until the parent is gone."""
    import plyvel  # noqa: PLC0415  (this module is imported where there is no plyvel too)

    parent = os.getppid()
    database = plyvel.DB(directory, create_if_missing=True, write_buffer_size=64 << 10, max_file_size=1 << 20)
    for key, value in STEADY.items():
        database.put(key, value)
    rng = random.Random(1)
    for count in range(sys.maxsize):
        if count == 5000:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
        key = b"busy/%05d" % rng.randrange(5000)
        if count % 7 == 0:
            database.delete(key)
        else:
            database.put(key, rng.randbytes(150))
        if count % 3000 == 0:
            write_large_batch(database, rng)
        if count % 20_000 == 0:
            database.compact_range()
        if count % 1000 == 0 and os.getppid() != parent:
            return


def write_large_batch(database: object, rng: random.Random) -> None:
    """One record of the log that reaches over several of its blocks."""
    with database.write_batch() as batch:  # type: ignore[attr-defined]
        for number in range(300):
            batch.put(b"large/%03d" % number, rng.randbytes(1000))


if __name__ == "__main__":
    main(sys.argv[1])
