"""--decode: the decoders for the database that a command reads."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.decoders.choice import choose_decoding
from relevel.decoders.decoding import Decoding
from relevel.format.comparator import Comparator
from relevel.recovery.read.reader import Reader


def decoding_for(
    source: Path, name: str | None, comparator: Comparator | None, *, is_told: bool = True
) -> Decoding | None:
    """The decoders that were asked for; what was guessed is told on standard error.

    Raises:
        RelevelError: as ``choose_decoding``.
    """
    if name is None:
        return None
    decoding = choose_decoding(name, Reader(source, comparator))
    if decoding.guess and is_told:
        click.echo(f"relevel: decoded with {decoding.name} ({decoding.guess})", err=True)
    return decoding
