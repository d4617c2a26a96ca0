"""Orders of user keys by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevel import _kernel
from relevel.errors import InvalidArgumentError, NotSupportedError
from relevel.format import comparator as comparators
from relevel.format.comparator import (
    BYTEWISE,
    CompareFunction,
    find_comparator,
    guard_comparator,
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


@pytest.mark.parametrize("body", ["raise RuntimeError('no\\nsecond line')", "import sys; sys.exit(3)", "def", "1 / 0"])
def test_a_module_that_fails_while_it_is_imported_says_why_in_one_line(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does."""
    name = f"failing_order_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(InvalidArgumentError, match="cannot be imported") as caught:
        load_comparator(f"{name}:compare")

    assert "\n" not in str(caught.value)


def test_a_guarded_order_is_the_order_itself() -> None:
    """Of any size of number."""
    guarded = guard_comparator(lambda a, b: 10**30 * by_size(a, b), "mine")

    assert [guarded(b"a", b"bb"), guarded(b"bb", b"a"), guarded(b"a", b"a")] == [-1, 1, 0]


def fails(a: bytes, b: bytes) -> int:
    """Raise."""
    raise KeyError("no such key")


def exits(a: bytes, b: bytes) -> int:
    """Ask for the end of the process."""
    raise SystemExit(7)


def gives(answer: object) -> CompareFunction:
    """Always answer the same."""

    def compare(a: bytes, b: bytes) -> int:
        return answer  # type: ignore[return-value]

    return compare


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (fails, "KeyError: 'no such key'"),
        (exits, "SystemExit: 7"),
        (gives(None), "gave None"),
        (gives("less"), "gave 'less'"),
        (gives(0.5), r"gave 0\.5"),
        (gives(-1), "contradicts itself"),
        (gives(True), "contradicts itself"),
    ],
)
def test_a_guarded_order_says_what_is_wrong_with_it(function: CompareFunction, said: str) -> None:
    """With the name that the user gave it, through the kernel too."""
    guarded = guard_comparator(function, "orders:mine")

    with pytest.raises(InvalidArgumentError, match=said) as caught:
        _kernel.compare(guarded, b"a", b"b")

    assert "orders:mine" in str(caught.value)


def test_a_guarded_order_is_doubted_later_too() -> None:
    """One that contradicts itself after a while is found out."""
    calls = 0

    def tired(a: bytes, b: bytes) -> int:
        nonlocal calls
        calls += 1
        return by_size(a, b) if calls < 1000 else 1

    guarded = guard_comparator(tired, "orders:tired")

    with pytest.raises(InvalidArgumentError, match="contradicts itself"):
        for _ in range(2000):
            guarded(b"a", b"bb")
