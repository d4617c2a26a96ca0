"""Checksums, codecs, blocks and filters of the kernel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel import _kernel
from relevel._kernel import FaultError

CODECS = {"none": 0, "snappy": 1, "zstd": 2, "zlib": 2, "deflate": 4}
SORTED_ENTRIES = st.dictionaries(st.binary(max_size=12), st.binary(max_size=40), max_size=60).map(
    lambda entries: sorted(entries.items())
)


def on_disk(stored: bytes, block_type: int = 0) -> bytes:
    """A block with its trailer."""
    covered = stored + bytes([block_type])
    return covered + _kernel.mask_crc(_kernel.crc32c(covered)).to_bytes(4, "little")


@given(st.binary(), st.binary())
def test_a_crc_continues_and_its_mask_comes_off(head: bytes, tail: bytes) -> None:
    """A checksum can be made piece by piece, and is stored masked."""
    crc = _kernel.crc32c(head + tail)

    assert _kernel.crc32c(tail, _kernel.crc32c(head)) == crc
    assert _kernel.unmask_crc(_kernel.mask_crc(crc)) == crc


@pytest.mark.parametrize("codec", CODECS)
@given(contents=st.binary(max_size=5000))
def test_what_is_compressed_is_decompressed_and_its_codec_recognised(codec: str, contents: bytes) -> None:
    """Zstd and zlib share a type byte and are told apart by their first bytes."""
    assert _kernel.blocks.decompress(CODECS[codec], _kernel.blocks.compress(codec, contents)) == (codec, contents)


@pytest.mark.parametrize("block_type", range(5))
@given(stored=st.binary(max_size=300))
def test_no_bytes_make_decompressing_fail_otherwise_than_by_a_fault(block_type: int, stored: bytes) -> None:
    """Hostile bytes are decompressed or refused with a code."""
    try:
        _kernel.blocks.decompress(block_type, stored)
    except FaultError as error:
        assert error.fault.code in ("table.block.decompression-failed", "table.block.unknown-type")


def test_an_unknown_codec_is_a_wrong_argument() -> None:
    """The message names the codecs there are."""
    with pytest.raises(ValueError, match="snappy"):
        _kernel.blocks.compress("lz4", b"")


def test_a_block_is_decoded_only_where_its_checksum_fits() -> None:
    """The fault says both checksums, masked, as they would be on disk."""
    block = on_disk(_kernel.blocks.compress("snappy", b"contents " * 20), 1)

    assert _kernel.blocks.decode_block(block) == b"contents " * 20
    with pytest.raises(FaultError) as caught:
        _kernel.blocks.decode_block(block[:3] + bytes([block[3] ^ 1]) + block[4:])
    fault = caught.value.fault
    assert (fault.code, fault.size) == ("table.block.checksum-mismatch", len(block))
    assert fault.expected == int.from_bytes(block[-4:], "little") != fault.got


@pytest.mark.parametrize("size", range(5))
def test_a_block_too_short_for_its_trailer_is_truncated(size: int) -> None:
    """There is nothing to hold against a checksum."""
    with pytest.raises(FaultError) as caught:
        _kernel.blocks.decode_block(bytes(size))

    assert caught.value.fault.code in ("table.block.truncated", "table.block.checksum-mismatch")


@given(SORTED_ENTRIES, st.integers(1, 20))
def test_entries_of_a_built_block_come_back(entries: list[tuple[bytes, bytes]], restart_interval: int) -> None:
    """Whatever the interval of restart points."""
    contents = _kernel.blocks.build_block(entries, restart_interval)

    assert _kernel.blocks.scan_block(contents, internal_keys=False) == (entries, [])


@given(st.binary(max_size=300))
def test_no_contents_make_scanning_a_block_raise(contents: bytes) -> None:
    """Places of faults lie inside the contents."""
    _, faults = _kernel.blocks.scan_block(contents)

    assert all(fault.offset + fault.size <= len(contents) for fault in faults)


def test_keys_without_a_sequence_number_are_told_one_by_one() -> None:
    """They are entries all the same."""
    entries = [(b"a", b""), (b"k" + b"\x01" + bytes(7), b""), (b"z", b"")]

    found, faults = _kernel.blocks.scan_block(_kernel.blocks.build_block(entries))

    assert found == entries
    assert [fault.code for fault in faults] == ["table.block.bad-internal-key"] * 2
    assert [(fault.offset, fault.size) for fault in faults] == [(0, 4), (16, 4)]


def test_entries_come_up_to_the_first_that_cannot_be_decoded() -> None:
    """The fault covers the rest of the entries."""
    contents = _kernel.blocks.build_block([(b"a", b"1"), (b"b", b"2")], 1)
    broken = contents[:5] + b"\x09" + contents[6:]

    found, faults = _kernel.blocks.scan_block(broken, internal_keys=False)

    assert found == [(b"a", b"1")]
    assert [(fault.code, fault.offset, fault.size) for fault in faults] == [("table.block.bad-entry", 5, 5)]


@given(st.binary(min_size=8, max_size=500), st.sampled_from([0, 1, 2, 4]), st.binary(max_size=50))
def test_the_size_of_a_block_is_found_by_its_checksum(stored: bytes, block_type: int, after: bytes) -> None:
    """What follows does not matter."""
    data = b"before" + on_disk(stored, block_type) + after

    assert _kernel.blocks.block_size_at(data, 6, 1 << 20) == len(stored)
    assert _kernel.blocks.block_size_at(data, 6, len(stored) - 1) is None


@given(st.sets(st.binary(max_size=20), max_size=200), st.integers(1, 20))
def test_a_filter_denies_none_of_its_keys(keys: set[bytes], bits_per_key: int) -> None:
    """A key that was added may match."""
    filter_bytes = _kernel.blocks.bloom_filter(sorted(keys), bits_per_key)

    assert all(_kernel.blocks.bloom_may_match(filter_bytes, key) for key in keys)
