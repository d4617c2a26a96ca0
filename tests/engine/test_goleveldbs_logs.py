"""What goleveldb leaves that LevelDB does not: a manifest that counts on a log in which nothing was and that is gone; one whose
last sequence number is too low, or lower than an earlier one; a log that is older than the tables."""

from __future__ import annotations

import random
import shutil
from itertools import product
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import BYTEWISE
from relevel.format.version_edit import VersionEdit, encode_version_edit
from tests.damage import forge
from tests.damage.oracle import fragments
from tests.damage.test_strays import Builder, write_table
from tests.engine.living import flip, opened
from tests.engine.test_logs_in_turn import put
from tests.interop.readers import goleveldb, read_with_goleveldb, write_with


@pytest.mark.parametrize("end", ["", "kill\n"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_log_that_goleveldb_lets_go_of_is_not_missed(count: int, end: str, tmp_path: Path) -> None:
    """Whatever it was told to do, closed or killed. It does so wherever it flushes nothing last."""
    has_let_go = set()
    for steps in product(["put", "flush", "reopen"], repeat=count):
        path = tmp_path / "".join(steps)
        live = {b"k%d" % step: b"v" for step, name in enumerate(steps) if name == "put"}
        told = [f"put {(b'k%d' % step).hex()} 76" if name == "put" else name for step, name in enumerate(steps)]
        write_with([str(goleveldb())], path, "\n".join([*told, end]))

        report = relevel.check(path)
        assert report.is_clean
        if "log.let-go" in {finding.code for finding in report.findings}:
            has_let_go.add(steps)
        assert relevel.rescue(path, tmp_path / f"{path.name} rescued").is_complete
        with relevel.DB(path) as db:
            assert (dict(db), db.recovery_findings) == (live, ())
            db.put(b"later", b"value")
        assert read_with_goleveldb(path).got == {**live, b"later": b"value"}
    assert ("flush",) * count in has_let_go
    assert ("put",) * count not in has_let_go


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


def test_a_log_that_goleveldb_lost_is_missed_where_the_first_record_of_the_next_one_is_hurt(tmp_path: Path) -> None:
    """It does not tell what was before it."""
    lost = Lost(tmp_path, 11)
    flip(lost.path / "000092.log", 20)

    assert lost.is_told()


def test_where_the_next_log_is_hurt_further_on_that_is_all_that_is_told(tmp_path: Path) -> None:
    """Its beginning tells that nothing was in the one before."""
    lost = Lost(tmp_path, 11)
    flip(lost.path / "000092.log", (lost.path / "000092.log").stat().st_size - 1)

    with opened(lost.path) as db:
        assert len(dict(db)) == 11
        assert [finding.code for finding in db.recovery_findings] == ["log.record.checksum-mismatch"]
    assert "log.missing" not in {finding.code for finding in relevel.check(lost.path).findings}


@pytest.mark.parametrize("size", [0, 7, 70_000])
def test_a_log_of_zeroes_tells_as_little_as_an_empty_one(size: int, tmp_path: Path) -> None:
    """What is in the next one counts."""
    lost = Lost(tmp_path, 11)
    (lost.path / "000092.log").rename(lost.path / "000093.log")
    (lost.path / "000092.log").write_bytes(bytes(size))

    with relevel.DB(lost.path, read_only=True) as db:
        assert len(dict(db)) == 11
    assert "log.let-go" in {finding.code for finding in relevel.check(lost.path).findings}


def test_a_log_that_goleveldb_lost_is_missed_where_the_next_one_is_no_file(tmp_path: Path) -> None:
    """Nothing can be read of it."""
    lost = Lost(tmp_path, 11)
    (lost.path / "000092.log").unlink()
    (lost.path / "000092.log").mkdir()

    assert lost.is_told()


def test_relevel_goes_on_where_goleveldb_let_go_of_a_log(tmp_path: Path) -> None:
    """What it opens it does not make into what the next opening refuses."""
    batches = "".join(
        "batch 900\n" + "".join(f"put {number:08x} {value * 100}\n" for number in range(900)) for value in ("ab", "cd")
    )
    write_with([str(goleveldb())], tmp_path, f"put 6b 76\nflush\nflush\n{batches}")
    with relevel.DB(tmp_path) as db:
        content = dict(db)
        db.compact_range()

    assert relevel.check(tmp_path).is_clean
    with relevel.DB(tmp_path) as db:
        assert (dict(db), len(content)) == (content, 901)


def test_a_record_cut_by_a_crash_does_not_make_the_log_before_it_missed(tmp_path: Path) -> None:
    """It is all that there is in the logs, or the end of the last one, of which a table was being made."""
    lost = Lost(tmp_path, 11)
    log = lost.path / "000092.log"
    log.write_bytes(log.read_bytes()[:20])
    assert not lost.is_told()

    log.write_bytes(forge.log([put(number, b"in a log", b"0") for number in (11, 12)]))
    (lost.path / "000093.log").write_bytes(forge.log([put(13, b"in a log", b"1")])[:-1])
    write_table(lost.path / "000094.ldb", {b"in a log": (12, b"0")})
    assert not lost.is_told()


def test_a_manifest_whose_end_is_cut_is_enough_where_goleveldb_let_go_of_the_log(tmp_path: Path) -> None:
    """Nothing that the lost edit replaced is gone."""
    lost = Lost(tmp_path, 11)
    manifest = lost.path / "MANIFEST-000002"
    manifest.write_bytes(manifest.read_bytes() + forge.log([b"an edit that was not written to its end"])[:-9])

    with relevel.DB(lost.path) as db:
        assert len(dict(db)) == 11


@pytest.mark.parametrize("last", ["flush\n", ""])
def test_a_last_number_that_is_too_low_hides_nothing(
    last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """goleveldb begins a manifest anew that has become too large, in some flush, with the numbers from before it."""
    monkeypatch.setenv("MANIFEST_SIZE", "200")
    is_told = set()
    for count in range(8):
        path, live = tmp_path / f"{count}", {b"k": b"w"}
        write_with([str(goleveldb())], path, "put 6b 76\nflush\n" * count + f"put 6b 77\n{last}")

        is_told.add("manifest.sequence.short" in {finding.code for finding in relevel.check(path).findings})
        assert relevel.rescue(path, tmp_path / f"rescued {count}").is_complete
        with relevel.DB(path, read_only=True) as db:
            assert (db.get(b"k"), dict(db)) == (b"w", live)
        with relevel.DB(path) as db:
            assert (db.get(b"k"), dict(db)) == (b"w", live)
            db.put(b"later", b"value", sync=True)
        with relevel.DB(path) as db:
            assert dict(db) == {**live, b"later": b"value"}
        assert relevel.check(path).is_clean
        assert read_with_goleveldb(path).got == {**live, b"later": b"value"}
    assert is_told == {True, False}


@pytest.mark.parametrize("end", ["", "put 64 34\n", "put 64 34\nkill\n"])
@pytest.mark.parametrize("between", ["", "put 6230 30\nput 6231 31\n"])
def test_a_last_number_that_is_too_low_is_found_inside_the_tables(
    between: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest changes are not the first or last of a table, and were compacted since: the manifest tells nothing."""
    monkeypatch.setenv("MANIFEST_SIZE", "60")
    script = f"put 61 31\nput 63 31\nflush\n{between}put 62 32\nflush\n{end}"
    write_with([str(goleveldb())], tmp_path / "db", script)
    live = {b"a": b"1", b"b": b"2", b"c": b"1"}
    live.update({b"b0": b"0", b"b1": b"1"} if between else {})
    live.update({b"d": b"4"} if end else {})

    codes = {finding.code for finding in relevel.check(tmp_path / "db").findings}
    assert relevel.rescue(tmp_path / "db", tmp_path / "rescued").is_complete
    with relevel.DB(tmp_path / "db") as db:
        assert (dict(db), db.recovery_findings) == (live, ())
        db.put(b"b", b"NEW", sync=True)
    with relevel.DB(tmp_path / "db") as db:
        db.compact_range()
        assert dict(db) == {**live, b"b": b"NEW"}

    assert {"log.let-go", "manifest.sequence.short"} <= codes
    assert relevel.check(tmp_path / "db").is_clean
    assert read_with_goleveldb(tmp_path / "db").got == {**live, b"b": b"NEW"}


@pytest.mark.parametrize("is_of_goleveldb", [True, False])
def test_an_empty_log_before_the_next_one_hides_nothing(is_of_goleveldb: bool, tmp_path: Path) -> None:
    """The newest changes were deletions that a compaction has dropped: no table has them. goleveldb's number is of what is in
    tables; LevelDB's may be of what the empty log has lost."""
    builder = Builder(tmp_path)
    builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 9)})
    path = builder.database(last_sequence=10, is_of_goleveldb=is_of_goleveldb)
    (path / "000092.log").write_bytes(forge.log([put(11, b"new", b"value")]))

    assert relevel.check(path).is_clean is is_of_goleveldb
    assert relevel.rescue(path, tmp_path / "rescued").is_complete is is_of_goleveldb
    with relevel.DB(path) if is_of_goleveldb else opened(path) as db:
        assert db.get(b"new") == (b"value" if is_of_goleveldb else None)
        assert [finding.code for finding in db.recovery_findings] == ([] if is_of_goleveldb else ["log.sequence.lost"])


def test_a_lower_number_after_a_higher_one_is_not_given_again(tmp_path: Path) -> None:
    """goleveldb committed a transaction before a memtable with older changes was a table, and compacted both: neither end of that
    table is the newest change."""
    builder = Builder(tmp_path)
    builder.table(5, {b"a": (1, b"1"), b"m": (4, b"of the transaction"), b"z": (3, b"3")})
    path = builder.database(last_sequence=0, is_of_goleveldb=True)
    first = (path / "MANIFEST-000002").read_bytes()
    edits = [encode_version_edit(VersionEdit(last_sequence=number)) for number in (4, 3)]
    payloads = [first[7:], *edits]
    (path / "MANIFEST-000002").write_bytes(forge.log(payloads))

    with relevel.DB(path) as db:
        assert dict(db) == {b"a": b"1", b"m": b"of the transaction", b"z": b"3"}
        db.put(b"m", b"new", sync=True)
        db.compact_range()
    with relevel.DB(path) as db:
        assert dict(db) == {b"a": b"1", b"m": b"new", b"z": b"3"}
        db.delete(b"m")
        assert dict(db) == {b"a": b"1", b"z": b"3"}
    assert relevel.check(path).is_clean


@pytest.mark.parametrize("log_size", [None, -5, 12, 0])
@pytest.mark.parametrize("end", ["", "kill\n"])
def test_goleveldbs_first_manifest_without_its_edits_is_refused(end: str, log_size: int | None, tmp_path: Path) -> None:
    """It is complete in itself, and names no log: what tables hold beside it was known to an edit that is lost. So it is where the
    newest log has lost its end too, or all."""
    path = tmp_path / "db"
    script = "".join(f"put {number:08x} {random.Random(number).randbytes(1000).hex()}\n" for number in range(300))
    write_with([str(goleveldb())], path, script + end)
    manifest = path / "MANIFEST-000000"
    _, second, *_ = (fragment.offset for fragment in fragments(manifest.read_bytes()))
    manifest.write_bytes(manifest.read_bytes()[:second])
    log = max(path.glob("*.log"))
    log.write_bytes(log.read_bytes()[:log_size])

    assert "manifest.partial" in {finding.code for finding in relevel.check(path).findings}
    with pytest.raises(relevel.CorruptionError, match="its last edits are lost"):
        relevel.DB(path)


@pytest.mark.parametrize("cut", [0, 9])
def test_goleveldbs_first_manifest_beside_a_table_of_a_log_that_is_there_opens(cut: int, tmp_path: Path) -> None:
    """goleveldb's recovery begins it where nothing but a log is left, and makes tables of that before the manifest names it."""
    path = tmp_path / "db"
    script = "".join(f"put {number:08x} {number:08x}\n" for number in range(100))
    write_with([str(goleveldb())], path, script + "kill\n")
    manifest, log = path / "MANIFEST-000000", path / "000001.log"
    _, second, *_ = (fragment.offset for fragment in fragments(manifest.read_bytes()))
    manifest.write_bytes(manifest.read_bytes()[:second])
    log.write_bytes(log.read_bytes()[: log.stat().st_size - cut])
    rows = {row.key: (row.sequence, row.value or b"") for row in relevel.dump(path, all_versions=True)}
    write_table(path / "000002.ldb", rows)

    assert "manifest.partial" not in {finding.code for finding in relevel.check(path).findings}
    with relevel.DB(path) as db:
        assert dict(db) == {key: value for key, (_, value) in rows.items()}
        assert len(rows) == (99 if cut else 100)


@pytest.mark.parametrize("log_size", [None, -5, 10, 0])
def test_an_output_of_known_tables_is_not_newer_where_goleveldbs_last_number_is_too_low(
    log_size: int | None, tmp_path: Path
) -> None:
    """goleveldb began the manifest anew, and was killed in the compaction that followed. No end of a table is the newest change."""
    builder = Builder(tmp_path)
    older = {b"%02d" % number: (number, b"in a table") for number in range(1, 11)}
    newer = {b"a": (11, b"1"), b"m": (13, b"3"), b"z": (12, b"2")}
    builder.table(5, older)
    builder.table(91, newer)
    log = forge.log([put(14, b"in the log", b"value"), put(15, b"in the log too", b"value")])
    path = builder.database(log=log[:log_size], last_sequence=10, is_of_goleveldb=True)
    write_table(path / "000093.ldb", {**older, **newer})

    assert not {"manifest.partial", "log.missing"} & {finding.code for finding in relevel.check(path).findings}
    with relevel.DB(path) as db:
        assert older.keys() | newer.keys() <= dict(db).keys()


def test_a_table_of_the_previous_log_is_not_newer_than_the_logs(tmp_path: Path) -> None:
    """The manifest counts on that log, and it is there."""
    builder = Builder(tmp_path)
    builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 11)})
    edit = VersionEdit(
        comparator=BYTEWISE.name,
        log_number=90,
        previous_log_number=89,
        next_file_number=100,
        last_sequence=10,
        new_files=tuple(builder.tables),
    )
    path = builder.database(log=forge.log([put(21, b"in the log", b"value")]))
    (path / "MANIFEST-000002").write_bytes(forge.log([encode_version_edit(edit)]))
    rows = {b"%02d" % number: (number, b"in the previous log") for number in range(11, 21)}
    (path / "000089.log").write_bytes(forge.log([put(number, key, value) for key, (number, value) in rows.items()]))
    write_table(path / "000093.ldb", rows)

    assert relevel.check(path).is_clean
    with relevel.DB(path) as db:
        assert len(dict(db)) == 21


def test_a_log_that_is_cut_in_its_only_record_does_not_tell_what_a_table_was_made_of(tmp_path: Path) -> None:
    """It may be of the log that is gone, which the manifest has lost the edit of."""
    lost = Lost(tmp_path, 11)
    log = lost.path / "000092.log"
    log.write_bytes(log.read_bytes()[:20])
    write_table(lost.path / "000093.ldb", {b"in a log": (11, b"0")})

    assert lost.is_told()


@pytest.mark.parametrize("cut", [0, 5])
@pytest.mark.parametrize(("first", "is_refused"), [(11, False), (15, False), (20, False), (21, True), (22, True)])
def test_a_log_that_goes_on_behind_an_unknown_table_tells_of_a_lost_commit(
    first: int, is_refused: bool, cut: int, tmp_path: Path
) -> None:
    """goleveldb's transactions are in tables alone. One that was not committed gives its numbers to what is written after it. Of a
    log that is cut the end may have been in the table, not what is older than its first change."""
    builder = Builder(tmp_path)
    builder.table(5, {b"%02d" % number: (number, b"in a table") for number in range(1, 11)})
    log = forge.log([put(first, b"in the log", b"value"), put(first + 1, b"cut", b"value")])
    path = builder.database(log=log[: len(log) - cut], last_sequence=10, is_of_goleveldb=True)
    write_table(path / "000093.ldb", {b"%02d" % number: (number, b"committed?") for number in range(11, 21)})

    if is_refused:
        with pytest.raises(relevel.CorruptionError, match="its last edits are lost"):
            relevel.DB(path)
    else:
        with relevel.DB(path) as db:
            assert db[b"10"] == b"in a table"


def test_what_is_written_where_goleveldb_has_not_renamed_current_is_found_by_leveldb(tmp_path: Path) -> None:
    """A manifest that only CURRENT.N names is read, and not gone on in: LevelDB asks CURRENT alone."""
    path = tmp_path / "db"
    with relevel.DB(path, create_if_missing=True) as db:
        db.put(b"before", b"value")
        db.compact_range()
    manifest = path / (path / "CURRENT").read_text().strip()
    shutil.copy(manifest, path / "MANIFEST-000050")
    pending = path / "CURRENT.50"
    pending.write_bytes(b"MANIFEST-000050\n")

    with relevel.DB(path) as db:
        db.put(b"after", b"value")
        db.compact_range()
    pending.unlink(missing_ok=True)

    with relevel.DB(path) as db:
        assert dict(db) == {b"after": b"value", b"before": b"value"}


@pytest.mark.parametrize("count", [1, 2])
def test_a_log_that_was_let_go_of_is_not_missed_where_those_behind_it_are_cut_at_once(
    count: int, tmp_path: Path
) -> None:
    """Nothing whole is in any of them."""
    lost = Lost(tmp_path, None)
    for number in range(count):
        (lost.path / f"{94 + number:06d}.log").write_bytes(forge.log([put(11, b"in a log", b"value")])[:-5])

    assert not lost.is_told()


@pytest.mark.parametrize("oldest", [11, 12])
def test_a_table_of_the_next_log_whose_end_the_power_took_does_not_make_it_missed(oldest: int, tmp_path: Path) -> None:
    """It begins where that log does. ``check`` tells that the table is not of what counts."""
    lost = Lost(tmp_path, 11)
    write_table(lost.path / "000093.ldb", {b"%02d" % number: (number, b"of a log") for number in range(oldest, 21)})

    assert "manifest.partial" in {finding.code for finding in relevel.check(lost.path).findings}
    with relevel.DB(lost.path) as db:
        assert db[b"in a log"] == b"2"


@pytest.mark.parametrize("oldest", [9, 10])
def test_a_table_that_begins_before_the_next_log_may_be_of_the_one_that_is_gone(oldest: int, tmp_path: Path) -> None:
    """Or a compaction made it."""
    lost = Lost(tmp_path, 11)
    write_table(lost.path / "000093.ldb", {b"%02d" % number: (number, b"of a log") for number in range(oldest, 21)})

    assert lost.is_told()
