"""What is committed is finished, and says nothing of the machine it was written on."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import pytest

from tests.tidy.sources import ROOT, files, name_of

TEXTS = files(ROOT, ".py", ".pyi", ".rs", ".toml", ".md", ".yml", ".yaml", ".html", ".js", ".css", ".sh", ".cfg")
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def machine_paths() -> re.Pattern[str]:
    """The home, the checkout, the folder it lies in and the interpreter of this machine."""
    folders = {Path.home(), ROOT, ROOT.parent, Path(sys.prefix), Path(sys.base_prefix)}
    shared = {Path("/"), Path("/usr"), Path("/usr/local"), Path("/opt"), Path("/home"), Path(tempfile.gettempdir())}
    return re.compile("|".join(rf"{re.escape(str(folder))}(?![\w-])" for folder in folders - shared))


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_nothing_is_marked_as_left_for_later(path: Path) -> None:
    """No file says that something remains to be done: that belongs in the issue tracker."""
    assert not UNFINISHED.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_no_file_names_a_place_on_one_machine(path: Path) -> None:
    """No file has a path that exists only where it was written."""
    assert not machine_paths().findall(path.read_text(encoding="utf-8"))
