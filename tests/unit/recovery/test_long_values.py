"""Values that are larger than what is handed over at a time."""

from __future__ import annotations

from pathlib import Path

from relevel import DB, History, dump

LONG = 9 << 20


def test_every_version_of_long_values_comes(tmp_path: Path) -> None:
    """One after another, each whole."""
    values = [bytes([letter]) * LONG for letter in b"abc"]
    with DB(tmp_path / "db", create_if_missing=True) as db:
        for value in values:
            db.put(b"first", value)
        db.put(b"second", values[0])

    assert [version.value for version in History(tmp_path / "db").versions(b"first")] == values[::-1]
    assert [version.value for version in dump(tmp_path / "db")] == [values[2], values[0]]
    assert [version.sequence for version in History(tmp_path / "db").timeline()] == [1, 2, 3, 4]
