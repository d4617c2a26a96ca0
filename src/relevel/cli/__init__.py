"""The command line: one file per command, each a thin face of the public function of the same name."""

from __future__ import annotations

from relevel.cli.main import main

__all__ = ["main"]
