"""Bounds of time, and the stamps of LOG."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from relevel.recovery.past.clock import Bound, Clock
from relevel.recovery.past.stamps import read_stamps
from relevel.storage.read_only import ReadOnlyDirectory

SLACK = 2
bounds = st.builds(Bound, st.integers(0, 50), st.integers(0, 1000).map(float), st.just("e"), st.integers(1, 2))


def seconds(time: datetime | None) -> float | None:
    """Since the epoch."""
    return None if time is None else time.timestamp()


def after(sequence: int, time: float, trust: int = 1) -> Bound:
    """What came later was written at that time or later."""
    return Bound(sequence, time, f"after {sequence}", trust)


@given(st.lists(bounds, max_size=12), st.lists(bounds, max_size=12))
def test_no_interval_is_empty(afters: list[Bound], untils: list[Bound]) -> None:
    """Whatever contradicts itself; and times ascend with the numbers."""
    clock = Clock(afters, untils)
    moments = [clock.when(sequence) for sequence in range(1, 52)]

    for moment in moments:
        if moment.not_before is not None and moment.not_after is not None:
            assert moment.not_before <= moment.not_after
    begins = [-9.0 if moment.not_before is None else moment.not_before.timestamp() for moment in moments]
    ends = [1e9 if moment.not_after is None else moment.not_after.timestamp() for moment in moments]
    assert begins == sorted(begins)
    assert ends == sorted(ends)


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=20), st.lists(st.integers(0, 99), min_size=51))
def test_true_bounds_contain_the_truth(facts: list[tuple[int, bool]], steps: list[int]) -> None:
    """All changes, and the last change before any time."""
    times = [float(sum(steps[: number + 1])) for number in range(51)]  # of number 0 on
    afters = [after(sequence, times[sequence]) for sequence, is_after in facts if is_after]
    untils = [Bound(sequence, times[sequence], "u", 1) for sequence, is_after in facts if not is_after]
    clock = Clock(afters, untils)

    for sequence in range(1, 51):
        moment = clock.when(sequence)
        assert (seconds(moment.not_before) or 0) <= times[sequence] <= (seconds(moment.not_after) or 1e9)
        estimate = clock.before(datetime.fromtimestamp(times[sequence] + 0.5, timezone.utc), 50)
        true = max(number for number in range(51) if times[number] < times[sequence] + 0.5)
        assert estimate.earliest <= true
        assert estimate.earliest <= estimate.sequence <= estimate.latest <= 50
        assert estimate.latest >= min(true, 50)


def test_what_is_trusted_less_goes() -> None:
    """LOG's lines stand against times of files."""
    clock = Clock([after(10, 500, trust=1), after(10, 100, trust=2)], [Bound(20, 200, "LOG", 2)])

    moment = clock.when(15)

    assert (seconds(moment.not_before), seconds(moment.not_after)) == (100 - SLACK, 200 + SLACK)


def test_nonsense_is_no_evidence() -> None:
    """Files may have any time."""
    clock = Clock([after(1, -1e12), after(1, 1e300)], [Bound(5, 1e15, "u", 1), Bound(5, float("nan"), "u", 1)])

    assert (clock.when(3).not_before, clock.when(3).not_after) == (None, None)


def test_evidence_is_named() -> None:
    """That of either end, and what is to be told with all of it."""
    clock = Clock([after(10, 100)], [Bound(20, 200, "until 20", 1)], ("a note",))

    assert clock.when(15).evidence == ("after 10", "until 20", "a note")
    assert clock.when(25).evidence == ("after 10", "a note")
    assert Clock([], []).when(5).evidence == ()


LEVELDB = """2026/11/20-16:40:00.000000 139712 Recovering log #3
2026/11/20-16:40:01.000000 139712 Level-0 table #5: started
2026/11/20-16:40:02.000000 139712 Level-0 table #5: 118437 bytes OK
2026/11/20-16:40:02.500000 139712 Delete type=0 #3
2026/11/20-16:40:03.000000 139712 Level-0 table #7: 120677 bytes OK
2026/11/20-16:41:00.000000 139712 Generated table #9@0: 10412 keys, 602660 bytes
"""
GOLEVELDB = """=============== Nov 20, 2026 (UTC) ===============
23:59:59.000000 memdb@flush N·415 S·63KiB
=============== Nov 21, 2026 (UTC) ===============
00:00:01.500000 memdb@flush created L0@3 N·415 S·32KiB "use..000,v1":"use..898,v415"
00:00:02.000000 table@build created L1@6 N·607 S·47KiB ",v601":"\\xff,v603"
"""
EVENING = datetime(2026, 11, 20, 16, 40, tzinfo=timezone.utc).timestamp()


def test_leveldbs_stamps_with_their_offset(tmp_path: Path) -> None:
    """The file was last written at 15:41 UTC: the program's clock was an hour ahead."""
    (tmp_path / "LOG").write_text(LEVELDB)
    stamps = read_stamps(ReadOnlyDirectory(tmp_path), {"LOG": EVENING + 60 - 3600 + 0.4})

    assert [(stamp.event, stamp.table) for stamp in stamps.stamps] == [
        ("open", None),
        ("begun", 5),
        ("replayed", 5),
        ("flushed", 7),
        ("generated", 9),
    ]
    assert all(stamp.earliest == stamp.latest for stamp in stamps.stamps)
    assert stamps.of("flushed")[7].earliest == EVENING - 3600 + 3
    assert stamps.opened is not None
    assert stamps.offset == "LOG is in UTC+01:00, by the time at which it was last written"


def test_an_offset_that_cannot_be_told_makes_stamps_wide(tmp_path: Path) -> None:
    """A copied LOG: 14 hours on one side, 12 on the other."""
    (tmp_path / "LOG").write_text(LEVELDB)
    stamps = read_stamps(ReadOnlyDirectory(tmp_path), {"LOG": EVENING + 86400 * 3 + 200})

    assert stamps.stamps[0].earliest == EVENING - 14 * 3600
    assert stamps.stamps[0].latest == EVENING + 12 * 3600


def test_goleveldbs_stamps_have_days_and_a_zone(tmp_path: Path) -> None:
    """The table that is begun is named when it is there."""
    (tmp_path / "LOG").write_text(GOLEVELDB, encoding="utf-8")
    stamps = read_stamps(ReadOnlyDirectory(tmp_path), {"LOG": 0.0})
    midnight = datetime(2026, 11, 21, tzinfo=timezone.utc).timestamp()

    assert [(stamp.event, stamp.table, stamp.earliest - midnight) for stamp in stamps.stamps] == [
        ("begun", 3, -1.0),
        ("flushed", 3, 1.5),
        ("generated", 6, 2.0),
    ]


def test_no_log_and_nonsense_tell_nothing(tmp_path: Path) -> None:
    """Lines that only look like stamps are passed over."""
    assert read_stamps(ReadOnlyDirectory(tmp_path), {}).stamps == ()

    (tmp_path / "LOG").write_bytes(
        b"2026/99/99-99:99:99.999999 1 Level-0 table #5: started\n\xff\x00\n== Foo 1, 2026 (UTC) ==\n"
    )

    stamps = read_stamps(ReadOnlyDirectory(tmp_path), {"LOG": 1.0})
    assert (stamps.stamps, stamps.offset, stamps.opened) == ((), None, None)
