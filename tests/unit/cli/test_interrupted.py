"""Ctrl-C, and terminals: what is shown while work is done, and what is left of it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import relevel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no signals and no terminals of this kind there")

INTERRUPTING = """
import os, signal
calls = 0
def compare(a, b):
    global calls
    calls += 1
    if calls == 20:
        os.kill(os.getpid(), signal.SIGINT)
    return (a > b) - (a < b)
"""


def compare(a: bytes, b: bytes) -> int:
    """The same order, uninterrupted."""
    return (a > b) - (a < b)


def relevel_in(place: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command where modules of ``place`` can be named."""
    program = f"import sys; sys.path.insert(0, {str(place)!r}); from relevel.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, input="")


@pytest.fixture
def ordered(tmp_path: Path) -> Path:
    """A database in an order of its own."""
    (tmp_path / "interrupting.py").write_text(INTERRUPTING)
    with relevel.DB(tmp_path / "db", create_if_missing=True, comparator=compare, comparator_name="own") as db:
        for number in range(200):
            db.put(b"%04d" % number, b"value")
    return tmp_path / "db"


def test_a_rescue_that_is_interrupted_leaves_nothing(ordered: Path, tmp_path: Path) -> None:
    """One line, and the exit code of an interruption."""
    done = relevel_in(tmp_path, "rescue", ordered, tmp_path / "new", "--comparator", "own=interrupting:compare")

    assert done.returncode == 130, done.stderr
    assert done.stderr.strip() == "relevel: interrupted; nothing half-made was left"
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == ["db", "interrupting.py"]


def test_a_writing_command_that_is_interrupted_says_that_what_was_written_stays(ordered: Path, tmp_path: Path) -> None:
    """And it does."""
    done = relevel_in(tmp_path, "compact", ordered, "--comparator", "own=interrupting:compare")

    assert done.returncode == 130, done.stderr
    assert done.stderr.strip() == "relevel: interrupted; what was written before stays"
    with relevel.DB(ordered, comparator=compare, comparator_name="own") as db:
        assert len(list(db)) == 200


@pytest.mark.parametrize(
    ("arguments", "label"),
    [
        (("rescue", "{db}", "{db}-new"), "rescue"),
        (("survey", "{db}"), "survey"),
        (("export", "{db}", "{db}.jsonl"), "export"),
    ],
)
def test_a_terminal_is_shown_how_far_it_is(database: Path, arguments: tuple[str, ...], label: str) -> None:
    """On standard error; what is printed is the same."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    command = [sys.executable, "-m", "relevel", *(each.format(db=database) for each in arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True, check=False, timeout=60)
    shown = os.read(ours, 1 << 16).decode()
    os.close(theirs)
    os.close(ours)

    assert done.returncode == 0, shown
    assert label in shown
    assert str(database) in done.stdout
    assert "\r" not in done.stdout


def test_the_page_is_opened_in_the_browser_that_was_chosen(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the address that is printed; Ctrl-C ends it, as the browser's does here."""
    pytest.importorskip("flask")
    pytest.importorskip("waitress")
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/asked\nkill -INT $PPID\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")

    done = subprocess.run(
        [sys.executable, "-m", "relevel", "explore", str(database), "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "relevel: ended" in done.stderr
    assert (tmp_path / "asked").read_text() == done.stdout
    assert done.stdout.startswith("http://127.0.0.1:")
