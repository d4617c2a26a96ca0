"""Standard streams that are closed, full or go away: one line, an exit code that is documented, nothing half-made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from relevel.errors import StorageError
from tests.fixtures.catalogue import FOLDER as FIXTURES

DATABASE = str(FIXTURES / "demo" / "db")
PRINTING = [("check",), ("info",), ("dump",), ("scan",), ("get", "state/head"), ("history",), ("--help",)]


def run(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell that redirects its streams."""
    script = f'"$@" {redirection}'
    command = ["bash", "-o", "pipefail", "-c", script, "bash", sys.executable, "-m", "relevel", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def on_database(command: tuple[str, ...]) -> list[str]:
    """The command's arguments with the database in its place."""
    name, *rest = command
    return [name] if name.startswith("-") else [name, DATABASE, *rest]


@pytest.mark.parametrize("command", PRINTING)
def test_without_standard_output_nothing_is_done(command: tuple[str, ...]) -> None:
    """One line says so."""
    done = run(">&-", *on_database(command))

    assert done.returncode == StorageError.exit_code
    assert done.stderr.count("\n") == 1
    assert "standard output is closed" in done.stderr


def test_without_standard_output_nothing_is_written(tmp_path: Path) -> None:
    """A rescue whose report nobody can read does not begin."""
    done = run(">&-", "rescue", DATABASE, str(tmp_path / "new"))

    assert done.returncode == StorageError.exit_code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", PRINTING[:-1])
def test_a_full_standard_output_is_one_line(command: tuple[str, ...]) -> None:
    """As on a full disk."""
    done = run(">/dev/full", *on_database(command))

    assert done.returncode == StorageError.exit_code
    assert done.stderr.count("\n") == 1
    assert "cannot print to standard output" in done.stderr


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_printed_is_one_line(option: str) -> None:
    """And no traceback."""
    done = run(">/dev/full", option)

    assert done.returncode == StorageError.exit_code
    assert done.stderr == "relevel: No space left on device: standard output or a file\n"


def test_a_rescue_whose_report_is_lost_is_whole(tmp_path: Path) -> None:
    """The message says that the destination is."""
    done = run(">/dev/full", "rescue", DATABASE, str(tmp_path / "new"))

    assert done.returncode == StorageError.exit_code
    assert "is whole" in done.stderr
    assert relevel.check(tmp_path / "new").is_clean


@pytest.mark.parametrize("command", PRINTING[:-1])
def test_without_standard_error_all_goes_on(command: tuple[str, ...]) -> None:
    """There is nothing to be told."""
    assert run("2>&-", *on_database(command)).returncode == 0
    assert run("<&-", *on_database(command)).returncode == 0


@pytest.mark.parametrize("command", [("dump", "--all"), ("check",), ("history",), ("get", "state/head", "--raw")])
def test_a_reader_that_goes_away_is_met_in_silence(command: tuple[str, ...]) -> None:
    """``| true`` and ``| head -1`` alike."""
    for reader in ("true", "head -1"):
        done = run(f"| {reader}", *on_database(command))

        assert done.returncode == 0
        assert done.stderr == ""


def test_findings_make_the_exit_code_even_where_the_reader_goes_away(tmp_path: Path) -> None:
    """A script that looks at the first line still learns that something is wrong."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "000005.ldb").write_bytes(b"no table")

    assert run("| true", "check", str(broken)).returncode == 1
