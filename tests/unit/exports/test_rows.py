"""Versions as lines."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from relevel.exports.encoding import ENCODINGS
from relevel.exports.rows import format_rows
from relevel.recovery.read.rows import Version

PUT = Version(7, "put", b"k\x00", b"v\n", "live", "000005.ldb", 42, "intact")
DELETION = Version(8, "delete", b"k\x00", None, "deleted", "000006.log", 0, "intact")

versions = st.builds(
    Version,
    st.integers(0, 2**56 - 1),
    st.just("put"),
    st.binary(max_size=20),
    st.binary(max_size=20),
    st.just("live"),
    st.just("000005.ldb"),
    st.integers(0, 2**40),
    st.just("intact"),
)


def test_a_json_line_has_the_documented_fields() -> None:
    """Programs rely on the names."""
    (line,) = format_rows([PUT], "jsonl", "hex")

    assert json.loads(line) == {
        "sequence": 7,
        "type": "put",
        "key": "6b00",
        "value": "760a",
        "state": "live",
        "source": {"file": "000005.ldb", "offset": 42},
        "integrity": "intact",
    }


def test_the_value_of_a_deletion_is_null() -> None:
    """A deletion is not a put of nothing."""
    (line,) = format_rows([DELETION], "jsonl", "escaped")

    assert json.loads(line)["value"] is None


def test_text_says_key_sequence_value_state_and_place() -> None:
    """One line for people."""
    lines = list(format_rows([PUT, DELETION], "text", "escaped"))

    assert lines == [
        "k\\x00 @ 7 : put => v\\n [live; 000005.ldb+42; intact]\n",
        "k\\x00 @ 8 : delete [deleted; 000006.log+0; intact]\n",
    ]


@pytest.mark.parametrize("encoding", list(ENCODINGS))
@given(rows=st.lists(versions, max_size=5))
def test_csv_gives_every_key_and_value_back(encoding: str, rows: list[Version]) -> None:
    """Line ends, quotes and commas in a value do not break a file."""
    text = "".join(format_rows(rows, "csv", encoding))
    assume("\0" not in text or sys.version_info >= (3, 11))  # where csv cannot read it
    decode = ENCODINGS[encoding].decode

    read = list(csv.DictReader(io.StringIO(text, newline="")))

    assert [(decode(line["key"]), decode(line["value"])) for line in read] == [(row.key, row.value) for row in rows]


@pytest.mark.parametrize("encoding", list(ENCODINGS))
@given(rows=st.lists(versions, max_size=5))
def test_a_text_line_is_one_line_in_every_encoding(encoding: str, rows: list[Version]) -> None:
    """What a key holds cannot forge a line."""
    lines = list(format_rows(rows, "text", encoding))

    assert [line.count("\n") for line in lines] == [1] * len(rows)
