"""Every command of the command line is documented, with an example."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from relevel.cli.main import cli
from tests.tidy.sources import ROOT


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_page(name: str) -> None:
    """docs/<command>.md exists and shows how the command is called."""
    page = ROOT / "docs" / f"{name.partition(' ')[0]}.md"

    assert f"relevel {name}" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_an_example(name: str) -> None:
    """--help shows a line that can be copied."""
    command = COMMANDS[name]
    shown = command.get_help(click.Context(command, info_name=f"relevel {name}"))
    usage, _, rest = shown.partition("\n")

    assert usage.startswith("Usage:")
    assert f"relevel {name}" in rest


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_explained(name: str) -> None:
    """No option is without help."""
    silent = [
        parameter.opts[0]
        for parameter in COMMANDS[name].params
        if isinstance(parameter, click.Option) and not parameter.hidden and not parameter.help
    ]

    assert not silent


def test_the_generated_pages_are_what_the_code_says() -> None:
    """Help pages and the page of findings are up to date; ``make docs`` writes them."""
    checked = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False
    )

    assert (checked.returncode, checked.stderr) == (0, "")
