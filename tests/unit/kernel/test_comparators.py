"""The orders of user keys, as Python names them or supplies them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel import _kernel
from relevel._kernel import compare


def sign(number: int) -> int:
    """-1, 0 or 1."""
    return (number > 0) - (number < 0)


@given(st.binary(), st.binary())
def test_the_bytewise_order_is_that_of_bytes(a: bytes, b: bytes) -> None:
    """The kernel and Python agree on bytes."""
    assert compare("bytewise", a, b) == (a > b) - (a < b)


@given(st.binary(), st.binary())
def test_the_reverse_order_is_the_other_way_round(a: bytes, b: bytes) -> None:
    """What comes first bytewise comes last."""
    assert compare("reverse-bytewise", a, b) == -compare("bytewise", a, b)


def test_the_order_of_indexeddb_compares_ids_as_numbers() -> None:
    """Database 256 comes after database 2, though its first byte is smaller."""
    second = bytes([0, 2, 0, 0, 0])
    later = bytes([0b0010_0000, 0, 1, 0, 0, 0])

    assert compare("idb", second, later) == -1


@given(st.binary(max_size=12), st.binary(max_size=12), st.binary(max_size=12))
def test_the_order_of_indexeddb_is_total_for_any_bytes(a: bytes, b: bytes, c: bytes) -> None:
    """Any bytes have their one place, whether they decode or not."""
    low, middle, high = sorted_by_idb(a, b, c)

    assert compare("idb", low, middle) <= 0
    assert compare("idb", middle, high) <= 0
    assert compare("idb", low, high) <= 0
    assert compare("idb", a, b) == -compare("idb", b, a)


def sorted_by_idb(*keys: bytes) -> list[bytes]:
    """The keys, inserted one by one where they belong."""
    result: list[bytes] = []
    for key in keys:
        place = sum(compare("idb", other, key) <= 0 for other in result)
        result.insert(place, key)
    return result


@pytest.mark.parametrize("answer", [-(10**30), -2, 0, True, 2, 10**30])
def test_only_the_sign_of_what_a_callable_returns_counts(answer: int) -> None:
    """A callable may return any int, however large."""
    assert compare(lambda _a, _b: answer, b"", b"") == sign(answer)


def test_a_callable_is_given_the_two_keys_as_bytes_in_order() -> None:
    """The keys arrive as they are."""
    seen: list[tuple[bytes, bytes]] = []

    def order(a: bytes, b: bytes) -> int:
        seen.append((a, b))
        return 0

    compare(order, b"\x00a", b"")

    assert seen == [(b"\x00a", b"")]


def test_what_a_callable_raises_comes_out_unchanged() -> None:
    """The very exception, with its traceback, and not another that wraps it."""
    error = LookupError("no order for these")

    def fails(_a: bytes, _b: bytes) -> int:
        raise error

    with pytest.raises(LookupError) as caught:
        compare(fails, b"", b"")
    assert caught.value is error


def test_a_callable_that_returns_no_int_is_a_type_error() -> None:
    """None is not an order."""
    with pytest.raises(TypeError, match="returned None, not an int"):
        compare(lambda _a, _b: None, b"", b"")  # type: ignore[arg-type, return-value]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    """The message says what would have worked."""
    with pytest.raises(ValueError, match='"bytewise", "reverse-bytewise" and "idb"'):
        compare("leveldb.BytewiseComparator", b"", b"")


def test_what_is_neither_name_nor_callable_is_a_type_error() -> None:
    """The message says what it was."""
    with pytest.raises(TypeError, match="not int"):
        compare(7, b"", b"")  # type: ignore[arg-type]


def test_the_largest_sequence_number_has_56_bits() -> None:
    """Part of the file format."""
    assert _kernel.MAX_SEQUENCE == 2**56 - 1
