"""What damaged logs kept from being applied when a database was opened, and how it is had."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from relevel.engine.options import Options
from relevel.findings import Finding


def advice_on(path: str, findings: Sequence[Finding], options: Options) -> str:
    """What became of what stands in the logs behind such damage, and the commands that get it.

    Args:
        path: the database's directory.
        findings: what was found when it was opened, at least one.
        options: how it was opened.
    """
    behind = "was applied" if options.log_recovery == "skip_damaged" else "was not applied"
    if options.read_only:
        return f"what is behind it {behind}; `{shlex.join(['relevel', 'rescue', path])} DST` gets back what can be"
    dump = shlex.join(["relevel", "dump", path, "--file", findings[0].span.file])
    load = shlex.join(["relevel", "load", path, "--changes"])
    return (
        f"what is behind it {behind}; it stays in that file: `{dump}` prints what can be read, and `{load}` writes that"
    )
