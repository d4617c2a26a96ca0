"""Every byte of every file of small databases of three programs, damaged in every way a byte can be; and every file cut there.

    python -m tests.damage.every_byte [--database NAME] [--file NAME] [--step N] [--part I/N] [--jobs N]

Each byte has each of its bits flipped, becomes 0x00 and 0xFF, and becomes the first that is missing. Where two of these give the
same file it is tried once. What must hold is in judges.py.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import relevel
from tests.damage.blast import Truth
from tests.damage.judges import Case, judge_check, judge_engine, judge_rescue
from tests.fixtures.catalogue import BY_NAME, SMALL

MEMORY: Final = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
DATABASES: Final = (*(each.name for each in SMALL), "plyvel-tiny")
_MOST_TOLD: Final = 50
_PIECES: Final = 32
"""Pieces of work that the processes share, of each database."""


@dataclass
class Tally:
    """What was tried.

    Attributes:
        outcomes: how often each judge said what.
        violations: what must hold and did not.
    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    tried: int = 0

    def add(self, other: Tally) -> None:
        """Count together."""
        self.tried += other.tried
        self.outcomes += other.outcomes
        self.violations += other.violations


Place = tuple[str, int]
"""A byte: its file and its offset."""


def places(truth: Truth, only: str = "") -> list[Place]:
    """Every byte of every file, or of those whose names begin so."""
    return [(name, at) for name, data in truth.files.items() if name.startswith(only) for at in range(len(data))]


def cases(truth: Truth, name: str, offset: int) -> Iterator[Case]:
    """Every damage to one byte."""
    data = truth.files[name]
    byte, lost, met = data[offset], truth.hit_at(name, offset), truth.met_at(name, offset)
    for other in dict.fromkeys((*(byte ^ 1 << bit for bit in range(8)), 0x00, 0xFF)):
        if other != byte:
            changed = data[:offset] + bytes([other]) + data[offset + 1 :]
            yield Case(f"{name} byte {offset} from {byte:#04x} to {other:#04x}", name, changed, lost, met)
    lost, met = truth.cut_at(name, offset), truth.met_at(name, offset, is_cut=True)
    leaves_no_trace = truth.leaves_no_trace(name, offset)
    yield Case(f"{name} cut at {offset}", name, data[:offset], lost, met, True, leaves_no_trace)


class Bench:
    """A place where one case after another is laid out and judged."""

    def __init__(self, truth: Truth, place: Path) -> None:
        self._truth = truth
        self._place = place

    def judge(self, case: Case) -> dict[str, str]:
        """What each judge says.

        Raises:
            AssertionError: something that must hold does not.
        """
        truth, database = self._truth, self._place / "db"
        files = {**truth.files, case.file: case.data}
        self._lay_out(files)
        said = {}
        said["engine, read-only"], read = judge_engine(database, truth, case, read_only=True)
        said["check"] = judge_check(database, truth, case, read)
        said["rescue"] = judge_rescue(database, self._place / "rescued", truth, case)
        assert {path.name: path.read_bytes() for path in database.iterdir()} == files, "the source was changed"
        said["engine"], before = judge_engine(database, truth, case, read_only=False)
        if said["engine"] == "refused":
            assert {name: (database / name).read_bytes() for name in files} == files, "refused, and changed"
        if said["engine"] == "told":
            assert (database / case.file).read_bytes() == case.data, "what was not applied is not kept"
        if before is not None:
            with relevel.DB(database, read_only=True) as db:
                assert dict(db) == before, "a second opening finds something else"
        return said

    def _lay_out(self, files: dict[str, bytes]) -> None:
        shutil.rmtree(self._place, ignore_errors=True)
        (self._place / "db").mkdir(parents=True)
        for name, data in files.items():
            (self._place / "db" / name).write_bytes(data)


def try_places(name: str, only: str, start: int, step: int) -> Tally:
    """Judge every case of every so manieth byte of a database."""
    truth, tally = truth_of(name), Tally()
    with tempfile.TemporaryDirectory(prefix="every-byte-", dir=MEMORY) as folder:
        bench = Bench(truth, Path(folder) / "case")
        for file, offset in places(truth, only)[start::step]:
            for case in cases(truth, file, offset):
                tally.tried += 1
                try:
                    tally.outcomes.update(bench.judge(case).items())
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # noqa: BLE001 - a panic of the kernel is one
                    line = traceback.extract_tb(error.__traceback__)[-1]
                    what = f"{type(error).__name__}: {error} ({line.name}:{line.lineno})"
                    tally.violations.append(f"{name}: {case.name}: {what}")
    return tally


@functools.cache
def truth_of(name: str) -> Truth:
    """The truth of a database, read once."""
    return Truth.of(BY_NAME[name])


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every case, or a part of them, and print what each judge said how often."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=DATABASES, action="append", help="only this one")
    parser.add_argument("--file", default="", metavar="NAME", help="only files whose name begins so")
    parser.add_argument("--step", type=int, default=1, help="every so manieth byte")
    parser.add_argument("--part", default="1/1", metavar="I/N", help="the I-th of N parts")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    part, parts = (int(number) for number in given.part.split("/"))
    step = given.step * parts * _PIECES
    failed = False
    with ProcessPoolExecutor(given.jobs) as pool:
        for name in given.database or DATABASES:
            began = time.monotonic()
            starts = [given.step * (parts * piece + part - 1) for piece in range(_PIECES)]
            total = Tally()
            for work in [pool.submit(try_places, name, given.file, start, step) for start in starts]:
                total.add(work.result())
            tell(name, total, time.monotonic() - began)
            failed |= bool(total.violations)
    return 1 if failed else 0


def tell(name: str, total: Tally, seconds: float) -> None:
    """Print the figures of one database, and what must hold and did not."""
    sys.stdout.write(f"{name}: {total.tried} cases in {seconds:.0f} s, {len(total.violations)} violations\n")
    for (judge, word), count in sorted(total.outcomes.items()):
        sys.stdout.write(f"  {judge}: {word} {count}\n")
    sys.stdout.writelines(f"  VIOLATION {violation}\n" for violation in total.violations[:_MOST_TOLD])
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
