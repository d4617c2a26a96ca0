"""Where no folder takes temporary files, as on a full disk: what needs none works."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

import relevel
from relevel.storage.temporary import temporary_folder


def test_the_folder_is_the_one_that_everybody_uses() -> None:
    """What the environment says counts."""
    assert temporary_folder() == tempfile.gettempdir()


def test_what_fits_into_memory_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database is read in both orders and rescued."""
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        db.put(b"key", b"value")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])

    assert [version.key for version in relevel.dump(tmp_path / "db")] == [b"key"]
    assert [version.key for version in relevel.History(tmp_path / "db").timeline()] == [b"key"]
    assert relevel.rescue(tmp_path / "db", tmp_path / "rescued").is_complete
