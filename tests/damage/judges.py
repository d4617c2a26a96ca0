"""What check, the engine and rescue may say of a database of which one file was damaged in one place.

Each judge gives a word for what it found, and raises AssertionError where that may not be.
"""

from __future__ import annotations

import contextlib
import hashlib
import warnings
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import relevel
from relevel.findings import KeyRange
from tests.damage.blast import Truth
from tests.damage.oracle import Version


@dataclass(frozen=True)
class Case:
    """One damage.

    Attributes:
        name: what it is called.
        file: what was damaged.
        data: what the file holds then.
        lost: the versions that it can cost.
        met: the keys that an engine may fail to get.
        is_cut: whether the end of the file is missing.
        leaves_no_trace: whether nobody can tell.
    """

    name: str
    file: str
    data: bytes
    lost: frozenset[Version]
    met: frozenset[bytes] = frozenset()
    is_cut: bool = False
    leaves_no_trace: bool = False

    @property
    def may_be_refused(self) -> bool:
        """Whether an engine may refuse to open it: where a manifest cannot be read, or a table has not the size that it tells."""
        is_table = self.file.endswith((".ldb", ".sst"))
        return self.file == "CURRENT" or self.file.startswith("MANIFEST-") or (is_table and self.is_cut)


class Inline(Executor):
    """Does work at once, in the thread that asks for it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do it."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            done.set_exception(error)
        return done


INLINE = Inline()


def judge_check(place: Path, truth: Truth, case: Case, read: dict[bytes, bytes] | None) -> str:
    """Whatever changes what is read is reported."""
    report = relevel.check(place, executor=INLINE)
    if not report.is_clean:
        assert any(each.span.file == case.file for each in report.findings), f"check says nothing of {case.file}"
        return "reported"
    if case.leaves_no_trace:
        return "no trace"
    if report.findings:
        assert read == truth.live or (case.is_cut and case.file.endswith(".log")), (
            "check only notes what changes values"
        )
        return "noted"
    assert read == truth.live, "check reports nothing, and other values are read"
    return "nothing changed"


def judge_engine(place: Path, truth: Truth, case: Case, *, read_only: bool) -> tuple[str, dict[bytes, bytes] | None]:
    """Right values, an error of what is hit, or a state that once was and a word about it; and what was read, if all was."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", relevel.LogDamagedWarning)
            db = relevel.DB(place, read_only=read_only)
    except relevel.RelevelError as error:
        assert case.may_be_refused, f"the database is not opened: {error}"
        return "refused", None
    try:
        # What a log holds is in memory then, and is found before any table is searched. Else it becomes a table of level 0.
        return _judge_open(db, truth, case, met=case.met - truth.logged() if read_only else case.met)
    finally:
        with contextlib.suppress(relevel.RelevelError):
            db.close()


def _judge_open(
    db: relevel.DB, truth: Truth, case: Case, met: frozenset[bytes]
) -> tuple[str, dict[bytes, bytes] | None]:
    is_told = bool(db.recovery_findings)
    is_torn = case.is_cut and case.file.endswith(".log")
    expected = truth.state_before(case.lost) if is_told or is_torn else truth.live
    forward, is_whole = _iterated(db, expected, reverse=False)
    backward, is_whole_backward = _iterated(db, expected, reverse=True)
    refused = _got(db, truth, expected)
    assert refused <= met, f"not got, and not hit: {sorted(refused - met)}"
    if is_whole and is_whole_backward:
        assert forward == backward == expected, "values are missing from what is iterated"
        if is_told:
            return "told", forward
        return ("right" if forward == truth.live else "no trace" if case.leaves_no_trace else "torn"), forward
    assert case.file in truth.levels, "the tables are as they were, and cannot be iterated"
    assert refused or expected == truth.live, "what cannot be iterated is told"
    return "error", None


def _iterated(db: relevel.DB, expected: dict[bytes, bytes], *, reverse: bool) -> tuple[dict[bytes, bytes], bool]:
    """What comes, and whether that is all."""
    found: dict[bytes, bytes] = {}
    whole = False
    try:
        for key, value in db.iterator(reverse=reverse):
            found[key] = value
        whole = True
    except relevel.RelevelError:
        pass
    assert list(found.items()) == sorted(expected.items(), reverse=reverse)[: len(found)], "wrong values are iterated"
    return found, whole


def _got(db: relevel.DB, truth: Truth, expected: dict[bytes, bytes]) -> set[bytes]:
    """Get every key that ever was; those that gave an error."""
    refused = set()
    for key in truth.newest():
        try:
            value = db.get(key)
        except relevel.RelevelError:
            refused.add(key)
            continue
        assert value == expected.get(key), f"get of {key!r} gives {value!r}"
    return refused


@dataclass(frozen=True)
class Rescued:
    """What is in a database that a rescue made.

    Attributes:
        versions: every version in it.
        pairs: what is live, as the engine has it.
        findings: what check says.
    """

    versions: frozenset[Version]
    pairs: dict[bytes, bytes]
    findings: tuple[relevel.Finding, ...]

    @classmethod
    def of(cls, place: Path) -> Rescued:
        """Read it. The same files have the same in them."""
        state = hashlib.blake2b()
        for path in sorted(place.iterdir()):
            data = path.read_bytes()
            state.update(b"%s %d " % (path.name.encode(), len(data)))
            state.update(data)
        if state.digest() not in _RESCUED:
            rows = relevel.dump(place, all_versions=True)
            versions = frozenset(Version(row.key, row.sequence, row.value) for row in rows)
            with relevel.DB(place, read_only=True) as db:
                pairs = dict(db)
            findings = relevel.check(place, executor=INLINE).findings
            _RESCUED[state.digest()] = cls(versions, pairs, findings)
        return _RESCUED[state.digest()]


_RESCUED: Final[dict[bytes, Rescued]] = {}


def judge_rescue(place: Path, destination: Path, truth: Truth, case: Case) -> str:
    """Nothing invented, nothing more lost than the damage can cost, and each loss and what may be stale is told."""
    report = relevel.rescue(place, destination, executor=INLINE)
    rescued = Rescued.of(destination)
    found = rescued.pairs
    invented = rescued.versions - set(truth.versions)
    assert not invented, f"invented: {invented}"
    assert rescued.findings == (), "what was rescued is not healthy"
    wrong = {key for key in truth.newest() if found.get(key) != truth.live.get(key)}
    for key in sorted(wrong):
        assert truth.newest()[key] in case.lost, f"{key!r} is not {truth.live.get(key)!r}, and that was not hit"
        if not case.leaves_no_trace:
            _assert_told(report, key, case, is_there=key in found)
    if report.is_complete:
        assert not wrong or case.leaves_no_trace, "called complete, and is not"
        return "no trace" if wrong else "complete, healed" if report.healed else "complete"
    certain = relevel.rescue(place, destination.with_name("certain"), executor=INLINE, exclude_uncertain=True)
    pairs = Rescued.of(Path(certain.destination)).pairs
    assert case.leaves_no_trace or pairs.items() <= truth.live.items(), "called certain, and is not"
    return "loss told" if wrong else "nothing lost, not proved"


def _assert_told(report: relevel.RescueReport, key: bytes, case: Case, *, is_there: bool) -> None:
    """A key that is missing is in the range of a loss; one that is older than what was lost is in a stale range."""
    assert any(loss.span.file == case.file for loss in report.losses), f"no loss of {case.file} is told"
    if is_there:
        assert any(holds(each.keys, key) for each in report.possibly_stale), f"{key!r} is stale and not told"
    else:
        assert any(holds(loss.keys, key) for loss in report.losses), f"{key!r} is missing and not told"


def holds(keys: KeyRange | None, key: bytes) -> bool:
    """Whether a key is in a range; without one any is."""
    if keys is None:
        return True
    return (keys.lower is None or keys.lower <= key) and (keys.upper is None or key <= keys.upper)
