"""relevel get."""

from __future__ import annotations

import json
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.decoding import decoding_for
from relevel.cli.output import print_findings, print_unproved, print_value
from relevel.decoders.shown import printable
from relevel.exports.encoding import ENCODINGS, decode_argument
from relevel.format.comparator import Comparator
from relevel.recovery.get import look_up


@click.command("get")
@options.with_options(
    options.source,
    click.argument("key", metavar="KEY"),
    click.option("--raw", is_flag=True, help="The value's bytes as they are, with no line end."),
    options.decode,
    options.encoding,
    options.comparator,
    options.as_json,
)
def command(
    source: Path,
    key: str,
    raw: bool,
    decode: str | None,
    encoding: str,
    comparator: Comparator | None,
    json_wanted: bool,
) -> int:
    """Print the value that KEY has now.

    Exits with 10 where the key is not there, with 4 where damage may hide it or a newer value of it (no value is printed
    then), with 1 where the value is the newest that can be read and that there was no newer one is not proved.

    \b
    Example:
      relevel get ./chaindata account/alice
      relevel get ./chaindata --encoding hex 6b6579 --raw > value.bin
    """
    wanted = decode_argument(key, encoding)
    answer = look_up(source, wanted, comparator=comparator)
    value = answer.value
    encode = ENCODINGS[encoding].encode
    decoding = decoding_for(source, decode, comparator, is_told=not json_wanted)
    decoded = None if decoding is None else decoding(wanted, value)
    if json_wanted:
        fields = {} if decoded is None else decoded._asdict()
        print_value(json.dumps({"key": encode(wanted), "value": encode(value), **fields}) + "\n")
    else:
        text = (
            None if decoded is None or decoded.decoded_value is None else printable(decoded.decoded_value, keep="\n\t")
        )
        print_value(value if raw else (encode(value) if text is None else text) + "\n")
        if decoded is not None and text is None:
            click.echo(f"relevel: shown raw: {decoded.undecoded}", err=True)
    if not json_wanted:  # as JSON, all findings are these
        print_unproved(answer.unproved)
    return print_findings(answer.unproved, json_wanted=json_wanted)
