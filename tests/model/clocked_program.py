"""Writes a database and notes when: each change, and the times right before and after it. Run as a program.

``python clocked_program.py ENGINE PATH TIMES ENDING`` where ENDING is ``closed``, ``killed``, or ``open``: says so on standard
output and waits for the end of standard input.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import sys
import time
from pathlib import Path
from typing import Any


def opened(engine: str, path: Path) -> Any:
    """A database with small buffers."""
    module = importlib.import_module(engine)
    return module.DB(str(path), create_if_missing=True, write_buffer_size=1 << 16)


def main(engine: str, path: Path, times: Path, ending: str) -> None:
    """Write in three sittings."""
    rng = random.Random(7)
    noted: list[tuple[float, float]] = []
    for sitting in range(3):
        database = opened(engine, path)
        for _ in range(2500):
            key, value = b"%04d" % rng.randrange(3000), rng.randbytes(150)
            before = time.time()
            database.delete(key) if rng.random() < 0.2 else database.put(key, value)
            noted.append((before, time.time()))
        if sitting < 2:
            database.close()
    times.write_text(json.dumps(noted))
    if ending == "closed":
        database.close()
    if ending == "open":
        sys.stdout.write("open\n")
        sys.stdout.flush()
        sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4])
