"""Standard streams that are closed, full or go away: one line, an exit code that is documented, nothing half-made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from relevel.errors import StorageError
from tests.fixtures.catalogue import FOLDER as FIXTURES

DATABASE = str(FIXTURES / "demo" / "db")
PRINTING = [("check",), ("info",), ("dump",), ("scan",), ("get", "state/head"), ("history",), ("--help",)]


def run(redirection: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a shell that redirects its streams."""
    script = f'"$@" {redirection}'
    command = ["bash", "-o", "pipefail", "-c", script, "bash", sys.executable, "-m", "relevel", *arguments]
    surroundings = {**os.environ, **environment}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=surroundings,
        encoding="utf-8",
        errors="surrogateescape",
    )


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
    """And no traceback, at the end either."""
    done = run(">/dev/full", option, PYTHONUNBUFFERED="")

    assert done.returncode == StorageError.exit_code
    assert done.stderr == "relevel: No space left on device: standard output\n"


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


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "latin-1:strict", "utf-8:strict"])
def test_a_report_comes_out_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    """What the stream's encoding lacks is escaped, and bytes that are not text come out as they are: what was done is told."""
    (tmp_path / "hurt").mkdir()
    for file in Path(DATABASE).iterdir():
        (tmp_path / "hurt" / file.name).write_bytes(file.read_bytes())
    max((tmp_path / "hurt").glob("*.log")).unlink()
    source, new = tmp_path / os.fsdecode(b"\xff"), tmp_path / "\u20ac"
    (tmp_path / "hurt").rename(source)
    beside = ["--lost", str(tmp_path / "lost"), "--report", str(tmp_path / "page.html")]

    done = run("", "rescue", str(source), str(new), *beside, PYTHONIOENCODING=encoding)

    name = "\u20ac" if encoding.startswith("utf-8") else "\\u20ac"
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(f"{source} -> {tmp_path / name}\n")
    assert relevel.check(new).is_clean
    assert {"lost", "page.html"} < {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize("verb", ["dump", "scan", "history"])
def test_values_come_out_in_any_encoding(verb: str, tmp_path: Path) -> None:
    """Text that the encoding lacks, in a value that is not all text, and a complaint that has it too."""
    with relevel.DB(tmp_path / "\u20ac", create_if_missing=True) as database:
        database.put(b"k", b"\xe2\x82\xac\xff")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    wanted = ["--encoding", "utf8", *(["--format", "text"] if verb != "scan" else [])]

    done = run("", verb, str(tmp_path / "\u20ac"), *wanted, **plain)
    none = run("", verb, str(tmp_path / "\u20ac\u20ac"), PYTHONIOENCODING="latin-1:strict")

    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u20ac\udcff" in done.stdout
    assert none.returncode == StorageError.exit_code
    assert "\\u20ac\\u20ac" in none.stderr


def test_the_files_beside_a_report_that_is_lost_are_written(tmp_path: Path) -> None:
    """The list of what is lost and the page are there, and whole."""
    beside = ["--lost", str(tmp_path / "lost"), "--report", str(tmp_path / "page.html")]

    done = run(">/dev/full", "rescue", DATABASE, str(tmp_path / "new"), *beside)

    assert done.returncode == StorageError.exit_code
    assert (tmp_path / "lost").read_bytes() == b""
    assert "Your data is all there" in (tmp_path / "page.html").read_text(encoding="utf-8")
