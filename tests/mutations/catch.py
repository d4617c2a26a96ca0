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
from contextlib import contextmanager, suppress
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
_BUILT: Final = PROJECT / "target" / "mutations"
_LONGEST_SECONDS: Final = 1800
_SHOWN: Final = 3000
"""Characters of what a harness said that failed without a bug."""
_QUICK: Final = {
    "RUSTFLAGS": "--cap-lints allow",
    "CARGO_PROFILE_RELEASE_LTO": "off",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_INCREMENTAL": "true",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
}
"""Builds anew only what a bug has changed."""


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
    subprocess.run(command, cwd=place, env={**os.environ, **_QUICK, "CARGO_TARGET_DIR": str(_BUILT)}, check=True)
    shutil.copy2(_BUILT / "release" / "lib_kernel.so", place / KERNEL.relative_to(PROJECT))


def failure(harness: Sequence[str], place: Path) -> str:
    """What a harness says where it fails, the end of it; empty where it finds nothing."""
    paths = f"{place / 'src'}{os.pathsep}{place}"
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "CARGO_TARGET_DIR": str(_BUILT)}
    command = [sys.executable, *harness]
    try:
        ended = subprocess.run(
            command,
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:  # it hangs: that is found too
        return f"ran for {_LONGEST_SECONDS} seconds"
    return (ended.stdout[-_SHOWN:] or "failed") if ended.returncode else ""


class Catch:
    """A copy of the project in which bugs are planted."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._said: dict[tuple[str, ...], str] = {}

    def verdict(self, mutation: Mutation) -> str:
        """``found``, ``MISSED``, that it does not build, or that its harness fails without it, and what that says."""
        harness = mutation.harness
        if harness not in self._said:
            self._said[harness] = failure(harness, self._place)
        if self._said[harness]:
            return f"FAILS WITHOUT A BUG ({' '.join(harness)})\n{self._said[harness]}\n"
        with suppress(subprocess.CalledProcessError), planted(mutation, self._place):
            return "found " if failure(harness, self._place) else "MISSED"
        return "DOES NOT BUILD"


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant one after another, and print which were found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name has this")
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="N", help="begin with the Nth of them")
    given = parser.parse_args(arguments)
    chosen = [mutation for mutation in MUTATIONS if given.only in mutation.name][given.first - 1 :]
    caught = 0
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        place = Path(name) / "project"
        place.mkdir()
        copy_project(place)
        catch = Catch(place)
        for mutation in chosen:
            verdict = catch.verdict(mutation)
            caught += verdict == "found "
            sys.stdout.write(f"{verdict}  {mutation.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{caught} of {len(chosen)} found\n")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
