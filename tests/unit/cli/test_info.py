"""relevel info."""

from __future__ import annotations

from pathlib import Path

import relevel
from tests.unit.cli.calling import call


def test_damage_is_counted_and_the_next_command_named(damaged: Path) -> None:
    """What is wrong in detail, check tells."""
    done = call("info", damaged)

    assert done.out.splitlines()[-1] == "1 place damaged: `relevel check` names them"


def test_keys_in_an_unknown_order_are_not_told(tmp_path: Path) -> None:
    """Nor called damaged; with their order they are told."""
    with relevel.DB(
        tmp_path / "db", create_if_missing=True, comparator=backwards, comparator_name=b"test.Unknown"
    ) as db:
        db.put(b"a", b"")
        db.put(b"b", b"")
        db.compact_range()

    unknown = call("info", tmp_path / "db")
    known = call("info", tmp_path / "db", "--comparator", "tests.unit.cli.test_info:backwards")

    assert (unknown.code, known.code) == (0, 0)
    assert "keys         not told, as their order is not known" in unknown.out
    assert "damaged" not in unknown.out
    assert "keys         'b' to 'a'" in known.out


def backwards(a: bytes, b: bytes) -> int:
    """Larger keys first."""
    return (a < b) - (a > b)
