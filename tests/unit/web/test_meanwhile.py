"""What is asked while the page is still reading, while it writes, and after either has failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relevel import Comparator, InvalidArgumentError
from relevel.web import explorer as explorer_module
from relevel.web import subject as subject_module
from relevel.web.explorer import Explorer
from relevel.web.restore import restore
from tests.unit.web.visitor import Visitor, in_url, looked_at

ORDERS_BEFORE = {"kind": "state", "prefix": in_url(b"order/"), "sequence": 210}


@pytest.fixture
def early(shop: Path) -> Visitor:
    """Somebody who has come before anything is read."""
    return Visitor(Explorer(shop)).enter()


def test_before_all_is_read_what_is_not_known_is_not_told(early: Visitor) -> None:
    """Nothing is made up; the page asks again."""
    assert [early.get(path) for path in ("/api/overview", "/api/runs")] == [None, None]
    assert early.get("/api/timeline", first=1, last=2) is None
    assert early.get("/api/rows", at=100) == {"is_known": False, "rows": [], "next": None, "looked_at": 0}


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        ("/api/position", {"key": "YQ"}, "the keys are still being counted"),
        ("/api/when", {"sequence": 1}, "the database is still being read"),
        ("/api/before", {"time": "2026-11-21 12:00"}, "the database is still being read"),
    ],
)
def test_before_all_is_read_what_needs_all_of_it_is_refused(
    early: Visitor, path: str, query: dict[str, Any], told: str
) -> None:
    """In one line."""
    refused = early.ask(path, **query)

    assert (refused.status_code, refused.json) == (400, {"error": told})


def test_a_value_is_shown_before_it_is_known_how_to_decode_it(early: Visitor) -> None:
    """As it is."""
    found = early.get("/api/value", key=in_url(b"zebra"), sequence=311)

    assert (found["size"], found["decoded"], found["undecoded"]) == (8, None, None)


def test_an_empty_basket_is_not_restored(visitor: Visitor, explorer: Explorer) -> None:
    """It would be an empty database."""
    refused = visitor.send("/api/restore", {"with_rest": True})

    assert (refused.status_code, refused.json) == (400, {"error": "the basket is empty"})
    assert explorer.target is not None
    assert not explorer.target.exists()


@contextmanager
def held_up(monkeypatch: pytest.MonkeyPatch, visitor: Visitor) -> Iterator[threading.Event]:
    """A restore that is under way, and goes on when the event is set."""
    begun, may_go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any, **options: Any) -> Any:
        begun.set()
        may_go_on.wait()
        return restore(*arguments, **options)

    monkeypatch.setattr(explorer_module, "restore", slow)
    visitor.send("/api/basket", {"items": [ORDERS_BEFORE]})
    assert visitor.send("/api/restore", {}).status_code == 200
    begun.wait()
    try:
        yield may_go_on
    finally:
        may_go_on.set()


def test_while_a_database_is_written_no_other_is_and_nobody_looks_again(
    monkeypatch: pytest.MonkeyPatch, visitor: Visitor, explorer: Explorer
) -> None:
    """The one that is being written comes to its end."""
    with held_up(monkeypatch, visitor):
        again, reloaded = visitor.send("/api/restore", {}), visitor.send("/api/reload", {})
        is_running = visitor.get("/api/state")["job"]["running"]
    explorer.wait()

    assert (again.status_code, again.json) == (400, {"error": "a new database is being written already"})
    assert reloaded.status_code == 400
    assert "look again when it is done" in (reloaded.json or {})["error"]
    assert is_running is True
    assert visitor.get("/api/state")["job"]["report"]["entry_count"] == 100


def test_a_page_that_ends_leaves_nothing_half_written(
    monkeypatch: pytest.MonkeyPatch, visitor: Visitor, explorer: Explorer, tmp_path: Path
) -> None:
    """What was begun is taken away."""
    before = {path.name for path in tmp_path.iterdir()}
    with held_up(monkeypatch, visitor) as may_go_on:
        monkeypatch.setattr(explorer._job, "stop", _and_then(explorer._job._stopping.give, may_go_on, explorer))
        explorer.stop()

    assert visitor.get("/api/state")["job"] == {"running": False, "done": 0, "report": None, "error": "stopped"}
    assert {path.name for path in tmp_path.iterdir()} == before


def _and_then(give: Any, may_go_on: threading.Event, explorer: Explorer) -> Any:
    """Tell the work to stop before it goes on, and wait for it."""

    def stop() -> None:
        give()
        may_go_on.set()
        explorer._job.wait()

    return stop


def test_why_a_database_could_not_be_read_is_told(shop: Path) -> None:
    """As where the function that was given for its order fails; the page goes on answering."""

    def failing(a: bytes, b: bytes) -> int:
        raise InvalidArgumentError("the function that was given fails")

    for manifest in shop.glob("MANIFEST-*"):
        manifest.unlink()
    with looked_at(Explorer(shop, Comparator("given", failing))) as explorer:
        state = Visitor(explorer).enter().get("/api/state")

    assert (state["phase"], state["error"]) == ("failed", "the function that was given fails")


def test_a_bug_of_our_own_ends_the_reading(monkeypatch: pytest.MonkeyPatch, shop: Path) -> None:
    """The page says so, and does not wait for ever; the bug is not swallowed."""
    explorer = Explorer(shop)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(subject_module, "survey", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        explorer.subject._learn()

    told = Visitor(explorer).enter().get("/api/state")
    assert (told["phase"], told["error"]) == ("failed", "a bug")
