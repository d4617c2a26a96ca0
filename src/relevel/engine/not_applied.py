"""What damaged logs kept from being applied when a database was opened, and how it is had."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Final

from relevel.engine.options import Options
from relevel.files.log import commands_on
from relevel.findings import Finding

_OLD: Final = "log.sequence.old"
"""Its changes are older than what is in the tables."""


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
    logs = list(dict.fromkeys(finding.span.file for finding in findings if finding.code != _OLD))
    dump, load = commands_on(path, logs[0] if logs else findings[0].span.file)
    if not logs:
        return (
            f"what is in it was not applied, and would replace newer values; it stays in that file: `{dump}` prints it"
        )
    others = f", then the same of {', '.join(logs[1:])}" if logs[1:] else ""
    return f"what is behind it {behind}; it stays in that file: `{dump}` prints what can be read, and `{load}` writes that{others}"
