"""What goleveldb does with its logs, and LevelDB does not: it lets go of an empty one that its manifest goes on to count on, and
after a failed sync it uses a sequence number again. And gaps within a log, which LevelDB leaves."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

import relevel
from tests.damage import forge
from tests.damage.test_strays import Builder, write_table
from tests.engine.living import opened
from tests.engine.test_logs_in_turn import put
from tests.interop.readers import goleveldb, read_with_goleveldb, write_with


@pytest.mark.parametrize("end", ["", "kill\n"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_log_that_goleveldb_lets_go_of_is_not_missed(count: int, end: str, tmp_path: Path) -> None:
    """Whatever it was told to do, closed or killed."""
    for steps in product(["put", "flush", "reopen"], repeat=count):
        path = tmp_path / "".join(steps)
        live = {b"k%d" % step: b"v" for step, name in enumerate(steps) if name == "put"}
        told = [f"put {(b'k%d' % step).hex()} 76" if name == "put" else name for step, name in enumerate(steps)]
        write_with([str(goleveldb())], path, "\n".join([*told, end]))

        assert relevel.check(path).is_clean
        assert relevel.rescue(path, tmp_path / f"{path.name} rescued").is_complete
        with relevel.DB(path) as db:
            assert (dict(db), db.recovery_findings) == (live, ())
            db.put(b"later", b"value")
        assert read_with_goleveldb(path).got == {**live, b"later": b"value"}


class Lost:
    """A database of a table up to the number 10, whose manifest counts on a log that is gone; the next log is there."""

    def __init__(self, place: Path, first: int | None, *, is_of_goleveldb: bool = True) -> None:
        builder = Builder(place)
        builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 11)})
        self.path = builder.database(last_sequence=10, is_of_goleveldb=is_of_goleveldb)
        batches = [] if first is None else [put(first + number, b"in a log", b"%d" % number) for number in range(3)]
        (self.path / "000090.log").unlink()
        (self.path / "000092.log").write_bytes(forge.log(batches))

    def is_told(self) -> bool:
        """Whether check says so and the engine refuses; False where neither does."""
        codes = {finding.code for finding in relevel.check(self.path).findings}
        try:
            relevel.DB(self.path, read_only=True).close()
        except relevel.CorruptionError:
            assert codes & {"log.missing", "manifest.partial"}
            return True
        assert codes & {"log.missing", "log.let-go"} == {"log.let-go"}
        return False


@pytest.mark.parametrize(("first", "is_told"), [(None, False), (11, False), (12, True), (20, True)])
def test_a_log_that_goleveldb_lost_is_missed_where_the_next_one_leaves_a_gap(
    first: int | None, is_told: bool, tmp_path: Path
) -> None:
    """The manifest ends with the number 10."""
    assert Lost(tmp_path, first).is_told() is is_told


@pytest.mark.parametrize("first", [None, 11])
def test_a_log_that_another_program_lost_is_missed(first: int | None, tmp_path: Path) -> None:
    """Only goleveldb lets go of logs."""
    assert Lost(tmp_path, first, is_of_goleveldb=False).is_told()


@pytest.mark.parametrize(
    ("number", "first", "is_told"), [(11, None, True), (11, 11, False), (14, 11, True), (3, None, False)]
)
def test_a_log_that_goleveldb_lost_is_missed_where_a_table_of_it_is_there(
    number: int, first: int | None, is_told: bool, tmp_path: Path
) -> None:
    """The manifest has lost its last edit; or the table was being made of the next log, or is of nothing newer."""
    lost = Lost(tmp_path, first)
    write_table(lost.path / "000091.ldb", {b"in a log": (number, b"0")})

    assert lost.is_told() is is_told


@pytest.mark.parametrize("hurt", [20, -1])
def test_a_log_that_goleveldb_lost_is_missed_where_the_next_one_does_not_tell(hurt: int, tmp_path: Path) -> None:
    """Its first record is hurt; where only its end is, that is all that is told."""
    lost = Lost(tmp_path, 11)
    log = lost.path / "000092.log"
    content = bytearray(log.read_bytes())
    content[hurt] ^= 1
    log.write_bytes(content)

    codes = {finding.code for finding in relevel.check(lost.path).findings}

    assert "log.record.checksum-mismatch" in codes
    assert ("log.missing" in codes) == (hurt == 20)


@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
def test_numbers_that_are_left_out_within_a_log_are_no_damage(recovery: str, tmp_path: Path) -> None:
    """LevelDB gives them to writes that a full disk refuses, and goes on. ``check`` notes it."""
    builder = Builder(tmp_path)
    builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 11)})
    batches = [put(number, b"%02d" % number, b"in a log") for number in (11, 12, 40, 41)]
    path = builder.database(log=forge.log(batches), last_sequence=10)

    report = relevel.check(path)
    with relevel.DB(path, log_recovery=recovery) as db:
        assert (len(dict(db)), db.recovery_findings) == (14, ())

    assert report.is_clean
    assert [finding.code for finding in report.findings if finding.span.file.endswith(".log")] == ["log.sequence.gap"]


@pytest.mark.parametrize(("first", "is_applied"), [(20, True), (19, False), (21, True)])
@pytest.mark.parametrize("is_of_goleveldb", [True, False])
def test_a_number_that_goleveldb_uses_again_does_not_hide_a_log(
    is_of_goleveldb: bool, first: int, is_applied: bool, tmp_path: Path
) -> None:
    """The last batch of a log could not be synced and counts as not written; the first of the next has its number, and wins."""
    builder = Builder(tmp_path)
    builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 11)})
    batches = [put(number, b"key", b"%d" % number) for number in range(11, 21)]
    path = builder.database(log=forge.log(batches), last_sequence=10, is_of_goleveldb=is_of_goleveldb)
    later = [put(first, b"key", b"later"), put(first + 1, b"more", b"later still")]
    (path / "000092.log").write_bytes(forge.log(later))

    if is_applied and (is_of_goleveldb or first == 21):
        with relevel.DB(path) as db:
            assert (db.get(b"key"), db.get(b"more"), db.recovery_findings) == (b"later", b"later still", ())
            assert dict(db)[b"key"] == b"later"
    else:
        with opened(path) as db:
            assert (db.get(b"key"), db.get(b"more")) == (b"20", None)
            assert [finding.code for finding in db.recovery_findings] == ["log.sequence.old"]
