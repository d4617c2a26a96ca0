"""relevel explore."""

from __future__ import annotations

import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, print_value
from relevel.decoders.choice import AUTO
from relevel.extras import load_extra
from relevel.format.comparator import Comparator
from relevel.storage.new_file import refuse_place
from relevel.web.explorer import Explorer
from relevel.web.subject import BLOCK_LIMIT


@click.command("explore")
@options.with_options(
    options.source,
    click.option(
        "--port",
        metavar="N",
        type=click.IntRange(0, 65535),
        default=0,
        help="Port to listen on.  [default: a free one]",
    ),
    click.option("--no-browser", is_flag=True, help="Print the address, and open no browser."),
    click.option(
        "--restore-to",
        "target",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Where the page may write a new database; DIR must not exist. Without it the page writes nothing.",
    ),
    click.option(
        "--decode",
        "decoder",
        metavar="NAME|KEYS:VALUES|auto",
        default=AUTO,
        show_default=True,
        help="What keys and values are decoded with: docs/decoders.md has the names. They are shown raw too.",
    ),
    click.option(
        "--largest-block",
        metavar="MIB",
        type=click.IntRange(1, 2048),
        help="Blocks and log records up to this size are looked at; some of them are in memory at once. Larger ones are named. "
        f" [default: {BLOCK_LIMIT >> 20}, less where many files are merged]",
    ),
    options.comparator,
)
def command(
    source: Path,
    port: int,
    no_browser: bool,
    target: Path | None,
    decoder: str,
    largest_block: int | None,
    comparator: Comparator | None,
) -> int:
    """Look at a database, as it is and as it was, on a page in the browser of this machine.

    SRC is not changed. The page is served to this machine alone, and only to who has the address that is printed. Ctrl-C
    ends it.

    \b
    Example:
      relevel explore ./profile
      relevel explore ./profile --restore-to ./profile-restored
    """
    for package in ("flask", "waitress"):
        load_extra(package, "The page")
    from relevel.web.server import Server  # noqa: PLC0415  (needs both)

    if target is not None:
        refuse_place(target, source)
    explorer = Explorer(source, comparator, target, decoder, None if largest_block is None else largest_block << 20)
    with suppress(KeyboardInterrupt), Server(explorer, port) as server:
        print_value(f"{server.url}\n")
        click.echo("relevel: this is the page's address; Ctrl-C ends it", err=True)
        if not no_browser:
            webbrowser.open(server.url)
        server.run()
    click.echo("relevel: ended", err=True)
    return CLEAN
