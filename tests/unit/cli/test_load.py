"""relevel load: what dump, scan and history print, read back."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

import relevel
from relevel.exports.encoding import ENCODINGS
from tests.unit.cli.calling import call
from tests.unit.cli.conftest import PAIRS

STRANGE = {
    b"": b"the empty key",
    b"empty": b"",
    b"\xff\xfe\0": bytes(range(256)),
    b"lines": b'one\r\ntwo\rthree\nfour, "quoted", \xe2\x80\xa8 and \xc2\x85',
    "Schlüssel".encode(): "Wert".encode("utf-16"),
    b"\xef\xbb\xbfmark": b"\xef\xbb\xbf",
}


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A database with keys and values that text formats find hard."""
    with relevel.DB(tmp_path / "strange", create_if_missing=True) as db:
        for key, value in STRANGE.items():
            db.put(key, value)
    return tmp_path / "strange"


def printed(*arguments: object) -> bytes:
    """What a command printed, as bytes."""
    done = call(*arguments)
    assert (done.code, done.err) == (0, "")
    return done.out.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("by_file", [True, False])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_what_dump_prints_loads(strange: Path, tmp_path: Path, format: str, encoding: str, by_file: bool) -> None:
    """From standard input and from a file, in every format and encoding, to the byte."""
    options = ["--format", format, "--encoding", encoding]
    lines = printed("dump", strange, *options)
    (tmp_path / "lines").write_bytes(lines)
    source, given = ([tmp_path / "lines"], b"") if by_file else ([], lines)
    done = call("load", tmp_path / "new", "--create", *options, *source, given=given)

    assert done == (0, f"{tmp_path / 'new'}: {len(STRANGE)} entries written, 0 keys deleted\n", "")
    assert dict(relevel.scan(tmp_path / "new")) == STRANGE


def test_what_scan_prints_as_json_loads(strange: Path, tmp_path: Path) -> None:
    """Arrays of two; - is standard input too."""
    lines = printed("scan", strange, "--json")

    assert call("load", tmp_path / "new", "-", "--create", given=lines).code == 0
    assert dict(relevel.scan(tmp_path / "new")) == STRANGE


@pytest.mark.parametrize("command", [["dump", "--all"], ["history"]], ids=" ".join)
def test_of_every_version_those_load_that_say_what_is(database: Path, tmp_path: Path, command: list[str]) -> None:
    """What was replaced is not written, what was deleted is deleted."""
    with relevel.DB(database) as db:
        db.put(b"0001", b"replaced")
        db.put(b"0001", b"newest")
        db.delete(b"0002")
    lines = printed(command[0], database, *command[1:])
    with relevel.DB(tmp_path / "new", create_if_missing=True) as db:
        db.put(b"0002", b"of the new one")

    done = call("load", tmp_path / "new", "--json", given=lines)

    assert json.loads(done.out) == {"path": str(tmp_path / "new"), "put_count": 499, "deletion_count": 1}
    assert list(relevel.scan(tmp_path / "new")) == list(relevel.scan(database))


def test_a_spreadsheets_csv_loads(tmp_path: Path) -> None:
    """Columns in any order, a byte order mark in front, line ends of any kind."""
    lines = b"\xef\xbb\xbfvalue,note,key\r\n1,x,a\r\n2,y,b\n"

    assert call("load", tmp_path / "new", "--create", "--format", "csv", given=lines).code == 0
    assert list(relevel.scan(tmp_path / "new")) == [(b"a", b"1"), (b"b", b"2")]


@pytest.mark.parametrize(
    ("lines", "options", "number", "why"),
    [
        (b'["a", "b"]\n\n["c", "d"\n', [], 3, "delimiter"),
        (b'["a", "b"]\n{"key": "a"}\n', [], 2, "'value' is missing"),
        (b'["zz", ""]\n', ["--encoding", "hex"], 1, "non-hexadecimal"),
        (b"key,value\na,b\nc\n", ["--format", "csv"], 3, "without a value"),
        (b'key,value\na,"b\n', ["--format", "csv"], 2, "unexpected end of data"),
    ],
)
def test_a_bad_line_is_told_by_its_number(
    tmp_path: Path, lines: bytes, options: list[str], number: int, why: str
) -> None:
    """With the reason, in one line, and an exit code."""
    done = call("load", tmp_path / "new", "--create", *options, given=lines)

    assert (done.code, done.out) == (relevel.InvalidArgumentError.exit_code, "")
    assert done.err.startswith(f"relevel: <stdin>: line {number} is no operation in ")
    assert why in done.err
    assert done.err.count("\n") == 1


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    """And no database is made."""
    done = call("load", tmp_path / "new", "--create", tmp_path / "no.jsonl")

    assert done.code == 2
    assert "no.jsonl" in done.err
    assert not (tmp_path / "new").exists()


def test_entries_are_added_to_what_is_there(database: Path) -> None:
    """Nothing else is touched."""
    assert call("load", database, given=b'["0001", "new"]\n["zz", "last"]\n').code == 0

    assert dict(relevel.scan(database)) == {**dict(PAIRS), b"0001": b"new", b"zz": b"last"}


def test_an_empty_file_loads_nothing(database: Path) -> None:
    """And is no error."""
    assert call("load", database).out == f"{database}: 0 entries written, 0 keys deleted\n"


def test_many_entries_load_in_batches(tmp_path: Path) -> None:
    """More than one batch holds, more than one memtable holds."""
    lines = b"".join(b'["%06d", "%s"]\n' % (number, b"x" * 500) for number in range(40_000))

    assert call("load", tmp_path / "new", "--create", given=lines).code == 0
    with relevel.DB(tmp_path / "new", read_only=True) as db:
        assert sum(1 for _ in db) == 40_000
        assert sum(level.table_count for level in db.stats().levels) > 0


def test_what_is_no_such_file_changes_nothing(tmp_path: Path) -> None:
    """Its first line is looked at before the database is opened."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as database:
        database.put(b"key", b"value")
    before = {path.name: path.read_bytes() for path in (tmp_path / "db").iterdir()}
    (tmp_path / "page.html").write_text("<!doctype html>")

    done = call("load", str(tmp_path / "db"), str(tmp_path / "page.html"))

    assert done.code == relevel.InvalidArgumentError.exit_code
    assert {path.name: path.read_bytes() for path in (tmp_path / "db").iterdir()} == before


def test_who_loads_is_told_how_far_it_is(tmp_path: Path) -> None:
    """After each batch, of puts and deletions; the rest comes with the end."""
    told: list[int] = []
    operations = [(b"%04d" % number, None if number % 10 == 0 else bytes(4096)) for number in range(1000)]

    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        report = relevel.load(db, operations, progress=told.append)
        found = len(list(db))

    assert (report.put_count, report.deletion_count, found) == (900, 100, 900)
    assert told
    assert told == sorted(set(told))
    assert told[-1] < 1000


def test_what_an_opening_did_not_apply_loads_as_its_warning_says(damaged: Path) -> None:
    """The commands that ``put`` prints, as they stand there: everything comes, and the flipped bit is put back."""
    damaged = damaged.rename(damaged.with_name("it's a database"))
    told = call("put", damaged, "new", "value")
    commands = [shlex.split(command)[1:] for command in re.findall(r"`(relevel [^`]+)`", told.err)]
    lines = call(*commands[0]).out.encode()

    left_out = call(*commands[1][:-1], given=lines)
    loaded = call(*commands[1], given=lines)

    assert told.code == 1
    assert [command[0] for command in commands] == ["dump", "load"]
    assert (left_out.code, left_out.out) == (1, f"{damaged}: 0 entries written, 0 keys deleted\n")
    assert f"{len(lines.splitlines())} lines were left out" in left_out.err
    assert loaded.code == 0
    with relevel.DB(damaged) as db:
        content = dict(db)
    assert content.pop(b"new") == b"value"
    assert content == dict(PAIRS)
