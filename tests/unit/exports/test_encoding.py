"""Encodings: keys and values as text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.errors import InvalidArgumentError
from relevel.exports.encoding import ENCODINGS, decode_argument


@pytest.mark.parametrize("name", list(ENCODINGS))
@given(data=st.binary(max_size=200))
def test_every_encoding_gives_back_the_bytes_it_was_given(name: str, data: bytes) -> None:
    """Whatever the bytes, decoding what was encoded gives them back."""
    encoding = ENCODINGS[name]

    assert encoding.decode(encoding.encode(data)) == data


@pytest.mark.parametrize("name", ["escaped", "hex", "base64"])
@given(data=st.binary(max_size=200))
def test_encodings_but_utf8_are_printable_ascii_on_one_line(name: str, data: bytes) -> None:
    """They can be pasted into a shell and split at line ends."""
    text = ENCODINGS[name].encode(data)

    assert text.isascii()
    assert "\n" not in text
    assert "\t" not in text


def test_escaped_leaves_printable_ascii_alone() -> None:
    """A key that people can read stays as it is."""
    assert ENCODINGS["escaped"].encode(b"user:1/name") == "user:1/name"


def test_escaped_takes_utf8_text_as_its_bytes() -> None:
    """A key typed at a terminal need not be escaped."""
    assert decode_argument("caf\u00e9", "escaped") == b"caf\xc3\xa9"


@pytest.mark.parametrize(
    ("text", "encoding"), [("abc", "hex"), ("a", "base64"), ("\\x", "escaped"), ("\\u1234", "escaped")]
)
def test_text_of_another_encoding_is_refused_and_the_option_named(text: str, encoding: str) -> None:
    """The message names the option that fixes the problem."""
    with pytest.raises(InvalidArgumentError, match="--encoding"):
        decode_argument(text, encoding)
