"""Orders of user keys by name."""

from __future__ import annotations

import pytest

from relevel import _kernel
from relevel.errors import InvalidArgumentError, NotSupportedError
from relevel.format import comparator as comparators
from relevel.format.comparator import (
    BYTEWISE,
    CompareFunction,
    find_comparator,
    load_comparator,
    register_comparator,
)


def by_size(a: bytes, b: bytes) -> int:
    """Shorter keys first."""
    return (len(a) > len(b)) - (len(a) < len(b)) or (a > b) - (a < b)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of the test's own."""
    monkeypatch.setattr(comparators, "_registered", dict(comparators._registered))


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("leveldb.BytewiseComparator", "bytewise"),
        ("idb_cmp1", "idb"),
        ("rocksdb.ReverseBytewiseComparator", "reverse-bytewise"),
        ("test.ReverseBytewise", "reverse-bytewise"),
    ],
)
def test_the_orders_in_wide_use_are_known_to_the_kernel(name: str, kernel: str) -> None:
    """Each name has its order, and the kernel takes it."""
    comparator = find_comparator(name)

    assert comparator.kernel == kernel
    assert _kernel.compare(comparator.kernel, b"same", b"same") == 0


def test_an_unknown_order_says_how_to_supply_it() -> None:
    """The message has the name, what is known, and both ways in."""
    with pytest.raises(NotSupportedError) as caught:
        find_comparator("foo")

    message = str(caught.value)
    assert "'foo'" in message
    assert "leveldb.BytewiseComparator" in message
    assert "register_comparator('foo', function)" in message
    assert "--comparator module:function" in message


def test_an_order_is_found_once_it_is_registered() -> None:
    """The kernel calls the function."""
    register_comparator("by size", by_size)

    found = find_comparator("by size")
    assert _kernel.compare(found.kernel, b"zz", b"aaa") == -1


def test_an_order_may_be_registered_again() -> None:
    """The last one counts."""
    register_comparator("mine", by_size)
    register_comparator("mine", lambda a, b: -by_size(a, b))

    assert _kernel.compare(find_comparator("mine").kernel, b"zz", b"aaa") == 1


def test_a_built_in_order_cannot_be_replaced() -> None:
    """Nobody gets a database back in another order than it was written in."""
    with pytest.raises(InvalidArgumentError, match="built in"):
        register_comparator(BYTEWISE.name, by_size)


def test_an_order_must_be_callable() -> None:
    """A name of a function is none."""
    function: CompareFunction = "by_size"  # type: ignore[assignment]
    with pytest.raises(InvalidArgumentError, match="by_size"):
        register_comparator("mine", function)


def test_an_order_is_loaded_from_a_module() -> None:
    """The function itself comes back."""
    assert load_comparator(f"{__name__}:by_size") is by_size
    assert load_comparator("operator:eq.__call__")(b"a", b"a")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no_colon", "module:function"),
        (":function", "module:function"),
        ("module:", "module:function"),
        ("no.such.module:function", "cannot be imported"),
        ("operator:no_such_function", "does not exist"),
        ("operator:__doc__", "is not a function"),
        ("..relative:function", "module:function"),
    ],
)
def test_a_reference_that_leads_nowhere_says_why(reference: str, said: str) -> None:
    """Form, module, attribute or kind."""
    with pytest.raises(InvalidArgumentError, match=said):
        load_comparator(reference)
