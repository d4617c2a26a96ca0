"""The last bytes of a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel.errors import CorruptionError
from relevel.format.footer import FOOTER_SIZE, BlockHandle, Footer, decode_footer, decode_handle, encode_footer
from relevel.format.varint import MAX_UINT64

handles = st.builds(BlockHandle, st.integers(0, MAX_UINT64), st.integers(0, MAX_UINT64))


@given(handles, handles, st.binary(max_size=8))
def test_a_footer_comes_back(metaindex: BlockHandle, index: BlockHandle, before: bytes) -> None:
    """Encoding and decoding agree, with anything in front."""
    footer = Footer(metaindex, index)
    encoded = encode_footer(footer)

    assert len(encoded) == FOOTER_SIZE
    assert decode_footer(before + encoded) == footer


def test_a_footer_names_the_other_number_where_the_magic_is_wrong() -> None:
    """LevelDB's words, then expected and got."""
    damaged = encode_footer(Footer(BlockHandle(0, 8), BlockHandle(13, 8)))[:-1] + b"\0"

    with pytest.raises(CorruptionError, match=r"not an sstable \(bad magic number\).*0xdb4775248b80fb57.*0x004775"):
        decode_footer(damaged)


def test_a_file_shorter_than_a_footer_is_no_table() -> None:
    """LevelDB's words, and the size."""
    with pytest.raises(CorruptionError, match="file is too short to be an sstable: 47 bytes"):
        decode_footer(bytes(47))


def test_a_handle_that_does_not_end_is_bad() -> None:
    """The padding does not end it: a handle lies within the first 40 bytes."""
    damaged = b"\xff" * 40 + encode_footer(Footer(BlockHandle(0, 0), BlockHandle(0, 0)))[40:]

    with pytest.raises(CorruptionError, match="bad block handle"):
        decode_footer(damaged)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_footer_or_corruption(data: bytes) -> None:
    """Nothing but CorruptionError comes out."""
    for decode in (decode_footer, decode_handle):
        try:
            decode(data)
        except CorruptionError as error:
            assert str(error)
