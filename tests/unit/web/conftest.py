"""What the tests of the page share: databases, and the page as a browser sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from relevel import DB
from relevel.web.explorer import Explorer
from tests.unit.web.visitor import Visitor, looked_at


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A database of two hundred keys, some changed, those of one prefix deleted, and one put later."""
    place = tmp_path / "shop"
    with DB(place, create_if_missing=True) as db:
        for number in range(100):
            db.put(b"order/%03d" % number, b'{"total": %d}' % number)
            db.put(b"user/%03d" % number, b'{"name": "user %d"}' % number)
        for number in range(10):
            db.put(b"user/%03d" % number, b'{"name": "somebody else"}')
        for number in range(100):
            db.delete(b"order/%03d" % number)
        db.put(b"zebra", b"put last")
    return place


@pytest.fixture
def explorer(shop: Path, tmp_path: Path) -> Iterator[Explorer]:
    """The shop, looked at until all is known."""
    with looked_at(Explorer(shop, target=tmp_path / "restored")) as found:
        yield found


@pytest.fixture
def visitor(explorer: Explorer) -> Visitor:
    """Somebody who has opened the page."""
    return Visitor(explorer).enter()
