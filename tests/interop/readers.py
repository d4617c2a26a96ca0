"""What other programs find in a database: plyvel, goleveldb and classic-level, each on a copy of its own.

A program that is not at hand (no go, no node, no network to fetch a dependency) skips the test, with the
reason; one of ours that does not compile fails it. They are built once, into ``.pytest_cache/interop``.
"""

import fcntl
import functools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".pytest_cache" / "interop"
PLYVEL = [sys.executable, "-m", "tests.interop.plyvel_program"]


class ReadFailedError(Exception):
    """A program refused the database; the text is the program's own."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a program finds: the pairs in the order of iteration, and what get says for each of these keys."""

    iterated: list[tuple[bytes, bytes]]
    got: dict[bytes, bytes]


@contextmanager
def copy_of(database: Path) -> Iterator[Path]:
    """A writable copy of ``database`` that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "db"
        shutil.copytree(database, copy)
        copy.chmod(0o755)
        for file in copy.rglob("*"):
            file.chmod(0o755 if file.is_dir() else 0o644)
        yield copy


def read_with_plyvel(database: Path, comparator: str = "") -> Content:
    """Open a copy with plyvel, paranoid and verifying checksums; ``comparator`` names one that it is taught."""
    _need_plyvel()
    with copy_of(database) as copy:
        return _content(_run([*PLYVEL, "read", str(copy), *_given(comparator)]))


def read_with_goleveldb(database: Path) -> Content:
    """Open a copy with goleveldb, which knows the bytewise comparator and the codecs none and snappy."""
    return read_with([str(goleveldb())], database)


def read_with_classic_level(database: Path) -> Content:
    """Open a copy with classic-level, which knows the bytewise comparator and the codecs none and snappy."""
    return read_with(["node", str(classic_level())], database)


def read_with(program: list[str], database: Path) -> Content:
    """Let a program read a copy."""
    with copy_of(database) as copy:
        return _content(_run([*program, "read", str(copy)]))


def put_wins(database: Path, key: bytes, comparator: str = "") -> bool:
    """Whether a put over ``key`` that plyvel makes in a copy is what get and iteration say after a reopen.

    This is what breaks where a rebuilt database has a wrong last sequence number or a wrong order of level 0.
    """
    _need_plyvel()
    value = b"the new value"
    with copy_of(database) as copy:
        _run([*PLYVEL, "put", str(copy), key.hex(), value.hex(), *_given(comparator)])
        content = read_with_plyvel(copy, comparator)
    return content.got.get(key) == value == dict(content.iterated).get(key)


@functools.cache
def goleveldb() -> Path:
    """The goleveldb program, built on first use."""
    program = CACHE / "goleveldb" / "program"
    with build_lock("goleveldb"):
        need("go")
        fetch(["go", "mod", "download"], HERE / "goleveldb")
        build(["go", "build", "-o", str(program), "."], HERE / "goleveldb")
    return program


@functools.cache
def classic_level() -> Path:
    """The classic-level program with its packages, installed on first use."""
    folder = CACHE / "classic_level"
    with build_lock("classic_level"):
        need("node")
        need("npm")
        lock = HERE / "classic_level" / "package-lock.json"
        installed = folder / "package-lock.json"
        fresh = (
            folder / "node_modules" / ".package-lock.json"
        ).exists() and installed.read_bytes() == lock.read_bytes()
        for file in (HERE / "classic_level").glob("p*.*"):
            shutil.copy(file, folder / file.name)
        if not fresh:
            fetch(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    return folder / "program.mjs"


def write_with(program: list[str], database: Path, script: str) -> None:
    """Let a program follow a script on ``database``; a script that ends in ``kill`` ends with the program's death."""
    command = [*program, "write", str(database)]
    done = subprocess.run(command, cwd=ROOT, input=script, text=True, capture_output=True, check=False)
    killed = script.rstrip().endswith("kill")
    if done.returncode != (-9 if killed else 0):
        raise ReadFailedError(f"{program[0]} ended with {done.returncode}: {done.stderr.strip()}")


def _given(comparator: str) -> list[str]:
    return [comparator] if comparator else []


def _need_plyvel() -> None:
    if find_spec("plyvel") is None:
        pytest.skip("no plyvel for this Python")


def need(program: str) -> None:
    """Skip the test where a program is not here."""
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here")


@contextmanager
def build_lock(name: str) -> Iterator[None]:
    """Let one process at a time build ``name``: test workers share the cache."""
    (CACHE / name).mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(command: list[str], folder: Path) -> None:
    """Run a command that fetches what others wrote; skip the test where it fails."""
    said = _failure(command, folder)
    if said:
        pytest.skip(f"{' '.join(command[:2])} failed: {said.splitlines()[-1]}")


def build(command: list[str], folder: Path) -> None:
    """Run a command that compiles a program of ours; fail the test where it fails."""
    said = _failure(command, folder)
    if said:
        pytest.fail(f"{' '.join(command[:2])} failed: {said}")


def _failure(command: list[str], folder: Path) -> str:
    """What a command says that fails; empty where it does not."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr.strip() or done.stdout.strip() or "no word" if done.returncode else ""


def _run(command: list[str]) -> Iterable[str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReadFailedError(f"{Path(command[0]).parent.name}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def _content(lines: Iterable[str]) -> Content:
    iterated: list[tuple[bytes, bytes]] = []
    got: dict[bytes, bytes] = {}
    for line in lines:
        pair = json.loads(line)
        key, value = bytes.fromhex(pair["k"]), bytes.fromhex(pair["v"])
        if pair["how"] == "got":
            got[key] = value
        else:
            iterated.append((key, value))
    return Content(iterated, got)
