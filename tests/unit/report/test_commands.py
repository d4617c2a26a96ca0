"""Commands that can be run next."""

from __future__ import annotations

from pathlib import Path

from relevel.report.commands import addressed, beside


def test_a_name_for_something_new_is_free(tmp_path: Path) -> None:
    """The command that has it can be run as it is printed."""
    source = tmp_path / "a node"
    assert addressed("run `relevel rescue SRC DST`", source) == f"run `relevel rescue '{source}' '{source}-rescued'`"
    (tmp_path / "a node-rescued").mkdir()
    (tmp_path / "a node-rescued-2").symlink_to("nowhere")

    assert beside(source, "rescued") == tmp_path / "a node-rescued-3"
