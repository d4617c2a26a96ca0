"""Build the wheel once, install it for every Python that is here, and run the tests of the engine and of the commands there.

    python -m tests.surroundings.pythons [--python FILE]... [--least N] [TEST]...

Looked for are python3.10 to python3.15, and those without the lock (python3.13t, …), among the commands and in pyenv's folder.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
VERSIONS: Final = [f"3.{minor}{kind}" for minor in range(10, 16) for kind in ("", "t")]
SLICE: Final = (
    "tests/engine",
    "tests/crowd",
    "tests/model/test_same_history.py",
    "tests/unit/test_public_names.py",
    "tests/unit/cli",
    "tests/damage/test_any_damage.py",
)
"""What is run with each: all that threads, callbacks and types of the interpreter matter to."""
LEAST: Final = 1000
"""So many of SLICE must pass: less means that they were not run."""
_PACKAGES: Final = ("pytest>=8", "hypothesis>=6.100", "pytest-xdist>=3.5")
_ABOUT: Final = (
    "import sys, sysconfig; print(sys.version.split()[0] + 't' * bool(sysconfig.get_config_var('Py_GIL_DISABLED')))"
)


def run(command: Sequence[object], folder: Path) -> str:
    """What a command says; raises RuntimeError with it where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-4000:])
    return done.stdout


def found() -> Iterator[str]:
    """Interpreters that are here."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in VERSIONS:
        kept = sorted(pyenv.glob(f"{version.rstrip('t')}.*{'t' if version.endswith('t') else '[0-9]'}/bin/python"))
        name = str(kept[-1]) if kept else shutil.which(f"python{version}")
        if name:
            yield name


def built(folder: Path) -> Path:
    """The wheel."""
    maturin = Path(sys.executable).with_name("maturin")
    run([maturin, "build", "--release", "--locked", "--quiet", "--out", folder, "--interpreter", sys.executable], ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def passed(said: str) -> int:
    """How many tests pytest says that passed."""
    counts = re.findall(r"\b(\d+) passed\b", said)
    return int(counts[-1]) if counts else 0


def try_with(python: str, wheel: Path, tests: Sequence[str], least: int) -> tuple[bool, str]:
    """Install the wheel in a new environment, and run the tests there.

    Returns:
        Whether none failed and at least so many passed, and what was said at the end.
    """
    with tempfile.TemporaryDirectory(prefix="python-") as name:
        folder = Path(name)
        try:
            run([python, "-m", "venv", folder / "venv"], folder)
            inside = folder / "venv" / "bin" / "python"
            run([inside, "-m", "pip", "install", "--quiet", wheel, *_PACKAGES], folder)
            for part in ("tests", "docs", "pyproject.toml", "README.md", "CHANGELOG.md"):
                (folder / part).symlink_to(ROOT / part)
            command = [inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-n", "1", *tests]
            said = run(command, folder)
        except RuntimeError as error:
            return False, str(error)
    last = said.strip().splitlines()[-1]
    return passed(last) >= least, last


def main(arguments: Sequence[str] | None = None) -> int:
    """Try every Python, and print how it went."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--python", action="append", metavar="FILE", help="only these interpreters")
    parser.add_argument("--least", type=int, metavar="N", help="how many tests must pass with each")
    parser.add_argument("tests", nargs="*", default=SLICE)
    given = parser.parse_args(arguments)
    least = given.least or (LEAST if given.tests == SLICE else 1)
    pythons = given.python or list(found())
    if not pythons:
        sys.stdout.write("no Python found\n")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        wheel = built(Path(folder))
        sys.stdout.write(f"{wheel.name}\n")
        for python in pythons:
            version = run([python, "-c", _ABOUT], ROOT).strip()
            is_well, said = try_with(python, wheel, given.tests, least)
            failed += not is_well
            sys.stdout.write(f"{version:10} {'well' if is_well else 'FAILED'}: {said}\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
