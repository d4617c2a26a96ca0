"""What a damaged log means at opening, and going on in a log that is whole."""

from __future__ import annotations

import random
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import relevel
from relevel.files.log import RecordScan
from relevel.storage.read_only import ReadOnlyDirectory
from tests.damage import forge
from tests.damage.oracle import fragments
from tests.engine.conftest import module
from tests.engine.living import PAIRS, flip, log_of, opened, state_of

DAMAGED = 40_000
"""In the second block of 32 KiB of the log."""


def put_in_log(path: Path, pairs: Sequence[tuple[bytes, bytes]] = PAIRS) -> None:
    """Make a database with these entries in one log, and close it."""
    with relevel.DB(path, create_if_missing=True) as db:
        for key, value in pairs:
            db.put(key, value)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A closed database with all of PAIRS in one log, in whose second block a bit is flipped."""
    put_in_log(tmp_path / "db")
    flip(log_of(tmp_path / "db"), DAMAGED)
    return tmp_path / "db"


@pytest.mark.parametrize("options", [{}, {"log_recovery": "point_in_time"}], ids=repr)
@pytest.mark.parametrize("read_only", [False, True])
def test_by_default_the_state_is_one_that_once_was(damaged: Path, options: dict[str, Any], read_only: bool) -> None:
    """All before the damage and nothing behind it; the finding says where."""
    with opened(damaged, read_only=read_only, **options) as db:
        found = list(db)
        (finding,) = db.recovery_findings

    assert found == PAIRS[: len(found)]
    assert 0 < len(found) < len(PAIRS)
    assert finding.code == "log.record.checksum-mismatch"
    assert finding.span.offset <= DAMAGED < finding.span.offset + finding.span.size


def test_logs_behind_the_damaged_one_are_not_applied(tmp_path: Path) -> None:
    """They were written later; a finding names each."""
    fixture = Path(__file__).parents[1] / "fixtures" / "plyvel-killed" / "db"
    first, second = sorted(fixture.glob("*.log"))
    path = tmp_path / "db"
    path.mkdir()
    for file in fixture.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    flip(path / first.name, 20)

    with opened(path, read_only=True) as db:
        files = [finding.span.file for finding in db.recovery_findings]

    assert files == [first.name, second.name]


@pytest.mark.parametrize("kept_size", [0, 20_000])
def test_a_log_is_not_applied_without_the_end_of_the_one_before(kept_size: int, tmp_path: Path) -> None:
    """The power failed while two were written, and the later one reached the disk sooner: what is there is a state that once
    was, and the later log is kept."""
    fixture = Path(__file__).parents[1] / "fixtures" / "plyvel-killed" / "db"
    first, second = sorted(fixture.glob("*.log"))
    path = tmp_path / "db"
    path.mkdir()
    for file in fixture.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    records = list(RecordScan(ReadOnlyDirectory(path), first.name))
    end = max((end for _, end, _ in records if end <= kept_size), default=0)
    (path / first.name).write_bytes(first.read_bytes()[:end])

    with opened(path, log_recovery="skip_damaged", read_only=True) as db:
        more = dict(db)
    with opened(path) as db:
        (finding,) = db.recovery_findings
        found = dict(db)

    assert (finding.code, finding.span.file) == ("log.sequence.lost", second.name)
    assert found != more
    assert (path / second.name).read_bytes() == second.read_bytes()


@pytest.mark.parametrize("options", [{"log_recovery": "strict"}, {"paranoid_checks": True}], ids=repr)
@pytest.mark.parametrize("read_only", [False, True])
def test_strict_refuses_and_changes_nothing(damaged: Path, options: dict[str, Any], read_only: bool) -> None:
    """The error has the finding, and says what else can be done."""
    before = state_of(damaged)
    with pytest.raises(relevel.CorruptionError, match=r"point_in_time.*relevel rescue") as raised:
        relevel.DB(damaged, read_only=read_only, **options)

    assert raised.value.finding is not None
    assert raised.value.finding.code == "log.record.checksum-mismatch"
    assert state_of(damaged) == before


def test_damage_can_be_passed_over(damaged: Path) -> None:
    """Everything but the record that was hit; and that is told."""
    with opened(damaged, log_recovery="skip_damaged") as db:
        found = list(db)

        assert len(found) == len(PAIRS) - 1
        assert set(found) < set(PAIRS)
        assert [finding.code for finding in db.recovery_findings] == ["log.record.checksum-mismatch"]


@pytest.mark.parametrize("recovery", ["point_in_time", "skip_damaged"])
def test_a_damaged_log_is_kept(damaged: Path, recovery: str) -> None:
    """Whatever was taken out of it: once it was opened, and after a compaction."""
    log = log_of(damaged)
    content = log.read_bytes()
    with opened(damaged, log_recovery=recovery) as db:
        found = dict(db)
        db.put(b"new", b"value")
        db.compact_range()

    with relevel.DB(damaged) as db:
        assert dict(db) == {**found, b"new": b"value"}
        assert db.recovery_findings == ()
    assert log.read_bytes() == content


def test_what_was_not_applied_can_be_printed(damaged: Path) -> None:
    """The warning says how: after the opening the log counts for nothing any more, and is there."""
    log = log_of(damaged)
    with pytest.warns(relevel.LogDamagedWarning, match=f"relevel dump .* --file {log.name}"):
        relevel.DB(damaged).close()

    keys = {version.key for version in relevel.dump(damaged, file=log.name)}

    assert {PAIRS[0][0], PAIRS[-1][0]} <= keys
    assert len(keys) >= len(PAIRS) - 1


def test_the_warning_points_at_who_opened(damaged: Path) -> None:
    """Not into relevel."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        relevel.DB(damaged, read_only=True).close()

    assert [Path(warning.filename) for warning in caught] == [Path(__file__)]


def test_where_warnings_are_errors_nothing_stays_open(damaged: Path) -> None:
    """The lock is free again."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(relevel.LogDamagedWarning):
            relevel.DB(damaged)

    relevel.DB(damaged).close()


@pytest.mark.parametrize("cut", [1, 5, 40])
@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
def test_a_record_cut_by_a_crash_is_no_damage(tmp_path: Path, recovery: str, cut: int) -> None:
    """Every way opens without it, and without a word."""
    put_in_log(tmp_path / "db")
    log = log_of(tmp_path / "db")
    log.write_bytes(log.read_bytes()[:-cut])

    with relevel.DB(tmp_path / "db", log_recovery=recovery) as db:
        assert list(db) == PAIRS[:-1]
        assert db.recovery_findings == ()


@pytest.mark.parametrize("size", [0, 7, 70_000])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
def test_a_record_cut_by_a_crash_is_none_before_empty_logs_either(
    tmp_path: Path, recovery: str, count: int, size: int
) -> None:
    """They are what openings leave that were killed before their manifest; of zeroes where the power failed."""
    put_in_log(tmp_path / "db")
    log = log_of(tmp_path / "db")
    log.write_bytes(log.read_bytes()[:-5])
    empty = [tmp_path / "db" / f"{90 + number:06}.log" for number in range(count)]
    for path in empty:
        path.write_bytes(bytes(size))

    for is_read_only in (True, False):
        with relevel.DB(tmp_path / "db", log_recovery=recovery, read_only=is_read_only) as db:
            assert list(db) == PAIRS[:-1]
            assert db.recovery_findings == ()
    assert not any(path.exists() for path in (log, *empty))


@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
def test_a_record_cut_by_a_full_disk_is_none_before_a_log_that_goes_on(tmp_path: Path, recovery: str) -> None:
    """goleveldb gives the number of a write that was refused to the next one."""
    put_in_log(tmp_path / "db")
    log = log_of(tmp_path / "db")
    log.write_bytes(log.read_bytes()[:-5])
    following = tmp_path / "db" / "000090.log"
    following.write_bytes(forge.log([forge.batch(len(PAIRS), forge.put(b"more", b"value"), 1)]))

    with relevel.DB(tmp_path / "db", log_recovery=recovery) as db:
        assert list(db) == [*PAIRS[:-1], (b"more", b"value")]
        assert db.recovery_findings == ()


def test_an_empty_log_behind_a_damaged_one_is_no_finding(damaged: Path) -> None:
    """There is nothing in it that was not applied."""
    (damaged / "000090.log").touch()

    with opened(damaged) as db:
        assert [finding.code for finding in db.recovery_findings] == ["log.record.checksum-mismatch"]
    assert not (damaged / "000090.log").exists()


def header_of(log: Path, at: int) -> int:
    """Where the header of the record with this place in a log's last block begins: bytes."""
    return [fragment.offset for fragment in fragments(log.read_bytes())][at]


@pytest.mark.parametrize("cut", [0, 5])
@pytest.mark.parametrize("is_read_only", [False, True])
def test_damage_before_a_torn_end_is_told(tmp_path: Path, cut: int, is_read_only: bool) -> None:
    """A record that claims more than there is, and a last one that is hurt or cut, are not taken for one that the end cuts: the
    batches between were written, so the log is kept."""
    put_in_log(tmp_path / "db", PAIRS[:50])
    log = log_of(tmp_path / "db")
    size, last = header_of(log, 20) + 5, header_of(log, 49) + 30
    flip(log, size)
    flip(log, last)
    log.write_bytes(log.read_bytes()[: log.stat().st_size - cut])
    content = log.read_bytes()

    with opened(tmp_path / "db", read_only=is_read_only) as db:
        assert list(db) == PAIRS[:20]
        assert [finding.code for finding in db.recovery_findings] == ["log.record.bad-length"]
    assert log.read_bytes() == content


@pytest.mark.parametrize("is_read_only", [False, True])
@pytest.mark.parametrize("behind", ["zeroes", "cut"])
def test_a_record_whose_size_is_hurt_is_not_taken_for_torn(tmp_path: Path, behind: str, is_read_only: bool) -> None:
    """It is all there, nothing sound behind it; a rescue puts the bit back, the engine tells the loss and keeps the log."""
    put_in_log(tmp_path / "db", PAIRS[:50])
    log = log_of(tmp_path / "db")
    hurt = 49 if behind == "zeroes" else 48
    flip(log, header_of(log, hurt) + 5)
    log.write_bytes(log.read_bytes() + bytes(4000) if behind == "zeroes" else log.read_bytes()[:-5])
    content = log.read_bytes()

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert len(report.healed) == 1
    assert sorted(relevel.scan(tmp_path / "rescued")) == sorted(PAIRS[: hurt + 1])
    with opened(tmp_path / "db", read_only=is_read_only) as db:
        assert list(db) == PAIRS[:hurt]
        assert db.recovery_findings[0].code == "log.record.bad-length"
    assert log.read_bytes() == content


def test_noise_without_a_records_type_is_no_torn_record(tmp_path: Path) -> None:
    """What was overwritten from some place to the end is told, and kept. By chance noise has such a type, once in 64 times."""
    for seed in range(20):
        path = tmp_path / f"{seed}"
        with relevel.DB(path, create_if_missing=True) as db:
            for key, value in PAIRS[:50]:
                db.put(key, value)
        log = log_of(path)
        start = header_of(log, 20)
        noise = bytearray(random.Random(seed).randbytes(log.stat().st_size - start))
        noise[6] |= 0x80
        log.write_bytes(log.read_bytes()[:start] + noise)

        with opened(path) as db:
            assert list(db) == PAIRS[:20]
        assert log.read_bytes()[start:] == noise


@pytest.mark.parametrize("is_cut_at_a_record", [False, True])
@pytest.mark.parametrize("count", [20, 4000])
def test_a_torn_record_that_holds_a_log_is_no_damage(tmp_path: Path, count: int, is_cut_at_a_record: bool) -> None:
    """The batches in its value are another database's, whatever their numbers, and wherever it is cut."""
    with relevel.DB(tmp_path / "other", create_if_missing=True) as db:
        for number in range(count):
            db.put(b"other %d" % number, b"value")
    held = log_of(tmp_path / "other").read_bytes()
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for number in range(3):
            db.put(b"%d" % number, b"value")
        db.put(b"log", held)
    log = log_of(tmp_path / "db")
    last = [fragment.offset for fragment in fragments(held)][-1]
    content = log.read_bytes()
    log.write_bytes(content[: content.index(held[last:]) if is_cut_at_a_record else -30])

    assert {version.key for version in relevel.dump(tmp_path / "db")} == {b"0", b"1", b"2"}
    with relevel.DB(tmp_path / "db", log_recovery="strict") as db:
        assert dict(db) == {b"%d" % number: b"value" for number in range(3)}


def test_an_unknown_way_is_refused(tmp_path: Path) -> None:
    """The error names those that there are."""
    with pytest.raises(relevel.InvalidArgumentError, match="'point_in_time', 'strict', 'skip_damaged'"):
        relevel.DB(tmp_path / "db", create_if_missing=True, log_recovery="hope")

    assert not (tmp_path / "db").exists()


def test_a_whole_log_is_gone_on_in(tmp_path: Path) -> None:
    """Opening writes no table and begins no log; everything is there, for LevelDB too."""
    truth = {}
    for turn in range(4):
        with relevel.DB(tmp_path / "db", create_if_missing=True, reuse_logs=True) as db:
            for number in range(100):
                truth[b"%d %d" % (turn, number)] = b"value"
                db.put(b"%d %d" % (turn, number), b"value")
            assert dict(db) == truth

    assert list((tmp_path / "db").glob("*.ldb")) == []
    assert len(list((tmp_path / "db").glob("*.log"))) == 1
    assert relevel.check(tmp_path / "db").findings == ()
    plyvel = module("plyvel")
    with plyvel.DB(str(tmp_path / "db"), paranoid_checks=True) as db:
        assert dict(db) == truth


def test_a_torn_log_is_not_gone_on_in(tmp_path: Path) -> None:
    """What stands behind a torn record is lost to every reader: LevelDB loses acknowledged writes here."""
    put_in_log(tmp_path / "db")
    log = log_of(tmp_path / "db")
    log.write_bytes(log.read_bytes()[:-5])
    with relevel.DB(tmp_path / "db", reuse_logs=True) as db:
        db.put(b"after", b"value")

    with relevel.DB(tmp_path / "db", log_recovery="strict") as db:
        assert list(db) == [*PAIRS[:-1], (b"after", b"value")]


def test_a_damaged_log_is_not_gone_on_in(damaged: Path) -> None:
    """It stays as it is."""
    log = log_of(damaged)
    content = log.read_bytes()
    with opened(damaged, reuse_logs=True) as db:
        found = list(db)
        db.put(b"zz", b"value")

    with relevel.DB(damaged, log_recovery="strict", reuse_logs=True) as db:
        assert list(db) == [*found, (b"zz", b"value")]
    assert log.read_bytes() == content


def test_a_log_that_was_not_applied_is_printed_with_what_is_wrong_with_it(damaged: Path) -> None:
    """It counts for nothing after the opening; who asks for it is told all the same."""
    log = log_of(damaged)
    before = relevel.dump(damaged, file=log.name)
    list(before)
    with pytest.warns(relevel.LogDamagedWarning):
        relevel.DB(damaged).close()

    after = relevel.dump(damaged, file=log.name)
    list(after)

    told = [(found.code, found.severity, found.span) for found in before.findings]
    assert told
    assert [(found.code, found.severity, found.span) for found in after.findings] == told
