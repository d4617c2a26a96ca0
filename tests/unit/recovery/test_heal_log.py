"""Healing of one flipped bit in a record of a log."""

from __future__ import annotations

import pytest

from relevel import _kernel
from relevel.recovery.heal.checksum import HealKind, flip
from relevel.recovery.heal.log import heal_log, heal_record

RECORDS = [b"first record", b"second" * 10, b"third"]


def log_of(payloads: list[bytes]) -> bytes:
    """A log with these payloads."""
    data = b""
    for payload in payloads:
        data += _kernel.encode_log_record(payload, len(data) % 32768)
    return data


def test_every_single_flipped_bit_of_a_record_is_put_back() -> None:
    """Checksum, length, type or payload: the record comes back byte for byte."""
    log = log_of(RECORDS)
    start = 7 + len(RECORDS[0])
    end = start + 7 + len(RECORDS[1])

    for offset in range(start, end):
        for bit in range(8):
            patched, healings = heal_log(flip(log, offset, bit), [start])
            assert patched == log, (offset, bit)
            assert [(healing.offset, healing.bit) for healing in healings] == [(offset, bit)]


@pytest.mark.parametrize(
    ("offset", "kind"),
    [(0, HealKind.CHECKSUM_BIT), (4, HealKind.LENGTH_BIT), (6, HealKind.TYPE_BIT), (9, HealKind.PAYLOAD_BIT)],
)
def test_the_kind_says_what_was_hit(offset: int, kind: HealKind) -> None:
    """A report tells the parts of a record apart."""
    healing = heal_record(flip(log_of(RECORDS), offset, 0), 0)

    assert healing is not None
    assert healing.kind is kind


def test_a_record_of_a_later_block_is_found_at_its_own_place() -> None:
    """Offsets count from the start of the file, whatever 32 KiB block the record is in."""
    log = log_of([b"x" * 40_000, b"small"])
    start = len(log) - 7 - len(b"small")

    patched, healings = heal_log(flip(log, start + 8, 2), [start])

    assert patched == log
    assert healings[0].offset == start + 8


def test_two_flipped_bits_are_left_alone() -> None:
    """What one bit does not explain is not touched."""
    log = log_of(RECORDS)
    damaged = flip(flip(log, 8, 1), 12, 5)

    assert heal_log(damaged, [0]) == (damaged, [])


@pytest.mark.parametrize("data", [b"", b"\0" * 6, bytes(64)])
def test_what_is_no_record_is_not_healed(data: bytes) -> None:
    """Zeroes and stumps are not one flip away from a record."""
    assert heal_record(data, 0) is None
