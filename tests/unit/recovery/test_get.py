"""The value of one key, or an honest error."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel

KEY = b"account/0x00d94387ee7b7d42646f"


def zero_first_block(node: Path, table: str) -> None:
    """Destroy the block that holds the first keys of a table."""
    path = node / table
    data = bytearray(path.read_bytes())
    data[20:60] = bytes(40)
    path.write_bytes(data)


def test_damage_that_may_hide_a_newer_value_is_an_error(node: Path) -> None:
    """No value is given where it may be out of date."""
    (node / "000015.log").write_bytes(b"")  # the deletion was here
    zero_first_block(node, "000013.ldb")

    with pytest.raises(relevel.CorruptionError, match=r"000013\.ldb.*may hold"):
        relevel.get(node, KEY)


def test_damage_in_older_files_does_not_matter(node: Path) -> None:
    """A newer value was found, so whatever was lost is older."""
    (node / "000015.log").write_bytes(b"")
    zero_first_block(node, "000007.ldb")

    assert b'"balance": 988' in relevel.get(node, KEY)


def test_damage_to_other_keys_does_not_matter(node: Path) -> None:
    """The index says which keys the lost block held."""
    zero_first_block(node, "000013.ldb")

    assert relevel.get(node, b"state/note").startswith(b'{"by": "maintenance"')


def test_a_deleted_key_is_not_there(node: Path) -> None:
    """Its old versions are not given as its value."""
    with pytest.raises(relevel.KeyNotFoundError):
        relevel.get(node, KEY)
