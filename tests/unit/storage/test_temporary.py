"""Where no folder takes temporary files, as on a full disk: what needs none works."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from relevel.recovery.read import inputs
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


@pytest.mark.parametrize("work", ["scan", "horizon", "undelete"])
def test_what_does_not_fit_says_where_it_cannot_be_written(
    work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not that the folder cannot be read; nothing is left of a new database."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, write_buffer_size=1 << 26) as db:
        for number in range(40):
            db.put(b"%04d" % number, os.urandom(100_000))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    monkeypatch.setattr(inputs, "_LOG_MEMORY", (1 << 20, 1 << 20))
    works: dict[str, Callable[[], object]] = {
        "scan": lambda: list(relevel.scan(tmp_path / "db")),
        "horizon": lambda: relevel.History(tmp_path / "db").horizon(),
        "undelete": lambda: relevel.undelete(tmp_path / "db", tmp_path / "new", deleted=True),
    }

    with pytest.raises(relevel.StorageError, match=r"cannot write temporary files in '.*none': .* does not exist"):
        works[work]()

    assert [path.name for path in tmp_path.iterdir()] == ["db"]
