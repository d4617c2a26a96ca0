"""What is put into the basket comes back, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from relevel import DB, History, dump
from relevel.cli.main import main
from relevel.exports.patch import patch_lines
from relevel.recovery.past.selection import Selection
from relevel.web.explorer import Explorer
from tests.unit.web.visitor import Visitor, in_url

ORDERS = {b"order/%03d" % number: b'{"total": %d}' % number for number in range(100)}
USERS = {b"user/%03d" % number: b'{"name": "user %d"}' % number for number in range(100)}
ORDERS_BEFORE = {"kind": "state", "prefix": in_url(b"order/"), "sequence": 210, "only_gone": False}


def live(place: Path) -> dict[bytes, bytes]:
    """What a database holds."""
    with DB(place) as db:
        return dict(db)


def restored(
    explorer: Explorer, visitor: Visitor, items: list[dict[str, object]], *, with_rest: bool
) -> dict[bytes, bytes]:
    """What a basket is restored to."""
    assert visitor.send("/api/basket", {"items": items}).status_code == 200
    assert visitor.send("/api/restore", {"with_rest": with_rest}).status_code == 200
    explorer.wait()
    job = visitor.get("/api/state")["job"]
    assert job["error"] is None
    assert explorer.target is not None
    found = live(explorer.target)
    assert job["report"]["entry_count"] == len(found)
    return found


def test_a_prefix_comes_back_alone(explorer: Explorer, visitor: Visitor) -> None:
    """All of it, as it was, and nothing else."""
    assert restored(explorer, visitor, [ORDERS_BEFORE], with_rest=False) == ORDERS


def test_a_prefix_comes_back_beside_what_is_there_now(explorer: Explorer, visitor: Visitor, shop: Path) -> None:
    """The other keys are as they are now."""
    now = {version.key: version.value or b"" for version in dump(shop)}

    assert restored(explorer, visitor, [ORDERS_BEFORE], with_rest=True) == {**now, **ORDERS}


def test_everything_comes_back_as_it_was(explorer: Explorer, visitor: Visitor) -> None:
    """The state of a sequence number, changed keys too; what came later does not."""
    items: list[dict[str, object]] = [{"kind": "state", "prefix": "", "sequence": 200}]

    assert restored(explorer, visitor, items, with_rest=False) == {**ORDERS, **USERS}


def test_only_what_is_gone_comes_back(explorer: Explorer, visitor: Visitor) -> None:
    """Changed keys stay as they are."""
    items: list[dict[str, object]] = [{"kind": "state", "prefix": "", "sequence": 200, "only_gone": True}]

    assert restored(explorer, visitor, items, with_rest=False) == ORDERS


def test_a_run_of_deletions_is_undone(explorer: Explorer, visitor: Visitor) -> None:
    """The keys that it made go come back as they were, and no others."""
    items: list[dict[str, object]] = [{"kind": "deletions", "first": 211, "last": 260}]

    found = restored(explorer, visitor, items, with_rest=False)

    assert found == {key: value for key, value in ORDERS.items() if key < b"order/050"}


def test_one_version_comes_back(explorer: Explorer, visitor: Visitor) -> None:
    """The one that was chosen, though a newer one is live."""
    items: list[dict[str, object]] = [{"kind": "version", "key": in_url(b"user/005"), "sequence": 12}]

    assert restored(explorer, visitor, items, with_rest=False) == {b"user/005": b'{"name": "user 5"}'}


@pytest.mark.parametrize("is_last", [True, False])
def test_what_was_put_in_last_counts(explorer: Explorer, visitor: Visitor, *, is_last: bool) -> None:
    """Where two items choose the same key."""
    single: dict[str, object] = {"kind": "version", "key": in_url(b"user/005"), "sequence": 206}
    state: dict[str, object] = {"kind": "state", "prefix": in_url(b"user/005"), "sequence": 200}

    found = restored(explorer, visitor, [state, single] if is_last else [single, state], with_rest=False)

    assert found == {b"user/005": b'{"name": "somebody else"}' if is_last else b'{"name": "user 5"}'}


def test_a_patch_is_what_load_takes(visitor: Visitor, shop: Path, tmp_path: Path) -> None:
    """Loaded into the database of today it brings the prefix back."""
    visitor.send("/api/basket", {"items": [ORDERS_BEFORE]})
    patch = tmp_path / "patch.jsonl"

    answer = visitor.ask("/download/patch.jsonl")
    patch.write_bytes(answer.data)
    with pytest.raises(SystemExit) as ended:
        main(["load", str(shop), str(patch)])

    assert answer.headers["Content-Disposition"] == 'attachment; filename="patch.jsonl"'
    assert ended.value.code == 0
    assert {key: value for key, value in live(shop).items() if key.startswith(b"order/")} == ORDERS


def test_a_patch_has_the_lines_of_undelete(visitor: Visitor, shop: Path) -> None:
    """Each says which change the value is of, and where it lies."""
    visitor.send("/api/basket", {"items": [ORDERS_BEFORE]})

    lines = visitor.ask("/download/patch.jsonl").text.splitlines(keepends=True)

    assert lines == list(
        patch_lines(History(shop).patch(at=210, selection=Selection(prefixes=(b"order/",))), "escaped")
    )


def test_before_all_is_read_there_is_no_patch(shop: Path) -> None:
    """It would lack what only replaced files tell."""
    explorer = Explorer(shop)
    visitor = Visitor(explorer).enter()
    visitor.send("/api/basket", {"items": [ORDERS_BEFORE]})

    refused = visitor.ask("/download/patch.jsonl")

    assert refused.status_code == 400
    assert refused.json == {"error": "the database is still being read"}


def test_a_place_that_is_taken_is_not_written_over(explorer: Explorer, visitor: Visitor) -> None:
    """The second restore is refused, and the first one's result stays."""
    restored(explorer, visitor, [ORDERS_BEFORE], with_rest=False)

    visitor.send("/api/restore", {"with_rest": True})
    explorer.wait()

    assert "exists" in visitor.get("/api/state")["job"]["error"]
    assert explorer.target is not None
    assert live(explorer.target) == ORDERS


def test_without_a_target_nothing_is_written(shop: Path) -> None:
    """The page cannot name one."""
    explorer = Explorer(shop)
    visitor = Visitor(explorer).enter()
    visitor.send("/api/basket", {"items": [ORDERS_BEFORE]})

    refused = visitor.send("/api/restore", {"with_rest": True, "target": "/tmp/elsewhere"})

    assert refused.status_code == 400
    assert refused.json is not None
    assert "--restore-to" in refused.json["error"]


@pytest.mark.parametrize(
    "items",
    [
        None,
        "everything",
        [1],
        [{}],
        [{"kind": "version", "key": "*", "sequence": 1}],
        [{"kind": "version", "key": "YQ", "sequence": -1}],
        [{"kind": "version", "key": "YQ", "sequence": "1"}],
        [{"kind": "state", "prefix": 5, "sequence": 1}],
        [{"kind": "deletions", "first": 1}],
        [{"kind": "nothing", "prefix": "", "sequence": 1}],
        [{"kind": "state", "prefix": "", "sequence": 1}] * 10_001,
    ],
)
def test_a_basket_that_makes_no_sense_is_refused(visitor: Visitor, items: object) -> None:
    """And the one before stays."""
    visitor.send("/api/basket", {"items": [ORDERS_BEFORE]})

    refused = visitor.send("/api/basket", {"items": items})

    assert refused.status_code == 400
    assert len(visitor.get("/api/state")["basket"]) == 1
