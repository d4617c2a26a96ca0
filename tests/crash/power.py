"""Loss of power at every moment of a recorded run: each state that it may leave is opened, and held against what was acknowledged.

    python -m tests.crash.power [--states N] [--seed N] [--workload NAME] [--jobs N]

What must hold, of each database that has a name in its place:

* every batch that was acknowledged with sync is there, and every one before it;
* of the later ones a first part, each whole;
* get, iteration forward and iteration backward agree;
* what is not LevelDB's is there, after a rescue in place too;
* a second opening finds the same, and a new put is there in a third.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import relevel
from tests.crash.disk import Chance, Disk, Loss, Nothing, Tree, tree_after
from tests.crash.recording import Operation, record
from tests.crash.workloads import BATCH_COUNT, COPY_COUNT, RESCUED_COUNT, STRANGER, WORKLOADS, states_of

MEMORY: Final = Path("/dev/shm") if Path("/dev/shm").is_dir() else Path(tempfile.gettempdir())
SLOW: Final = {"RECORDER_SYNC_TIME": "2000"}
"""Writers go on while a table is synced, so that there are two logs at once."""
_LATE_KEY: Final = b"\xff after the power came back"


class Known(NamedTuple):
    """What the program had said at a moment.

    Attributes:
        safe: how many batches must be there.
        begun: how many may be there.
        done: works that were done: copies made, rescues in place.
        errors: what reached it.
        wrong: what it read that was never written, or is no longer there.
    """

    safe: int = 0
    begun: int = 0
    done: int = 0
    errors: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    def after(self, mark: bytes) -> Known:
        """What is known after one more mark."""
        match mark.decode().split(maxsplit=2 if mark[:1] in b"ba" else 1):
            case ["b", number]:
                return self._replace(begun=int(number) + 1)
            case ["a", number, "1"]:
                return self._replace(safe=int(number) + 1)
            case ["w"]:
                return self._replace(done=self.done + 1)
            case ["e", error]:
                return self._replace(errors=(*self.errors, error))
            case ["x", what]:
                return self._replace(wrong=(*self.wrong, what))
        return self


@dataclass
class Tally:
    """What came of some states."""

    tried: int = 0
    by_workload: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another's too."""
        self.tried += other.tried
        self.by_workload += other.by_workload
        self.violations += other.violations


class Truth:
    """The states that a seed's batches lead to, by their contents."""

    def __init__(self, seed: int) -> None:
        self._numbers: dict[bytes, list[int]] = {}
        for number, state in enumerate(states_of(seed)):
            self._numbers.setdefault(digest(state), []).append(number)

    def allows(self, found: dict[bytes, bytes], known: Known) -> bool:
        """Whether this is the state after some batch that is possible."""
        return any(known.safe <= number <= known.begun for number in self._numbers.get(digest(found), ()))


def digest(state: dict[bytes, bytes]) -> bytes:
    """A state's contents in few bytes."""
    hasher = hashlib.blake2b(digest_size=16)
    for key in sorted(state):
        hasher.update(b"%d %d " % (len(key), len(state[key])) + key + state[key])
    return hasher.digest()


def losses(seed: int) -> Iterator[tuple[str, Loss]]:
    """What a loss of power may leave: first the simple ones, then any number by chance."""
    yield "everything", Loss()
    yield "nothing", Nothing()
    for number in count():
        yield f"chance {seed}.{number}", Chance(seed << 32 | number)


def states(operations: Sequence[Operation], root: str, seed: int, count_each: int) -> Iterator[tuple[str, Tree, Known]]:
    """Different states that the run may leave, ``count_each`` tried for each moment; what each is called and what is known then."""
    disk, known, seen = Disk(root), Known(), set()
    for moment, operation in enumerate(operations):
        if operation.kind == "k":
            known = known.after(operation.data)
            continue
        disk.do(operation)
        for (name, loss), _ in zip(losses(seed + moment), range(count_each), strict=False):
            tree = tree_after(disk, loss)
            state = hashlib.blake2b(repr((known, sorted(tree.items()))).encode(), digest_size=16).digest()
            if state not in seen:
                seen.add(state)
                yield f"operation {moment}, {name}", tree, known


def lay_out(tree: Tree, place: Path) -> None:
    """Make the files of a state."""
    for path, data in tree.items():
        if data is None:
            (place / path).mkdir()
        else:
            (place / path).write_bytes(data)


def contents_of(path: Path) -> dict[bytes, bytes]:
    """What is in a database, by three ways that agree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", relevel.LogDamagedWarning)
        db = relevel.DB(path, create_if_missing=True)
    with db:
        found = dict(db)
        assert {key: db.get(key) for key in found} == found, "get and iteration differ"
        assert dict(db.iterator(reverse=True)) == found, "iteration differs backward"
        return found


def batches_before(copy: Path, workload: str) -> int:
    """How many batches had been written when a copy was made."""
    turn = int(copy.name.removeprefix("copy"))
    return (turn + 1) * (BATCH_COUNT // COPY_COUNT) if workload == "checkpoints" else RESCUED_COUNT


def verify(place: Path, truth: Truth, known: Known, workload: str) -> None:
    """Hold a state against what was acknowledged.

    Raises:
        AssertionError: something that must hold does not.
        RelevelError: it does not open.
    """
    for copy in sorted(place.glob("copy*")):  # what has its name is whole
        made = batches_before(copy, workload)
        assert truth.allows(contents_of(copy), Known(made, made)), f"{copy.name} is not what was there when it was made"
    if workload == "checkpoints":
        assert len(list(place.glob("copy*"))) >= known.done, "a copy that was made is gone"
    if workload == "rescues" and known.done:
        assert (place / "db" / STRANGER).read_bytes() == b"a program's own", "a file that is not LevelDB's has changed"
    found = contents_of(place / "db")
    assert truth.allows(found, known), f"not a state between batch {known.safe} and {known.begun}"
    assert contents_of(place / "db") == found, "a second opening finds something else"
    with relevel.DB(place / "db") as db:
        db.put(_LATE_KEY, b"value")
    assert contents_of(place / "db") == {**found, _LATE_KEY: b"value"}, "a put after it is not what is found"


def try_states(workload: str, seed: int, count_each: int, keep: Path | None = None) -> Tally:
    """Record one run and try its states."""
    tally = Tally()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="power-", dir=MEMORY))).resolve()
        root = folder / "root"
        root.mkdir()
        run = record("tests.crash.workloads", workload, str(root), str(seed), root=root, settings=SLOW)
        if run.exit_code:
            tally.violations.append(f"{workload}, seed {seed}: the program failed: {run.output}")
            return tally
        truth = Truth(seed)
        for name, tree, known in states(run.operations, str(root), seed << 16, count_each):
            place = folder / "state"
            place.mkdir()
            lay_out(tree, place)
            tally.tried += 1
            try:
                verify(place, truth, known, workload)
            except (AssertionError, relevel.RelevelError, OSError, RuntimeError) as error:
                line = traceback.extract_tb(error.__traceback__)[-1]
                tally.violations.append(
                    f"{workload}, seed {seed}, {name}: {type(error).__name__}: {error} ({line.name}:{line.lineno})"
                )
                if keep is not None:
                    kept = keep / f"{workload}-{seed}-{len(tally.violations)}"
                    kept.mkdir(parents=True)
                    lay_out(tree, kept)
            shutil.rmtree(place)
    tally.by_workload[workload] = tally.tried
    return tally


def main(arguments: Sequence[str] | None = None) -> int:
    """Try states until there were enough, and print how many held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--states", type=int, default=2000, help="how many states to try, at least")
    parser.add_argument("--seed", type=int, default=1, help="first seed; each run has the next one")
    parser.add_argument("--each", type=int, default=12, help="states tried for each operation")
    parser.add_argument("--workload", choices=list(WORKLOADS), action="append", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=Path, help="folder for the states that violate something")
    given = parser.parse_args(arguments)
    names = given.workload or list(WORKLOADS)
    total = Tally()
    with ProcessPoolExecutor(given.jobs) as pool:
        seed = given.seed
        while total.tried < given.states and len(total.violations) < 50:
            turn = range(seed, seed + given.jobs)
            works = [pool.submit(try_states, name, number, given.each, given.keep) for number in turn for name in names]
            for work in works:
                total.add(work.result())
            seed += given.jobs
    sys.stderr.writelines(f"{violation}\n" for violation in total.violations)
    told = ", ".join(f"{name} {number}" for name, number in sorted(total.by_workload.items()))
    seeds = f"seeds {given.seed} to {seed - 1}"
    sys.stdout.write(f"{total.tried} states ({told}), {seeds}, {len(total.violations)} violations\n")
    return 1 if total.violations else 0


if __name__ == "__main__":
    sys.exit(main())
