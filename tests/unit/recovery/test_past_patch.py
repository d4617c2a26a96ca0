"""Patches, selections and dry runs."""

from __future__ import annotations

import random
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import relevel
from relevel import Selection

Writes = list[tuple[bytes, bytes | None]]


@pytest.fixture(scope="module")
def writes() -> Writes:
    """Some keys written, changed, deleted in two runs, and a few written again."""
    first: Writes = [(b"a/%03d" % number, b"first") for number in range(300)]
    second: Writes = [(b"b/%03d" % number, b"second") for number in range(300)]
    changed: Writes = [(b"a/%03d" % number, b"changed") for number in range(0, 300, 3)]
    gone: Writes = [(b"a/%03d" % number, None) for number in range(100, 300)]
    also_gone: Writes = [(b"b/%03d" % number, None) for number in range(150)]
    again: Writes = [(b"a/%03d" % number, b"again") for number in range(100, 110)]
    between: Writes = [(b"c/%03d" % number, b"meanwhile") for number in range(50)]
    return [*first, *second, *changed, *gone, *between, *also_gone, *again]


@pytest.fixture(scope="module")
def path(writes: Writes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that was written so."""
    path = tmp_path_factory.mktemp("patch") / "db"
    with relevel.DB(path, create_if_missing=True) as database:
        for key, value in writes:
            database.delete(key) if value is None else database.put(key, value)
    return path


def state(writes: Writes, sequence: int | None = None) -> dict[bytes, bytes]:
    """What a read gave after so many writes."""
    entries = dict(writes[:sequence])
    return {key: value for key, value in sorted(entries.items()) if value is not None}


def now_with(path: Path, patch: relevel.Patch, copy: Path) -> dict[bytes, bytes]:
    """A copy of the database after a patch."""
    shutil.copytree(path, copy)
    with relevel.DB(copy) as database:
        with database.write_batch() as batch:
            patch.apply(batch)
        return dict(database)


@pytest.mark.parametrize("sequence", [0, 1, 299, 450, 700, 850, 1000, 1110])
def test_a_patch_goes_back_to_a_sequence_number(sequence: int, path: Path, writes: Writes, tmp_path: Path) -> None:
    """Keys come back, change and go; a dry run counts just them, and a new database is the same."""
    patch = relevel.History(path).patch(at=sequence)
    before, then = state(writes), state(writes, sequence)

    assert now_with(path, patch, tmp_path / "copy") == then
    counts = patch.counts()
    assert counts.restored == len(then.keys() - before.keys())
    assert counts.removed == len(before.keys() - then.keys())
    assert counts.changed == sum(before[key] != then[key] for key in then.keys() & before.keys())
    report = relevel.undelete(path, at=sequence, dry_run=True)
    assert (report.restored_count, report.changed_count, report.removed_count) == (
        counts.restored,
        counts.changed,
        counts.removed,
    )
    relevel.undelete(path, tmp_path / "new", at=sequence)
    assert dict(relevel.scan(tmp_path / "new")) == then


def test_one_run_of_deletions_is_undone_and_not_the_other(path: Path, writes: Writes, tmp_path: Path) -> None:
    """What was written again meanwhile stays as it is."""
    first, second = relevel.History(path).mass_deletions()
    chosen = Selection(first_sequence=first.first_sequence, last_sequence=first.last_sequence)

    report = relevel.undelete(path, tmp_path / "new", deleted=True, selection=chosen)

    true, before = state(writes), state(writes, first.first_sequence - 1)
    wanted = {**{key: value for key, value in before.items() if key.startswith(b"a/")}, **true}
    assert dict(relevel.scan(tmp_path / "new")) == wanted
    assert report.restored_count == 190
    assert second.first_sequence == first.last_sequence + 51
    assert (first.prefix, second.prefix) == (b"a/", b"b/")


@pytest.mark.parametrize(
    "selection",
    [
        Selection(keys=(b"a/150", b"b/003", b"no such")),
        Selection(prefixes=(b"a/11", b"b/01")),
        Selection(start=b"a/200", stop=b"b/100"),
        Selection(prefixes=(b"b/",), start=b"b/010", stop=b"b/020"),
        Selection(keys=(b"a/150",), prefixes=(b"b/14",)),
    ],
)
def test_only_what_is_selected_comes_back(selection: Selection, path: Path, writes: Writes, tmp_path: Path) -> None:
    """Keys and prefixes add up; a range limits both."""

    def is_chosen(key: bytes) -> bool:
        named = (
            not (selection.keys or selection.prefixes) or key in selection.keys or key.startswith(selection.prefixes)
        )
        return named and (selection.start or b"") <= key and (selection.stop is None or key < selection.stop)

    true, last = state(writes), {key: value for key, value in writes if value is not None}
    wanted = {**{key: value for key, value in sorted(last.items()) if is_chosen(key)}, **true}

    assert now_with(path, relevel.History(path).patch(selection=selection), tmp_path / "copy") == dict(
        sorted(wanted.items())
    )
    relevel.undelete(path, tmp_path / "new", deleted=True, selection=selection)
    assert dict(relevel.scan(tmp_path / "new")) == dict(sorted(wanted.items()))


def test_deletions_are_listed_by_window(path: Path) -> None:
    """The keys that went in it."""
    past = relevel.History(path)
    _, second = past.mass_deletions()
    first, last = second.first_sequence, second.last_sequence - 50

    rows = past.deleted(since=first, until=last)
    same = past.changes(deleted=True, from_sequence=first, to_sequence=last)

    assert [row.key for row in rows] == [b"b/%03d" % number for number in range(100)]
    assert [row.key for row in same] == [b"b/%03d" % number for number in range(100)]


def test_changes_are_listed_by_window(path: Path, writes: Writes) -> None:
    """By numbers and by times, of one key or of those with a prefix."""
    past = relevel.History(path)
    every = [(number, key, value) for number, (key, value) in enumerate(writes, start=1)]
    later = datetime.now(timezone.utc) + timedelta(days=1)

    for options, wanted in (
        ({}, every),
        ({"from_sequence": 590, "to_sequence": 610}, every[589:610]),
        ({"from_sequence": 590, "until": later}, every[589:]),
        ({"key": b"a/102", "from_sequence": 2}, [change for change in every if change[1] == b"a/102"]),
        ({"prefix": b"b/01", "to_sequence": 650}, [change for change in every[:650] if change[1].startswith(b"b/01")]),
        ({"since": later}, []),
    ):
        assert [(row.sequence, row.key, row.value) for row in past.changes(**options)] == wanted
    with pytest.raises(relevel.InvalidArgumentError, match="ends with 5, before it begins with 10"):
        past.changes(from_sequence=10, to_sequence=5)


def test_a_difference_is_what_changed(path: Path, writes: Writes) -> None:
    """Between any two numbers, either way round."""
    past, rng = relevel.History(path), random.Random(2)

    for _ in range(20):
        first, second = rng.randrange(len(writes) + 1), rng.randrange(len(writes) + 1)
        one, other = state(writes, first), state(writes, second)
        changes = {
            change.key: (change.before and change.before.value, change.after and change.after.value)
            for change in past.diff(first, second)
        }
        keys = one.keys() | other.keys()
        assert changes == {key: (one.get(key), other.get(key)) for key in keys if one.get(key) != other.get(key)}


def test_what_cannot_go_together_is_refused(path: Path, tmp_path: Path) -> None:
    """Each message says what to give."""
    with pytest.raises(relevel.InvalidArgumentError, match="--at N"):
        relevel.undelete(path, tmp_path / "new")
    with pytest.raises(relevel.InvalidArgumentError, match="dry run"):
        relevel.undelete(path, deleted=True)
    with pytest.raises(relevel.InvalidArgumentError, match="not both"):
        relevel.undelete(path, tmp_path / "new", at=5, selection=Selection(first_sequence=3))
    with pytest.raises(relevel.InvalidArgumentError, match="before it begins"):
        relevel.undelete(path, tmp_path / "new", deleted=True, selection=Selection(first_sequence=3, last_sequence=2))
    with pytest.raises(relevel.InvalidArgumentError, match="not 0"):
        relevel.History(path).mass_deletions(0)
    assert not (tmp_path / "new").exists()


def test_one_key_goes_back_and_no_other(path: Path, writes: Writes, tmp_path: Path) -> None:
    """Though a longer key begins like it."""
    chosen = Selection(keys=(b"a/150",))

    relevel.undelete(path, tmp_path / "new", at=450, selection=chosen)

    assert dict(relevel.scan(tmp_path / "new")) == {**state(writes), b"a/150": b"first"}
    assert [change.key for change in relevel.History(path).patch(at=450, selection=chosen)] == [b"a/150"]


def test_a_prefix_beside_a_selection_is_refused(path: Path, tmp_path: Path) -> None:
    """It would not be known which counts."""
    with pytest.raises(relevel.InvalidArgumentError, match="with the selection"):
        relevel.undelete(path, tmp_path / "new", deleted=True, prefix=b"a/", selection=Selection(keys=(b"a/150",)))

    assert not (tmp_path / "new").exists()


def test_a_time_before_all_calendars_is_refused(path: Path, tmp_path: Path) -> None:
    """In words of our own."""
    with pytest.raises(relevel.InvalidArgumentError, match="no time that can be compared"):
        relevel.History(path).before(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))))
    with pytest.raises(relevel.InvalidArgumentError, match="no time that can be compared"):
        relevel.undelete(path, tmp_path / "new", at=datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))))

    assert not (tmp_path / "new").exists()


def test_a_file_that_is_none_of_the_database_is_not_dumped(path: Path) -> None:
    """Nor one that holds no entries."""
    for name in ("000099.ldb", "CURRENT", "../db"):
        with pytest.raises(relevel.InvalidArgumentError, match="there is no table or log"):
            relevel.dump(path, file=name)
