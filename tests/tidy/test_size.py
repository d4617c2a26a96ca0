"""Files and functions stay small enough to read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.tidy.sources import functions, name_of, parse, python_files, rust_files

LARGEST_FILE = 500
LARGEST_FUNCTION = 60


def size_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from ``def`` to the end, without the docstring."""
    docstring = function.body[0] if ast.get_docstring(function, clean=False) else None
    documented = 0 if docstring is None else (docstring.end_lineno or 0) - docstring.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - documented


@pytest.mark.parametrize("path", [*python_files(), *rust_files()], ids=name_of)
def test_a_file_is_one_thing(path: Path) -> None:
    """No file has over 500 lines: past that it is two things."""
    line_count = len(path.read_text(encoding="utf-8").splitlines())

    assert line_count <= LARGEST_FILE


@pytest.mark.parametrize("path", python_files(), ids=name_of)
def test_a_function_does_one_step(path: Path) -> None:
    """No function has over 60 lines."""
    long = [
        f"{name_of(path)}:{function.lineno}: {function.name} has {size_without_docstring(function)} lines"
        for function in functions(parse(path))
        if size_without_docstring(function) > LARGEST_FUNCTION
    ]

    assert not long
