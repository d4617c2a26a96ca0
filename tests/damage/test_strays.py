"""Parts and files that stand where others belong: none is taken for what it is not, and none makes LevelDB read what is old."""

from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from relevel.files.manifest_writer import write_manifest
from relevel.format.comparator import BYTEWISE
from relevel.format.internal_key import encode_internal_key
from relevel.format.version_edit import FileMetadata, VersionEdit, encode_version_edit
from relevel.recovery.inventory.directory import open_directory
from tests.damage import forge

Entries = dict[bytes, tuple[int, bytes]]
"""Sequence number and value by key."""

FEW: Entries = {b"apple": (1, b"red"), b"pear": (2, b"green"), b"plum": (3, b"blue")}
MORE: Entries = {b"k%03d" % number: (number + 10, b"value %d" % number) for number in range(300)}


class Builder:
    """Makes a database of tables with a manifest that knows them."""

    def __init__(self, place: Path) -> None:
        self.place = place / "database"
        self.place.mkdir()
        self.tables: list[tuple[int, FileMetadata]] = []

    def table(self, number: int, entries: Entries, *, level: int = 0, filter_bits: int = 0) -> Path:
        """Write a table and count it in."""
        path = self.place / f"{number:06d}.ldb"
        meta = write_table(path, entries, filter_bits)
        self.tables.append((level, FileMetadata(number, meta.file_size, meta.smallest, meta.largest)))
        return path

    def database(self, *, log: bytes = b"", last_sequence: int = 1000, is_of_goleveldb: bool = False) -> Path:
        """Write the manifest, CURRENT and the log."""
        edit = VersionEdit(
            comparator=BYTEWISE.name,
            log_number=90,
            previous_log_number=None if is_of_goleveldb else 0,
            next_file_number=100,
            last_sequence=last_sequence,
            new_files=tuple(self.tables),
        )
        if is_of_goleveldb:
            (self.place / "MANIFEST-000002").write_bytes(forge.log([encode_version_edit(edit)]))
        else:
            write_manifest(str(self.place / "MANIFEST-000002"), edit)
        (self.place / "CURRENT").write_bytes(b"MANIFEST-000002\n")
        (self.place / "000090.log").write_bytes(log)
        return self.place


def write_table(path: Path, entries: Entries, filter_bits: int = 0) -> _kernel.TableMeta:
    """Write one table."""
    builder = _kernel.TableBuilder(str(path), block_size=1024, bloom_bits_per_key=filter_bits)
    for key, (sequence, value) in sorted(entries.items()):
        builder.add(encode_internal_key(key, sequence), value)
    return builder.finish()


def values(entries: Entries) -> dict[bytes, bytes]:
    """Key to value."""
    return {key: value for key, (_, value) in entries.items()}


def read_by_levels(database: Path, key: bytes) -> bytes | None:
    """The value of a key as LevelDB looks for it: the level 0 table with the highest number first, then the deeper levels."""
    tables = open_directory(database).current_tables()
    for file in sorted(tables, key=lambda file: (file.level or 0, -(file.number or 0))):
        found = [row for row in relevel.dump(database, all_versions=True, file=file.name) if row.key == key]
        if found:
            return max(found).value
    return None


@pytest.mark.parametrize("filter_bits", [0, 10])
@pytest.mark.parametrize("at", [1, 30, 60])
def test_a_lone_handle_that_was_moved_is_no_entry(at: int, filter_bits: int, tmp_path: Path) -> None:
    """A table of one block, its end moved before its beginning: the index stands in the middle and is not given out."""
    builder = Builder(tmp_path)
    path = builder.table(5, FEW, filter_bits=filter_bits)
    table = path.read_bytes()
    path.write_bytes(table[at:] + table[:at])
    database = builder.database()

    rows = list(relevel.dump(database, all_versions=True))
    report = relevel.rescue(database, tmp_path / "rescued")

    assert {(row.key, row.sequence) for row in rows} <= {(key, sequence) for key, (sequence, _) in FEW.items()}
    assert dict(relevel.scan(tmp_path / "rescued")).items() <= values(FEW).items()
    assert report.last_sequence <= 1000


def test_a_moved_index_that_follows_no_frame_is_known_by_its_key(tmp_path: Path) -> None:
    """Footer and metaindex gone, other bytes behind it: its key is that of the block before, or has no real sequence number."""
    data = forge.block(forge.entry(encode_internal_key(b"k", 7), b"value"))
    lone = forge.varint(0) + forge.varint(len(data) - 5)
    for key in (encode_internal_key(b"k", 7), encode_internal_key(b"l", _kernel.MAX_SEQUENCE)):
        index = forge.block(forge.entry(key, lone))
        database = tmp_path / key.hex()
        database.mkdir()
        tail = forge.block(forge.entry(encode_internal_key(b"z", 9), b"last"))
        (database / "000005.ldb").write_bytes(b"moved" + data + b"hole" + index + tail)

        rows = relevel.dump(database, all_versions=True)

        assert [(row.key, row.sequence, row.value) for row in rows] == [(b"k", 7, b"value"), (b"z", 9, b"last")]


def test_a_value_that_looks_like_a_handle_is_an_entry(tmp_path: Path) -> None:
    """A block of one entry whose value happens to be two bytes: where nothing says that it is an index, it is given out."""
    first = forge.block(forge.entry(encode_internal_key(b"a", 7), b"\x00\x2a"))
    second = forge.block(forge.entry(encode_internal_key(b"b", 8), b"text"))
    database = tmp_path / "database"
    database.mkdir()
    (database / "000005.ldb").write_bytes(b"moved" + first + second)

    rows = relevel.dump(database, all_versions=True)

    assert [(row.key, row.value) for row in rows] == [(b"a", b"\x00\x2a"), (b"b", b"text")]


def test_a_whole_table_of_another_database_is_not_called_complete(tmp_path: Path) -> None:
    """Nothing is wrong with it but that the manifest counts on another one."""
    builder = Builder(tmp_path)
    path = builder.table(5, MORE)
    path.unlink()
    write_table(path, {key: (sequence + 1, b"stray") for key, (sequence, _) in MORE.items()})

    report = relevel.rescue(builder.database(), tmp_path / "rescued")

    assert [finding.code for finding in report.losses] == ["table.replaced"]
    assert not report.keeps_shape


@pytest.mark.parametrize("same_start", [False, True])
def test_two_tables_in_one_file_are_not_called_complete(same_start: bool, tmp_path: Path) -> None:
    """The first index that is found names only what is before it, even where both tables begin with the same entry."""
    builder = Builder(tmp_path)
    path = builder.table(5, MORE)
    write_table(tmp_path / "other", {b"k000": MORE[b"k000"], b"k001": (5, b"other")} if same_start else FEW)
    path.write_bytes((tmp_path / "other").read_bytes() + path.read_bytes())

    report = relevel.rescue(builder.database(), tmp_path / "rescued")

    assert not report.is_complete
    assert len(dict(relevel.scan(tmp_path / "rescued"))) < len(MORE)


def test_level_0_is_merged_where_a_higher_number_is_older(tmp_path: Path) -> None:
    """As LevelDB's own repair leaves it: a get would give the older version."""
    builder = Builder(tmp_path)
    builder.table(5, {b"key": (9, b"new")})
    builder.table(6, {b"key": (8, b"old")})

    report = relevel.rescue(builder.database(), tmp_path / "rescued")

    assert report.is_complete
    assert not report.keeps_shape
    assert read_by_levels(tmp_path / "rescued", b"key") == b"new"


def test_level_0_is_kept_where_the_order_of_numbers_is_that_of_time(tmp_path: Path) -> None:
    """Or where the tables share no key."""
    builder = Builder(tmp_path)
    builder.table(5, {b"key": (5, b"old")})
    builder.table(6, {b"key": (8, b"new")})
    builder.table(7, {b"other": (1, b"value")})

    report = relevel.rescue(builder.database(), tmp_path / "rescued")

    assert report.is_complete
    assert report.keeps_shape


@pytest.mark.parametrize(("count", "is_kept"), [(12, True), (13, False)])
def test_level_0_is_kept_as_full_as_leveldb_lets_it_become(count: int, is_kept: bool, tmp_path: Path) -> None:
    """With more tables than that, the first writes would have to wait for them to be merged."""
    builder = Builder(tmp_path)
    for number in range(count):
        builder.table(5 + number, {b"key": (5 + number, b"value %d" % number)})

    report = relevel.rescue(builder.database(), tmp_path / "rescued")

    assert report.is_complete
    assert report.keeps_shape == is_kept
    assert relevel.get(tmp_path / "rescued", b"key") == b"value %d" % (count - 1)


def test_a_log_older_than_the_tables_is_told_and_hides_nothing(tmp_path: Path) -> None:
    """A log of another time in the newest one's place: what it holds must not stand before what is newer."""
    builder = Builder(tmp_path)
    builder.table(5, {b"key": (9, b"new")}, level=1)
    database = builder.database(log=forge.log([forge.batch(4, forge.put(b"key", b"old"), 1)]))

    report = relevel.rescue(database, tmp_path / "rescued")

    assert [finding.code for finding in report.losses] == ["log.sequence.back", "log.sequence.short"]
    assert read_by_levels(tmp_path / "rescued", b"key") == b"new"


def test_a_log_that_has_lost_its_beginning_is_told(tmp_path: Path) -> None:
    """Sequence numbers are given out without a gap, so the first ones after the tables must be there."""
    builder = Builder(tmp_path)
    builder.table(5, {b"key": (9, b"old")}, level=1)
    log = forge.log([forge.batch(1001, forge.put(b"a", b"1"), 1), forge.batch(1002, forge.put(b"b", b"2"), 1)])
    database = builder.database(log=log)

    whole = relevel.rescue(database, tmp_path / "whole")
    (database / "000090.log").write_bytes(log[len(log) // 2 :])
    cut = relevel.rescue(database, tmp_path / "cut")

    assert whole.is_complete
    assert [finding.code for finding in cut.losses] == ["log.sequence.late"]
    assert dict(relevel.scan(tmp_path / "cut")) == {b"b": b"2", b"key": b"old"}
