"""The system refuses one read of what looks and rescues, then the next, and so on until none is left.

    python -m tests.crash.refused_reads [--command NAME] [--step N]

Runs itself under the recorder, which lets reads of the databases fail that are made there. Each read fails once, as where a cable
is loose, and then with all later ones of the same file, as where a disk is worn. What must hold each time:

* what comes out of it is an error of relevel's, or an answer; nothing half-made is left of a new database;
* an answer holds nothing that was never written, and if it is not all that was, something says so.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import relevel
from relevel.format.filename import FileKind, parse_filename
from tests.crash.answers import COMMANDS, KEYS, STATES, Told, make
from tests.crash.power import MEMORY
from tests.crash.recording import Run, record

_DATA: Final = (FileKind.TABLE, FileKind.LOG, FileKind.MANIFEST)


class Trial(NamedTuple):
    """One state of a database, one command, and how reads fail."""

    state: str
    command: str
    is_for_good: bool


def trials() -> Iterator[Trial]:
    """All of them."""
    for state in STATES:
        for command in COMMANDS:
            yield from (Trial(state, command, is_for_good) for is_for_good in (False, True))


def violations(
    trial: Trial, folder: Path, numbers: Iterable[int], refuse: Callable[[int, int], int]
) -> tuple[int, list[str]]:
    """Let each of these reads of a command fail. How many there were, and what did not hold."""
    place, new = folder / "db", folder.parents[2] / "new" / "of it"
    live = make(place)
    written = {(version.key, version.value) for version in relevel.dump(place, all_versions=True)}
    STATES[trial.state](place)
    names = {path.stat().st_ino: path.name for path in place.iterdir()}
    found: list[str] = []
    for tried, number in enumerate(numbers):
        new.parent.mkdir()
        refuse(number, trial.is_for_good)
        try:
            told: Told | Exception = COMMANDS[trial.command](place, new)
        except Exception as error:  # noqa: BLE001 - which it is, is the question
            told = error
        inode = refuse(-1, 0)
        left = sorted(path.name for path in new.parent.iterdir())
        shutil.rmtree(new.parent)
        if not inode:
            return tried, found
        name = names.get(inode, "another file")
        what = _wrong(told, live, written, trial, name)
        if isinstance(told, Exception) and left:
            what = f"left {left}"
        if what:
            found.append(f"{trial}, read {number} ({name}): {what}")
    raise AssertionError("reads do not end")


def _wrong(
    told: Told | Exception, live: dict[bytes, bytes], written: set[tuple[bytes, bytes | None]], trial: Trial, name: str
) -> str | None:
    """What is wrong with an answer."""
    if isinstance(told, relevel.KeyNotFoundError):
        return repr(told)
    if isinstance(told, Exception):
        return None if isinstance(told, relevel.RelevelError) else repr(told)
    if not told.entries.items() <= written:
        return f"never written: {dict(told.entries.items() - written)}"
    if trial.command == "check" and not told.is_doubted and trial.is_for_good:
        return "clean" if parse_filename(name).kind in _DATA else None
    if trial.command in ("check", "info"):
        return None
    expected = {KEYS[33]: live[KEYS[33]]} if trial.command == "get" else live
    if not told.is_doubted and told.entries != expected:
        lost, more = expected.keys() - told.entries.keys(), told.entries.keys() - expected.keys()
        stale = sum(told.entries[key] != expected[key] for key in told.entries.keys() & expected.keys())
        return f"without a word: {len(lost)} lost, {len(more)} too many, {stale} stale"
    return None


def sweep(root: Path, command: str, step: int) -> int:
    """Try one command in every state, under the recorder. Prints what did not hold, and how many reads were refused."""
    refuse = ctypes.CDLL(None).let_read_fail
    refuse.argtypes, refuse.restype = (ctypes.c_long, ctypes.c_int), ctypes.c_uint64
    tried, found = 0, []
    for trial in (trial for trial in trials() if trial.command == command):
        folder = root / trial.state / str(trial.is_for_good)
        folder.mkdir(parents=True)
        start = sum(map(ord, trial.state + command)) % step
        count, wrong = violations(trial, folder, range(start, sys.maxsize, step), refuse)
        tried += count
        found += wrong
    sys.stdout.writelines(f"{violation}\n" for violation in found)
    sys.stdout.write(f"{command}: {tried} refused reads, {len(found)} violations\n")
    return 1 if found or not tried else 0


def try_command(command: str, step: int) -> Run:
    """The same, from outside of the recorder."""
    with tempfile.TemporaryDirectory(prefix="reads-", dir=MEMORY) as folder:
        root = Path(folder).resolve() / "root"
        root.mkdir()
        settings = {"RECORDER_READ_FAULT": f"-1 {errno.EIO}"}
        arguments = ("--command", command, "--step", str(step), "--under", str(root))
        return record("tests.crash.refused_reads", *arguments, root=root, settings=settings)


def main() -> int:
    """Refuse reads of one command or of all, and print how many there were."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--command", choices=list(COMMANDS), action="append", help="only this one; may be repeated")
    parser.add_argument("--step", type=int, default=1, help="every so many reads")
    parser.add_argument("--under", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.under is not None:
        return sweep(given.under, given.command[0], given.step)
    runs = [try_command(command, given.step) for command in given.command or COMMANDS]
    sys.stdout.writelines(run.output for run in runs)
    return max(run.exit_code for run in runs)


if __name__ == "__main__":
    sys.exit(main())
