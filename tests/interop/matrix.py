"""Three implementations one after another: one writes, another goes on and compacts, a third reads. All agree on what is there.

    python -m tests.interop.matrix [--seed N]

prints what each third finds, for every first and second; those that are not here are named with the reason.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

import pytest

import relevel
from relevel.files.manifest import scan_manifest
from relevel.storage.read_only import ReadOnlyDirectory
from tests.engine.conftest import MODULES, SMALL, module
from tests.fixtures.generate.workload import Script, everyday
from tests.fixtures.operations import live_map
from tests.interop.java import java
from tests.interop.readers import (
    Content,
    ReadFailedError,
    classic_level,
    copy_of,
    goleveldb,
    read_with,
    read_with_plyvel,
    write_with,
)


def in_python(name: str) -> list[str]:
    """The command that writes with a module of Python."""
    module(name)
    return [sys.executable, "-m", "tests.interop.engine_program", MODULES[name], json.dumps(SMALL)]


PEERS: Final[dict[str, Callable[[], list[str]]]] = {
    "relevel": lambda: in_python("relevel"),
    "plyvel": lambda: in_python("plyvel"),
    "goleveldb": lambda: [str(goleveldb())],
    "classic-level": lambda: ["node", str(classic_level())],
    "leveldbjni": lambda: java("leveldbjni"),
    "java": lambda: java("java"),
}
"""The commands that write; plyvel, classic-level and leveldbjni are LevelDB itself, of three ages."""


KNOW_FORMER_SUFFIX_ONLY: Final = ("leveldbjni", "java")
"""Older than LevelDB 1.14: they look for tables under their former suffix, which the others know too."""

SIZES_OF_JAVA: Final = "the manifest of Java's LevelDB says four bytes more of tables that it compacted"
"""All that hold the size against the file refuse them; see ``relevel.format.java_size``."""
NUMBER_TWICE: Final = (
    "goleveldb gives a new .ldb the number of an .sst that no manifest names, counts both and misses one"
)
_READ_SIZES_OF_JAVA: Final = ("relevel", "java")


@cache
def why_absent(name: str) -> str:
    """Why an implementation cannot be tried here; empty where it can."""
    try:
        PEERS[name]()
    except pytest.skip.Exception as reason:
        return str(reason)
    return ""


def first_life(seed: int) -> Script:
    """What the first writes."""
    return everyday(seed)


def second_life(seed: int) -> Script:
    """What the second does to that: overwrites and deletes much of it, compacts, and leaves some in the log."""
    script = everyday(seed + 1000, keys=300)
    script.batch((b"user:%06d" % (7 * number), None) for number in range(300, 600, 3))
    script.tell("flush")
    script.put(b"user:000007", b"written after the compaction")
    script.delete(b"user:000014")
    return script


def read(name: str, database: Path) -> Content:
    """What an implementation finds."""
    if name == "plyvel":
        return read_with_plyvel(database)
    if name != "relevel":
        return read_with(PEERS[name](), database)
    with relevel.DB(database, read_only=True) as db:
        pairs = list(db)
        return Content(pairs, {key: value for key, _ in pairs if (value := db.get(key)) is not None})


def name_for(name: str, database: Path) -> None:
    """Give tables the suffix that an implementation looks for."""
    if name in KNOW_FORMER_SUFFIX_ONLY:
        for table in database.glob("*.ldb"):
            table.rename(table.with_suffix(".sst"))


def has_sizes_of_java(database: Path) -> bool:
    """Whether the manifest says more of a table than its file has."""
    manifest = scan_manifest(ReadOnlyDirectory(database), (database / "CURRENT").read_text().strip())
    sizes = {int(table.stem): table.stat().st_size for table in database.glob("*.sst")}
    return any(sizes.get(table.number) == table.file_size - 4 for _, table in manifest.tables())


def has_number_twice(database: Path) -> bool:
    """Whether two tables have one number."""
    numbers = [table.stem for table in database.glob("*.??[bt]") if table.suffix in {".ldb", ".sst"}]
    return len(numbers) > len(set(numbers))


class Matrix:
    """Databases that were written by one and gone on with by another, each made once."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._lives = first_life(seed), second_life(seed)
        self._refusals: dict[Path, str] = {}
        self.live = live_map([*self._lives[0].operations, *self._lives[1].operations])

    def written(self, first: str) -> Path:
        """The database of one writer."""
        database = self._folder / first
        if not database.exists():
            write_with(PEERS[first](), database, self._lives[0].text)
        return database

    def gone_on(self, first: str, second: str) -> Path:
        """That database, gone on with and compacted by another.

        Raises:
            ReadFailedError: the other refused.
        """
        database = self._folder / f"{first} {second}"
        if not database.exists():
            shutil.copytree(self.written(first), database)
            name_for(second, database)
            try:
                write_with(PEERS[second](), database, self._lives[1].text)
            except ReadFailedError as error:
                self._refusals[database] = str(error)
        if database in self._refusals:
            raise ReadFailedError(f"{second}: {self._refusals[database]}")
        return database

    def difference(self, first: str, second: str, third: str) -> str:
        """In what a reader does not find what it must; empty where it does."""
        try:
            with copy_of(self.gone_on(first, second)) as database:
                name_for(third, database)
                found = read(third, database)
        except ReadFailedError as error:
            return f"refused: {error}"
        if found.iterated != sorted(self.live.items()):
            return f"iteration differs in {len(set(found.iterated) ^ set(self.live.items()))} pairs"
        return "" if found.got == self.live else "get differs"

    def known(self, first: str, second: str, third: str) -> str:
        """Which known fault of another implementation makes one refuse, whatever relevel does; empty where none does."""
        database = self._folder / f"{first} {second}"
        who, refused = (second, self.written(first)) if database in self._refusals else (third, database)
        if who not in _READ_SIZES_OF_JAVA and has_sizes_of_java(refused):
            return SIZES_OF_JAVA
        return NUMBER_TWICE if who == "goleveldb" and has_number_twice(database) else ""

    def outcome(self, first: str, second: str, third: str) -> tuple[str, str]:
        """``equal``, ``DIFFERS`` or ``known``, and what is behind it. Wrong contents are never known, only refusals."""
        difference = self.difference(first, second, third)
        known = self.known(first, second, third) if difference.startswith("refused") else ""
        if known:
            return "known", known
        return ("DIFFERS", f"{first}, {second}, {third}: {difference}") if difference else ("equal", "")


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all, and print the matrix."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    there = [name for name in PEERS if not why_absent(name)]
    for name in PEERS:
        if why_absent(name):
            sys.stdout.write(f"not here: {name}: {why_absent(name)}\n")
    sys.stdout.write("".join(f"{name:>15}" for name in ("writes", "compacts", *there)) + "\n")
    said: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        matrix = Matrix(Path(folder), given.seed)
        for first, second in product(there, there):
            outcomes = [matrix.outcome(first, second, third) for third in there]
            said.update(outcomes)
            sys.stdout.write("".join(f"{cell:>15}" for cell in (first, second, *(kind for kind, _ in outcomes))) + "\n")
            sys.stdout.flush()
    for (kind, what), count in sorted(said.items()):
        sys.stdout.write(f"{count:5} {kind} {what}\n")
    return 1 if any(kind == "DIFFERS" for kind, _ in said) else 0


if __name__ == "__main__":
    sys.exit(main())
