"""get, find and history of one key, where nothing proves that a value is the newest: it is shown, and the doubt is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from relevel.cli.output import print_lines
from tests.unit.cli.calling import call


@pytest.fixture
def unproved(database: Path) -> Path:
    """A database that has lost its manifest."""
    for path in database.glob("MANIFEST-*"):
        path.unlink()
    return database


def test_a_value_that_may_be_outdated_comes_with_a_warning(unproved: Path) -> None:
    """On standard error, with what is wrong; the value alone is on standard output."""
    done = call("get", unproved, "0007")

    assert (done.code, done.out) == (1, "value 7\n")
    assert done.err.startswith(
        "relevel: the newest version that can be read; that there was no newer one is not proved\n"
    )
    assert "manifest.none" in done.err


def test_as_json_the_warning_is_a_finding(unproved: Path) -> None:
    """One object a line on standard error, and nothing else."""
    done = call("get", unproved, "0007", "--json")

    assert done.code == 1
    assert json.loads(done.out) == {"key": "0007", "value": "value 7"}
    assert [json.loads(line)["code"] for line in done.err.splitlines()] == ["manifest.none"]


def test_a_proved_value_comes_alone(database: Path) -> None:
    """Exit code 0."""
    assert call("get", database, "0007") == (0, "value 7\n", "")


@pytest.mark.parametrize("command", [("find",), ("history", "--key")])
def test_versions_of_a_key_come_with_the_same_warning(unproved: Path, command: tuple[str, ...]) -> None:
    """One that is shown as live may not be the newest there was."""
    verb, *options = command
    done = call(verb, unproved, *options, "0007")

    assert done.code == 1
    assert "the newest version that can be read; that there was no newer one is not proved" in done.err


def test_as_json_versions_of_a_key_come_with_what_may_have_held_a_newer_one(unproved: Path) -> None:
    """In the report of find; in the first line on standard error where the rows of history are lines."""
    found = call("find", unproved, "0007", "--json")
    rows = call("history", unproved, "--key", "0007", "--json")

    expected = json.loads(found.out)["unproved"]
    told, *findings = map(json.loads, rows.err.splitlines())
    assert (found.code, rows.code) == (1, 1)
    assert [finding["code"] for finding in expected] == ["manifest.none"]
    assert told == {"unproved": expected}
    assert [finding["code"] for finding in findings] == ["current.dangling", "manifest.none"]
    assert [json.loads(line)["key"] for line in rows.out.splitlines()] == ["0007"]


@pytest.mark.parametrize("command", [("find",), ("history", "--key")])
def test_versions_of_which_the_newest_is_proved_come_alone(database: Path, command: tuple[str, ...]) -> None:
    """Nothing on standard error."""
    verb, *options = command

    for json_wanted in ([], ["--json"]):
        done = call(verb, database, *options, "0007", *json_wanted)
        assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("find", "never written"),
        ("history", "--key", "never written"),
        ("history", "--key", "0007", "--deleted"),
        ("history", "--key", "0007", "--until", "2100-01-01"),
        ("history", "--key", "0007", "--from", "2"),
        ("history", "--key", "0007", "--to", "9"),
    ],
)
def test_the_warning_is_about_a_newest_version_that_is_shown(unproved: Path, arguments: tuple[str, ...]) -> None:
    """Where none is shown, or some of a stretch of the past, what was found wrong is told alone."""
    verb, *options = arguments

    for json_wanted in ([], ["--json"]):
        done = call(verb, unproved, *options, *json_wanted)
        assert done.code == 1
        assert "the newest version" not in done.err
        assert "unproved" not in done.err
        assert "manifest.none" in done.err


def test_history_tells_of_the_state_that_it_has_shown(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that comes back between the rows and the warning proves nothing of the rows."""
    (manifest,) = database.glob("MANIFEST-*")
    content = manifest.read_bytes()
    manifest.unlink()

    def print_then_put_back(lines: Iterator[str]) -> None:
        print_lines(lines)
        manifest.write_bytes(content)

    monkeypatch.setattr("relevel.cli.history.print_lines", print_then_put_back)
    done = call("history", database, "--key", "0007")

    assert done.code == 1
    assert "value 7" in done.out
    assert "the newest version that can be read; that there was no newer one is not proved" in done.err
    assert call("history", database, "--key", "0007") == (0, done.out, "")
