"""relevel put; and what it has in common with the other commands that write."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from tests.unit.cli.calling import call

WRITING = [("put", "key", "value"), ("delete", "0007"), ("load",), ("compact",)]


def test_a_key_is_set(database: Path) -> None:
    """In silence; what was there is replaced."""
    assert call("put", database, "key", "value") == (0, "", "")
    assert call("put", database, "0007", "") == (0, "", "")

    assert relevel.get(database, b"key") == b"value"
    assert relevel.get(database, b"0007") == b""


@pytest.mark.parametrize(
    ("encoding", "key", "value"),
    [
        ("escaped", r"k\x00\n\\", r"\xff"),
        ("utf8", "k\0\n\\", "\udcff"),
        ("hex", "6b000a5c", "ff"),
        ("base64", "awAKXA==", "/w=="),
    ],
)
def test_keys_and_values_may_be_any_bytes(database: Path, encoding: str, key: str, value: str) -> None:
    """In every encoding."""
    assert call("put", database, "--encoding", encoding, key, value).code == 0

    assert relevel.get(database, b"k\x00\n\\") == b"\xff"


def test_what_is_not_of_the_encoding_is_refused(database: Path) -> None:
    """With the option that chooses another."""
    done = call("put", database, "--encoding", "hex", "key", "00")

    assert done.code == relevel.InvalidArgumentError.exit_code
    assert "Choose with --encoding" in done.err


def test_a_database_is_made_on_demand_only(tmp_path: Path) -> None:
    """Without --create it is an error that names it, and nothing is made."""
    refused = call("put", tmp_path / "new", "key", "value")
    assert refused.code == relevel.NotADatabaseError.exit_code
    assert "--create" in refused.err
    assert not (tmp_path / "new").exists()

    assert call("put", tmp_path / "new", "--create", "key", "value").code == 0
    assert list(relevel.scan(tmp_path / "new")) == [(b"key", b"value")]


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_database_that_is_open_elsewhere_is_refused(database: Path, words: tuple[str, ...]) -> None:
    """By one line, with an exit code of its own."""
    with relevel.DB(database):
        done = call(words[0], database, *words[1:])

    assert (done.code, done.out) == (12, "")
    assert "LOCK" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, words: tuple[str, ...]) -> None:
    """One line; Python's names of options are not in it."""
    done = call(words[0], tmp_path / "nothing", *words[1:])

    assert done.code == relevel.NotADatabaseError.exit_code
    assert done.err.startswith(f"relevel: {tmp_path / 'nothing'}: there is no database; give the directory")
    assert "create_if_missing" not in done.err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_database_that_opening_would_hurt_is_refused(database: Path, words: tuple[str, ...]) -> None:
    """With what to run next; nothing is changed."""
    (database / "CURRENT").unlink()
    before = {file.name: file.read_bytes() for file in database.iterdir()}
    done = call(words[0], database, *words[1:])

    assert done.code == relevel.CorruptionError.exit_code
    assert "relevel rescue" in done.err
    assert {file.name: file.read_bytes() for file in database.iterdir()} == before


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_damaged_log_is_a_finding(damaged: Path, words: tuple[str, ...]) -> None:
    """The work is done, the finding is on standard error as `check` prints it, the exit code is 1."""
    done = call(words[0], damaged, *words[1:])

    assert done.code == 1
    assert "log.record.checksum-mismatch" in done.err
    assert "Warning" not in done.err
    assert call("stats", damaged).code == 0


def ignoring_case(a: bytes, b: bytes) -> int:
    """An order that no database names."""
    return (a.lower() > b.lower()) - (a.lower() < b.lower())


ORDER = f"{__name__}:ignoring_case"


@pytest.mark.parametrize("order", [ORDER, f"test.IgnoringCase={ORDER}"])
def test_a_database_with_an_order_of_its_own_is_written_to(tmp_path: Path, order: str) -> None:
    """With --comparator, which need not say the name that the database has for it."""
    database, named = tmp_path / "db", f"test.IgnoringCase={ORDER}"
    assert call("put", database, "--create", "--comparator", named, "b", "1").code == 0

    assert call("put", database, "--comparator", order, "C", "2").code == 0
    assert call("put", database, "--comparator", order, "B", "3").code == 0
    assert call("delete", database, "--comparator", order, "c").code == 0
    assert call("load", database, "--comparator", order, given=b'{"key": "A", "value": "4"}').code == 0
    assert call("compact", database, "--comparator", order).code == 0
    assert call("stats", database, "--comparator", order).code == 0
    with relevel.DB(database, comparator=ignoring_case, comparator_name="test.IgnoringCase") as db:
        assert list(db) == [(b"A", b"4"), (b"B", b"3")]


def test_an_order_of_another_name_is_refused(tmp_path: Path) -> None:
    """And a new database has to be given the name."""
    database = tmp_path / "db"
    nameless = call("put", database, "--create", "--comparator", ORDER, "b", "1")
    assert (nameless.code, database.exists()) == (relevel.InvalidArgumentError.exit_code, False)
    assert "NAME=MODULE:FUNCTION" in nameless.err
    assert call("put", database, "--create", "--comparator", f"test.IgnoringCase={ORDER}", "b", "1").code == 0

    other = call("put", database, "--comparator", f"test.Other={ORDER}", "b", "1")

    assert other.code == relevel.InvalidArgumentError.exit_code
    assert "does not match existing comparator" in other.err


def test_a_known_order_may_be_named(tmp_path: Path) -> None:
    """For a new database, and again for one that has it."""
    for key in ("a", "b"):
        done = call("put", tmp_path / "db", "--create", "--comparator", "rocksdb.ReverseBytewiseComparator", key, "v")
        assert done.code == 0

    with relevel.DB(tmp_path / "db") as db:
        assert list(db.keys()) == [b"b", b"a"]


def test_a_file_is_no_database(tmp_path: Path) -> None:
    """It is told which directory is meant, and left as it was."""
    (tmp_path / "file").write_bytes(b"mine")

    done = call("put", tmp_path / "file", "key", "value")

    assert done.code == relevel.NotADatabaseError.exit_code
    assert "is a file" in done.err
    assert (tmp_path / "file").read_bytes() == b"mine"
