"""Files with right checksums around claims that cannot be true: bounded memory, bounded work, and a finding."""

import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from tests.damage import forge
from tests.damage.oracle import FOOTER_SIZE

HUGE = (1 << 32) - 1
KEY = forge.internal_key(b"a", 7)
GOOD = forge.block(forge.entry(KEY, b"value"))
LIVE = forge.new_table(0, 5, 1000, b"a", b"z")


def size_of_index(database: Path) -> None:
    """The footer says that the index has 4 GiB."""
    data = forge.table(GOOD)[:-FOOTER_SIZE]
    database.joinpath("000005.ldb").write_bytes(data + forge.footer((len(GOOD), 8), (0, HUGE)))


def offset_of_index(database: Path) -> None:
    """The footer says that the index begins at the end of all files."""
    data = forge.table(GOOD)[:-FOOTER_SIZE]
    database.joinpath("000005.ldb").write_bytes(data + forge.footer((1 << 63, 1 << 63), ((1 << 64) - 1, (1 << 64) - 1)))


def size_of_data_block(database: Path) -> None:
    """The index says that a data block has 4 GiB."""
    database.joinpath("000005.ldb").write_bytes(forge.table(GOOD, handle=(0, HUGE)))


def size_beyond_all_files(database: Path) -> None:
    """The index says that a data block has all bytes that a file can have."""
    database.joinpath("000005.ldb").write_bytes(forge.table(GOOD, handle=(0, (1 << 63) - 6)))


def blocks_within_each_other(database: Path) -> None:
    """An index that names two thousand stretches of noise, each beginning one byte behind the one before."""
    handles = (forge.varint(offset) + forge.varint(200_000) for offset in range(2000))
    entries = b"".join(forge.entry(forge.internal_key(b"%08d" % n, 1), handle) for n, handle in enumerate(handles))
    database.joinpath("000005.ldb").write_bytes(forge.table(bytes(range(256)) * 900, index=forge.block(entries)))


def size_of_value(database: Path) -> None:
    """An entry says that its value has 4 GiB."""
    database.joinpath("000005.ldb").write_bytes(forge.table(forge.block(forge.entry(KEY, b"value", claimed=HUGE))))


def size_of_key(database: Path) -> None:
    """An entry says that it shares 4 GiB with the one before, and that its own key has as many."""
    entry = forge.varint(HUGE) + forge.varint(HUGE) + forge.varint(HUGE) + KEY
    database.joinpath("000005.ldb").write_bytes(forge.table(forge.block(entry)))


def count_of_restart_points(database: Path) -> None:
    """A block says that it has four billion restart points."""
    database.joinpath("000005.ldb").write_bytes(forge.table(forge.block(forge.entry(KEY, b"value"), restarts=HUGE)))


def size_in_snappy(database: Path) -> None:
    """Snappy says that a few bytes decompress to 4 GiB."""
    database.joinpath("000005.ldb").write_bytes(forge.table(forge.sealed(forge.varint(HUGE) + b"\x00a" * 20, 1)))


def bomb_of_deflate(database: Path) -> None:
    """A quarter of a gibibyte of zeroes, packed by raw deflate to 260 KB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    database.joinpath("000005.ldb").write_bytes(forge.table(forge.sealed(packed, 4)))


def bomb_of_zstd(database: Path) -> None:
    """Four gibibytes, packed as runs of one byte in a zstd frame of 128 KB that does not say its size."""
    run = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + b"x"
    end = (1).to_bytes(3, "little")
    frame = b"\x28\xb5\x2f\xfd" + b"\x00\x38" + run * (1 << 15) + end
    database.joinpath("000005.ldb").write_bytes(forge.table(forge.sealed(frame, 2)))


def one_block_many_times(database: Path) -> None:
    """An index that names one large block fifty thousand times."""
    data = forge.block(b"".join(forge.entry(forge.internal_key(b"%08d" % n, 1), bytes(100)) for n in range(500)))
    handle = forge.varint(0) + forge.varint(len(data) - 5)
    entries = b"".join(forge.entry(forge.internal_key(b"%08d" % n, 1), handle) for n in range(50_000))
    database.joinpath("000005.ldb").write_bytes(forge.table(data, index=forge.block(entries)))


def size_in_batch(database: Path) -> None:
    """A put of a write batch says that its value has 4 GiB."""
    batch = forge.batch(1, forge.put(b"k", b"v", claimed=HUGE), 1)
    database.joinpath("000004.log").write_bytes(forge.log([batch]))


def count_in_batch(database: Path) -> None:
    """A write batch says that it has four billion operations."""
    database.joinpath("000004.log").write_bytes(forge.log([forge.batch(1, forge.put(b"k", b"v"), HUGE)]))


def sequence_of_batch(database: Path) -> None:
    """A write batch has the highest sequence number there can be, and one beyond it."""
    batches = [forge.batch(number, forge.put(b"k", b"v") * 3, 3) for number in ((1 << 56) - 2, (1 << 64) - 1)]
    database.joinpath("000004.log").write_bytes(forge.log(batches))


def empty_records(database: Path) -> None:
    """A log of a million empty records."""
    database.joinpath("000004.log").write_bytes(forge.log([bytes(9)] * 1_000_000))


FORGERIES: tuple[Callable[[Path], None], ...] = (
    size_of_index,
    offset_of_index,
    size_of_data_block,
    size_beyond_all_files,
    blocks_within_each_other,
    size_of_value,
    size_of_key,
    count_of_restart_points,
    size_in_snappy,
    bomb_of_deflate,
    bomb_of_zstd,
    one_block_many_times,
    size_in_batch,
    count_in_batch,
    sequence_of_batch,
    empty_records,
)


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.__name__)
def test_a_claim_that_cannot_be_is_a_finding(forgery: Callable[[Path], None], tmp_path: Path) -> None:
    """Every command ends within its bounds, and check names the file."""
    database = forge.database(tmp_path / "db", [forge.first_edit(log_number=3), LIVE])
    forgery(database)

    assert_bounded(database, tmp_path)
    assert {"000005.ldb", "000004.log"} & {finding.span.file for finding in relevel.check(database).findings}


EDITS = {
    "number of a table": forge.new_table(0, (1 << 64) - 1, 100, b"a", b"b"),
    "size of a table": forge.new_table(0, 5, (1 << 64) - 1, b"a", b"b"),
    "level": forge.new_table(HUGE, 5, 100, b"a", b"b"),
    "size of a key": b"\x07\x00\x05\x64" + forge.varint(HUGE) + b"a",
    "size of the comparator's name": b"\x01" + forge.varint(HUGE) + b"a",
    "next file number": b"\x03" + forge.varint((1 << 64) - 1),
    "last sequence number": b"\x04" + forge.varint((1 << 64) - 1),
    "log number": b"\x02" + forge.varint((1 << 64) - 1),
    "unknown tag": forge.varint(HUGE) + b"a",
    "endless varint": b"\x02" + b"\xff" * 200,
}


@pytest.mark.parametrize("claim", EDITS)
def test_an_edit_that_cannot_be_is_a_finding(claim: str, tmp_path: Path) -> None:
    """A manifest with a right checksum around nonsense: every command ends within its bounds; check has something to say."""
    database = forge.database(tmp_path / "db", [forge.first_edit(), EDITS[claim]])
    database.joinpath("000005.ldb").write_bytes(forge.table(GOOD))

    assert_bounded(database, tmp_path)
    assert relevel.check(database).findings


def test_a_manifest_of_a_million_edits_is_read(tmp_path: Path) -> None:
    """Sixteen megabytes of edits that say little: they are read once, and the last one counts."""
    edit = b"\x02\x80\x01\x03\x80\x02\x04\x80\x03"
    database = forge.database(tmp_path / "db", [forge.first_edit(), *[edit] * 1_000_000])

    assert relevel.info(database).last_sequence == 384


def test_a_manifest_that_counts_on_many_tables_names_them_all(tmp_path: Path) -> None:
    """Twenty thousand tables that are not there: every command ends within its bounds, and each table is named."""
    edits = (forge.new_table(1, number, 100, b"%08d" % number, b"%08d~" % number) for number in range(10, 20_010))
    database = forge.database(tmp_path / "db", [forge.first_edit(next_file=60_000), *edits])

    assert_bounded(database, tmp_path)
    missing = {finding.span.file for finding in relevel.check(database).findings if finding.code == "table.missing"}
    assert len(missing) == 20_000


def test_a_database_without_a_sequence_number_left_is_read_and_not_written(tmp_path: Path) -> None:
    """The error says what to do, and that does it."""
    forge.database(tmp_path / "db", [forge.first_edit(last_sequence=(1 << 56) - 1)], {})

    with (
        relevel.DB(tmp_path / "db") as db,
        pytest.raises(relevel.NotSupportedError, match="used up; run `relevel rescue"),
    ):
        db.put(b"key", b"value", sync=True)

    relevel.rescue(tmp_path / "db", tmp_path / "new")
    with relevel.DB(tmp_path / "new") as db:
        db.put(b"key", b"value")
        assert dict(db) == {b"key": b"value"}


def test_a_last_sequence_number_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A write could get none after it: check says so, the engine does not open it, and a rescue gives the one that is true."""
    table = forge.table(GOOD)
    last = b"\x04" + forge.varint(1 << 56)
    live = forge.new_table(1, 5, len(table), b"a", b"a", sequences=(7, 7))
    database = forge.database(tmp_path / "db", [forge.first_edit(), live, last], {"000005.ldb": table})

    found = relevel.check(database)
    report = relevel.rescue(database, tmp_path / "rescued")

    assert [finding.code for finding in found.findings] == ["manifest.edit.malformed"]
    for read_only in (True, False):
        with pytest.raises(relevel.CorruptionError, match="last sequence number"):
            relevel.DB(database, read_only=read_only)
    assert (report.is_complete, report.last_sequence) == (True, 7)
    with relevel.DB(tmp_path / "rescued") as db:
        db.put(b"b", b"next")
        assert dict(db) == {b"a": b"value", b"b": b"next"}


def assert_bounded(database: Path, place: Path) -> None:
    """Run every command in a process that may not grow; none may die, and only our errors may end them."""
    command = [sys.executable, "-m", "tests.damage.bounded", str(database), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
