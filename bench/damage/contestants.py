"""Who rescues: relevel, LevelDB's RepairDB by plyvel, goleveldb's RecoverFile. Each in a process of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import plyvel
from tests.interop.readers import goleveldb

import relevel
from damage.score import Told
from relevel.findings import KeyRange

MOST_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Result:
    """What a contestant made of a database.

    Attributes:
        found: the entries that LevelDB reads in the result.
        told: what its report names.
        complete: whether it says that nothing is missing; None where it says nothing.
        reasons: why it does not say so: codes of findings; ``in doubt`` for a healing that is not proved.
        seconds: how long it took.
        problem: a result that LevelDB reads in two ways, or a source that has changed.
    """

    found: dict[bytes, bytes]
    told: Told = field(default_factory=Told)
    complete: bool | None = None
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    problem: str = ""


def with_relevel(patient: Path, scratch: Path) -> Result:
    """Rescue into a new place."""
    before = {path.name: path.read_bytes() for path in patient.iterdir()}
    begun = time.perf_counter()
    report = relevel.rescue(patient, scratch / "rescued")
    seconds = time.perf_counter() - begun
    told = Told(
        lost=tuple(finding.keys or KeyRange() for finding in report.losses),
        doubtful=tuple(stale.keys for stale in report.possibly_stale),
    )
    changed = {path.name: path.read_bytes() for path in patient.iterdir()} != before
    found = contents(scratch / "rescued")
    with plyvel.DB(str(scratch / "rescued")) as database:
        differ = next((key for key, value in found.items() if database.get(key) != value), None)
        database.put(b"key00000000", b"a new put")
        wins = (
            database.get(b"key00000000")
            == dict(database.iterator(prefix=b"key0000000"))[b"key00000000"]
            == b"a new put"
        )
    problems = ["the source has changed"] * changed
    problems += [f"get and iteration differ for {differ!r}"] * (differ is not None)
    problems += ["a new put does not win"] * (not wins)
    reasons = sorted({"in doubt" if finding.healed_flips else finding.code for finding in report.losses})
    return Result(found, told, report.is_complete, tuple(reasons), seconds, "; ".join(problems))


def with_plyvel(patient: Path, scratch: Path) -> Result:
    """Repair in place."""
    begun = time.perf_counter()
    run(sys.executable, "-c", "import plyvel, sys; plyvel.repair_db(sys.argv[1])", str(patient))
    return Result(contents(patient), seconds=time.perf_counter() - begun)


def with_goleveldb(patient: Path, scratch: Path) -> Result:
    """Recover in place."""
    begun = time.perf_counter()
    run(str(goleveldb()), "recover", str(patient))
    return Result(contents(patient), seconds=time.perf_counter() - begun)


def run(*command: str) -> None:
    """Run a program, which must end well."""
    subprocess.run(command, check=True, capture_output=True, timeout=MOST_SECONDS)


def contents(path: Path) -> dict[bytes, bytes]:
    """What LevelDB reads. A copy, since opening may change it."""
    copy = path.with_name(path.name + "-read")
    shutil.copytree(path, copy)
    try:
        with plyvel.DB(str(copy)) as database:
            return dict(database.iterator())
    finally:
        shutil.rmtree(copy)


CONTESTANTS: dict[str, Callable[[Path, Path], Result]] = {
    "relevel": with_relevel,
    "plyvel": with_plyvel,
    "goleveldb": with_goleveldb,
}
