"""carve where the system refuses: to read a part of the image, or to write what was found."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import relevel
from relevel.recovery.carving import image as images
from relevel.storage.failure import storage_error
from tests.damage.images import files_of
from tests.fixtures.catalogue import BY_NAME
from tests.refusals import refusing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of a database without their names, as fsck leaves them."""
    (tmp_path / "found").mkdir()
    for number, path in enumerate(files_of(BY_NAME["plyvel-plain"])):
        (tmp_path / "found" / f"#{number}").write_bytes(path.read_bytes())
    return tmp_path / "found"


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EROFS])
@pytest.mark.parametrize("step", ["write", "fsync"])
def test_what_cannot_be_written_is_an_error_that_names_the_destination(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, code: int
) -> None:
    """And nothing half-made is left."""
    with monkeypatch.context() as patch, pytest.raises(relevel.StorageError, match="carved") as told:
        patch.setattr(os, step, refusing(code))
        relevel.carve(folder, folder.parent / "carved")

    assert told.value.errno == code
    assert [path.name for path in folder.parent.iterdir()] == ["found"]


def test_an_image_that_cannot_be_opened_is_told_and_the_others_are_looked_through(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the database lies in it is missing."""
    opened = images._open

    def refuse(path: str) -> object:
        if path.endswith("#0"):
            raise storage_error("cannot open", path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        return opened(path)

    monkeypatch.setattr(images, "_open", refuse)
    report = relevel.carve(folder, folder.parent / "carved")

    (told,) = [finding for finding in report.findings if finding.code == "file.unreadable"]
    assert (told.span.file, told.span.size) == ("#0", (folder / "#0").stat().st_size)
    assert "permission denied" in told.message
    assert not report.is_complete
    assert {file.image for file in report.files} == {path.name for path in folder.iterdir()} - {"#0"}
