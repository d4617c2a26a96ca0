"""The public names of the package."""

from __future__ import annotations

import subprocess
import sys

import relevel


def test_every_public_name_can_be_imported() -> None:
    """Names are imported when they are first used; none of them is only a promise."""
    assert [name for name in relevel.__all__ if getattr(relevel, name, None) is None] == []


def test_public_names_can_be_looked_up() -> None:
    """By ``dir`` and by what completes names, though they are not imported yet."""
    assert set(dir(relevel)) == set(relevel.__all__)


def test_importing_the_package_imports_nothing_else() -> None:
    """The command line starts fast."""
    program = "import sys, relevel; sys.exit(len([name for name in sys.modules if name.startswith('relevel.')]))"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
