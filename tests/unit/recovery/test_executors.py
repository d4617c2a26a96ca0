"""check and rescue on other executors: the same reports and the same bytes, wherever the files were verified."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import BYTEWISE, Comparator
from relevel.recovery.inventory.directory import open_directory
from relevel.recovery.rebuild.plan import make_plan
from relevel.recovery.rebuild.rebuild import rebuild
from relevel.recovery.survey.survey import survey
from relevel.storage.posix import NewDirectory
from tests.damage.operators import flip_random_bit_in, garbage, truncate
from tests.fixtures.catalogue import BY_NAME


@pytest.fixture(scope="module", params=["spawned processes", "threads"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    """Processes that share nothing with this one, as on every cluster; and threads."""
    if request.param == "threads":
        with ThreadPoolExecutor(2) as threads:
            yield threads
    else:
        with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
            yield processes


@pytest.fixture
def damaged(node: Path) -> Path:
    """The demonstration database with bits to heal, a block that is lost, and a torn log."""
    for seed in range(3):
        flip_random_bit_in(node, "data-block", seed)
    garbage(node / "000005.ldb", 30_000, 64, 1)
    log = max(node.glob("*.log"))
    truncate(log, log.stat().st_size - 20)
    return node


def reversed_order(a: bytes, b: bytes) -> int:
    """The reverse of the bytewise order."""
    return (a < b) - (a > b)


def files_of(database: Path) -> dict[str, bytes]:
    """Every file by name."""
    return {path.name: path.read_bytes() for path in database.iterdir()}


def test_check_says_the_same_on_any_executor(damaged: Path, executor: Executor) -> None:
    """Findings, counts and their order."""
    inline = relevel.check(damaged)

    assert relevel.check(damaged, executor=executor) == inline
    assert inline.findings


def test_rescue_does_the_same_on_any_executor(damaged: Path, executor: Executor, tmp_path: Path) -> None:
    """The report, and every byte of the new database."""
    inline = relevel.rescue(damaged, tmp_path / "inline")

    elsewhere = relevel.rescue(damaged, tmp_path / "elsewhere", executor=executor)

    assert replace(elsewhere, destination=inline.destination) == inline
    assert inline.healed
    assert inline.losses
    assert files_of(tmp_path / "elsewhere") == files_of(tmp_path / "inline")


def test_a_comparator_of_ones_own_goes_along(executor: Executor) -> None:
    """A function at the top of a module is found there by the other process."""
    database = BY_NAME["plyvel-reverse"].database
    own = Comparator("test.ReverseBytewise", reversed_order)

    assert relevel.check(database, comparator=own, executor=executor) == relevel.check(database)


def test_progress_is_told_on_any_executor(damaged: Path, executor: Executor) -> None:
    """In bytes, to the end."""
    told: list[tuple[int, int]] = []

    relevel.check(damaged, executor=executor, progress=lambda done, total: told.append((done, total)))

    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0


def test_a_plan_can_be_carried_out_elsewhere(damaged: Path, tmp_path: Path) -> None:
    """It is a value: pickled and read again, it makes the same database."""
    plan = make_plan(survey(open_directory(damaged), BYTEWISE))
    relevel.rescue(damaged, tmp_path / "inline")

    with NewDirectory(tmp_path / "elsewhere", source=damaged) as target:
        rebuild(pickle.loads(pickle.dumps(plan)), target)
        target.publish()

    assert files_of(tmp_path / "elsewhere") == files_of(tmp_path / "inline")
