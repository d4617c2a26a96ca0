"""Estimates of time against databases that were written with a known clock."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import relevel
from tests.model import clocked_program

pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

Times = list[tuple[float, float]]
STRETCH = 300
"""How much longer a history is made by moving its times apart. A file's time is some milliseconds coarse, and gets coarser."""
AGO = 40_000
"""Seconds by which a history is put back, so that what is done to its files now is not taken for a part of it."""
STAMP = "%Y/%m/%d-%H:%M:%S.%f"


def written(engine: str, folder: Path, ending: str, zone: str = "UTC") -> tuple[Path, Times]:
    """A database, as it was left, and when each change was made."""
    path, times = folder / "db", folder / "times.json"
    program = [sys.executable, clocked_program.__file__, engine, str(path), str(times), ending]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "TZ": zone}
    ) as process:
        assert process.stdout is not None
        if ending == "open":
            assert process.stdout.readline() == b"open\n"
            path = copy_of_living(path, folder / "copy")
        process.communicate()
    return path, [tuple(pair) for pair in json.loads(times.read_text())]


def copy_of_living(path: Path, copy: Path) -> Path:
    """A copy, times and all, of a database that may still be compacting: made anew where a file has gone meanwhile."""
    while True:
        try:
            return Path(shutil.copytree(path, copy))
        except shutil.Error:
            shutil.rmtree(copy)


def stretched(path: Path, times: Times, ahead: float = 0.0) -> Times:
    """Move the times of files and LOG's lines apart, as if all had been done more slowly, and begun longer ago."""
    end = times[-1][1]

    def moved(time: float) -> float:
        return end - AGO + (time - end) * STRETCH

    def line(found: re.Match[str]) -> str:
        local = datetime.strptime(found[0], STAMP).replace(tzinfo=timezone.utc).timestamp()
        return datetime.fromtimestamp(moved(local - ahead) + ahead, timezone.utc).strftime(STAMP)

    for file in path.iterdir():
        status = file.stat()
        if file.name.startswith("LOG"):
            text = file.read_text(encoding="utf-8", errors="surrogateescape")
            text = re.sub(r"(?m)^\d{4}/\d\d/\d\d-\d\d:\d\d:\d\d\.\d{6}", line, text)
            file.write_text(text, encoding="utf-8", errors="surrogateescape")
        os.utime(file, (status.st_atime, moved(status.st_mtime)))
    return [(moved(before), moved(after)) for before, after in times]


def contained(path: Path, times: Times) -> float:
    """The part of the changes whose true time is in its estimate."""
    past = relevel.History(path)
    found = 0
    for sequence, (before, after) in enumerate(times, start=1):
        moment = past.when(sequence)
        assert moment.not_before is None or moment.not_after is None or moment.not_before <= moment.not_after
        is_early = moment.not_before is not None and after < moment.not_before.timestamp()
        is_late = moment.not_after is not None and before > moment.not_after.timestamp()
        found += not is_early and not is_late
    return found / len(times)


def width(path: Path, times: Times) -> float:
    """Of how many changes, as a part of all, the true time is in the estimate of one, on average."""
    past = relevel.History(path)
    chosen = range(1, len(times) + 1, 50)
    total = 0
    for sequence in chosen:
        moment = past.when(sequence)
        begin = 0.0 if moment.not_before is None else moment.not_before.timestamp()
        end = 1e18 if moment.not_after is None else moment.not_after.timestamp()
        total += sum(before <= end and after >= begin for before, after in times)
    return total / len(chosen) / len(times)


def as_written(path: Path) -> None:
    """Leave everything as it is."""


def without_log(path: Path) -> None:
    """No LOG is there, as in a backup of the data alone."""
    for file in path.glob("LOG*"):
        file.unlink()


def copied_without_times(path: Path) -> None:
    """Every file was written now, in order."""
    for file in sorted(path.iterdir()):
        file.write_bytes(file.read_bytes())


def touched(path: Path) -> None:
    """Somebody has touched some files."""
    for file in sorted(path.iterdir())[::3]:
        os.utime(file)


@pytest.mark.parametrize("engine", ["relevel", "plyvel"])
@pytest.mark.parametrize("ending", ["open", "closed", "killed"])
def test_the_true_time_is_in_the_estimate(engine: str, ending: str, tmp_path: Path) -> None:
    """However the database was left, and whatever became of its files since."""
    path, times = written(engine, tmp_path, ending)
    assert contained(path, times) >= 0.99
    slow = stretched(path, times)

    for change in (as_written, without_log, touched, copied_without_times):
        copy = tmp_path / change.__name__
        shutil.copytree(path, copy)
        change(copy)

        assert contained(copy, slow) >= 0.99, change


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/New_York"])
def test_the_writers_time_zone_is_found(zone: str, tmp_path: Path) -> None:
    """LOG has local times; where its own time of change is that of its last line, the zone follows."""
    path, times = written("plyvel", tmp_path, "closed", zone)
    local = datetime.strptime((path / "LOG").read_text().split(" ")[0], STAMP).replace(tzinfo=timezone.utc).timestamp()
    ahead = round((local - times[-1][0]) / 900) * 900
    assert ahead
    slow = stretched(path, times, ahead)

    assert contained(path, slow) >= 0.99
    copied_without_times(path)
    assert contained(path, slow) >= 0.99


def test_estimates_are_narrow_where_much_is_known(tmp_path: Path) -> None:
    """Times of files and LOG's lines tell the parts of a short history apart."""
    path, times = written("plyvel", tmp_path, "closed")
    slow = stretched(path, times)

    assert width(path, slow) < 0.7


@pytest.mark.parametrize("change", [as_written, without_log])
def test_the_last_change_before_a_time_is_found(change: Callable[[Path], None], tmp_path: Path) -> None:
    """The true one is among those that it may be."""
    path, times = written("plyvel", tmp_path, "closed")
    slow = stretched(path, times)
    change(path)
    past = relevel.History(path)
    rng = random.Random(3)

    for _ in range(200):
        time = rng.uniform(slow[0][0] - 60, slow[-1][1] + 60)
        estimate = past.before(datetime.fromtimestamp(time, timezone.utc))
        first = sum(after < time for _, after in slow)
        last = sum(before < time for before, _ in slow)

        assert estimate.earliest <= last
        assert estimate.latest >= first
        assert estimate.earliest <= estimate.sequence <= estimate.latest


def test_without_evidence_nothing_is_said(tmp_path: Path) -> None:
    """A time long before everything gives no number that could be taken for knowledge."""
    path, _ = written("plyvel", tmp_path, "closed")

    estimate = relevel.History(path).before(datetime.now(timezone.utc) - timedelta(days=4000))

    assert (estimate.sequence, estimate.earliest) == (0, 0)
