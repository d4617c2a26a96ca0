"""Iterators: their forms, their moves, and what they do not see."""

from typing import Any

import pytest

KEYS = [b"1", b"3", b"5", b"7", b"9"]
VALUES = [b"v" + key for key in KEYS]


def test_iterating_gives_pairs_in_order_of_keys(few: Any) -> None:
    """Over the database itself and over its iterator."""
    assert list(few) == list(few.iterator()) == list(zip(KEYS, VALUES, strict=True))


def test_an_empty_database_gives_nothing(db: Any) -> None:
    """Either way."""
    assert list(db) == list(db.iterator(reverse=True)) == []


def test_a_pair_is_a_tuple_of_bytes(few: Any) -> None:
    """Nothing fancier."""
    pair = next(iter(few))

    assert type(pair) is tuple
    assert [type(part) for part in pair] == [bytes, bytes]


def test_reverse_gives_the_other_order(few: Any) -> None:
    """From the last to the first."""
    assert list(few.iterator(reverse=True)) == list(zip(KEYS[::-1], VALUES[::-1], strict=True))


@pytest.mark.parametrize("reverse", [False, True])
def test_keys_or_values_may_be_left_out(few: Any, reverse: bool) -> None:
    """One alone comes bare; without both there is a None for each entry."""
    step = -1 if reverse else 1

    assert list(few.iterator(reverse=reverse, include_value=False)) == KEYS[::step]
    assert list(few.iterator(reverse=reverse, include_key=False)) == VALUES[::step]
    assert list(few.iterator(reverse=reverse, include_key=False, include_value=False)) == [None] * 5


def test_an_iterator_is_its_own_iterator(few: Any) -> None:
    """And its own context."""
    iterator = few.iterator()

    assert iter(iterator) is iterator
    with iterator as entered:
        assert entered is iterator


def test_an_iterator_stops_for_good(few: Any) -> None:
    """After StopIteration comes StopIteration, until it is moved back."""
    iterator = few.iterator(include_value=False)

    assert list(iterator) == KEYS
    assert list(iterator) == []
    iterator.seek_to_start()
    assert list(iterator) == KEYS


def test_prev_after_next_gives_the_same_again(few: Any) -> None:
    """An iterator stands between entries."""
    iterator = few.iterator(include_value=False)

    assert [next(iterator), next(iterator)] == [b"1", b"3"]
    assert [iterator.prev(), iterator.prev()] == [b"3", b"1"]
    with pytest.raises(StopIteration):
        iterator.prev()
    assert next(iterator) == b"1"


def test_prev_at_the_end_gives_the_last(few: Any) -> None:
    """After the iterator stopped."""
    iterator = few.iterator(include_value=False)
    list(iterator)

    assert iterator.prev() == b"9"


def test_prev_of_a_reverse_iterator_goes_up(few: Any) -> None:
    """The two change sides."""
    iterator = few.iterator(reverse=True, include_value=False)

    with pytest.raises(StopIteration):
        iterator.prev()
    assert [next(iterator), next(iterator), iterator.prev(), iterator.prev()] == [b"9", b"7", b"7", b"9"]


def test_prev_gives_the_same_form_as_next(few: Any) -> None:
    """Pairs, keys, values or None."""
    for forms in ({}, {"include_key": False}, {"include_value": False}, {"include_key": False, "include_value": False}):
        iterator = few.iterator(**forms)

        assert next(iterator) == iterator.prev()


def test_seek_goes_to_a_key_or_behind_where_it_would_be(few: Any) -> None:
    """Forth and back."""
    iterator = few.iterator(include_value=False)
    found = []
    for target in (b"5", b"4", b"", b"9", b"\xff", b"3\0"):
        iterator.seek(target)
        found.append(next(iterator, None))

    assert found == [b"5", b"5", b"1", b"9", None, b"5"]


def test_prev_after_seek_gives_what_is_before(few: Any) -> None:
    """Whether the key is there or not."""
    iterator = few.iterator(include_value=False)
    found = []
    for target in (b"5", b"4", b"\xff"):
        iterator.seek(target)
        found.append(iterator.prev())

    assert found == [b"3", b"3", b"9"]


def test_seek_of_a_reverse_iterator_gives_what_is_before(few: Any) -> None:
    """The gap is the same, next goes down from it."""
    iterator = few.iterator(reverse=True, include_value=False)
    found = []
    for target in (b"5", b"4", b"\xff", b"1", b""):
        iterator.seek(target)
        found.append(next(iterator, None))

    assert found == [b"3", b"3", b"9", None, None]


def test_start_and_stop_can_be_gone_to(few: Any) -> None:
    """Start is the low end and stop the high end, whichever way an iterator goes."""
    for reverse in (False, True):
        iterator = few.iterator(start=b"3", stop=b"9", reverse=reverse, include_value=False)
        up, down = (iterator.prev, iterator.__next__) if reverse else (iterator.__next__, iterator.prev)

        iterator.seek_to_stop()
        assert down() == b"7"
        iterator.seek_to_start()
        assert up() == b"3"


@pytest.mark.parametrize("prefix", [b"b", b"b\xff", b"b\xff\xff", b"\xff", b"\xff\xff", b"", b"nothing"], ids=repr)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_prefix_is_a_range(db: Any, prefix: bytes, reverse: bool) -> None:
    """Of all keys that begin with it, those with 0xff behind it too, whatever is said of including bounds."""
    keys = [
        b"a",
        b"b",
        b"b\0",
        b"b\xff",
        b"b\xff\xff",
        b"b\xff\xff\xff",
        b"ba",
        b"c",
        b"\xfe",
        b"\xff",
        b"\xff\xff",
        b"\xff\xff\xff",
    ]
    for key in keys:
        db.put(key, b"")
    expected = sorted((key for key in keys if key.startswith(prefix)), reverse=reverse)

    for include_start in (True, False):
        for include_stop in (True, False):
            flags = {"include_start": include_start, "include_stop": include_stop}
            assert list(db.iterator(prefix=prefix, reverse=reverse, include_value=False, **flags)) == expected


def test_a_prefix_excludes_bounds(few: Any) -> None:
    """Together they are a TypeError with plyvel's text."""
    for bounds in ({"start": b"1"}, {"stop": b"1"}, {"start": b"1", "stop": b"3"}):
        with pytest.raises(TypeError, match="'prefix' cannot be used together with 'start' or 'stop'"):
            few.iterator(prefix=b"1", **bounds)


@pytest.mark.parametrize("argument", ["start", "stop", "prefix"])
@pytest.mark.parametrize("value", ["1", 1, bytearray(b"1")], ids=repr)
def test_bounds_are_exactly_bytes(few: Any, argument: str, value: Any) -> None:
    """Or None; anything else is a TypeError."""
    with pytest.raises(TypeError):
        few.iterator(**{argument: value})


@pytest.mark.parametrize("value", [None, "1", 1, bytearray(b"1")], ids=repr)
def test_a_target_is_exactly_bytes(few: Any, value: Any) -> None:
    """Anything else is a TypeError, and the iterator stays where it is."""
    iterator = few.iterator(include_value=False)
    next(iterator)

    with pytest.raises(TypeError):
        iterator.seek(value)
    assert next(iterator) == b"3"


FLAGS = ["reverse", "include_start", "include_stop", "include_key", "include_value", "verify_checksums", "fill_cache"]


@pytest.mark.parametrize("flag", FLAGS)
def test_flags_are_bools_or_none(few: Any, flag: str) -> None:
    """What merely counts as true or false is a TypeError."""
    few.iterator(**{flag: None}).close()
    for value in (0, 1, "true", b""):
        with pytest.raises(TypeError):
            few.iterator(**{flag: value})


def test_arguments_are_given_by_name(few: Any) -> None:
    """By position they are a TypeError."""
    with pytest.raises(TypeError):
        few.iterator(False)


@pytest.mark.parametrize("reverse", [False, True])
def test_an_iterator_does_not_see_later_writes(few: Any, reverse: bool) -> None:
    """It gives what was there when it was made, not when it was first used."""
    iterator = few.iterator(reverse=reverse)
    few.put(b"4", b"later")
    few.put(b"5", b"later")
    few.delete(b"7")
    with few.write_batch() as batch:
        batch.put(b"99", b"later")

    pairs = list(zip(KEYS, VALUES, strict=True))
    assert list(iterator) == (pairs[::-1] if reverse else pairs)
    assert len(list(few)) == 6


def test_an_iterator_outlives_a_compaction(few: Any) -> None:
    """What it reads is kept until it is closed."""
    few.compact_range(start=b"0", stop=b"a")
    iterator = few.iterator(include_value=False)
    first = next(iterator)
    for key in KEYS:
        few.delete(key)
    few.compact_range(start=b"0", stop=b"a")

    assert [first, *iterator] == KEYS
    assert list(few) == []


def test_many_iterators_are_independent(few: Any) -> None:
    """Each has its own place."""
    iterators = [few.iterator(include_value=False) for _ in range(50)]
    for count, iterator in enumerate(iterators):
        for _ in range(count % 5):
            next(iterator)

    assert [next(iterator) for iterator in iterators] == KEYS * 10


def test_closing_may_be_repeated(few: Any) -> None:
    """And a closed iterator raises nothing but RuntimeError."""
    with few.iterator() as iterator:
        next(iterator)
    iterator.close()

    with pytest.raises(RuntimeError):
        next(iterator)


def test_long_runs_come_whole(plyvel: Any, path: str) -> None:
    """From a memtable, level 0 and deeper levels at once, forth and back, with what was deleted left out."""
    truth = {}
    with plyvel.DB(path, create_if_missing=True, write_buffer_size=65536, block_size=1024) as db:
        for turn in range(3):
            for number in range(turn, 6000, turn + 1):
                truth[b"%05d" % number] = b"%d of turn %d" % (number, turn)
                db.put(b"%05d" % number, truth[b"%05d" % number])
            for number in range(turn * 100, 6000, 17):
                truth.pop(b"%05d" % number, None)
                db.delete(b"%05d" % number)

        assert list(db) == sorted(truth.items())
        assert list(db.iterator(reverse=True)) == sorted(truth.items(), reverse=True)
        assert list(db.iterator(include_value=False, fill_cache=False, verify_checksums=True)) == sorted(truth)
