"""The basket: which versions are wanted back. What is chosen is a rule, not a list, so that a million keys are one line.

==========  ============================================================================
version     one version of one key, by its sequence number
state       every key with a prefix, as it was at a sequence number; or those gone since
==========  ============================================================================

Where several choose the same key, the one that was put in last counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from relevel.errors import InvalidArgumentError
from relevel.format.internal_key import MAX_SEQUENCE
from relevel.recovery.read.reader import Reader
from relevel.recovery.read.rows import Version
from relevel.web.beside import KeyRow, Point, rows_of
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


Item: TypeAlias = OneVersion | StateOf
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
    sequence = found.get("sequence")
    if not isinstance(sequence, int) or not 0 <= sequence <= MAX_SEQUENCE:
        raise InvalidArgumentError("an item of the basket has a sequence number")
    match found.get("kind"), found.get("key"), found.get("prefix"):
        case "version", str() as key, _:
            return OneVersion(bytes_of(key), sequence)
        case "state", _, str() as prefix:
            return StateOf(bytes_of(prefix), sequence, found.get("only_gone") is True)
    raise InvalidArgumentError("an item of the basket is a version of a key, or the state of a prefix")


def chosen(reader: Reader, basket: Basket, point_at: Callable[[int], Point], *, with_rest: bool) -> Iterator[Version]:
    """Stream what the basket chooses, in key order: one put for each key at most.

    Args:
        reader: the database.
        basket: what is wanted.
        point_at: the point of a sequence number.
        with_rest: the keys that it does not choose come too, as they are now.
    """
    rules = [item for item in basket if isinstance(item, StateOf)]
    single = {item.key: item.sequence for item in basket if isinstance(item, OneVersion)}
    points = {rule: point_at(rule.sequence) for rule in rules}
    rank = {item: place for place, item in enumerate(basket)}
    for versions in _by_key(reader.rows("versions", past=True)):
        best, place = None, -1
        key, sequence = versions[0].key, single.get(versions[0].key)
        if sequence is not None:
            best = next((version for version in versions if version.sequence == sequence), None)
            place = rank[OneVersion(key, sequence)]
        for rule in rules:
            if rank[rule] > place and key.startswith(rule.prefix):
                found = _state(versions, rule, points[rule])
                best, place = (best, place) if found is None else (found, rank[rule])
        if best is None and with_rest:
            best = next((version for version in versions if version.state == "live"), None)
        if best is not None and best.value is not None:
            yield best


def _state(versions: Sequence[Version], rule: StateOf, point: Point) -> Version | None:
    row: KeyRow = next(rows_of(versions, point))
    if row.then is None or row.then.value is None or (rule.only_gone and row.now is not None):
        return None
    return row.then


def _by_key(versions: Iterable[Version]) -> Iterator[list[Version]]:
    group: list[Version] = []
    for version in versions:
        if group and version.key != group[0].key:
            yield group
            group = []
        group.append(version)
    if group:
        yield group
