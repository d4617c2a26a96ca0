"""Cursors: many inputs merged, and what comes out in each mode."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest

import relevel
from relevel._kernel import MAX_SEQUENCE, Cursor, LevelInput, LogInput, TableInput
from relevel._kernel.past import LookBack
from relevel.recovery.read.rows import Version
from tests.fixtures.catalogue import FOLDER
from tests.unit.kernel.inputs import Entry, history_of_one_key, internal, log, rows_of, short, table


@pytest.fixture
def inputs(tmp_path: Path) -> list[TableInput | LogInput]:
    """The history of one key, and others."""
    return history_of_one_key(tmp_path)


def test_a_row_has_the_fields_of_a_version(inputs: list[TableInput | LogInput]) -> None:
    """Sequence, type, key, value, state, file, offset and integrity, in that order."""
    rows = rows_of(Cursor(inputs, mode="versions"))

    assert rows[1] == (2, "put", b"j", b"jay", "live", "000005.ldb", 0, "intact")
    assert rows[2] == (9, "delete", b"k", None, "deleted", "000007.ldb", 0, "intact")


def test_every_version_comes_once_with_its_state(inputs: list[TableInput | LogInput]) -> None:
    """In key order, newest first; one that several inputs hold is the current input's."""
    rows = rows_of(Cursor(inputs, mode="versions"))

    assert [(row[0], row[2], row[4], row[5]) for row in rows] == [
        (3, b"gone", "unknown", "000003.ldb"),
        (2, b"j", "live", "000005.ldb"),
        (9, b"k", "deleted", "000007.ldb"),
        (8, b"k", "unknown", "000006.ldb"),
        (7, b"k", "deleted", "000007.ldb"),
        (4, b"k", "shadowed", "000005.ldb"),
        (1, b"k", "shadowed", "000003.ldb"),
        (11, b"l", "deleted", "000008.log"),
        (10, b"l", "deleted", "000008.log"),
        (5, b"stray", "unknown", "000006.ldb"),
    ]


def test_versions_are_selected_by_sequence_after_their_states_are_known(inputs: list[TableInput | LogInput]) -> None:
    """A version is shadowed by one that is not shown."""
    assert short(Cursor(inputs, mode="versions", from_sequence=1, to_sequence=2)) == [
        (2, b"j", b"jay", "live"),
        (1, b"k", b"one", "shadowed"),
    ]


def test_what_is_visible_now_is_what_current_inputs_say(inputs: list[TableInput | LogInput]) -> None:
    """Superseded and unproven inputs bring nothing back."""
    assert short(Cursor(inputs)) == [(2, b"j", b"jay", "live")]
    assert short(Cursor(inputs, sequence=11)) == [(2, b"j", b"jay", "live")]


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        (10, [b"lost", b"jay", b"log", b"who"]),
        (8, [b"lost", b"jay", b"eight", b"who"]),
        (7, [b"lost", b"jay", b"seven", b"who"]),
        (3, [b"lost", b"jay", b"one"]),
        (0, []),
    ],
)
def test_what_was_visible_counts_all_inputs(
    inputs: list[TableInput | LogInput], sequence: int, expected: list[bytes]
) -> None:
    """Below the newest sequence number, which may be given, the newest version at or below the one asked for."""
    assert [row[3] for row in rows_of(Cursor(inputs, sequence=sequence))] == expected
    assert [row[3] for row in rows_of(Cursor(inputs, sequence=sequence, newest_sequence=11))] == expected


def test_keys_that_are_gone_give_their_last_put(inputs: list[TableInput | LogInput]) -> None:
    """Only keys that are not visible now. It is unknown what became of a value without a deletion, or of one nobody knows."""
    assert short(Cursor(inputs, mode="deleted")) == [
        (3, b"gone", b"lost", "unknown"),
        (8, b"k", b"eight", "unknown"),
        (10, b"l", b"log", "deleted"),
        (5, b"stray", b"who", "unknown"),
    ]


def test_undelete_adds_what_is_gone_to_what_is_visible(inputs: list[TableInput | LogInput]) -> None:
    """Where the key starts with the prefix."""
    states = [(row[2], row[4]) for row in rows_of(Cursor(inputs, mode="undelete"))]

    expected = [(b"gone", "unknown"), (b"j", "live"), (b"k", "unknown"), (b"l", "deleted"), (b"stray", "unknown")]
    assert states == expected
    restored = rows_of(Cursor(inputs, mode="undelete", look_back=LookBack(prefixes=[b"k"])))
    assert [row[2] for row in restored] == [b"j", b"k"]


def test_rewind_looks_back_at_keys_with_the_prefix(inputs: list[TableInput | LogInput]) -> None:
    """The others stay as they are now."""
    rows = rows_of(Cursor(inputs, mode="rewind", sequence=7, look_back=LookBack(prefixes=[b"k"])))

    assert [(row[2], row[3]) for row in rows] == [(b"j", b"jay"), (b"k", b"seven")]


def test_a_range_ends_before_its_stop(inputs: list[TableInput | LogInput]) -> None:
    """Keys from start on, without stop."""
    assert [row[2] for row in rows_of(Cursor(inputs, mode="versions", start=b"j", stop=b"k"))] == [b"j"]
    assert {row[2] for row in rows_of(Cursor(inputs, mode="versions", start=b"l"))} == {b"l", b"stray"}


def test_pairs_are_the_keys_and_values_of_rows(inputs: list[TableInput | LogInput]) -> None:
    """A deletion has an empty value."""
    pairs = Cursor(inputs, mode="versions").read_pairs(100)

    assert pairs == [(row[2], row[3] or b"") for row in rows_of(Cursor(inputs, mode="versions"))]


def test_no_more_rows_come_than_are_asked_for(inputs: list[TableInput | LogInput]) -> None:
    """And none where none are asked for, which is not the end."""
    cursor = Cursor(inputs, mode="versions")

    assert [len(cursor.read(count)) for count in (0, 1, 2, 0, 3)] == [0, 1, 2, 0, 3]
    assert len(rows_of(cursor, 1)) == 4
    assert cursor.read(1) == []


def test_many_rows_come_as_few_do(tmp_path: Path) -> None:
    """What is read ahead is what would be read."""
    entries = [(b"%06d" % index, index + 1, b"v%d" % index) for index in range(20_000)]
    source = table(tmp_path / "t", *entries)

    for count in (1, 7, 4096, 50_000):
        rows = rows_of(Cursor([TableInput(source, "t")]), count)
        assert [(row[2], row[0], row[3]) for row in rows] == entries


@pytest.mark.parametrize("memory_limit", [1, 1 << 26])
def test_a_log_larger_than_memory_is_sorted_in_runs(tmp_path: Path, memory_limit: int) -> None:
    """The rows and their places are the same, and nothing is left in the directory."""
    entries: list[Entry] = [(b"%06d" % (index * 7919 % 20_000), index + 1, b"x" * 50) for index in range(20_000)]
    source, runs = log(*entries), tmp_path / "runs"
    runs.mkdir()

    cursor = Cursor([LogInput(source, "log", temp_dir=str(runs), memory_limit=memory_limit)], mode="versions")
    rows = rows_of(cursor, 4096)

    assert [(row[2], row[0], row[3]) for row in rows] == sorted(entries)
    in_order = sorted(rows, key=lambda row: int(str(row[0])))
    assert in_order[0][6] == 0
    assert all(int(str(a[6])) < int(str(b[6])) for a, b in pairwise(in_order))
    assert list(runs.iterdir()) == []


def test_a_directory_for_runs_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Sorting that does not fit memory needs it."""
    source = log(*((b"%06d" % index, index + 1, b"x" * 100) for index in range(2000)))
    cursor = Cursor([LogInput(source, "log", temp_dir=str(tmp_path / "none"), memory_limit=1)])

    with pytest.raises(FileNotFoundError, match="none"):
        cursor.read(1)


def test_rows_by_sequence_are_the_same_rows(tmp_path: Path, inputs: list[TableInput | LogInput]) -> None:
    """In sequence order, in memory or not, with their faults."""
    expected = sorted(rows_of(Cursor(inputs, mode="versions")), key=lambda row: int(str(row[0])))
    for memory_limit in (1, 1 << 26):
        cursor = Cursor(inputs, mode="versions").by_sequence(str(tmp_path), memory_limit)
        rows = cursor.read(4) + cursor.read(100)

        assert rows == expected
        assert (cursor.read(1), cursor.take_faults()) == ([], [])


def test_rows_of_one_sequence_come_by_file_and_offset(tmp_path: Path) -> None:
    """Ties are not left to chance."""
    sources = [LogInput(log((b"b", 5, b"1"), (b"a", 5, b"2")), name, temp_dir="/") for name in ("2.log", "1.log")]
    sources += [LogInput(log((b"c", 5, b"3")), "0.log", "unproven", temp_dir="/")]

    rows = Cursor(sources, mode="versions").by_sequence(str(tmp_path)).read(10)

    assert [(row[2], row[5]) for row in rows] == [(b"c", "0.log"), (b"b", "2.log"), (b"a", "2.log")]


def test_versions_are_counted_by_file(inputs: list[TableInput | LogInput]) -> None:
    """In each range as many as rows tell, both ends included, and apart those of some offsets and keys."""
    rows = rows_of(Cursor(inputs, mode="versions"))
    files = sorted({str(row[5]) for row in rows})
    keys = sorted({row[2] for row in rows if isinstance(row[2], bytes)})

    counted = Cursor(inputs, mode="versions").count_by_file(
        [
            (None, None, {}),
            (keys[1], keys[2], dict.fromkeys(files, (0, set(), set()))),
            (None, keys[2], dict.fromkeys(files, (MAX_SEQUENCE, {keys[0]}, set()))),
            (keys[-1], keys[0], {}),
        ]
    )

    def count(*wanted: bytes) -> dict[str, int]:
        found = {name: sum(row[5] == name and row[2] in wanted for row in rows) for name in files}
        return {name: number for name, number in found.items() if number}

    whole, apart, by_key, backwards = counted
    assert {name: number for name, is_apart, number in whole if not is_apart} == count(*keys)
    assert {name: number for name, is_apart, number in apart if is_apart} == count(keys[1], keys[2])
    assert {name: number for name, is_apart, number in by_key if is_apart} == count(keys[0])
    assert {name: number for name, is_apart, number in by_key if not is_apart} == count(keys[1], keys[2])
    assert not backwards


def test_a_cursor_is_consumed_once(tmp_path: Path, inputs: list[TableInput | LogInput]) -> None:
    """What has been handed over or begun cannot be handed over again."""
    consumed, begun = Cursor(inputs), Cursor(inputs)
    consumed.by_sequence(str(tmp_path))
    begun.read(1)

    with pytest.raises(ValueError, match="consumed"):
        consumed.read(1)
    with pytest.raises(ValueError, match="consumed"):
        consumed.by_sequence(str(tmp_path))
    with pytest.raises(ValueError, match="read from"):
        begun.by_sequence(str(tmp_path))


def test_two_values_for_one_internal_key_are_both_shown(tmp_path: Path) -> None:
    """Nothing proves which is right."""
    one, two = table(tmp_path / "1", (b"k", 5, b"x")), table(tmp_path / "2", (b"k", 5, b"y"))

    rows = short(Cursor([TableInput(one, "1"), TableInput(two, "2", "superseded")], mode="versions"))

    assert rows == [(5, b"k", b"x", "unknown"), (5, b"k", b"y", "unknown")]


def level_of(tmp_path: Path, *ranges: Iterable[int]) -> LevelInput:
    """A level of tables with these keys."""
    tables = []
    for number, keys in enumerate(ranges):
        entries = [(b"%04d" % key, key + 1, b"v") for key in keys]
        path = table(tmp_path / f"{number}.ldb", *entries)
        smallest, largest = (internal(entry[0], entry[1]) for entry in (min(entries), max(entries)))
        tables.append(TableInput(path, f"{number}.ldb", smallest=smallest, largest=largest))
    return LevelInput(tables)


def test_a_level_is_read_as_one(tmp_path: Path) -> None:
    """Tables one after another, from the one that holds the first key wanted."""
    level = level_of(tmp_path, range(50), range(50, 70), range(100, 120))

    assert len(rows_of(Cursor([level]))) == 90
    assert [row[2] for row in rows_of(Cursor([level], start=b"0069", stop=b"0101"))] == [b"0069", b"0100"]


def test_tables_of_a_level_that_overlap_are_told(tmp_path: Path) -> None:
    """Entries that come late are shown as unknown, unless they are those before them, and never as visible."""
    level = level_of(tmp_path, range(60), range(50, 70))
    cursor = Cursor([level], mode="versions")

    rows = rows_of(cursor)

    assert sum(row[4] == "live" for row in rows) == 70
    assert sum(row[4] == "unknown" for row in rows) == 9
    faults = [(name, fault.code, fault.lower) for name, fault in cursor.take_faults()]
    assert faults == [("1.ldb", "level.tables-overlap", b"0050"), ("1.ldb", "merge.out-of-order", b"0050")]
    assert len(rows_of(Cursor([level]))) == 70


def test_a_table_of_a_level_needs_its_bounds(tmp_path: Path) -> None:
    """And is named where it has none."""
    with pytest.raises(ValueError, match=r"7\.ldb"):
        LevelInput([TableInput(str(tmp_path / "7.ldb"), "7.ldb")])


def test_a_missing_file_is_named_and_ends_the_cursor(tmp_path: Path) -> None:
    """What failed does not seem to have ended."""
    cursor = Cursor([TableInput(str(tmp_path / "none.ldb"), "none.ldb")])

    with pytest.raises(FileNotFoundError, match="none"):
        cursor.read(1)
    with pytest.raises(RuntimeError, match="failed"):
        cursor.read(1)


def test_words_that_are_not_known_are_refused() -> None:
    """Modes, standings, codecs and comparators."""
    with pytest.raises(ValueError, match="latest"):
        Cursor([], mode="latest")
    with pytest.raises(ValueError, match="dead"):
        TableInput("t", "t", "dead")
    with pytest.raises(ValueError, match="lz4"):
        Cursor([]).write_tables(str, codec="lz4")
    with pytest.raises(ValueError, match="alphabetic"):
        Cursor([], "alphabetic")
    with pytest.raises(TypeError):
        Cursor([b"bytes"])  # type: ignore[list-item]


def test_more_tables_than_may_be_open_are_merged(tmp_path: Path) -> None:
    """Hundreds of inputs take few files."""
    resource = pytest.importorskip("resource")
    sources = [
        TableInput(table(tmp_path / str(number), (b"%04d" % number, number + 1, b"v")), str(number))
        for number in range(300)
    ]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        rows = rows_of(Cursor(sources), 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert len(rows) == 300


def test_a_database_of_leveldb_reads_as_leveldb_reads_it(tmp_path: Path) -> None:
    """All tables and logs of a database that lost no file, whatever level they are on."""
    live: dict[bytes, bytes] = {}
    plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")
    with plyvel.DB(str(tmp_path), create_if_missing=True, write_buffer_size=65536) as database:
        for index in range(20_000):
            key = b"%05d" % (index * 7919 % 6000)
            if index % 4:
                live[key] = live.get(key, b"") + b"%d" % index
                database.put(key, live[key])
            else:
                live.pop(key, None)
                database.delete(key)
    half = {
        finding.span.file for finding in relevel.check(tmp_path).findings if finding.code == "table.orphan"
    }  # by closing
    tables = [TableInput(str(path), path.name) for path in tmp_path.glob("*.ldb") if path.name not in half]
    logs = [LogInput(str(path), path.name, temp_dir=str(tmp_path)) for path in tmp_path.glob("*.log")]

    cursor = Cursor([*tables, *logs])

    assert dict(cursor.read_pairs(100_000)) == live
    assert cursor.take_faults() == []
    assert max(int(str(row[0])) for row in rows_of(Cursor([*tables, *logs], mode="versions"), 4096)) <= MAX_SEQUENCE


def test_rows_can_be_instances_of_a_class_derived_from_tuple() -> None:
    """The same fields under the class's names; no other class is accepted."""
    path = FOLDER / "plyvel-tiny" / "db" / "000005.ldb"
    plain = Cursor([TableInput(str(path), "t")], mode="versions").read(100)
    cursor = Cursor([TableInput(str(path), "t")], mode="versions")

    versions = cursor.read(100, Version)

    assert plain
    assert versions == plain
    assert {type(version) for version in versions} == {Version}
    assert [version.key for version in versions] == [row[2] for row in plain]
    with pytest.raises(TypeError, match="not derived from tuple"):
        cursor.read(1, dict)  # type: ignore[type-var]


@pytest.mark.parametrize("mode", ["versions", "visible", "deleted", "undelete"])
def test_values_larger_than_a_batch_come_out(mode: str, tmp_path: Path) -> None:
    """Those that wait for the next entry before their state is known, too."""
    large = [bytes([number]) * (9 << 20) for number in range(3)]
    entries: list[Entry] = [(b"%d" % number, 2 * number + 1, value) for number, value in enumerate(large)]
    if mode in ("deleted", "undelete"):
        entries += [(b"%d" % number, 2 * number + 2, None) for number in range(3)]

    rows = rows_of(Cursor([TableInput(table(tmp_path / "000005.ldb", *entries), "000005.ldb")], mode=mode))

    assert [row[3] == value for row, value in zip(rows, large, strict=True)] == [True] * 3
