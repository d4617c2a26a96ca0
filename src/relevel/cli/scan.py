"""relevel scan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.decoding import decoding_for
from relevel.cli.output import print_findings, print_lines
from relevel.decoders.decoding import Decoding
from relevel.decoders.shown import printable
from relevel.exports.encoding import ENCODINGS, decode_argument
from relevel.format.comparator import Comparator
from relevel.recovery.scan import Pairs, scan


@click.command("scan")
@options.with_options(
    options.source,
    options.prefix,
    options.start,
    options.stop,
    options.decode,
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    prefix: str,
    start: str | None,
    stop: str | None,
    decode: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Print the live keys and values in key order, a pair a line with a tab between them.

    With --json each line is an array [key, value]. Exits with 1 where something could not be read.

    \b
    Example:
      relevel scan ./chaindata --prefix account/
    """
    decoding = decoding_for(source, decode, comparator, is_told=not json_wanted)
    pairs = scan(
        source,
        prefix=decode_argument(prefix, encoding),
        start=None if start is None else decode_argument(start, encoding),
        stop=None if stop is None else decode_argument(stop, encoding),
        comparator=comparator,
    )
    shown = _Shown(encoding, decoding)
    print_lines(_lines(pairs, shown, json_wanted))
    if shown.raw_count and not json_wanted:
        click.echo(f"relevel: {shown.raw_count} pairs shown raw in part, the first: {shown.reason}", err=True)
    return print_findings(pairs.findings, json_wanted=json_wanted)


class _Shown:
    """Keys and values as text: decoded where that is asked for and can be, else in the encoding; and how many could not be."""

    def __init__(self, encoding: str, decoding: Decoding | None) -> None:
        self._encode = ENCODINGS[encoding].encode
        self._decoding = decoding
        self.raw_count = 0
        self.reason = ""

    def __call__(self, key: bytes, value: bytes) -> tuple[str, str]:
        if self._decoding is None:
            return self._encode(key), self._encode(value)
        decoded = self._decoding(key, value)
        if decoded.undecoded:
            self.raw_count += 1
            self.reason = self.reason or decoded.undecoded
        shown_key, shown_value = decoded.decoded_key, decoded.decoded_value
        return (
            self._encode(key) if shown_key is None else printable(shown_key),
            self._encode(value) if shown_value is None else printable(shown_value),
        )


def _lines(pairs: Pairs, shown: _Shown, json_wanted: bool) -> Iterator[str]:
    if json_wanted:
        return (json.dumps(shown(key, value)) + "\n" for key, value in pairs)
    return ("\t".join(shown(key, value)) + "\n" for key, value in pairs)
