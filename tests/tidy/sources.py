"""The sources of the project, for the tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "relevel"
MADE = {".git", ".venv", "__pycache__", "build", "demo", "dist", "target", "corpus", "node_modules"}
"""Folders that no person writes."""


def files(folder: Path, *suffixes: str) -> list[Path]:
    """The files under ``folder`` that people wrote, with one of the suffixes."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in suffixes and path.is_file() and not _is_made(path.relative_to(folder))
    )


def _is_made(path: Path) -> bool:
    return any(part in MADE or part.endswith("_cache") for part in path.parts)


def python_files() -> list[Path]:
    """Every Python file, stubs included."""
    return files(ROOT, ".py", ".pyi")


def rust_files() -> list[Path]:
    """Every Rust file."""
    return files(ROOT, ".rs")


def name_of(path: Path) -> str:
    """The path as messages show it."""
    return path.relative_to(ROOT).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
