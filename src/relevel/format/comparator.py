"""Comparators: the order of user keys, known by the name that the manifest holds.

A database can be read only in the order it was written in. LevelDB stores the order's name and leaves its meaning to
the program; this registry knows the meaning of the names in wide use and takes others from the caller.

The registry belongs to the process. Registering is not synchronised with looking up in other threads: register first.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any, Final, TypeAlias

from relevel import _kernel
from relevel.errors import InvalidArgumentError, NotSupportedError
from relevel.format.internal_key import TRAILER_SIZE, user_key_of

CompareFunction: TypeAlias = Callable[[bytes, bytes], int]
"""Compares two user keys: negative, zero or positive. Must be a total order and always give the same answer."""

BYTEWISE_NAME: Final = "leveldb.BytewiseComparator"
"""The order of every database whose program does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Comparator:
    """An order of user keys.

    Attributes:
        name: as the manifest holds it; bytes that are not UTF-8 as surrogate escapes.
        kernel: the order as the kernel takes it: ``"bytewise"``, ``"reverse-bytewise"``, ``"idb"``, or a function.
    """

    name: str
    kernel: str | CompareFunction

    def compare(self, a: bytes, b: bytes) -> int:
        """Compare two user keys: -1, 0 or 1."""
        return _kernel.compare(self.kernel, a, b)

    def compare_internal(self, a: bytes, b: bytes) -> int:
        """Compare two internal keys: user keys ascend, and of one user key the newest version comes first."""
        trailer_a, trailer_b = (int.from_bytes(key[-TRAILER_SIZE:], "little") for key in (a, b))
        newer_first = (trailer_a < trailer_b) - (trailer_a > trailer_b)
        return self.compare(user_key_of(a), user_key_of(b)) or newer_first

    @property
    def sort_key(self) -> Callable[[bytes], Any]:
        """A ``key=`` function that sorts user keys in this order."""
        return cmp_to_key(self.compare)

    @property
    def internal_sort_key(self) -> Callable[[bytes], Any]:
        """A ``key=`` function that sorts internal keys."""
        return cmp_to_key(self.compare_internal)


BYTEWISE: Final = Comparator(BYTEWISE_NAME, "bytewise")

_BUILT_IN: Final = {
    comparator.name: comparator
    for comparator in (
        BYTEWISE,
        Comparator("idb_cmp1", "idb"),  # Chromium's IndexedDB
        Comparator("rocksdb.ReverseBytewiseComparator", "reverse-bytewise"),
        Comparator("test.ReverseBytewise", "reverse-bytewise"),
    )
}
_ASKED_TWICE: Final = 64
"""How many comparisons are held against their opposite at first, and one of how many after that."""
_registered: dict[str, Comparator] = dict(_BUILT_IN)


def register_comparator(name: str, function: CompareFunction) -> Comparator:
    """Make a comparator known to this process, so that databases written with it can be read.

    Args:
        name: the name in the manifest; ``find_comparator`` says it where it is not known.
        function: takes two user keys and returns a negative number, zero or a positive one. Must be a total order.

    Raises:
        InvalidArgumentError: the name is built in, or the function is not callable.
    """
    if name in _BUILT_IN:
        raise InvalidArgumentError(f"the comparator {name!r} is built in and cannot be registered again")
    if not callable(function):
        raise InvalidArgumentError(f"the comparator {name!r} needs a function of two user keys, not {function!r}")
    comparator = Comparator(name, function)
    _registered[name] = comparator
    return comparator


def find_comparator(name: str) -> Comparator:
    """Find a comparator by the name that a manifest holds.

    Raises:
        NotSupportedError: it is not known; the message says how to supply it.
    """
    comparator = _registered.get(name)
    if comparator is None:
        raise NotSupportedError(
            f"the database was written with the comparator {name!r}, which is not known (known: {_known_names()}); "
            f"supply its order with relevel.register_comparator({name!r}, function) or --comparator module:function, "
            "where function(a, b) takes two user keys as bytes and returns a negative number, zero or a positive one"
        )
    return comparator


def is_known(name: str) -> bool:
    """Say whether a comparator of this name is built in or registered."""
    return name in _registered


def _known_names() -> str:
    return ", ".join(sorted(_registered))


def load_comparator(reference: str) -> CompareFunction:
    """Import a comparator's function from ``"module:function"``; the function may be an attribute of an attribute.

    Runs the module, as every import does: the reference must come from the user, never from a database.

    Raises:
        InvalidArgumentError: not of that form, not importable, or not callable.
    """
    module_name, colon, attributes = reference.partition(":")
    if not (module_name and colon and attributes) or module_name.startswith("."):
        raise InvalidArgumentError(f"--comparator takes module:function, not {reference!r}")
    try:
        found: object = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a module may do anything while it is imported
        raise InvalidArgumentError(
            f"the comparator's module {module_name!r} cannot be imported: {_said(error)}"
        ) from error
    for attribute in attributes.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError as error:
            raise InvalidArgumentError(f"the comparator {reference!r} does not exist: {error}") from error
    if not callable(found):
        raise InvalidArgumentError(f"the comparator {reference!r} is not a function but {type(found).__name__}")
    return found


def guard_comparator(function: CompareFunction, reference: str) -> CompareFunction:
    """Wrap a comparator's function so that what is wrong with it is told in one sentence: the kernel passes on what it raises.

    It is asked both ways round at first and now and then later, for a function that contradicts itself puts keys in no order.

    Args:
        function: as for ``register_comparator``.
        reference: what the user called it.

    Raises:
        InvalidArgumentError: in the call that compares, where the function raises, gives anything but a whole number, or
            contradicts itself.
    """
    call_count = 0

    def ask(a: bytes, b: bytes) -> int:
        try:
            answer: object = function(a, b)
        except (Exception, SystemExit) as error:
            raise InvalidArgumentError(
                f"the comparator {reference!r}, asked to compare {a!r} and {b!r}: {_said(error)}"
            ) from error
        if not isinstance(answer, int):
            raise InvalidArgumentError(f"the comparator {reference!r} must give a whole number, and gave {answer!r}")
        return (answer > 0) - (answer < 0)

    def compare(a: bytes, b: bytes) -> int:
        nonlocal call_count
        call_count += 1
        answer = ask(a, b)
        if (call_count <= _ASKED_TWICE or call_count % _ASKED_TWICE == 0) and ask(b, a) != -answer:
            raise InvalidArgumentError(
                f"the comparator {reference!r} contradicts itself: it must give 0 for equal keys, and the opposite the other way "
                f"round, and does not for {a!r} and {b!r}"
            )
        return answer

    return compare


def _said(error: BaseException) -> str:
    """The kind of an exception and what it says, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
