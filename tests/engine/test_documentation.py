"""The code in README and on the engine's page does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from relevel.engine.options import Options

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20}


def blocks(page: str) -> list[str]:
    """The Python code of a page."""
    return CODE.findall((ROOT / page).read_text(encoding="utf-8"))


def test_the_first_example_of_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From an empty directory, and prints what one reads in it."""
    monkeypatch.chdir(tmp_path)

    exec(compile(blocks("README.md")[0], "README.md", "exec"), {})

    assert capsys.readouterr().out == "b'user/1' b'Ada'\nb'user/2' b'Grace'\nb'Ada'\n"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["settings", "settings-copy"]


def test_the_examples_of_the_engines_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another; they assert what they show."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}

    for number, block in enumerate(blocks("docs/database.md"), start=1):
        exec(compile(block, f"docs/database.md, example {number}", "exec"), names)


def test_the_defaults_on_the_engines_page_are_those_of_the_code() -> None:
    """Of all options that have a size or a flag."""
    page = (ROOT / "docs" / "database.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    sizes = {
        name: int(text.split()[0]) * UNITS.get(text.split()[-1], 1) for name, text in told.items() if text[0].isdigit()
    }
    flags = {name: text == "True" for name, text in told.items() if text in ("True", "False")}

    assert sizes.pop("bloom_filter_bits") == 10
    assert len(sizes) == 6
    for name, value in {**sizes, **flags}.items():
        assert getattr(Options(), name) == value, name
    assert told["log_recovery"].strip('`"') == Options().log_recovery
    assert told["compression"].strip('`"') == Options().compression
