"""The story that looking back is for: a data set is imported, a script deletes every record, and somebody wants it back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from tests.model.databases import Recorded, contents

plyvel = pytest.importorskip("plyvel", reason="plyvel has no wheels for this Python")

CHANGES = int(os.environ.get("RELEVEL_STORY_CHANGES", "30000"))
"""300,000 is the size of the story; a smaller one is told in every run of the tests."""
PREFIXES = (b"customer/", b"invoice/", b"session/")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Everyday writing, an import, more writing, and then every record is deleted."""
    recorded = Recorded(tmp_path_factory.mktemp("story") / "db")
    everyday, imported = CHANGES // 10, CHANGES // 2
    operations = recorded.operations
    for number in range(everyday):
        operations.append((b"session/%06d" % (number % 997), b"visit %d" % number))
    for number in range(imported):
        operations.append(
            (PREFIXES[number % 2] + b"%08d" % number, b'{"number": %d, "name": "record %d"}' % (number, number))
        )
    for number in range(everyday):
        operations.append((b"session/%06d" % (number % 997), b"later visit %d" % number))
    operations += [(key, None) for key in recorded.state_at(len(operations))]
    with plyvel.DB(str(recorded.path), create_if_missing=True) as database:
        for key, value in operations:
            database.delete(key) if value is None else database.put(key, value)
    return recorded


@pytest.fixture(scope="module")
def run(story: Recorded) -> relevel.DeletionRun:
    """The deletions, as the database tells of them."""
    (found,) = relevel.History(story.path).mass_deletions()
    return found


def on_disk(story: Recorded, sequence: int) -> dict[bytes, bytes]:
    """Of the true state at some number, what has not been dropped: no key has a newer put that is lost."""
    there = {version.sequence for version in relevel.History(story.path).timeline()}
    state: dict[bytes, tuple[int, bytes | None]] = {}
    for number, (key, value) in enumerate(story.operations[:sequence], start=1):
        if number in there:
            state[key] = (number, value)
    return {key: value for key, (_, value) in sorted(state.items()) if value is not None}


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    return subprocess.run(
        [sys.executable, "-m", "relevel", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_the_moment_is_found(story: Recorded, run: relevel.DeletionRun) -> None:
    """One run of deletions, from the first to the last, all of it."""
    deletions = [number for number, (_, value) in enumerate(story.operations, start=1) if value is None]

    assert (run.first_sequence, run.last_sequence, run.count) == (deletions[0], deletions[-1], len(deletions))
    assert str(run).endswith("deletions in one run")


def test_the_state_before_it_is_what_it_was(story: Recorded, run: relevel.DeletionRun) -> None:
    """All that is on disk, in order either way, and nothing else."""
    view = relevel.History(story.path).at(run.first_sequence - 1)
    true = story.state_at(run.first_sequence - 1)

    assert dict(view.pairs()) == on_disk(story, run.first_sequence - 1)
    assert set(view.pairs()) <= set(true.items())
    assert list(view.pairs(reverse=True)) == list(view.pairs())[::-1]
    assert relevel.History(story.path).at(run.last_sequence).approximate_len() == 0


def test_nothing_is_missing_where_the_horizon_says_so(story: Recorded, run: relevel.DeletionRun) -> None:
    """The imported records were written once: no compaction had anything of them to drop."""
    past = relevel.History(story.path)
    before = run.first_sequence - 1

    for prefix in PREFIXES:
        if past.horizon(prefix=prefix).is_complete_at(before):
            shown = dict(past.at(before).pairs(prefix=prefix))
            assert shown == {key: value for key, value in story.state_at(before).items() if key.startswith(prefix)}


def test_all_of_it_comes_back(story: Recorded, run: relevel.DeletionRun, tmp_path: Path) -> None:
    """Dry first; then a new database, as the command line makes it."""
    window = f"{run.first_sequence}-{run.last_sequence}"
    expected = on_disk(story, run.first_sequence - 1)

    dry = command("undelete", story.path, "--run", window, "--dry-run", "--json")
    done = command("undelete", story.path, tmp_path / "back", "--run", "1")

    assert dry.returncode == done.returncode == 0, dry.stderr + done.stderr
    assert json.loads(dry.stdout)["restored_count"] == len(expected)
    assert contents(tmp_path / "back")[0] == expected


def test_one_prefix_alone_comes_back(story: Recorded, run: relevel.DeletionRun, tmp_path: Path) -> None:
    """Of the others nothing."""
    chosen = relevel.Selection(
        prefixes=(b"invoice/",), first_sequence=run.first_sequence, last_sequence=run.last_sequence
    )
    expected = on_disk(story, run.first_sequence - 1)

    report = relevel.undelete(story.path, tmp_path / "back", deleted=True, selection=chosen)

    wanted = {key: value for key, value in expected.items() if key.startswith(b"invoice/")}
    assert report.restored_count == len(wanted)
    assert contents(tmp_path / "back")[0] == wanted


def test_a_patch_brings_it_back_into_the_running_database(
    story: Recorded, run: relevel.DeletionRun, tmp_path: Path
) -> None:
    """As lines for ``relevel load``, and as a write batch."""
    expected = on_disk(story, run.first_sequence - 1)
    for name in ("loaded", "batched"):
        shutil.copytree(story.path, tmp_path / name)

    made = command("undelete", story.path, "--run", "1", "--patch", tmp_path / "patch.jsonl")
    loaded = command("load", tmp_path / "loaded", tmp_path / "patch.jsonl")
    with plyvel.DB(str(tmp_path / "batched")) as database, database.write_batch() as batch:
        count = relevel.History(story.path).patch().apply(batch)

    assert made.returncode == loaded.returncode == 0, made.stderr + loaded.stderr
    assert count == len(expected)
    assert contents(tmp_path / "loaded")[0] == contents(tmp_path / "batched")[0] == expected
