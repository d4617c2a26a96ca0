"""Which comparator a database is read with: the manifest's, the one given, or the one the tables show."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from relevel.errors import InvalidArgumentError, NotSupportedError
from relevel.format import comparator as comparators
from relevel.format.comparator import BYTEWISE, Comparator, find_comparator, register_comparator
from relevel.recovery.inventory.directory import open_directory
from relevel.recovery.inventory.order import choose_comparator
from tests.damage import forge


def backwards(a: bytes, b: bytes) -> int:
    """Larger keys first."""
    return (a < b) - (a > b)


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of the test's own."""
    monkeypatch.setattr(comparators, "_registered", dict(comparators._registered))


def database(place: Path, name: str | None) -> Path:
    """A database without entries whose manifest gives that name; None for no manifest."""
    edit = b"\x01" + forge.text((name or "").encode()) + b"\x02\x03\x03\x09\x04\x00"
    made = forge.database(place / "database", [edit], {"000003.log": b""})
    if name is None:
        (made / "MANIFEST-000001").unlink()
    return made


def choose(place: Path, name: str | None, given: Comparator | None) -> Comparator:
    """The comparator of such a database."""
    return choose_comparator(open_directory(database(place, name)), given)


def test_the_manifest_names_the_comparator(tmp_path: Path) -> None:
    """Nothing need be given."""
    assert choose(tmp_path, "idb_cmp1", None) == find_comparator("idb_cmp1")


def test_the_name_of_the_manifest_may_be_given(tmp_path: Path) -> None:
    """It changes nothing."""
    assert choose(tmp_path, BYTEWISE.name, BYTEWISE) == BYTEWISE


@pytest.mark.parametrize(
    "given", [find_comparator("idb_cmp1"), Comparator("my order", backwards), Comparator("", backwards)]
)
def test_a_known_name_in_the_manifest_is_not_overridden(given: Comparator, tmp_path: Path) -> None:
    """The message has both, and what to do."""
    with pytest.raises(InvalidArgumentError, match="leave it out") as caught:
        choose(tmp_path, BYTEWISE.name, given)

    assert repr(BYTEWISE.name) in str(caught.value)
    assert repr(given.name or "backwards") in str(caught.value)


def test_a_registered_name_in_the_manifest_is_not_overridden(tmp_path: Path) -> None:
    """The program said what it means."""
    registered = register_comparator("my order", backwards)

    assert choose(tmp_path, "my order", registered) == registered
    with pytest.raises(InvalidArgumentError, match="'my order'"):
        choose(tmp_path / "..", "my order", BYTEWISE)


def test_a_function_without_a_name_serves_an_unknown_one(tmp_path: Path) -> None:
    """And has the name that the manifest gives, so that a new database has it too."""
    assert choose(tmp_path, "my order", Comparator("", backwards)) == Comparator("my order", backwards)


def test_another_name_does_not_serve_an_unknown_one(tmp_path: Path) -> None:
    """Whoever gives it means another database."""
    with pytest.raises(InvalidArgumentError, match="'my order'") as caught:
        choose(tmp_path, "my order", Comparator("another order", backwards))

    assert "'another order'" in str(caught.value)
    assert "my order=module:function" in str(caught.value)


def test_without_a_manifest_what_is_given_serves(tmp_path: Path) -> None:
    """Nothing contradicts it."""
    given = Comparator("my order", backwards)

    assert choose(tmp_path, None, given) == given


def test_a_damaged_manifest_with_an_unknown_name_is_not_believed(tmp_path: Path) -> None:
    """It may be no manifest at all: what is given serves, name included."""
    made = database(tmp_path, "garbage")
    manifest = made / "MANIFEST-000001"
    manifest.write_bytes(manifest.read_bytes() + b"\x01" * 60)

    assert choose_comparator(open_directory(made), BYTEWISE) == BYTEWISE
    with pytest.raises(NotSupportedError, match="'garbage'"):
        choose_comparator(open_directory(made))


def test_an_order_that_contradicts_itself_leaves_nothing_half_made(tmp_path: Path) -> None:
    """The rescue says so and the destination is not there."""
    answers = iter(range(1 << 30))
    made = database(tmp_path, "my order")
    operations = b"".join(forge.put(b"k%03d" % number, b"value") for number in range(300))
    (made / "000003.log").write_bytes(forge.log([forge.batch(1, operations, 300)]))

    with pytest.raises(InvalidArgumentError, match="contradicts itself"):
        relevel.rescue(made, tmp_path / "new", comparator=Comparator("", lambda a, b: next(answers) // 7 % 3 - 1))

    assert {path.name for path in tmp_path.iterdir()} == {"database"}
