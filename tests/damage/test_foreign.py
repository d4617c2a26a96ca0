"""What lies where a file of the database should: named for what it is, and never taken for what it is not."""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest

import relevel
from tests.damage import forge


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
