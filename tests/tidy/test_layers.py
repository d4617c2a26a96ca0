"""Imports go down only, and engine and recovery never see each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.sources import PACKAGE, files, name_of, parse

LAYERS = {
    "errors": 0,
    "findings": 0,
    "catalogue": 0,
    "_kernel": 0,
    "strenum": 0,
    "extras": 0,
    "format": 1,
    "storage": 2,
    "files": 3,
    "engine": 4,
    "recovery": 4,
    "decoders": 5,
    "exports": 5,
    "report": 5,
    "cli": 6,
    "web": 6,
    "plyvel": 7,
    "__init__": 7,
    "__main__": 7,
}
"""The layer of each module and folder of the package; 7 is the public face, which nothing below imports."""

STRANGERS = {("engine", "recovery"), ("recovery", "engine")}


def part_of(path: Path) -> str:
    """The module or folder directly in the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".pyi").removesuffix(".py")


def imported_parts(path: Path) -> Iterator[tuple[int, str]]:
    """The line and the part of the package of every import, wherever it stands."""
    package = ("relevel", *path.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            names = [f"{module}.{alias.name}" if module == "relevel" else module for alias in node.names]
        else:
            continue
        for name in names:
            root, *rest = name.split(".")
            if root == "relevel":
                part = rest[0] if rest and rest[0] in LAYERS else "__init__"
                yield node.lineno, part


def test_every_part_of_the_package_has_a_layer() -> None:
    """A new module or folder is given its place in LAYERS."""
    parts = {part_of(path) for path in files(PACKAGE, ".py", ".pyi")}

    assert parts <= LAYERS.keys()


@pytest.mark.parametrize("path", files(PACKAGE, ".py"), ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    """No module imports from a layer above its own."""
    own = part_of(path)

    upward = [
        f"{name_of(path)}:{line}: {own} imports {part}"
        for line, part in imported_parts(path)
        if LAYERS[part] > LAYERS[own] or (own, part) in STRANGERS
    ]

    assert not upward
