"""Commands called as a user calls them, without the cost of a new interpreter."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import NamedTuple

import pytest

from relevel.cli.main import main


class Done(NamedTuple):
    """What a command printed, and what it exited with."""

    code: object
    out: str
    err: str


def call(*arguments: object, given: bytes = b"") -> Done:
    """Run a command with something on its standard input."""
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
    return Done(left.value.code, out.getvalue(), err.getvalue())
