"""Several damages at once, to one file or to many: each key is held against the truth, by the engine and by a rescue."""

from __future__ import annotations

import contextlib
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from tests.damage import operators
from tests.damage.judges import holds
from tests.damage.oracle import Version

SIZES = (1, 4, 16, 100, 512, 4096)
State = dict[bytes, bytes]


def made(path: Path, choose: random.Random) -> tuple[set[Version], State]:
    """A database that was closed and opened several times: every version that was written, and what is live."""
    written: set[Version] = set()
    live: State = {}
    for _ in range(choose.randrange(1, 5)):
        compression = choose.choice((None, "snappy", "zstd"))
        with relevel.DB(path, create_if_missing=True, write_buffer_size=1 << 16, compression=compression) as db:
            for _ in range(choose.choice((20, 400))):
                key = b"%03d" % choose.randrange(300)
                value = None if choose.random() < 0.25 else choose.randbytes(choose.choice((10, 400)))
                if value is None:
                    db.delete(key)
                    live.pop(key, None)
                else:
                    db.put(key, value)
                    live[key] = value
                written.add(Version(key, len(written) + 1, value))
            if choose.random() < 0.3:
                db.compact_range()
    return written, live


def damage_something(database: Path, choose: random.Random) -> None:
    """Damage one file; the newest log is not cut, and nothing is done to its end: that leaves no trace."""
    files = [path for path in sorted(database.iterdir()) if path.name[0] in "CM0" and path.stat().st_size]
    logs = [path for path in files if path.suffix == ".log"]
    file = choose.choice(logs if logs and choose.random() < 0.5 else files)
    size = file.stat().st_size
    offset = choose.randrange(size)
    count, page = min(size - offset, choose.choice(SIZES)), choose.choice((64, 512, 4096))
    is_newest_log = file == max(database.glob("*.log"), default=None)
    kinds: list[Callable[[], object]] = [
        lambda: operators.flip_bit(file, offset, choose.randrange(8)),
        lambda: operators.garbage(file, offset, count, seed=count),
        lambda: operators.swap_pages(file, 0, 1 + offset // page, page),
    ]
    if not is_newest_log:
        kinds += [
            lambda: operators.zero(file, offset, count),
            lambda: operators.truncate(file, offset),
            lambda: operators.repeat(file, offset, count),
            lambda: operators.append(file, count, seed=count),
            lambda: operators.delete(file),
        ]
    try:
        choose.choice(kinds)()
    except ValueError:
        return


def judge_rescue(database: Path, place: Path, written: set[Version], live: State) -> None:
    """Nothing invented; each key that is missing or stale is in a range that is told; certain means certain."""
    report = relevel.rescue(database, place / "rescued", strict=True)
    rows = relevel.dump(place / "rescued", all_versions=True)
    assert {Version(row.key, row.sequence, row.value) for row in rows} <= written
    assert relevel.check(place / "rescued").findings == ()
    found = dict(relevel.scan(place / "rescued"))
    for key in {version.key for version in written}:
        if found.get(key) != live.get(key):
            told = report.possibly_stale if key in found else report.losses
            assert any(each.keys is None or holds(each.keys, key) for each in told), key
    certain = relevel.rescue(database, place / "certain", strict=True, exclude_uncertain=True)
    pairs = dict(relevel.scan(place / "certain"))
    assert pairs.items() <= live.items()
    assert pairs == found or certain.left_out


def judge_engine(database: Path, live: State, keys: set[bytes], log_recovery: str) -> None:
    """It refuses and changes nothing; or gives right values, or an error, or another state and a word about it."""
    before = {path.name: path.read_bytes() for path in database.iterdir() if path.name != "LOCK"}
    try:
        db = relevel.DB(database, log_recovery=log_recovery)
    except relevel.RelevelError:
        assert {path.name: path.read_bytes() for path in database.iterdir() if path.name != "LOCK"} == before
        return
    try:
        is_told = bool(db.recovery_findings)
        for key in keys:
            try:
                value = db.get(key)
            except relevel.CorruptionError:
                continue
            assert is_told or value == live.get(key), f"another value of {key!r}, and nothing is told"
    finally:
        with contextlib.suppress(relevel.CorruptionError):
            db.close()


@pytest.mark.parametrize("seed", range(60))
def test_several_damages_lead_nobody_astray(seed: int, tmp_path: Path) -> None:
    """Two to four, at once. Rescues put back single bits only: of other small errors chance explains some."""
    choose = random.Random(seed)
    written, live = made(tmp_path / "db", choose)
    keys = {version.key for version in written}
    for turn, log_recovery in enumerate(("point_in_time", "skip_damaged")):
        place = tmp_path / f"{turn}"
        shutil.copytree(tmp_path / "db", place / "db")
        for _ in range(choose.choice((2, 2, 3, 4))):
            damage_something(place / "db", choose)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", relevel.LogDamagedWarning)
            try:
                judge_rescue(place / "db", place, written, live)
            except relevel.NotADatabaseError:
                continue
            judge_engine(place / "db", live, keys, log_recovery)
