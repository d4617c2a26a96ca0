"""What lies where a file of the database should: named for what it is, and never taken for what it is not."""

from __future__ import annotations

import gzip
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from tests.damage import forge
from tests.damage.oracle import fragments


def _sqlite(place: Path) -> bytes:
    connection = sqlite3.connect(place / "other")
    connection.execute("create table t (x)")
    connection.commit()
    connection.close()
    return (place / "other").read_bytes()


@pytest.mark.parametrize(
    "what", ["a gzip archive", "an SQLite database", "zeroes", "the conflict markers of a version control system"]
)
def test_what_stands_in_the_place_of_a_table_is_named(what: str, tmp_path: Path) -> None:
    """By how it begins; the keys that the table had are told."""
    content = {
        "a gzip archive": gzip.compress(b"a table" * 99),
        "an SQLite database": _sqlite(tmp_path),
        "zeroes": bytes(5000),
        "the conflict markers of a version control system": b"<<<<<<< HEAD\nmine\n=======\ntheirs\n>>>>>>> theirs\n",
    }[what]
    edits = [forge.first_edit(last_sequence=9), forge.new_table(1, 5, len(content), b"a", b"z")]
    database = forge.database(tmp_path / "db", edits, {"000005.ldb": content})

    found = [each for each in relevel.check(database).findings if each.code == "file.foreign-contents"]

    assert [each.evidence for each in found] == [{"holds": what}]
    assert found[0].keys == relevel.KeyRange(b"a", b"z")
    assert not relevel.rescue(database, tmp_path / "new").is_complete


def test_a_log_that_is_cut_in_its_first_value_is_not_foreign(tmp_path: Path) -> None:
    """What is compressed or encrypted looks like noise; how the log begins does not."""
    log = forge.log([forge.batch(1, forge.put(b"key", random.Random(1).randbytes(20_000)), 1)])
    edits = [forge.first_edit(log_number=6)]
    cut = forge.database(tmp_path / "cut", edits, {"000006.log": log[:9000]})
    noise = forge.database(tmp_path / "noise", edits, {"000006.log": random.Random(1).randbytes(9000)})

    assert [finding.code for finding in relevel.check(cut).findings] == ["log.tail.torn"]
    assert "file.foreign-contents" in {finding.code for finding in relevel.check(noise).findings}


@pytest.mark.parametrize(("first", "is_taken"), [(10, True), (11, True), (12, False), (5000, False)])
def test_a_renamed_log_counts_only_where_it_goes_on_where_the_manifest_ends(
    first: int, is_taken: bool, tmp_path: Path
) -> None:
    """One that begins later is of another time: what is between would be missing. In doubt it is either way."""
    log = forge.log([forge.batch(first, forge.put(b"key", b"value"), 1)])
    edits = [forge.first_edit(log_number=6, last_sequence=9)]
    database = forge.database(tmp_path / "db", edits, {"000006 (1).log": log})

    found = dict(relevel.scan(database))
    codes = {finding.code for finding in relevel.check(database).findings}

    assert found == ({b"key": b"value"} if is_taken else {})
    assert "log.missing" in codes  # whether it is no older copy nothing proves


def _zeroed(log: bytearray, header: int) -> None:
    log[header : header + 7] = bytes(7)


def _claiming_all(log: bytearray, header: int) -> None:
    log[header + 4 : header + 6] = b"\xff\xff"


def _noise_over_its_operations(log: bytearray, header: int) -> None:
    log[header - 3 : header + 30] = b"\xa5" * 33


@pytest.mark.parametrize("count", [0, 5])
@pytest.mark.parametrize("hurt", [_zeroed, _claiming_all, _noise_over_its_operations])
def test_a_log_in_a_value_whose_record_is_hurt_is_no_part_of_the_log(
    hurt: Callable[[bytearray, int], None], count: int, tmp_path: Path
) -> None:
    """None of its keys comes out, and no key that was deleted comes back; what is written behind it does."""
    held = [forge.batch(number, forge.put(b"other %d" % number, b"foreign"), 1) for number in range(1, 6)]
    held.append(forge.batch(100, forge.put(b"key 3", b"foreign"), 1))
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for number in range(10):
            db.put(b"key %d" % number, b"value")
        db.delete(b"key 3")
        db.put(b"before", b"value")
        db.put(b"log", forge.log(held))
        for number in range(count):
            db.put(b"behind %d" % number, b"value")
    (place,) = (tmp_path / "db").glob("*.log")
    log = bytearray(place.read_bytes())
    hurt(log, [fragment.offset for fragment in fragments(bytes(log))][12])
    place.write_bytes(log)
    expected = {b"key %d" % number: b"value" for number in range(10) if number != 3}
    expected |= {b"behind %d" % number: b"value" for number in range(count)}
    if hurt is not _noise_over_its_operations:
        expected[b"before"] = b"value"

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    assert dict(relevel.scan(tmp_path / "rescued")) == expected
    assert not report.is_complete
    with pytest.warns(relevel.LogDamagedWarning), relevel.DB(tmp_path / "db", log_recovery="skip_damaged") as db:
        assert not [value for value in dict(db).values() if value == b"foreign"]
