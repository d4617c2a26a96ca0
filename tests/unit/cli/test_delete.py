"""relevel delete."""

from __future__ import annotations

from pathlib import Path

import relevel
from tests.unit.cli.calling import call
from tests.unit.cli.conftest import PAIRS


def test_a_key_is_deleted(database: Path) -> None:
    """In silence; the others stay, and history still has it."""
    assert call("delete", database, "0007") == (0, "", "")

    assert list(relevel.scan(database)) == [pair for pair in PAIRS if pair[0] != b"0007"]
    assert [version.key for version in relevel.history(database, deleted=True)] == [b"0007"]


def test_deleting_what_is_not_there_is_no_error(database: Path) -> None:
    """As often as one likes."""
    for _ in range(2):
        assert call("delete", database, "no such key") == (0, "", "")

    assert list(relevel.scan(database)) == PAIRS


def test_a_key_is_given_in_any_encoding(database: Path) -> None:
    """As to put."""
    assert call("delete", database, "--encoding", "hex", "30303037").code == 0

    assert len(list(relevel.scan(database))) == len(PAIRS) - 1
