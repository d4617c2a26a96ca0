"""Names are LevelDB's own words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.sources import ROOT, name_of, parse, python_files, rust_files

FOREIGN_WORDS = {
    "wal": "log",
    "sst": "table",
    "sstable": "table",
    "sstables": "tables",
    "seqno": "sequence_number",
    "journal": "log",
    "utils": "the name of the concept",
    "helpers": "the name of the concept",
    "common": "the name of the concept",
}
"""Words of other databases, and of nobody, with what is said instead."""

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
RUST_DECLARATION = re.compile(r"\b(?:fn|struct|enum|trait|mod|const|static|type|let(?:\s+mut)?)\s+([A-Za-z_]\w*)")
RUST_FIELD_OR_ARGUMENT = re.compile(r"\b([a-z_]\w*)\s*:(?!:)")
RUST_TEXT = re.compile(r'//[^\n]*|"(?:\\.|[^"\\])*"')


def foreign_words(name: str) -> set[str]:
    """The words of a name that belong to another database."""
    return {word.lower() for word in WORD.findall(name)} & FOREIGN_WORDS.keys()


def python_names(path: Path) -> Iterator[tuple[int, str]]:
    """Every name that a file gives to something."""
    for node in ast.walk(parse(path)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name


def rust_names(path: Path) -> Iterator[tuple[int, str]]:
    """Every name that a file declares, more or less."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        code = RUST_TEXT.sub("", line)
        for pattern in (RUST_DECLARATION, RUST_FIELD_OR_ARGUMENT):
            for name in pattern.findall(code):
                yield number, name


def complaints(path: Path, names: Iterator[tuple[int, str]]) -> list[str]:
    """What to say instead, for the path itself and the names in it."""
    found = [(0, part) for part in path.relative_to(ROOT).with_suffix("").parts] + list(names)
    return [
        f"{name_of(path)}:{line}: {name}: say {FOREIGN_WORDS[word]}, not {word}"
        for line, name in found
        for word in foreign_words(name)
    ]


@pytest.mark.parametrize("path", python_files(), ids=name_of)
def test_python_names_are_leveldbs_words(path: Path) -> None:
    """No file, function, class, argument, variable or attribute has a name from another database."""
    assert not complaints(path, python_names(path))


@pytest.mark.parametrize("path", rust_files(), ids=name_of)
def test_rust_names_are_leveldbs_words(path: Path) -> None:
    """No file and no declaration has a name from another database."""
    assert not complaints(path, rust_names(path))


def test_a_name_is_taken_apart_at_underscores_and_capitals() -> None:
    """Words are found however they are joined, and not inside other words."""
    assert foreign_words("read_wal_header") == {"wal"}
    assert foreign_words("SSTable2") == set()
    assert foreign_words("SstableReader") == {"sstable"}
    assert foreign_words("walk_commonly") == set()
