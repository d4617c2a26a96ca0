"""A slice of the damage bench: what it scores, held against what a rescue promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXACT = (
    "data bit",
    "data burst of 8",
    "trailer bit",
    "index bit",
    "metaindex bit",
    "footer bit",
    "manifest bit",
    "log bit",
    "twenty bits",
    "pages swapped",
    "manifest gone",
    "CURRENT garbage",
    "obsolete back",
    "some obsolete back",
)
"""After these everything is there, and the report says so."""


@pytest.mark.parametrize("variant", ["none", "bloom"])
def test_what_comes_back_is_what_is_promised(variant: str, tmp_path: Path) -> None:
    """Everything, or nothing of what is intact is lost; nothing is invented; what is missing or doubtful is named."""
    pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")
    command = [sys.executable, "bench/bench_damage.py", "--seeds", "1", "--variants", variant]
    subprocess.run(
        [*command, "--json", str(tmp_path / "scores")], cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}, check=True
    )

    scores = json.loads((tmp_path / "scores").read_text())
    assert len({score["damage"] for score in scores}) >= 25
    for score in scores:
        assert (score["error"], score["untold"], score["lost_intact"]) == ("", 0, 0), score
        assert score["says_complete"] is False or score["exact"] == score["entries"], score
        if score["damage"] in EXACT:
            assert (score["exact"], score["resurrected"], score["says_complete"]) == (score["entries"], 0, True), score
