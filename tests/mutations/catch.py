"""Plant each bug in a copy of the project, build it, and see that a harness finds it.

python -m tests.mutations.catch [--only TEXT]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutations.planted import MUTATIONS, Mutation

PROJECT: Final = Path(__file__).parents[2]
_PARTS: Final = (
    "src",
    "rust",
    "tests",
    "fuzz",
    "docs",
    "bench",
    "examples",
    "Cargo.toml",
    "Cargo.lock",
    "pyproject.toml",
    "README.md",
)
_LONGEST_SECONDS: Final = 1800


def copy_project(place: Path) -> None:
    """Copy what is needed to build and to test, and what was built, so that little is to be built again."""
    for part in _PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, place / part, symlinks=True)
        else:
            shutil.copy2(source, place / part)
    if (PROJECT / "target" / "release").is_dir():
        shutil.copytree(PROJECT / "target" / "release", place / "target" / "release", symlinks=True)


def plant(mutation: Mutation, place: Path) -> None:
    """Put a bug where sound text is."""
    file = place / mutation.file
    text = file.read_text(encoding="utf-8")
    assert mutation.sound in text, f"{mutation.name}: {mutation.file} has changed"
    file.write_text(text.replace(mutation.sound, mutation.broken), encoding="utf-8")


def build(place: Path) -> None:
    """Build the kernel where it will be imported from."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "relevel-binding"]
    command += ["--features", "pyo3/extension-module"]
    subprocess.run(command, cwd=place, check=True)
    (library,) = (place / "target" / "release").glob("lib_kernel.so")
    shutil.copy2(library, place / "src" / "relevel" / "_kernel.abi3.so")


def run(harness: Sequence[str], place: Path) -> bool:
    """Whether a harness finds nothing."""
    environment = {**os.environ, "PYTHONPATH": f"{place / 'src'}{os.pathsep}{place}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *harness]
    try:
        ended = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, timeout=_LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:  # it hangs: that is found too
        return False
    return ended.returncode == 0


def catches(mutation: Mutation) -> bool:
    """Whether the harness fails with the bug."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        place = Path(name) / "project"
        place.mkdir()
        copy_project(place)
        plant(mutation, place)
        if mutation.file.endswith(".rs"):
            build(place)
        return not run(mutation.harness, place)


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant one after another, and print which were found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name has this")
    given = parser.parse_args(arguments)
    chosen = [mutation for mutation in MUTATIONS if given.only in mutation.name]
    caught = 0
    for mutation in chosen:
        is_caught = catches(mutation)
        caught += is_caught
        sys.stdout.write(f"{'found ' if is_caught else 'MISSED'}  {mutation.name}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{caught} of {len(chosen)} found\n")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
