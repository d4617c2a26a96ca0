"""Keep the generated parts of the documentation true.

``python docs/generate.py`` writes them, ``--check`` fails where they differ: the help page inside each command's page,
and the whole of findings.md and errors.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import click

from relevel import errors
from relevel.catalogue import CATALOGUE
from relevel.cli.main import COMMANDS, cli

DOCS: Final = Path(__file__).parent
BEGIN, END = "<!-- help: generated -->\n", "<!-- end of help -->\n"


def help_page(name: str) -> str:
    """The help page of one command, 100 columns wide."""
    command = cli.get_command(click.Context(cli), name)
    if command is None:
        raise KeyError(name)
    context = click.Context(command, info_name=f"relevel {name}", max_content_width=100, terminal_width=100)
    return f"{BEGIN}```\n{command.get_help(context)}\n```\n{END}"


def command_page(name: str, page: str) -> str:
    """A command's page with its help page in place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + help_page(name) + after


def findings_page() -> str:
    """The catalogue as a page."""
    lines = [
        "# Findings",
        "",
        "Every code that a finding can carry. Severity: a *note* costs nothing, a *warning* means that something is not",
        "proved or that LevelDB would do harm, *damage* means that bytes are not as they were written. Made from",
        "`relevel/catalogue.py`.",
        "",
        "| code | severity | what | what it means | what to do |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{code}` | {entry.severity} | {entry.title} | {entry.meaning} | {entry.next_step} |"
        for code, entry in sorted(CATALOGUE.items())
    ]
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """The exceptions and exit codes as a page."""
    codes = {
        0: ("", "Done. `check`: nothing worse than a note. What it promises of another command, that one's page says."),
        1: (
            "",
            "Done, but not all, or it is not proved: something is damaged, missing or left out. The report says what.",
        ),
        2: ("", "The command line makes no sense, or names a file for `load` that cannot be read; nothing was done."),
        130: ("", "Interrupted, as by Ctrl-C."),
    }
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.RelevelError):
            if error.exit_code in codes:
                raise ValueError(f"{error.__name__}: the exit code {error.exit_code} is taken")
            builtin = next(base.__name__ for base in error.__mro__ if base.__module__ == "builtins")
            codes[error.exit_code] = (f"`{error.__name__}`, `{builtin}`", (error.__doc__ or "").partition("\n")[0])
    lines = [
        "# Errors and exit codes",
        "",
        "relevel's exceptions (`relevel/errors.py`), each with the builtin one that it also is, and what a command exits",
        "with where that ends it. Besides, as in Python's own library: `TypeError` for an argument of a wrong type,",
        "`KeyError` where a mapping has no such key, and `RuntimeError` where a database is used that is closed, or that",
        "the parent of a process has open. Two warnings: `LogDamagedWarning` and `UnprovedWarning`.",
        "",
        "| exit code | exception | when |",
        "|---|---|---|",
    ]
    lines += [f"| {code} | {name} | {told} |" for code, (name, told) in sorted(codes.items())]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Every generated page and what it should hold."""
    wanted = {DOCS / f"{name}.md": "" for name in COMMANDS}
    made = {path: command_page(path.stem, path.read_text(encoding="utf-8")) for path in wanted}
    return {**made, DOCS / "findings.md": findings_page(), DOCS / "errors.md": errors_page()}


def main() -> int:
    """Write the pages, or with ``--check`` compare them."""
    stale = {
        path: text for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.name} is not what the code says: run `make docs`\n")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
