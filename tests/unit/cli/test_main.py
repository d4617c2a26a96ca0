"""The command line as a whole: help, errors, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from relevel import errors
from relevel.cli.main import COMMANDS
from tests.fixtures.catalogue import FOLDER as FIXTURES

DATABASE = str(FIXTURES / "demo" / "db")


def relevel(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "relevel", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    """Scripts can tell them apart; 0, 1 and 2 mean other things."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.RelevelError)]
    codes = [kind.exit_code for kind in kinds]

    assert len(set(codes)) == len(codes)
    assert min(codes) == 3


def test_the_help_page_names_every_command() -> None:
    """What there is can be found."""
    printed = relevel("--help").stdout

    assert all(f"\n  {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(name: str) -> None:
    """One can copy it and change the names."""
    done = relevel(name, "--help")

    assert done.returncode == 0
    first = {"load": "dump ./old | relevel load"}.get(name, name)
    assert f"Example:\n    relevel {first}" in done.stdout


@pytest.mark.parametrize("name", ["info", "check", "dump", "scan", "history", "stats", "compact"])
def test_a_place_without_a_database_is_an_error_of_one_line(name: str, tmp_path: Path) -> None:
    """No traceback, and what to do."""
    done = relevel(name, str(tmp_path))

    assert done.returncode == errors.NotADatabaseError.exit_code
    assert done.stderr.count("\n") == 1
    assert "the directory that holds" in done.stderr


def test_a_usage_error_exits_with_2() -> None:
    """As everywhere."""
    assert relevel("check").returncode == 2
    assert relevel("no-such-command").returncode == 2


def test_a_destination_that_exists_is_refused(tmp_path: Path) -> None:
    """Nothing is ever written over."""
    done = relevel("rescue", DATABASE, str(tmp_path))

    assert done.returncode == errors.DestinationExistsError.exit_code
    assert not list(tmp_path.iterdir())


def test_undelete_wants_to_know_what(tmp_path: Path) -> None:
    """The message names both options."""
    done = relevel("undelete", DATABASE, str(tmp_path / "new"))

    assert done.returncode == errors.InvalidArgumentError.exit_code
    assert "--at" in done.stderr
    assert "--deleted" in done.stderr


def test_a_reader_that_goes_away_is_no_error() -> None:
    """``relevel dump | head -1`` ends quietly."""
    command = f"{sys.executable} -m relevel dump --all {DATABASE} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)

    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_a_comparator_can_be_given_as_name_module_and_function(tmp_path: Path) -> None:
    """For orders that relevel does not know."""
    (tmp_path / "order.py").write_text("def compare(a, b):\n    return (a < b) - (a > b)\n")
    database = str(FIXTURES / "plyvel-reverse" / "db")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from relevel.cli import main; main(sys.argv[1:])"

    def scan(*options: str) -> str:
        command = [sys.executable, "-c", program, "scan", database, *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert scan("--comparator", "test.ReverseBytewise=order:compare") == scan()


def test_a_comparator_never_takes_the_place_of_the_one_in_the_manifest() -> None:
    """Both are named, and nothing is read in the wrong order."""
    done = relevel("check", DATABASE, "--comparator", "idb_cmp1")

    assert done.returncode == errors.InvalidArgumentError.exit_code
    assert done.stderr.count("\n") == 1
    assert "'idb_cmp1'" in done.stderr
    assert "'leveldb.BytewiseComparator'" in done.stderr


@pytest.mark.parametrize("name", list(COMMANDS))
def test_an_empty_path_is_refused(name: str, tmp_path: Path) -> None:
    """An unset variable must not mean the current directory."""
    new = str(tmp_path / "new")
    more = {
        "get": ["k"],
        "find": ["k"],
        "put": ["k", "v"],
        "delete": ["k"],
        "rescue": [new],
        "undelete": [new, "--deleted"],
    }

    done = relevel(name, "", *more.get(name, []))

    assert done.returncode == 2
    assert "path is empty" in done.stderr


def test_an_empty_destination_is_refused() -> None:
    """As an empty source is."""
    done = relevel("rescue", DATABASE, "")

    assert done.returncode == 2
    assert "path is empty" in done.stderr


def test_a_path_may_end_in_a_slash_or_be_a_dot() -> None:
    """As everywhere."""
    plain = relevel("get", DATABASE, "state/head")
    here = subprocess.run(
        [sys.executable, "-m", "relevel", "get", ".", "state/head"],
        capture_output=True,
        text=True,
        check=True,
        cwd=DATABASE,
    )

    assert relevel("get", DATABASE + "/", "state/head").stdout == plain.stdout
    assert here.stdout == plain.stdout


def test_an_unknown_comparator_is_named_with_the_way_out() -> None:
    """The message says how to supply it."""
    done = relevel("check", DATABASE, "--comparator", "nobody.knows")

    assert done.returncode == errors.NotSupportedError.exit_code
    assert "nobody.knows=module:function" in done.stderr


def test_raw_bytes_of_a_value_come_out_as_they_are(tmp_path: Path) -> None:
    """For files and pipes."""
    database = str(FIXTURES / "demo" / "db")
    raw = subprocess.run(
        [sys.executable, "-m", "relevel", "get", database, "state/head", "--raw"], capture_output=True, check=True
    ).stdout

    assert raw.decode() + "\n" == relevel("get", database, "state/head").stdout
