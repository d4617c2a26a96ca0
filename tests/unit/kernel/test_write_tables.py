"""Rows written into new tables."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from relevel._kernel import Cursor, TableInput, scan_table
from tests.unit.kernel.inputs import Entry, history_of_one_key, log, paths_in, short, table


class RefusalError(Exception):
    """What callbacks raise here."""


def refuse(*_: object) -> int:
    """Raise whatever one is called with."""
    raise RefusalError


def test_tables_are_written_whole_and_cut_between_keys(tmp_path: Path) -> None:
    """All versions of a user key go to one table, and what is written is what was selected."""
    entries: list[Entry] = [(b"%03d" % (n // 9), n + 1, b"%d" % n * 40) for n in range(9000)]
    source = table(tmp_path / "t", *entries)
    told: list[int] = []

    metas = Cursor([TableInput(source, "t")], mode="versions").write_tables(
        paths_in(tmp_path / "new"), target_file_size=20_000, codec="none", progress=told.append
    )

    assert len(metas) > 5
    assert told[-1] <= sum(meta.entry_count for meta in metas) == 9000
    assert all(scan_table(meta.path).faults == [] for meta in metas)
    assert all(a.largest[:-8] < b.smallest[:-8] for a, b in pairwise(metas))
    assert (metas[0].min_sequence, metas[-1].max_sequence) == (1, 9000)
    written = [TableInput(meta.path, meta.path) for meta in metas]
    assert short(Cursor(written, mode="versions")) == short(Cursor([TableInput(source, "t")], mode="versions"))


def test_what_is_written_is_counted_by_state(tmp_path: Path) -> None:
    """One pass tells how many were brought back."""
    cursor = Cursor(history_of_one_key(tmp_path), mode="undelete")

    cursor.write_tables(paths_in(tmp_path / "new"))

    assert cursor.written_states == {"live": 1, "shadowed": 0, "deleted": 1, "unknown": 3}


def test_nothing_selected_makes_no_table(tmp_path: Path) -> None:
    """No path is asked for."""
    assert Cursor([], mode="versions").write_tables(refuse) == []  # type: ignore[arg-type]


def test_a_second_value_for_an_internal_key_is_left_out_and_told(tmp_path: Path) -> None:
    """A table has room for one."""
    sources = [TableInput(table(tmp_path / name, (b"k", 5, name.encode())), name) for name in ("x", "y")]
    cursor = Cursor(sources, mode="versions")

    metas = cursor.write_tables(paths_in(tmp_path / "new"))

    assert [meta.entry_count for meta in metas] == [1]
    assert [(name, fault.code, fault.lower) for name, fault in cursor.take_faults()] == [("y", "merge.conflict", b"k")]


@pytest.mark.parametrize("callbacks", [{"next_path": refuse}, {"next_path": str, "progress": refuse}])
def test_what_the_callbacks_of_a_rebuild_raise_comes_out(
    tmp_path: Path, callbacks: dict[str, Callable[..., object]]
) -> None:
    """And what was written stays for the caller to remove."""
    with pytest.raises((RefusalError, OSError)):
        Cursor(history_of_one_key(tmp_path)).write_tables(**callbacks)  # type: ignore[arg-type]


def test_a_path_that_is_taken_is_refused(tmp_path: Path) -> None:
    """No file is ever written over."""
    taken = tmp_path / "taken"
    taken.write_bytes(b"evidence")

    with pytest.raises(FileExistsError, match="taken"):
        Cursor(history_of_one_key(tmp_path)).write_tables(lambda: str(taken))
    assert taken.read_bytes() == b"evidence"


FULL_DISK = """
import resource, sys
from relevel._kernel import Cursor, LogInput
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
log, directory, way = sys.argv[1:]
cursor = Cursor([LogInput(log, "log", temp_dir=directory, memory_limit=1 << 30 if way != "log" else 1)], mode="versions")
try:
    if way == "tables":
        cursor.write_tables(lambda: directory + "/t.ldb", codec="none")
    elif way == "sort":
        cursor.by_sequence(directory, 1)
    else:
        cursor.read(1)
except OSError as error:
    print(type(error).__name__, directory in str(error.filename))
"""


@pytest.mark.parametrize("way", ["tables", "sort", "log"])
def test_a_full_disk_is_an_error_of_the_system(tmp_path: Path, way: str) -> None:
    """It names the place, and no temporary file is left."""
    pytest.importorskip("resource")
    random = Random(1)
    source = tmp_path / "log"
    source.write_bytes(log(*((b"%05d" % index, index + 1, random.randbytes(120)) for index in range(3000))))
    folder = tmp_path / "folder"
    folder.mkdir()

    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(source), str(folder), way], capture_output=True, text=True, check=True
    )

    assert ran.stdout.split() == ["OSError", "True"], ran.stderr
    assert [path.name for path in folder.iterdir()] == ["t.ldb"] * (way == "tables")
