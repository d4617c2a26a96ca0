"""The value of one key, or an honest error."""

from __future__ import annotations

from collections.abc import Callable
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


@pytest.mark.parametrize("key", [b"state/head", KEY, b"no such key"])
def test_a_log_that_is_gone_may_have_held_any_key(node: Path, key: bytes) -> None:
    """No value of a table is given, nor is a key said not to be there."""
    (node / "000015.log").unlink()

    with pytest.raises(relevel.CorruptionError, match=r"000015\.log.*may hold") as raised:
        relevel.get(node, key)
    assert raised.value.finding is not None
    assert raised.value.finding.code == "log.missing"


def test_a_value_in_a_newer_log_is_given_though_an_older_log_is_gone(node: Path) -> None:
    """Logs are written one after another, so nothing in the lost one is newer."""
    (node / "000016.log").write_bytes((node / "000015.log").read_bytes())
    newest = dict(relevel.scan(node))[b"state/note"]
    (node / "000015.log").unlink()

    assert relevel.get(node, b"state/note") == newest


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"\xa5" * 700)])
def test_without_a_manifest_a_value_is_given_with_a_warning(node: Path, lose: Callable[[Path], object]) -> None:
    """The newest that is on disk, whether the manifest is gone or cannot be read; that there was no newer one is not proved."""
    value = relevel.get(node, b"state/head")
    lose(node / "MANIFEST-000014")

    with pytest.warns(relevel.UnprovedWarning, match="no manifest could be read"):
        assert relevel.get(node, b"state/head") == value


@pytest.mark.parametrize("key", [KEY, b"no such key"])
def test_without_a_manifest_no_key_is_said_not_to_be_there(node: Path, key: bytes) -> None:
    """Neither one that was deleted nor one that is nowhere: tables may be gone that nobody misses."""
    (node / "MANIFEST-000014").unlink()

    with pytest.raises(relevel.CorruptionError, match="is not there, and that is not proved"):
        relevel.get(node, key)


def test_a_log_that_ends_inside_a_record_proves_nothing(node: Path) -> None:
    """It may have been cut: the value is given with a warning. What stands before cannot be newer than the lost end."""
    log = node / "000015.log"
    log.write_bytes(log.read_bytes()[:-3])

    with pytest.warns(relevel.UnprovedWarning, match=r"000015\.log"):
        relevel.get(node, b"state/head")


def test_what_comes_after_damage_in_a_log_is_newer(node: Path) -> None:
    """Records stand in the order in which they were written: damage at the beginning does not touch the last value."""
    log = node / "000015.log"
    note = next(iter(relevel.dump(node, start=b"state/note")))
    assert note.source.file == log.name
    data = bytearray(log.read_bytes())
    data[8:40] = bytes(32)
    log.write_bytes(data)

    assert relevel.get(node, b"state/note") == note.value
    with pytest.raises(relevel.CorruptionError):
        relevel.get(node, KEY[:-1] + b"0")


def test_a_deleted_key_is_not_there(node: Path) -> None:
    """Its old versions are not given as its value."""
    with pytest.raises(relevel.KeyNotFoundError):
        relevel.get(node, KEY)


@pytest.mark.parametrize(
    "ask", [lambda node, key: relevel.find(node, key).unproved, lambda node, key: relevel.History(node).unproved(key)]
)
def test_what_may_hide_a_newer_value_is_told_beside_what_is_left(
    node: Path, ask: Callable[[Path, bytes], tuple[relevel.Finding, ...]]
) -> None:
    """Of a key whose newest version is lost, by the file that held it; of others nothing."""
    assert not ask(node, KEY)
    (node / "000015.log").write_bytes(b"")
    zero_first_block(node, "000013.ldb")

    assert "000013.ldb" in {finding.span.file for finding in ask(node, KEY)}
    assert not ask(node, b"state/note")


def test_a_deletion_that_is_newer_than_all_that_is_lost_is_proved(tmp_path: Path) -> None:
    """The table that lies deeper cannot have held anything newer; of other keys it can."""
    database = tmp_path / "db"
    with relevel.DB(database, create_if_missing=True) as db:
        for key in (b"gone", b"kept"):
            db.put(key, b"value")
        db.compact_range()
        db.delete(b"gone")
    next(database.glob("*.ldb")).unlink()

    assert not relevel.find(database, b"gone").unproved
    assert not relevel.History(database).unproved(b"gone")
    with pytest.raises(relevel.KeyNotFoundError):
        relevel.get(database, b"gone")
    assert relevel.find(database, b"kept").unproved
    with pytest.raises(relevel.CorruptionError):
        relevel.get(database, b"kept")
