"""The basket: which versions are wanted back. What is chosen is a rule, not a list, so that a million keys are one line.

==========  ============================================================================
version     one version of one key, by its sequence number
state       every key with a prefix, as it was at a sequence number; or those gone since
deletions   the keys that a run of deletions made go, as they were before
==========  ============================================================================

Where several choose the same key, the one that was put in last counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from relevel.errors import InvalidArgumentError
from relevel.format.internal_key import MAX_SEQUENCE
from relevel.recovery.read.rows import Version
from relevel.web.beside import Point
from relevel.web.shown import bytes_of, key_json

_MOST_ITEMS: Final = 10_000


@dataclass(frozen=True, slots=True)
class OneVersion:
    """One version of one key."""

    key: bytes
    sequence: int

    def as_json(self) -> dict[str, Any]:
        """What the page shows."""
        return {"kind": "version", "key": key_json(self.key), "sequence": self.sequence}


@dataclass(frozen=True, slots=True)
class StateOf:
    """Keys with a prefix as they were at a sequence number.

    Attributes:
        prefix: of the keys.
        sequence: of the last change that is seen.
        only_gone: leave out keys that are there now.
    """

    prefix: bytes
    sequence: int
    only_gone: bool

    def as_json(self) -> dict[str, Any]:
        """What the page shows."""
        return {
            "kind": "state",
            "prefix": key_json(self.prefix),
            "sequence": self.sequence,
            "only_gone": self.only_gone,
        }


@dataclass(frozen=True, slots=True)
class DeletionsOf:
    """Keys whose newest version is a deletion with a sequence number from ``first`` to ``last``, as they were before it."""

    first: int
    last: int

    def as_json(self) -> dict[str, Any]:
        """What the page shows."""
        return {"kind": "deletions", "first": self.first, "last": self.last}


Item: TypeAlias = OneVersion | StateOf | DeletionsOf
Basket: TypeAlias = tuple[Item, ...]


def parse_basket(items: object) -> Basket:
    """Read what the page sends.

    Raises:
        InvalidArgumentError: it makes no sense.
    """
    if not isinstance(items, list) or len(items) > _MOST_ITEMS:
        raise InvalidArgumentError(f"a basket is a list of at most {_MOST_ITEMS} items")
    return tuple(_item(found) for found in items)


def _item(found: object) -> Item:
    if not isinstance(found, Mapping):
        raise InvalidArgumentError("an item of the basket is an object")
    if found.get("kind") == "deletions":
        return DeletionsOf(_sequence(found.get("first")), _sequence(found.get("last")))
    sequence = _sequence(found.get("sequence"))
    match found.get("kind"), found.get("key"), found.get("prefix"):
        case "version", str() as key, _:
            return OneVersion(bytes_of(key), sequence)
        case "state", _, str() as prefix:
            return StateOf(bytes_of(prefix), sequence, found.get("only_gone") is True)
    raise InvalidArgumentError("an item of the basket is a version, the state of a prefix, or a run of deletions")


def _sequence(found: object) -> int:
    if not isinstance(found, int) or not 0 <= found <= MAX_SEQUENCE:
        raise InvalidArgumentError("an item of the basket has sequence numbers")
    return found


def chosen(
    versions: Iterable[Version], basket: Basket, point_at: Callable[[int], Point], *, with_rest: bool
) -> Iterator[Version]:
    """Stream what the basket chooses, in key order: one put for each key at most.

    Args:
        versions: every version on disk, in key order and of each key the newest first.
        basket: what is wanted.
        point_at: the point of a sequence number.
        with_rest: the keys that it does not choose come too, as they are now.
    """
    choice = _Choice(basket, point_at, with_rest=with_rest)
    for version in versions:
        done = choice.offer(version)
        if done is not None:
            yield done
    last = choice.end()
    if last is not None:
        yield last


class _Choice:
    """What is chosen of one key after another, without holding the versions of any."""

    def __init__(self, basket: Basket, point_at: Callable[[int], Point], *, with_rest: bool) -> None:
        self._rules = [
            (rank, item, point_at(item.sequence)) for rank, item in enumerate(basket) if isinstance(item, StateOf)
        ]
        self._single = {
            item.key: (rank, item.sequence) for rank, item in enumerate(basket) if isinstance(item, OneVersion)
        }
        self._runs = [(rank, item) for rank, item in enumerate(basket) if isinstance(item, DeletionsOf)]
        self._undone: list[int] = []
        self._with_rest = with_rest
        self._key: bytes | None = None
        self._live: Version | None = None
        self._found: dict[int, tuple[Version, bool]] = {}

    def offer(self, version: Version) -> Version | None:
        """Look at the next version; gives what is chosen of the key before, where this is another one."""
        done = None
        if version.key != self._key:
            done = self.end()
            self._key, self._live, self._found = version.key, None, {}
            self._undone = [
                rank
                for rank, run in self._runs
                if version.type == "delete" and run.first <= version.sequence <= run.last
            ]
        elif self._undone and version.value is not None:
            self._found.update((rank, (version, True)) for rank in self._undone)
            self._undone = []
        if version.state == "live":
            self._live = version
        rank, sequence = self._single.get(version.key, (-1, -1))
        if version.sequence == sequence:
            self._found.setdefault(rank, (version, False))
        for place, rule, point in self._rules:
            if place not in self._found and version.key.startswith(rule.prefix) and point.sees(version):
                self._found[place] = (version, rule.only_gone)
        return done

    def end(self) -> Version | None:
        """What is chosen of the last key."""
        for place in sorted(self._found, reverse=True):
            version, only_gone = self._found[place]
            if version.value is not None and not (only_gone and self._live is not None):
                return version
        return self._live if self._with_rest else None
