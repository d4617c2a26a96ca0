"""Only the command line and the web page speak to people."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.tidy.sources import PACKAGE, files, name_of, parse

SPEAKERS = {"cli", "web"}
QUIET = [path for path in files(PACKAGE, ".py") if path.relative_to(PACKAGE).parts[0] not in SPEAKERS]


def is_output(node: ast.AST) -> bool:
    """Whether the node writes to the terminal: ``print``, ``click.echo``, ``sys.stdout``, ``sys.stderr``."""
    match node:
        case ast.Call(func=ast.Name(id="print")):
            return True
        case ast.Attribute(value=ast.Name(id="sys"), attr="stdout" | "stderr"):
            return True
        case ast.Attribute(value=ast.Name(id="click"), attr="echo" | "secho"):
            return True
    return False


@pytest.mark.parametrize("path", QUIET, ids=name_of)
def test_nothing_below_the_command_line_prints(path: Path) -> None:
    """What there is to say is returned, or given to a callback."""
    spoken = [
        f"{name_of(path)}:{node.lineno}"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.expr) and is_output(node)
    ]

    assert not spoken
