"""Blocks and records that are larger than what the page looks at: named, in doubt, and never restored by halves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relevel import DB, _kernel
from relevel.web.explorer import Explorer
from relevel.web.shown import bytes_of
from tests.damage import forge
from tests.unit.web.visitor import Visitor, in_url, looked_at

MIB = 1 << 20


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A large value in a table among small ones, whose key had a small one before, and another in the log."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True, compression=None) as db:
        db.put(b"large", b"a small value")
        db.compact_range()
        for number in range(200):
            db.put(b"a%03d" % number, b"before")
            db.put(b"z%03d" % number, b"before")
            db.put(b"between %03d" % number, bytes(100))
        db.put(b"large", b"L" * 3 * MIB)
        db.compact_range()
        db.put(b"of the log", b"l" * 3 * MIB)
        for number in range(200):
            db.delete(b"a%03d" % number)
    return place


@pytest.fixture
def explorer(place: Path, tmp_path: Path) -> Iterator[Explorer]:
    """The page on it, which looks at a mebibyte."""
    with looked_at(Explorer(place, target=tmp_path / "restored", block_limit=MIB)) as found:
        yield found


def restore(explorer: Explorer, visitor: Visitor, items: list[dict[str, Any]], *, with_rest: bool) -> str | None:
    """Restore a basket: why it was refused, or None where it was done."""
    visitor.send("/api/basket", {"items": items})
    answer = visitor.send("/api/restore", {"with_rest": with_rest})
    told: str | None = visitor.get("/api/state")["refused"]["with_rest" if with_rest else "alone"]
    assert (None if answer.status_code == 200 else answer.json and answer.json["error"]) == told
    explorer.wait()
    return told


def test_what_is_not_looked_at_is_named(visitor: Visitor) -> None:
    """With its size, the keys that may be in it, and a command that reads them."""
    unseen = visitor.get("/api/state")["unseen"]

    assert (unseen["limit"], unseen["count"]) == (MIB, 2)
    by_code = {finding["code"]: finding for finding in unseen["first"]}
    of_log, of_table = by_code["log.record.too-large"], by_code["table.block.too-large"]
    assert of_log["command"].endswith("--key 'of the log'")
    assert all(bytes_of(of_log["keys"][end]["head"]) == b"of the log" for end in ("lower", "upper"))
    assert bytes_of(of_table["keys"]["lower"]["head"]) <= b"large" <= bytes_of(of_table["keys"]["upper"]["head"])
    assert all(finding["span"]["size"] > 3 * MIB for finding in unseen["first"])


def test_the_others_are_there_and_nothing_is_said_to_be_damaged(visitor: Visitor) -> None:
    """All small values that are not in the block, none of them in doubt; sequence numbers leave no gap."""
    rows = visitor.get("/api/rows", at=visitor.get("/api/state")["newest"], start=in_url(b"z000"), limit=200)["rows"]
    codes = {finding["code"] for finding in visitor.get("/api/overview")["findings"]}

    assert [bytes_of(row["now"]["value"]["head"]) for row in rows] == [b"before"] * 200
    assert not any(row["in_doubt"] for row in rows)
    assert codes == {"log.record.too-large", "table.block.too-large"}


def test_bytes_that_are_not_looked_at_are_no_loss(visitor: Visitor) -> None:
    """The damage map has a look of their own for them."""
    files = visitor.get("/api/overview")["files"]
    looks = {look for file in files for _, _, look in file["strip"]}

    assert looks == {"intact", "unseen"}


def test_a_key_that_may_be_in_it_is_in_doubt(tmp_path: Path) -> None:
    """An older version of the same key is shown, and marked."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"key", b"old")
        db.put(b"other", b"value")
        db.put(b"key", bytes(3 * MIB))
    explorer = Explorer(place, block_limit=MIB)
    explorer.start()
    explorer.subject.wait()

    rows = Visitor(explorer).enter().get("/api/rows", at=3)["rows"]
    explorer.stop()

    assert [(bytes_of(row["key"]["head"]), row["in_doubt"]) for row in rows] == [(b"key", True), (b"other", False)]


def test_a_key_that_no_table_of_a_large_value_can_have_is_not_in_doubt(tmp_path: Path) -> None:
    """The index of a table of one block reaches far beyond its last key; the manifest does not."""
    place = tmp_path / "db"
    with DB(place, create_if_missing=True) as db:
        db.put(b"key 1", bytes(3 * MIB))
        db.compact_range()
        db.put(b"key 0", b"value")
        db.put(b"key 2", b"value")
    explorer = Explorer(place, block_limit=MIB)
    explorer.start()
    explorer.subject.wait()
    state, rows = explorer.state(), Visitor(explorer).enter().get("/api/rows", at=3)["rows"]
    explorer.stop()

    assert state["unseen"]["first"][0]["command"].endswith("--key 'key 1'")
    assert [(bytes_of(row["key"]["head"]), row["in_doubt"]) for row in rows] == [(b"key 0", False), (b"key 2", False)]


def test_a_restore_that_may_need_it_is_refused_with_a_command(
    explorer: Explorer, visitor: Visitor, tmp_path: Path
) -> None:
    """Everything as it was, or a basket together with the rest."""
    everything = {"kind": "state", "prefix": "", "sequence": 602, "only_gone": False}
    version = {"kind": "version", "key": in_url(b"z000"), "sequence": 3}

    whole = restore(explorer, visitor, [everything], with_rest=False)
    with_rest = restore(explorer, visitor, [version], with_rest=True)

    assert whole is not None and whole.endswith(f"relevel undelete {explorer.state()['path']} DST --at 602")
    assert with_rest is not None and "Only what is in the basket" in with_rest
    assert not (tmp_path / "restored").exists()


def test_nobody_is_told_that_the_basket_can_be_had_alone_where_one_item_needs_it(
    explorer: Explorer, visitor: Visitor
) -> None:
    """Though the first one does not."""
    version = {"kind": "version", "key": in_url(b"z000"), "sequence": 3}
    everything = {"kind": "state", "prefix": "", "sequence": 602, "only_gone": False}

    why = restore(explorer, visitor, [version, everything], with_rest=True)

    assert why is not None and "Only what is in the basket" not in why
    assert why.endswith(f"relevel undelete {explorer.state()['path']} DST --at 602")
    assert visitor.get("/api/state")["refused"]["alone"] == why


def test_a_patch_that_may_need_it_is_refused(visitor: Visitor) -> None:
    """Before a line of it is sent."""
    visitor.send("/api/basket", {"items": [{"kind": "state", "prefix": "", "sequence": 602, "only_gone": False}]})

    answer = visitor.ask("/download/patch.jsonl")

    assert answer.status_code == 400
    assert "relevel undelete" in answer.text


def test_a_restore_that_does_not_need_it_is_done(explorer: Explorer, visitor: Visitor, tmp_path: Path) -> None:
    """A prefix that none of it can have, and a mass deletion of other keys: all of it, and complete."""
    (run,) = visitor.get("/api/runs")
    deletions = {"kind": "deletions", "first": run["first"], "last": run["last"]}
    prefix = {"kind": "state", "prefix": in_url(b"z"), "sequence": run["last"], "only_gone": False}

    refused = restore(explorer, visitor, [deletions, prefix], with_rest=False)

    assert refused is None
    report = visitor.get("/api/state")["job"]["report"]
    assert report["is_complete"]
    with DB(tmp_path / "restored") as db:
        assert dict(db) == {b"%c%03d" % (letter, number): b"before" for letter in b"az" for number in range(200)}


def table_with_a_large_index(place: Path, codec: str) -> tuple[int, int]:
    """A database of 20,000 keys in a table and one in the log; the sizes of the index, on disk and decompressed."""
    table = forge.database(place, []) / "000005.ldb"
    builder = _kernel.TableBuilder(str(table), codec=codec, block_size=256)
    for number in range(20_000):
        builder.add(forge.internal_key(b"key %06d" % number, number + 1), b"value")
    size = builder.finish(sync=False).file_size
    index = _kernel.scan_table(table.read_bytes()).index_handle
    assert index is not None
    ends = (b"key 000000", b"key 019999")
    edits = [forge.first_edit(last_sequence=30_000), forge.new_table(1, 5, size, *ends, sequences=(1, 20_000))]
    (place / "MANIFEST-000001").write_bytes(forge.log(edits))
    (place / "000020.log").write_bytes(forge.log([forge.batch(30_001, forge.put(b"aaa", b"value"), 1)]))
    return index[1], len(_kernel.blocks.load_block(str(table), *index))


@pytest.mark.parametrize("codec", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("has_manifest", [True, False])
def test_of_a_table_whose_index_is_too_large_nothing_is_passed_over_in_silence(
    codec: str, has_manifest: bool, tmp_path: Path
) -> None:
    """On the disk or only once it is decompressed: the table is named with its keys, is no damage, and is not left out."""
    place = tmp_path / "db"
    stored, limit = table_with_a_large_index(place, codec)
    if not has_manifest:
        (place / "MANIFEST-000001").unlink()
    assert codec == "none" or stored < limit - 1
    explorer = Explorer(place, target=tmp_path / "restored", block_limit=limit - 1)
    explorer.start()
    explorer.subject.wait()
    visitor = Visitor(explorer).enter()
    first, overview = explorer.state()["unseen"]["first"], visitor.get("/api/overview")
    version = {"kind": "version", "key": in_url(b"aaa"), "sequence": 30_001}
    with_rest = restore(explorer, visitor, [version], with_rest=True)
    alone = restore(explorer, visitor, [version], with_rest=False)
    report, horizon = explorer.state()["job"]["report"], explorer.subject.horizon_of(b"")
    explorer.stop()

    assert [finding["code"] for finding in first] == ["table.index.too-large"]
    if has_manifest:
        assert [bytes_of(first[0]["keys"][end]["head"]) for end in ("lower", "upper")] == [b"key 000000", b"key 019999"]
    assert overview["damage_count"] == 0
    assert [file["strip"][0][2] for file in overview["files"] if file["name"] == "000005.ldb"] == ["unseen"]
    assert with_rest is not None and "its index is so large" in with_rest and "Only what is in the basket" in with_rest
    assert alone is None
    assert report["entry_count"] == 1
    assert not [finding for finding in report["findings"] if finding["span"]["file"] == "000005.ldb"]
    assert horizon.sequence is None
