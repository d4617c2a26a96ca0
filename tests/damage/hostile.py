"""Directories of any bytes: whatever is asked of one ends with an answer or with an error of ours, in bounded memory and time.

    python -m tests.damage.hostile [--directories N] [--seed N]

A directory begins as a real database, or empty. Files are then changed, exchanged, copied under other names, cut, or replaced: by
noise, or by logs, manifests and tables whose checksums are right and whose contents are not. Where one breaks something, Hypothesis
looks for the smallest that does. The process may map a gibibyte, and run for a minute of processor time on each directory: where it
needs more it dies, and leaves the directory.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import hypothesis
from hypothesis import strategies as st

import relevel
from relevel.recovery.get import look_up
from tests.damage import forge
from tests.damage.bounded import bound_memory, bound_time
from tests.damage.commands import open_with_engine, run_all
from tests.damage.every_byte import DATABASES, MEMORY
from tests.fixtures.catalogue import BY_NAME

Files = dict[str, bytes]
Change = Callable[[Files], None]

_BASES: Final = (*DATABASES, "")
_NAMES: Final = (
    *("000003.log", "000004.log", "000005.ldb", "000005.sst", "000006.log", "000007.ldb", "000008.log", "000018.log"),
    *(
        "CURRENT",
        "CURRENT.bak",
        "MANIFEST-000002",
        "MANIFEST-000006",
        "MANIFEST-000007",
        "MANIFEST-000016",
        "LOCK",
        "LOG",
    ),
    *(
        "000099.ldb",
        "18446744073709551615.ldb",
        "000005.ldb.bak",
        "000005 (1).ldb",
        "MANIFEST-",
        "000007.dbtmp",
        "stranger",
    ),
)


def _number() -> st.SearchStrategy[int]:
    edges = (
        0,
        1,
        2,
        5,
        7,
        127,
        128,
        (1 << 31) - 1,
        (1 << 32) - 1,
        (1 << 56) - 1,
        1 << 56,
        (1 << 63) - 1,
        (1 << 64) - 1,
    )
    return st.sampled_from(edges) | st.integers(0, 40)


def _key() -> st.SearchStrategy[bytes]:
    """An internal key, or not even that."""
    user_key = st.sampled_from((b"", b"k00", b"k07", b"k31", b"\xff")) | st.binary(max_size=6)
    whole = st.builds(forge.internal_key, user_key, st.integers(0, 60) | st.sampled_from(((1 << 56) - 1,)))
    return whole | st.binary(max_size=10)


def _edits() -> st.SearchStrategy[bytes]:
    """What a manifest's record may hold: fields in any order, with any numbers."""
    varint, text = st.builds(forge.varint, _number()), st.builds(forge.text, _key())
    field = (
        st.builds(lambda tag, number: bytes([tag]) + number, st.sampled_from((2, 3, 4, 9)), varint)
        | st.builds(lambda *parts: b"\x05" + b"".join(parts), varint, text)
        | st.builds(lambda *parts: b"\x06" + b"".join(parts), varint, varint)
        | st.builds(lambda *parts: b"\x07" + b"".join(parts), varint, varint, varint, text, text)
        | st.just(b"\x01" + forge.text(b"leveldb.BytewiseComparator"))
        | st.binary(max_size=8)
    )
    return st.builds(b"".join, st.lists(field, max_size=6))


def _batches() -> st.SearchStrategy[bytes]:
    """What a log's record may hold."""
    put = st.builds(forge.put, _key(), st.binary(max_size=20), claimed=st.none() | _number())
    body = st.builds(b"".join, st.lists(put | st.binary(max_size=8), max_size=4))
    sequence = st.integers(0, 60) | st.sampled_from(((1 << 56) - 1, (1 << 64) - 1))
    return st.builds(forge.batch, sequence, body, st.integers(0, 5) | st.just((1 << 32) - 1))


def _tables() -> st.SearchStrategy[bytes]:
    """A table of one block."""
    entry = st.builds(forge.entry, _key(), st.binary(max_size=20), claimed=st.none() | _number())
    small = st.integers(0, 4) | st.just((1 << 32) - 1)
    block = st.builds(
        forge.block, st.builds(b"".join, st.lists(entry, max_size=5)), kind=st.integers(0, 5), restarts=small
    )
    handle = st.none() | st.tuples(_number(), _number())
    index = st.just(b"") | block
    return st.builds(forge.table, block | st.binary(min_size=5, max_size=60), handle=handle, index=index)


def _contents() -> st.SearchStrategy[bytes]:
    """What a file may hold."""
    manifest = st.builds(forge.log, st.lists(_edits(), max_size=4))
    whole = st.builds(
        lambda rest: forge.log([forge.first_edit(log_number=3, next_file=40, last_sequence=60), *rest]),
        st.lists(_edits(), max_size=3),
    )
    log = st.builds(forge.log, st.lists(_batches(), max_size=4))
    current = st.sampled_from(
        (b"MANIFEST-000002\n", b"MANIFEST-000006\n", b"MANIFEST-000006", b"../MANIFEST-000001\n", b"\n")
    )
    return manifest | whole | log | _tables() | current | st.binary(max_size=200)


def _places() -> st.SearchStrategy[tuple[str, float]]:
    return st.tuples(st.sampled_from(_NAMES), st.floats(0, 1))


def _splice(place: tuple[str, float], gone: int, new: bytes) -> Change:
    def change(files: Files) -> None:
        name, data = place[0], files.get(place[0], b"")
        at = int(place[1] * len(data))
        files[name] = data[:at] + new + data[at + gone :]

    return change


def _append(pattern: str, payloads: list[bytes]) -> Change:
    """Go on in every log or manifest, with right checksums."""

    def change(files: Files) -> None:
        for name in [each for each in files if pattern in each]:
            files[name] += forge.log(payloads)

    return change


def _copy(source: str, target: str) -> Change:
    def change(files: Files) -> None:
        files[target] = files.get(source, b"")

    return change


def _write(name: str, data: bytes) -> Change:
    def change(files: Files) -> None:
        files[name] = data

    return change


def _remove(name: str) -> Change:
    def change(files: Files) -> None:
        files.pop(name, None)

    return change


def directories() -> st.SearchStrategy[Files]:
    """Files by name."""
    name = st.sampled_from(_NAMES)
    change = (
        st.builds(_splice, _places(), st.integers(0, 3) | st.integers(0, 5000), st.binary(max_size=12))
        | st.builds(_write, name, _contents())
        | st.builds(_append, st.just("MANIFEST-"), st.lists(_edits(), min_size=1, max_size=3))
        | st.builds(_append, st.just(".log"), st.lists(_batches(), min_size=1, max_size=3))
        | st.builds(_copy, name, name)
        | st.builds(_remove, name)
    )

    def make(base: str, changes: list[Change]) -> Files:
        folder = BY_NAME[base].database if base else None
        files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())} if folder else {}
        for each in changes:
            each(files)
        return files

    return st.builds(make, st.sampled_from(_BASES), st.lists(change, max_size=6))


def ask_everything(files: Files) -> None:
    """Ask everything of a directory with these files.

    Raises:
        Exception: something that is no error of ours.
    """
    bound_time()
    with tempfile.TemporaryDirectory(prefix="hostile-", dir=MEMORY) as folder:
        database = Path(folder) / "db"
        database.mkdir()
        for name, data in files.items():
            (database / name).write_bytes(data)
        run_all(database, Path(folder))
        open_with_engine(database)
        _take_out(database, Path(folder))
        assert {path.name: path.read_bytes() for path in database.iterdir()} == files, "the source was changed"
        with contextlib.suppress(relevel.RelevelError):
            _write_to(database)


def _take_out(database: Path, folder: Path) -> None:
    """Look a key up, account for every byte, export rows one by one and in columns, carve the files as if they had no names."""
    works: tuple[Callable[[], object], ...] = (
        lambda: look_up(database, b"k00"),
        lambda: relevel.check(database, accounting=True),
        lambda: relevel.export(database, folder / "rows.jsonl"),
        lambda: relevel.export(database, folder / "columns.arrow"),
        lambda: relevel.carve(database, folder / "carved", thorough=True),
    )
    for work in works:
        with contextlib.suppress(relevel.RelevelError):
            work()


def _write_to(database: Path) -> None:
    """Open it with the engine, write, compact, and look for what was written."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", relevel.LogDamagedWarning)
        db = relevel.DB(database, create_if_missing=True)
    try:
        db.put(b"k07", b"written")
        assert db.get(b"k07") == b"written", "what was written is not found"
        db.compact_range()
        assert db.get(b"k07") == b"written", "what was written is not found after a compaction"
    finally:
        with contextlib.suppress(relevel.RelevelError):
            db.close()


def memory_in_use() -> int:
    """The most bytes that this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def try_directories(count: int, seed: int) -> None:
    """Try so many."""
    settings = hypothesis.settings(max_examples=count, database=None, deadline=None, print_blob=False)
    hypothesis.seed(seed)(settings(hypothesis.given(directories())(ask_everything)))()


def main(arguments: Sequence[str] | None = None) -> int:
    """Try directories, and print how many there were."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--directories", type=int, default=1000, help="how many to try")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    bound_memory()
    began = time.monotonic()
    try_directories(given.directories, given.seed)
    memory, seconds = memory_in_use() >> 20, time.monotonic() - began
    sys.stdout.write(f"{given.directories} directories, seed {given.seed}: {seconds:.0f} s, {memory} MiB at most\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
