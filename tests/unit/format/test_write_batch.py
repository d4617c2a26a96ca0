"""Write batches taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relevel import _kernel
from relevel.errors import CorruptionError
from relevel.format.internal_key import MAX_SEQUENCE, ValueType
from relevel.format.write_batch import Operation, WriteBatch, decode_write_batch, encode_write_batch

operations = st.one_of(
    st.builds(Operation, st.just(ValueType.VALUE), st.binary(), st.binary()),
    st.builds(Operation, st.just(ValueType.DELETION), st.binary(), st.none()),
)
batches = st.builds(WriteBatch, st.integers(0, MAX_SEQUENCE - 100), st.lists(operations, max_size=8).map(tuple))

PUT = Operation(ValueType.VALUE, b"key", b"value")
DELETION = Operation(ValueType.DELETION, b"key", None)


@given(batches)
def test_a_batch_comes_back(batch: WriteBatch) -> None:
    """Encoding and decoding agree, for the empty batch too."""
    assert decode_write_batch(encode_write_batch(batch)) == batch


@given(batches)
def test_the_kernel_reads_the_same_operations(batch: WriteBatch) -> None:
    """What is encoded here is a batch there."""
    scan = _kernel.scan_log(_kernel.encode_log_record(encode_write_batch(batch), 0))

    puts = sum(operation.value_type is ValueType.VALUE for operation in batch.operations)
    assert (scan.batch_count, scan.put_count, scan.deletion_count) == (1, puts, len(batch.operations) - puts)
    assert not scan.faults


def test_a_batch_is_written_as_leveldb_writes_it() -> None:
    """Sequence number, count, then operations with sizes in front."""
    encoded = encode_write_batch(WriteBatch(7, (PUT, DELETION)))

    assert encoded == b"\7\0\0\0\0\0\0\0\2\0\0\0" + b"\1\3key\5value" + b"\0\3key"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"12345678901", "log record too small"),
        (b"\0" * 8 + b"\1\0\0\0", "WriteBatch has wrong count"),
        (b"\0" * 12 + b"\0\3key", "WriteBatch has wrong count"),
        (b"\0" * 8 + b"\1\0\0\0" + b"\2\3key", "unknown WriteBatch tag"),
        (b"\0" * 8 + b"\1\0\0\0" + b"\1\3key", "bad WriteBatch Put"),
        (b"\0" * 8 + b"\1\0\0\0" + b"\1\3key\6value", "bad WriteBatch Put"),
        (b"\0" * 8 + b"\1\0\0\0" + b"\0\4key", "bad WriteBatch Delete"),
    ],
)
def test_a_malformed_batch_is_refused_in_leveldbs_words(data: bytes, words: str) -> None:
    """What a user finds in LevelDB's log is found here."""
    with pytest.raises(CorruptionError, match=words):
        decode_write_batch(data)


@pytest.mark.parametrize(
    "batch",
    [
        WriteBatch(-1, ()),
        WriteBatch(MAX_SEQUENCE, (PUT, PUT)),
        WriteBatch(0, (Operation(ValueType.VALUE, b"key", None),)),
        WriteBatch(0, (Operation(ValueType.DELETION, b"key", b"value"),)),
    ],
)
def test_an_impossible_batch_is_not_encoded(batch: WriteBatch) -> None:
    """Numbers out of range, a put without a value, a deletion with one."""
    with pytest.raises(ValueError, match=r"sequence number|a put has a value"):
        encode_write_batch(batch)


def test_the_last_operation_may_have_the_largest_sequence_number() -> None:
    """The bound is inclusive."""
    assert decode_write_batch(encode_write_batch(WriteBatch(MAX_SEQUENCE, (PUT,)))).sequence == MAX_SEQUENCE


@given(st.binary())
def test_any_bytes_are_a_batch_or_corruption(data: bytes) -> None:
    """Nothing but CorruptionError comes out."""
    try:
        batch = decode_write_batch(data)
    except CorruptionError:
        return

    assert len(batch.operations) == int.from_bytes(data[8:12], "little")
