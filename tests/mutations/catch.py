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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.mutations.planted import MUTATIONS, Mutation

PROJECT: Final = Path(__file__).parents[2]
KERNEL: Final = PROJECT / "src" / "relevel" / "_kernel.abi3.so"
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
    """Copy what is needed to build and to test."""
    for part in _PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, place / part, symlinks=True)
        else:
            shutil.copy2(source, place / part)


@contextmanager
def planted(mutation: Mutation, place: Path) -> Iterator[None]:
    """Have a bug where sound text is, built."""
    file = place / mutation.file
    sound = file.read_text(encoding="utf-8")
    assert mutation.sound in sound, f"{mutation.name}: {mutation.file} has changed"
    file.write_text(sound.replace(mutation.sound, mutation.broken), encoding="utf-8")
    try:
        if file.suffix == ".rs":
            build(place)
        yield
    finally:
        file.write_text(sound, encoding="utf-8")
        shutil.copy2(KERNEL, place / KERNEL.relative_to(PROJECT))


def build(place: Path) -> None:
    """Build the kernel where it will be imported from."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--package", "relevel-binding"]
    command += ["--features", "pyo3/extension-module"]
    environment = {**os.environ, "RUSTFLAGS": "--cap-lints allow"}
    subprocess.run(command, cwd=place, env=environment, check=True)
    shutil.copy2(place / "target" / "release" / "lib_kernel.so", place / KERNEL.relative_to(PROJECT))


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant one after another, and print which were found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name has this")
    given = parser.parse_args(arguments)
    chosen = [mutation for mutation in MUTATIONS if given.only in mutation.name]
    caught = 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        place = Path(name) / "project"
        place.mkdir()
        copy_project(place)
        for mutation in chosen:
            with planted(mutation, place):
                is_caught = not run(mutation.harness, place)
            caught += is_caught
            sys.stdout.write(f"{'found ' if is_caught else 'MISSED'}  {mutation.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{caught} of {len(chosen)} found\n")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
