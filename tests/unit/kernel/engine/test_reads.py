"""Looking keys up and walking over tables that another program wrote."""

import random
from bisect import bisect_left
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.kernel.engine.stores import Opened, damaged_copy, open_tables, write_database
from tests.unit.kernel.stores import ContentError

Written = tuple[Path, dict[bytes, bytes]]


def backwards(iterator: object) -> list[object]:
    """What prev gives until it stops."""
    entries: list[object] = []
    while True:
        try:
            entries.append(iterator.prev())  # type: ignore[attr-defined]
        except StopIteration:
            return entries


def test_the_database_has_several_levels(opened: Opened) -> None:
    """The other tests read from level 0 and from below it."""
    assert len([level for level in opened.levels if level]) >= 2


def test_every_key_has_the_value_that_was_written(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """Of every key ever written, get gives the value, or the default where it was deleted."""
    reader, keys = opened.reader(), [b"key%07d" % number for number in range(4001)]

    expected = [truth.get(key, b"none") for key in keys]

    assert [reader.get(key, b"none") for key in keys] == expected
    assert reader.get_many(keys, b"none") == expected
    assert reader.get(b"no such key") is None


def test_iteration_gives_everything_in_order_both_ways(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """Forward, backward from the end, and backward after forward."""
    entries = list(truth.items())
    iterator = opened.iterator()

    assert list(iterator) == entries
    assert list(iterator) == []
    assert backwards(iterator) == entries[::-1]
    assert list(opened.iterator(reverse=True)) == entries[::-1]
    assert list(opened.iterator(include_value=False)) == list(truth)
    assert list(opened.iterator(include_key=False)) == list(truth.values())
    assert list(opened.iterator(include_key=False, include_value=False)) == [None] * len(truth)


@pytest.mark.parametrize("include_lower", [True, False])
@pytest.mark.parametrize("include_upper", [True, False])
@pytest.mark.parametrize("reverse", [True, False])
def test_ranges_are_what_plyvel_gives(
    written: Written, include_lower: bool, include_upper: bool, reverse: bool
) -> None:
    """Bounds that are keys, or none, or cross each other."""
    plyvel = pytest.importorskip("plyvel")
    opened, keys = open_tables(written[0]), list(written[1])
    bounds = [*keys[10:400:97], keys[10] + b"x", b"", b"z"]
    with plyvel.DB(str(written[0])) as db:
        for lower in bounds:
            for upper in bounds:
                ours = opened.iterator(
                    lower=lower, upper=upper, include_lower=include_lower, include_upper=include_upper, reverse=reverse
                )
                # In reverse, plyvel gives nothing where only the bound itself is in the range.
                theirs = db.iterator(start=lower, stop=upper, include_start=include_lower, include_stop=include_upper)
                assert list(ours) == list(theirs)[:: -1 if reverse else 1]


def test_a_reverse_range_of_its_bound_alone_has_that_one_entry(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """Where plyvel gives nothing."""
    key, value = list(truth.items())[50]

    iterator = opened.iterator(lower=key, upper=key, include_upper=True, reverse=True)

    assert list(iterator) == [(key, value)]


def test_a_wandering_iterator_stands_where_a_list_would(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """Next, prev and seeks in any order; prev after next gives the same entry."""
    numbers, entries, gap = random.Random(9), list(truth.items()), 0
    keys = list(truth)
    iterator = opened.iterator()

    for _ in range(20_000):
        choice = numbers.random()
        if choice < 0.02:
            target = b"key%07d" % numbers.randrange(4100)
            iterator.seek(target)
            gap = bisect_left(keys, target)
        elif choice < 0.5 + 0.4 * (gap < len(entries) // 2):
            assert next(iterator, None) == (entries[gap] if gap < len(entries) else None)
            gap = min(gap + 1, len(entries))
        elif gap:
            gap -= 1
            assert iterator.prev() == entries[gap]


def test_a_raw_iterator_stands_on_entries(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """Through everything both ways, and turning round on an entry."""
    entries, raw = list(truth.items()), opened.raw_iterator()
    assert not raw.valid()
    raw.next()
    assert raw.entry() is None

    raw.seek_to_first()
    for entry in entries:
        assert raw.valid()
        assert raw.entry() == entry
        raw.next()
    assert not raw.valid()
    raw.seek_to_last()
    for before, entry in pairwise(entries[:-200:-1]):
        assert raw.entry() == before
        raw.prev()
        assert raw.entry() == entry
        raw.next()
        assert raw.entry() == before
        raw.prev()
    raw.seek(entries[7][0] + b"\0")
    assert raw.entry() == entries[8]


def test_a_comparator_of_python_reads_the_same(tmp_path: Path) -> None:
    """A callable order that is the bytewise one; what it raises comes out, and the iterator goes on after it."""
    truth, failing = write_database(tmp_path / "db", 300), [False]

    def compare(a: bytes, b: bytes) -> int:
        if failing[0]:
            raise KeyError("compared")
        return (a > b) - (a < b)

    opened = open_tables(tmp_path / "db", compare)

    assert opened.reader().get_many(list(truth)) == list(truth.values())
    assert list(opened.iterator(reverse=True)) == list(truth.items())[::-1]
    iterator = opened.iterator()
    assert next(iterator) == next(iter(truth.items()))
    failing[0] = True
    with pytest.raises(KeyError, match="compared"):
        next(iterator)
    with pytest.raises(KeyError, match="compared"):
        opened.reader().get(b"key")
    failing[0] = False
    assert list(iterator) == list(truth.items())[1:]


def test_damage_is_raised_where_the_entries_would_have_come(written: Written, tmp_path: Path) -> None:
    """Whatever byte of whatever table is changed: right entries up to the error, and never a wrong one."""
    entries, numbers = list(written[1].items()), random.Random(3)
    tables = [table.number for table in open_tables(written[0]).tables()]
    for round_number in range(12):

        def change(data: bytearray) -> None:
            data[numbers.randrange(len(data))] ^= 1 << numbers.randrange(8)

        opened = open_tables(damaged_copy(written[0], tmp_path / str(round_number), numbers.choice(tables), change))
        iterator = opened.iterator()
        seen: list[object] = []
        try:
            seen.extend(iterator)
        except ContentError:
            pass
        else:
            assert seen == entries
        got: list[tuple[bytes, bytes]] = []
        iterator = opened.iterator()
        with pytest.raises((ContentError, StopIteration)):
            while True:
                got.append(next(iterator))
        assert got == entries[: len(got)]
        assert backwards(iterator) == got[::-1]
        reader = opened.reader()
        for key, value in entries[::7]:
            try:
                assert reader.get(key) == value
            except ContentError as error:
                assert error.path.startswith(str(tmp_path))


def test_a_missing_table_is_an_error_of_the_system(written: Written, tmp_path: Path) -> None:
    """With its path; and it is met again, until the file is back."""
    number = open_tables(written[0]).levels[0][0].number
    path = damaged_copy(written[0], tmp_path / "db", number, bytearray.clear)
    file = next(path.glob(f"{number:06}*"))
    opened = open_tables(path)
    kept = file.rename(tmp_path / "kept")
    iterator = opened.iterator()

    for _ in range(2):
        with pytest.raises(FileNotFoundError) as raised:
            next(iterator)
        assert raised.value.filename == str(file)
    kept.rename(file)
    with pytest.raises(ContentError) as damaged:
        next(iterator)
    assert damaged.value.fault.code == "table.too-short"


def test_a_closed_store_ends_what_was_made_from_it(written: Written) -> None:
    """Every later call raises the message; closing twice changes nothing."""
    opened = open_tables(written[0])
    reader, iterator, raw = opened.reader(closed_message="of the reader"), opened.iterator(), opened.raw_iterator()
    next(iterator)

    opened.store.close("it is closed")
    opened.store.close("again")

    with pytest.raises(RuntimeError, match=r"^of the reader$"):
        reader.get(b"a")
    for call in (iterator.__next__, iterator.prev, iterator.seek_to_start, raw.seek_to_first, raw.valid, raw.entry):
        with pytest.raises(RuntimeError, match=r"^it is closed$"):
            call()
    with pytest.raises(RuntimeError, match=r"^it is closed$"):
        opened.store.cache_usage()


def test_a_detached_iterator_lets_its_tables_go(opened: Opened) -> None:
    """Tables stay pinned as long as an iterator has a view of them."""
    numbers = {table.number for table in opened.tables()}
    iterator = opened.iterator(closed_message="let go of")
    next(iterator)

    opened.store.install([], [])

    assert opened.store.pinned_tables() == numbers
    assert len([next(iterator) for _ in range(2000)]) == 2000
    iterator.detach()
    assert opened.store.pinned_tables() == set()
    with pytest.raises(RuntimeError, match=r"^let go of$"):
        next(iterator)


def test_a_table_searched_in_vain_is_charged_again_and_again(written: Written) -> None:
    """First when that has cost as much as a compaction would; then until somebody has seen to it."""
    opened, searches = open_tables(written[0]), 0
    charged: list[int] = []
    opened.store.on_seek_charge(charged.append)
    reader = opened.reader()

    while searches < 20_000:
        for key in written[1]:
            reader.get(key)
            searches += 1

    assert 0 < len(set(charged)) < len(charged) < searches / 10
    assert set(charged) <= {table.number for table in opened.tables()}


def test_the_cache_fills_and_a_forgotten_table_leaves_it(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """Bytes of the cache by use; none by a reader that asks not to fill it."""
    reader = opened.reader()
    for key in truth:
        reader.get(key, fill_cache=False)
    assert opened.store.cache_usage() == 0
    reader.get_many(list(truth))
    assert 0 < opened.store.cache_usage() <= 1 << 20

    for table in opened.tables():
        opened.store.forget_table(table.number)

    assert opened.store.cache_usage() == 0


def test_offsets_ascend_with_the_keys(opened: Opened, truth: dict[bytes, bytes]) -> None:
    """From 0 at the first key to the end of the data past the last."""
    table = max(opened.tables(), key=lambda table: table.file_size)

    offsets = [opened.store.approximate_offset(table, key) for key in [b"", *truth, b"z"]]

    assert offsets[0] == 0
    assert offsets == sorted(offsets)
    assert table.file_size // 2 < offsets[-1] < table.file_size


def test_wrong_arguments_are_refused(opened: Opened) -> None:
    """Keys are exactly bytes, flags bools or None."""
    reader = opened.reader()
    for key in (bytearray(b"a"), "a", None, 1):
        with pytest.raises(TypeError):
            reader.get(key)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            opened.iterator().seek(key)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        reader.get(b"a", None, True)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        reader.get(b"a", fill_cache=1)  # type: ignore[arg-type]
    assert reader.get(b"a", verify_checksums=None, fill_cache=None) is None
