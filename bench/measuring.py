"""What the benchmarks share: one run of a program, and the database that they measure with."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from make_database import Shape


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program.

    Attributes:
        output: what it printed.
        seconds: from its start to its end.
        processor: seconds of all cores.
        peak_memory: resident, in bytes.
    """

    output: str
    seconds: float
    processor: float
    peak_memory: int


def run(command: list[str]) -> Run:
    """Run a program to its end."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Run(output, time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, peak)


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark with a database has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=Shape().entries, help="entries of the database that is made")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", type=Path, help="measure with this one; it is not written to")
    parser.add_argument("--scratch", type=Path, help="where to work; the folder for temporary files if not given")
    return parser


@contextmanager
def database_of(
    options: argparse.Namespace, *, overwrites: float = 0, deletions: float = 0
) -> Iterator[tuple[Path, Path]]:
    """The database to measure with, made if none was given, and a folder to work in.

    It is made by another process: what that takes would count as the peak of memory of every process begun after it.
    """
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        database = options.database
        if database is None:
            database = Path(folder) / "database"
            shape = ["--entries", str(options.entries), "--overwrites", str(overwrites), "--deletions", str(deletions)]
            maker = str(Path(__file__).with_name("make_database.py"))
            subprocess.run([sys.executable, maker, str(database), *shape], check=True)
        print(f"{database}: {size_of(database) / 1e6:.1f} MB, {options.rounds} rounds, {os.cpu_count()} cores")
        yield database, Path(folder)


def size_of(database: Path) -> int:
    """Bytes of its files."""
    return sum(path.stat().st_size for path in database.iterdir() if path.is_file())
