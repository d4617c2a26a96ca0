"""Rows by number, from a few samples."""

from __future__ import annotations

from relevel.format.comparator import BYTEWISE
from relevel.web.key_index import KeyIndex


def index_of(keys: list[bytes]) -> KeyIndex:
    """An index of some keys."""
    index = KeyIndex()
    for key in keys:
        index.add(key)
    return index


def test_a_row_is_found_from_the_sample_before_it() -> None:
    """The key of the sample and what is passed over lead to the row."""
    keys = [b"%07d" % number for number in range(10_000)]
    index = index_of(keys)

    for row in (0, 1, 63, 64, 4999, 9999):
        place = index.place(row)
        assert place.key is not None
        assert keys[keys.index(place.key) + place.skip] == keys[row]
        assert place.skip < index.stride


def test_a_key_is_found_from_the_sample_before_it() -> None:
    """The sample is not after the key, and its row is known."""
    keys = [b"%07d" % number for number in range(10_000)]
    index = index_of(keys)

    place = index.before(b"0005000x", BYTEWISE)

    assert place.key is not None
    assert place.key <= b"0005000x"
    assert keys[place.row] == place.key
    assert index.before(b"", BYTEWISE).row == 0


def test_samples_are_bounded_in_number() -> None:
    """A million keys leave some thousand samples, each at its place."""
    index = index_of([b"%07d" % number for number in range(1_000_000)])

    assert index.count == 1_000_000
    assert index.stride == 128
    assert index.place(999_999) == (b"%07d" % (999_999 // 128 * 128), 999_999 % 128, 999_999 // 128 * 128)


def test_samples_are_bounded_in_bytes() -> None:
    """Long keys leave fewer samples."""
    index = index_of([b"%07d" % number + bytes(1 << 20) for number in range(0, 64 * 40, 64) for _ in range(64)])

    assert index.stride >= 128


def test_an_empty_index_begins_at_the_beginning() -> None:
    """There is no sample where there is no key."""
    assert index_of([]).place(5) == (None, 5, 0)
    assert index_of([]).before(b"x", BYTEWISE) == (None, 0, 0)
