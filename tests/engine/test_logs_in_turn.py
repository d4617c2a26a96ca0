"""The logs that count, held against each other, the tables and the manifest: what is lost before one, or older than it should be.

What LevelDB's manifest notes as the last sequence number may be of a change that only a later log has.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import relevel
from tests.damage import forge
from tests.damage.oracle import LOG_BLOCK_SIZE, fragments
from tests.damage.test_strays import Builder
from tests.engine.living import opened


def put(sequence: int, key: bytes, value: bytes) -> bytes:
    """A batch of one put."""
    return forge.batch(sequence, forge.put(key, value), 1)


def two_logs(path: Path, last_sequence: int) -> tuple[Path, Path]:
    """A database of two logs that count, with the changes 11 to 20 and 21 to 30, and of a table up to 10; and what its manifest
    notes as the last sequence number, which LevelDB takes from what was given out at that moment."""
    builder = Builder(path)
    builder.table(5, {b"%02d" % number: (number, b"%02d" % number) for number in range(1, 11)})
    batches = [put(number, b"%02d" % number, b"%02d" % number) for number in range(11, 31)]
    first = builder.database(log=forge.log(batches[:10]), last_sequence=last_sequence) / "000090.log"
    second = first.with_name("000092.log")
    second.write_bytes(forge.log(batches[10:]))
    return first, second


@pytest.mark.parametrize("kept", [0, 5, 9, 10])
@pytest.mark.parametrize("last_sequence", [10, 20, 25])
def test_a_last_number_in_the_manifest_excuses_no_hole_between_two_logs(
    kept: int, last_sequence: int, tmp_path: Path
) -> None:
    """It may be of a change that only the later log has. ``check`` and ``rescue`` tell the same."""
    first, second = two_logs(tmp_path, last_sequence)
    log = first.read_bytes()
    first.write_bytes(log[: [*(fragment.offset for fragment in fragments(log)), len(log)][kept]])

    report = relevel.rescue(first.parent, tmp_path / "rescued")
    if kept == 10:
        with relevel.DB(first.parent) as db:
            assert len(dict(db)) == 30
    else:
        with opened(first.parent) as db:
            assert len(dict(db)) == 10 + kept
            assert [finding.code for finding in db.recovery_findings] == ["log.sequence.lost"]
        assert second.exists()
    assert report.is_complete == (kept == 10)


@pytest.mark.parametrize("size", [0, 40])
@pytest.mark.parametrize("last_sequence", [10, 11, 25])
def test_a_hole_of_one_change_between_two_logs_is_one(last_sequence: int, size: int, tmp_path: Path) -> None:
    """The first of them had one change, which did not reach the disk: the log is empty, or of zeroes."""
    first, second = two_logs(tmp_path, last_sequence)
    first.write_bytes(bytes(size))
    second.write_bytes(forge.log([put(number, b"%02d" % number, b"%02d" % number) for number in (12, 13)]))

    assert not relevel.rescue(first.parent, tmp_path / "rescued").is_complete
    with opened(first.parent) as db:
        assert len(dict(db)) == 10
        assert [finding.code for finding in db.recovery_findings] == ["log.sequence.lost"]
    assert second.exists()


@pytest.mark.parametrize(("begin", "counts"), [(11, True), (12, False)])
@pytest.mark.parametrize("recovery", ["point_in_time", "strict"])
def test_a_log_behind_one_of_another_time_counts_where_the_tables_end(
    recovery: str, begin: int, counts: bool, tmp_path: Path
) -> None:
    """By its number nothing was before it that is not in the tables."""
    first, second = two_logs(tmp_path, 10)
    old = forge.log([put(number, b"10", b"OLD") for number in (3, 4)])
    first.write_bytes(old)
    second.write_bytes(forge.log([put(begin, b"new", b"value")]))

    if recovery == "strict":
        with pytest.raises(relevel.CorruptionError, match=r"log.*older"):
            relevel.DB(first.parent, log_recovery=recovery)
        return
    with opened(first.parent) as db:
        assert (db[b"10"], db.get(b"new")) == (b"10", b"value" if counts else None)
        assert db.recovery_findings[0].code == "log.sequence.old"
    assert first.read_bytes() == old
    assert second.exists() != counts


def test_a_cut_log_before_one_of_another_time_is_kept_and_told(tmp_path: Path) -> None:
    """Nothing tells that a full disk refused what was cut."""
    first, second = two_logs(tmp_path, 10)
    cut = first.read_bytes()[:-3]
    first.write_bytes(cut)
    second.write_bytes(forge.log([put(number, b"10", b"OLD") for number in (3, 4)]))

    with opened(first.parent) as db:
        assert [finding.span.file for finding in db.recovery_findings] == [first.name, second.name]
        assert (db[b"10"], len(dict(db))) == (b"10", 19)
    assert first.read_bytes() == cut


@pytest.mark.parametrize("left", [0, 15, None])
@pytest.mark.parametrize("hurt", [None, 20, -20])
def test_the_manifests_number_proves_nothing_where_a_table_is_hurt(
    hurt: int | None, left: int | None, tmp_path: Path
) -> None:
    """The first log is empty, torn or hurt in its first record; and a table in a block, or in the padding of its footer."""
    first, second = two_logs(tmp_path, 25)
    content = bytearray(first.read_bytes())
    content[20] ^= 0 if left is not None else 0xFF
    first.write_bytes(content[:left])
    if hurt is not None:
        table = first.with_name("000005.ldb")
        content = bytearray(table.read_bytes())
        content[hurt] ^= 1
        table.write_bytes(content)

    with opened(first.parent) as db:
        assert db.get(b"21") is None
        assert db.recovery_findings[-1].span.file == second.name
    assert second.exists()


@pytest.mark.parametrize("is_old", [True, False])
def test_the_warning_has_the_commands_for_each_log_and_none_that_loads_old_changes(
    is_old: bool, tmp_path: Path
) -> None:
    """What is older than the tables would replace newer values."""
    first, second = two_logs(tmp_path, 10)
    if is_old:
        first.write_bytes(forge.log([put(3, b"10", b"OLD")]))
        second.unlink()
    else:
        content = bytearray(first.read_bytes())
        content[40] ^= 0xFF
        first.write_bytes(content)

    with pytest.warns(relevel.LogDamagedWarning) as told:
        relevel.DB(first.parent).close()

    assert f"`relevel dump {first.parent} --file {first.name}`" in str(told[0].message)
    assert ("relevel load" in str(told[0].message)) != is_old
    assert (f"then the same of {second.name}" in str(told[0].message)) != is_old


def test_what_is_written_behind_a_log_that_ends_before_the_manifest_knows_is_found_again(tmp_path: Path) -> None:
    """The numbers between were lost with the power; the next log begins after them, and its program is killed."""
    first, second = two_logs(tmp_path, 25)
    second.unlink()
    with relevel.DB(first.parent) as db:
        db.put(b"new", b"value", sync=True)
        shutil.copytree(first.parent, tmp_path / "killed")

    with relevel.DB(tmp_path / "killed") as db:
        assert db.recovery_findings == ()
        assert db.get(b"new") == b"value"
        assert len(dict(db)) == 21


@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
@pytest.mark.parametrize("begin", [1, 15])
def test_a_log_of_another_time_is_not_applied(begin: int, recovery: str, tmp_path: Path) -> None:
    """In the place of the first one, with changes that are in tables, or of a later one, with such that are in the one before:
    a read would find the older value before the newer one."""
    first, second = two_logs(tmp_path, 10)
    old = forge.log([put(begin + number, b"10", b"OLD") for number in range(3)])
    (first if begin == 1 else second).write_bytes(old)

    if recovery == "strict":
        with pytest.raises(relevel.CorruptionError, match=r"log.*older"):
            relevel.DB(first.parent, log_recovery=recovery)
        return
    with opened(first.parent, log_recovery=recovery) as db:
        assert db.recovery_findings[0].code == "log.sequence.old"
        assert db.get(b"10") == dict(db)[b"10"] == b"10"
    assert (first if begin == 1 else second).read_bytes() == old


def test_a_first_log_that_begins_too_late_is_applied_and_check_tells(tmp_path: Path) -> None:
    """The manifest and the tables end with 10. LevelDB leaves out numbers too, after a full disk; so nothing is withheld."""
    first, second = two_logs(tmp_path, 10)
    second.rename(first)

    findings = relevel.check(first.parent).findings

    assert "log.sequence.late" in {finding.code for finding in findings}
    with relevel.DB(first.parent) as db:
        assert db.recovery_findings == ()
        assert len(dict(db)) == 20


@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
def test_numbers_that_are_left_out_within_a_log_are_no_damage(recovery: str, tmp_path: Path) -> None:
    """LevelDB gives them to writes that a full disk refuses, and goes on. ``check`` notes it."""
    first, second = two_logs(tmp_path, 10)
    second.unlink()
    first.write_bytes(forge.log([put(number, b"%02d" % number, b"in a log") for number in (11, 12, 40, 41)]))

    report = relevel.check(first.parent)
    with relevel.DB(first.parent, log_recovery=recovery) as db:
        assert (len(dict(db)), db.recovery_findings) == (14, ())

    assert report.is_clean
    assert [finding.code for finding in report.findings if finding.span.file == first.name] == ["log.sequence.gap"]


@pytest.mark.parametrize("recovery", ["point_in_time", "strict", "skip_damaged"])
@pytest.mark.parametrize("size", [5, 25])
def test_a_cut_log_before_one_that_is_cut_in_its_first_record_is_a_crash(
    size: int, recovery: str, tmp_path: Path
) -> None:
    """As one loss of power leaves both: nothing whole is behind the end of the first."""
    first, second = two_logs(tmp_path, 10)
    first.write_bytes(first.read_bytes()[:-5])
    second.write_bytes(second.read_bytes()[:size])

    with relevel.DB(first.parent, log_recovery=recovery) as db:
        assert db.recovery_findings == ()
        assert len(dict(db)) == 19


def test_a_name_that_leveldb_does_not_ask_for_is_no_log(tmp_path: Path) -> None:
    """``93.log`` and ``6.ldb`` beside the database's own."""
    first, _ = two_logs(tmp_path, 10)
    for name in ("93.log", "90.log", "6.ldb", "5.ldb"):
        (first.parent / name).write_bytes(b"noise")

    with relevel.DB(first.parent) as db:
        assert len(dict(db)) == 30


@pytest.mark.parametrize("read_only", [True, False])
def test_the_newest_value_counts_where_the_order_of_records_was_changed(read_only: bool, tmp_path: Path) -> None:
    """Two blocks of a log have changed places, and what is replayed is larger than the write buffer."""
    newest = {b"%02d" % (number % 64): b"%06d" % number + bytes(993) for number in range(11, 331)}
    values = ((number, b"%06d" % number + bytes(993)) for number in range(11, 331))
    log = forge.log([put(number, b"%02d" % (number % 64), value) for number, value in values])
    blocks = [log[start : start + LOG_BLOCK_SIZE] for start in range(0, len(log), LOG_BLOCK_SIZE)]
    assert [fragment.offset for fragment in fragments(log)][::32] == list(range(0, len(log), LOG_BLOCK_SIZE))
    path = Builder(tmp_path).database(log=b"".join([blocks[-1], *blocks[1:-1], blocks[0]]), last_sequence=0)

    with relevel.DB(path, read_only=read_only, write_buffer_size=64 << 10) as db:
        assert dict(db) == newest
        assert {key: db.get(key) for key in newest} == newest
