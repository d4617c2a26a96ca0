"""Random histories of databases, kept as they were at one moment, with old files still there and with damage."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import relevel
from tests.model.databases import Recorded

Opened = Callable[[Path], Any]

DATA = (".ldb", ".log")


def open_relevel(path: Path) -> Any:
    """relevel's engine with small buffers."""
    return relevel.DB(path, create_if_missing=True, write_buffer_size=1 << 16, max_file_size=1 << 16)


def open_plyvel(path: Path) -> Any:
    """LevelDB with small buffers."""
    import plyvel  # noqa: PLC0415  (not on every Python)

    return plyvel.DB(str(path), create_if_missing=True, write_buffer_size=1 << 16, max_file_size=1 << 20)


class Archivist:
    """Writes a random history, and keeps every table and log that was ever there under a second name."""

    def __init__(self, root: Path, opened: Opened, rng: random.Random) -> None:
        self.recorded = Recorded(root / "db")
        self._archive = root / "archive"
        self._archive.mkdir()
        self._opened = opened
        self._rng = rng
        self._keys = [b"%c/%02d" % (97 + number % 3, number) for number in range(rng.choice([4, 12, 40]))]
        self._database = opened(self.recorded.path)
        self._snapshots: list[Any] = []

    def write(self, count: int) -> None:
        """Puts, overwrites and deletions; sometimes a sweep that deletes every key."""
        rng, operations = self._rng, self.recorded.operations
        size = rng.choice([20, 300, 2000])
        while count > 0:
            sweep = rng.random() < 0.02
            batch_size = len(self._keys) if sweep else rng.choice([1, 1, 3, 10])
            with self._database.write_batch() as batch:
                for key in self._keys if sweep else rng.choices(self._keys, k=batch_size):
                    if sweep or rng.random() < 0.25:
                        operations.append((key, None))
                        batch.delete(key)
                    else:
                        operations.append((key, b"%d " % len(operations) + rng.randbytes(size)))
                        batch.put(*operations[-1])
            count -= batch_size
        self.keep()

    def disturb(self) -> None:
        """Something else that programs do to databases."""
        match self._rng.randrange(5):
            case 0:
                self.reopen()
            case 1:
                self._database.compact_range()
            case 2:
                self._database.compact_range(start=b"a", stop=b"b")
            case 3:
                self._snapshots.append(self._database.snapshot())
            case _:
                self._forget_snapshots()
        self.keep()

    def reopen(self) -> None:
        """Close and open, which writes a new manifest."""
        self._forget_snapshots()
        self._database.close()
        self.keep()
        self._database = self._opened(self.recorded.path)

    def close(self) -> None:
        """End."""
        self._forget_snapshots()
        self._database.close()

    def _forget_snapshots(self) -> None:
        for snapshot in self._snapshots:
            snapshot.close()
        self._snapshots.clear()

    def keep(self) -> None:
        """Give what is there now a second name, under which it goes on where it grows and stays where it is deleted."""
        for file in self.recorded.path.iterdir():
            if file.name.endswith(DATA) and not (self._archive / file.name).exists():
                with suppress(FileNotFoundError):
                    os.link(file, self._archive / file.name)

    def dig_up(self, copy: Path) -> None:
        """Put some of the files that are gone back into a copy."""
        for old in sorted(self._archive.iterdir()):
            if not (copy / old.name).exists() and self._rng.random() < 0.5:
                shutil.copy(old, copy / old.name)

    def damage(self, copy: Path) -> None:
        """Lose a file, cut one off, or hurt a byte."""
        files = sorted(path for path in copy.iterdir() if path.name.endswith(DATA) and path.stat().st_size)
        if not files:
            return
        victim = self._rng.choice(files)
        size = victim.stat().st_size
        match self._rng.randrange(3):
            case 0:
                victim.unlink()
            case 1:
                os.truncate(victim, self._rng.randrange(size))
            case _:
                data = bytearray(victim.read_bytes())
                for _ in range(3):
                    data[self._rng.randrange(size)] ^= self._rng.randrange(1, 256)
                victim.write_bytes(data)


def copied(source: Path, copy: Path) -> Path:
    """A copy of a database that nobody is changing."""
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("LOCK"))
    return copy
