"""What is put into the basket comes back, and nothing else."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from relevel import DB, History, dump
from relevel.cli.main import main
from relevel.exports.patch import patch_lines
from relevel.recovery.past.horizon import Horizon
from relevel.recovery.past.selection import Selection
from relevel.web.basket import DeletionsOf, StateOf
from relevel.web.explorer import Explorer
from relevel.web.restore import doubts_of
from tests.damage.operators import garbage, places
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


def report_of(place: Path, target: Path, items: list[dict[str, object]], *, with_rest: bool = False) -> Any:
    """What the page is told of a restore."""
    explorer = Explorer(place, target=target)
    explorer.start()
    explorer.subject.wait()
    visitor = Visitor(explorer).enter()
    visitor.send("/api/basket", {"items": items})
    assert visitor.send("/api/restore", {"with_rest": with_rest}).status_code == 200
    explorer.wait()
    job = visitor.get("/api/state")["job"]
    explorer.stop()
    assert job["error"] is None
    return job["report"]


@pytest.mark.parametrize("with_rest", [True, False])
def test_damage_met_by_a_restore_is_told_of(tmp_path: Path, *, with_rest: bool) -> None:
    """The entries of the damaged block are missing, and the report names it."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        for number in range(2000):
            db.put(b"key/%06d" % number, random.Random(number).randbytes(60))
        db.compact_range()
    block = places(place, "data-block")[1]
    garbage(block.file, block.offset, block.size, seed=1)

    everything: list[dict[str, object]] = [{"kind": "state", "prefix": "", "sequence": 2000}]
    report = report_of(place, tmp_path / "restored", everything, with_rest=with_rest)

    assert 1900 < report["entry_count"] < 2000
    assert report["is_complete"] is False
    assert report["loss_count"] >= 1
    assert report["findings"][0]["loss"] is True
    assert report["findings"][0]["code"] == "table.block.checksum-mismatch"
    assert len(live(tmp_path / "restored")) == report["entry_count"]


def test_a_past_that_is_all_on_disk_is_proved(shop: Path, tmp_path: Path) -> None:
    """Nothing is wrong, and nothing can have been dropped."""
    run: dict[str, object] = {"kind": "deletions", "first": 211, "last": 310}

    report = report_of(shop, tmp_path / "restored", [ORDERS_BEFORE, run])

    assert (report["is_complete"], report["finding_count"]) == (True, 0)
    assert (report["is_proved"], report["doubts"]) == (True, [])


@pytest.mark.parametrize(
    "item",
    [
        {"kind": "state", "prefix": "", "sequence": 1},
        {"kind": "state", "prefix": in_url(b"a"), "sequence": 1},
        {"kind": "deletions", "first": 2, "last": 3},
    ],
)
def test_a_past_that_a_compaction_may_have_cut_is_not_proved(tmp_path: Path, item: dict[str, object]) -> None:
    """What was overwritten before the compaction is gone, and the report says why that is not known."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        for value in (b"1", b"2", b"3"):
            db.put(b"a", value)
            db.compact_range()
        db.put(b"b", b"1")

    report = report_of(place, tmp_path / "restored", [item], with_rest=True)

    assert (report["is_complete"], report["is_proved"]) == (True, False)
    assert len(report["doubts"]) == 1
    assert "compaction" in report["doubts"][0]


def test_one_version_needs_no_proof(tmp_path: Path) -> None:
    """It was seen and chosen, whatever else there was."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"a", b"1")
        db.put(b"a", b"2")
        db.compact_range()

    report = report_of(place, tmp_path / "restored", [{"kind": "version", "key": in_url(b"a"), "sequence": 2}])

    assert (report["entry_count"], report["is_proved"]) == (1, True)


def test_a_run_with_a_gap_within_is_not_proved() -> None:
    """The past is complete before the gap and after it; what was put and deleted between is not known."""
    horizon = Horizon(20, "number 15 is nowhere", newest=100, gap=15)

    assert list(doubts_of((DeletionsOf(11, 14),), lambda prefix: horizon)) == []
    assert list(doubts_of((DeletionsOf(21, 40),), lambda prefix: horizon)) == []
    assert list(doubts_of((DeletionsOf(11, 40),), lambda prefix: horizon)) == ["number 15 is nowhere"]


def test_a_prefix_of_which_nothing_was_dropped_is_proved() -> None:
    """Though of other keys something may have been."""
    horizons = {b"": Horizon(50, "compactions", newest=100, gap=1), b"user/": Horizon(20, "a gap", newest=100, gap=1)}
    basket = (StateOf(b"user/", 30, only_gone=False), StateOf(b"", 60, only_gone=False))

    assert list(doubts_of(basket, horizons.__getitem__)) == []


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
