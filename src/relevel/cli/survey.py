"""relevel survey."""

from __future__ import annotations

from pathlib import Path

import click

from relevel.cli import options
from relevel.cli.output import CLEAN, FINDINGS, count_bar, print_report
from relevel.exports.survey import MANY_FORMATS, survey
from relevel.report.survey import survey_lines


@click.command("survey")
@options.with_options(
    options.root,
    click.option(
        "--export",
        "export",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the versions of all databases to the new file FILE.",
    ),
    click.option(
        "--format", "format", type=click.Choice(MANY_FORMATS), help="Of --export; by FILE's suffix if not given."
    ),
    click.option("--live", is_flag=True, help="--export what a read gives now, not every version on disk."),
    click.option(
        "--hashes",
        "hashes",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the SHA-256 of every file to the new file FILE, as sha256sum does.",
    ),
    options.decode,
    options.encoding,
    options.as_json,
)
def command(
    root: Path,
    export: Path | None,
    format: str | None,
    live: bool,
    hashes: Path | None,
    decode: str | None,
    encoding: str,
    json_wanted: bool,
) -> int:
    """Find every LevelDB under ROOT, damaged ones too, and tell what each of them is.

    Browsers, Electron programs, Minecraft worlds, chains: what holds a LevelDB is told from its place. Nothing under ROOT is
    changed; folders are not entered by links, nor other file systems. Exits with 1 where a database is damaged or something
    could not be read.

    \b
    Example:
      relevel survey ~/.config
      relevel survey /mnt/evidence --hashes hashes.txt --export all.parquet
    """
    options.refuse_one_place_for_two({"--export": export, "--hashes": hashes})
    with count_bar("survey", "databases") as progress:
        report = survey(
            root,
            export=export,
            format=format,
            hashes=hashes,
            versions="live" if live else "all",
            decode=decode,
            encoding=encoding,
            progress=progress,
        )
    print_report(report, survey_lines, json_wanted=json_wanted)
    return CLEAN if report.is_clean else FINDINGS
