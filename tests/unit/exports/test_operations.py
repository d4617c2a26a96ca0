"""Lines read back as operations."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.errors import InvalidArgumentError
from relevel.exports.encoding import ENCODINGS
from relevel.exports.operations import Operation, Operations
from relevel.exports.rows import format_rows
from relevel.recovery.read.rows import Version


def version(key: bytes, value: bytes | None, state: str = "live") -> Version:
    """A version as ``dump`` gives it."""
    return Version(1, "delete" if value is None else "put", key, value, state, "000005.ldb", 0, "intact")


@pytest.mark.parametrize("format", ["jsonl", "csv"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@given(pairs=st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=40))))
def test_what_dump_prints_comes_back(format: str, encoding: str, pairs: list[tuple[bytes, bytes]]) -> None:
    """In every format and encoding."""
    lines = format_rows([version(key, value) for key, value in pairs], format, encoding)

    assert list(Operations(lines, format, encoding)) == pairs


def test_of_many_versions_those_count_that_say_what_a_key_is_now() -> None:
    """The live put, or the deletion; not what they replaced."""
    versions = [
        version(b"a", b"new"),
        version(b"a", b"old", "shadowed"),
        version(b"b", None, "deleted"),
        version(b"b", b"gone", "deleted"),
        version(b"c", b"now"),
        version(b"c", None, "shadowed"),
    ]
    lines = format_rows(versions, "jsonl", "escaped")

    assert list(Operations(lines, "jsonl", "escaped")) == [
        Operation(b"a", b"new"),
        Operation(b"b", None),
        Operation(b"c", b"now"),
    ]


def test_pairs_as_scan_prints_them_are_puts() -> None:
    """Arrays of two."""
    assert list(Operations(['["a", "b"]\n', "\n", '["c", "d"]\n'], "jsonl", "escaped")) == [
        (b"a", b"b"),
        (b"c", b"d"),
    ]


@pytest.mark.parametrize(
    ("text", "format", "number"),
    [
        ("{", "jsonl", 1),
        ("[" * 100_000, "jsonl", 1),
        ('{"key": "00", "type": "merge", "value": "00"}', "jsonl", 1),
        ("[1]", "jsonl", 1),
        ("3", "jsonl", 1),
        ('["00", "00"]\n\n["00"', "jsonl", 3),
        ('{"key": "a"}', "jsonl", 1),
        ('{"key": 1, "value": "b"}', "jsonl", 1),
        ('{"key": "a", "value": null}', "jsonl", 1),
        ('{"key": "zz", "value": "6b"}', "jsonl", 1),
        ('key,value\n"unfinished', "csv", 2),
        ("key\n00", "csv", 2),
        ("key,value\n00,00\n00,zz", "csv", 3),
    ],
)
def test_a_line_that_makes_no_sense_is_told_by_its_number(text: str, format: str, number: int) -> None:
    """As an editor counts them, empty lines too."""
    with pytest.raises(InvalidArgumentError, match=f"^line {number} is no operation in {format} and hex: "):
        list(Operations(text.splitlines(keepends=True), format, "hex"))


def test_lines_of_one_file_are_loaded_as_changes() -> None:
    """Nothing says of them what is live; the one with the highest sequence number is the last, whatever the order."""
    versions = [
        Version(7, "put", b"a", b"new", "unknown", "000005.log", 0, "intact"),
        Version(3, "put", b"a", b"old", "unknown", "000005.log", 0, "intact"),
        Version(4, "put", b"b", b"gone", "unknown", "000005.log", 0, "intact"),
        Version(6, "delete", b"b", None, "unknown", "000005.log", 0, "intact"),
    ]
    for format in ("jsonl", "csv"):
        lines = list(format_rows(versions, format, "escaped"))
        plain, changes = Operations(lines, format, "escaped"), Operations(lines, format, "escaped", as_changes=True)

        assert (list(plain), plain.unknown_count) == ([], 4)
        assert dict(changes) == {b"a": b"new", b"b": None}
        assert changes.unknown_count == 0


@pytest.mark.parametrize("sequence", ["-5", "1e999", "7.5", "null", '"x"', str(1 << 56)])
def test_a_change_with_a_number_that_is_none_is_told(sequence: str) -> None:
    """What no database gives out."""
    line = f'{{"key": "a", "value": "b", "sequence": {sequence}}}'
    with pytest.raises(InvalidArgumentError, match="line 1 is no operation in jsonl and escaped: "):
        list(Operations([line], "jsonl", "escaped", as_changes=True))


def test_a_change_without_a_sequence_number_is_none() -> None:
    """As ``scan`` prints them."""
    with pytest.raises(
        InvalidArgumentError, match="line 1 is no operation in jsonl and escaped: 'sequence' is missing"
    ):
        list(Operations(['["a", "b"]'], "jsonl", "escaped", as_changes=True))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"key": 5, "value": "b"}', "the key is 5, which is no text"),
        ('["a", [1]]', "the value is [1], which is no text"),
        ("5", "neither an object nor an array of a key and a value"),
        ('"ab"', "neither an object nor an array of a key and a value"),
        ('["a"]', "neither an object nor an array of a key and a value"),
        ('{"key": "a", "value": "b", "sequence": "x"}', "'x' is no sequence number"),
    ],
)
def test_what_is_no_operation_is_named(line: str, told: str) -> None:
    """Not what Python says of it."""
    with pytest.raises(InvalidArgumentError, match=re.escape(told)):
        list(Operations([line], "jsonl", "escaped", as_changes="sequence" in line))
