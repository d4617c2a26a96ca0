"""Opening, creating, and letting go."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

TRY_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as lock:
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(7)
"""


def is_locked(path: str) -> bool:
    """Whether another process finds the database's LOCK taken."""
    return subprocess.run([sys.executable, "-c", TRY_LOCK, f"{path}/LOCK"], check=False).returncode == 7


@pytest.fixture
def read_only_directory(tmp_path: Path) -> Iterator[str]:
    """A directory in which nothing can be made."""
    directory = tmp_path / "read-only"
    directory.mkdir()
    directory.chmod(0o555)
    if os.access(directory, os.W_OK):
        pytest.skip("this user may write anywhere")
    yield str(directory)
    directory.chmod(0o755)


def test_a_missing_database_is_not_made_unasked(plyvel: Any, path: str) -> None:
    """Without create_if_missing it is an error that says so, and no database appears."""
    with pytest.raises(plyvel.Error, match="does not exist"):
        plyvel.DB(path)

    assert not Path(path, "CURRENT").exists()


def test_a_missing_database_is_made_on_demand(plyvel: Any, path: str) -> None:
    """create_if_missing makes one, with the files that LevelDB's readers look for."""
    plyvel.DB(path, create_if_missing=True).close()

    names = {file.name for file in Path(path).iterdir()}
    assert {"CURRENT", "LOCK"} <= names
    assert Path(path, Path(path, "CURRENT").read_text().rstrip("\n")).exists()


def test_create_if_missing_opens_what_exists(plyvel: Any, path: str) -> None:
    """It does not begin anew."""
    with plyvel.DB(path, create_if_missing=True) as db:
        db.put(b"key", b"value")

    with plyvel.DB(path, create_if_missing=True) as db:
        assert db.get(b"key") == b"value"


@pytest.mark.parametrize("create", [True, False])
def test_an_existing_database_is_refused_on_demand(plyvel: Any, path: str, create: bool) -> None:
    """error_if_exists is an error that says so, with create_if_missing and without."""
    plyvel.DB(path, create_if_missing=True, error_if_exists=True).close()

    with pytest.raises(plyvel.Error, match="exists"):
        plyvel.DB(path, create_if_missing=create, error_if_exists=True)


def test_a_parent_directory_is_not_made(plyvel: Any, path: str) -> None:
    """A path below nothing is an error."""
    with pytest.raises(plyvel.Error):
        plyvel.DB(path + "/further/down", create_if_missing=True)


def test_a_file_is_no_database(plyvel: Any, tmp_path: Path) -> None:
    """It is an error, and the file is as it was."""
    file = tmp_path / "file"
    file.write_bytes(b"anything")

    with pytest.raises(plyvel.Error):
        plyvel.DB(str(file), create_if_missing=True)
    assert file.read_bytes() == b"anything"


def test_a_directory_that_cannot_be_written_to_is_an_error(plyvel: Any, read_only_directory: str) -> None:
    """Both in it and below it."""
    with pytest.raises(plyvel.IOError):
        plyvel.DB(read_only_directory, create_if_missing=True)
    with pytest.raises(plyvel.Error):
        plyvel.DB(read_only_directory + "/below", create_if_missing=True)


def test_what_was_written_is_there_after_a_reopen(plyvel: Any, path: str) -> None:
    """Many times over, from the log and from tables."""
    for turn in range(5):
        with plyvel.DB(path, create_if_missing=True, write_buffer_size=65536) as db:
            for number in range(300):
                db.put(b"%d/%d" % (turn, number), b"value" * 60)

    with plyvel.DB(path) as db:
        keys = list(db.iterator(include_value=False))
    assert keys == sorted(b"%d/%d" % (turn, number) for turn in range(5) for number in range(300))


@pytest.mark.parametrize("convert", [str, os.fsencode], ids=["str", "bytes"])
def test_a_name_is_text_or_bytes(plyvel: Any, tmp_path: Path, convert: Callable[[str], Any]) -> None:
    """Letters beyond ASCII too; the attribute is what was given."""
    name = convert(str(tmp_path / "größer"))

    with plyvel.DB(name, create_if_missing=True) as db:
        assert db.name == name
    assert [file.name for file in tmp_path.iterdir()] == ["größer"]


@pytest.mark.parametrize("name", [None, 123, 1.5, bytearray(b"db"), ["db"]], ids=repr)
def test_a_name_is_nothing_else(plyvel: Any, name: Any) -> None:
    """A TypeError."""
    with pytest.raises(TypeError):
        plyvel.DB(name, create_if_missing=True)


def test_a_name_is_needed(plyvel: Any) -> None:
    """There is no database without a name."""
    with pytest.raises(TypeError):
        plyvel.DB()


def test_a_name_may_be_given_by_name(plyvel: Any, path: str) -> None:
    """``name`` is the name of the argument."""
    with plyvel.DB(name=path, create_if_missing=True) as db:
        assert db.name == path


def test_name_and_closed_cannot_be_set(db: Any) -> None:
    """They say what is."""
    with pytest.raises(AttributeError):
        db.name = "other"
    with pytest.raises(AttributeError):
        db.closed = True


def test_repr_has_name_and_state(plyvel: Any, path: str) -> None:
    """As plyvel words it."""
    db = plyvel.DB(path, create_if_missing=True)

    assert repr(db).startswith(f"<plyvel.DB with name {path!r} at 0x")
    db.close()
    assert repr(db).startswith(f"<plyvel.DB with name {path!r} (closed) at 0x")


def test_the_context_manager_gives_and_closes_the_database(plyvel: Any, path: str) -> None:
    """Also where the block ends in an error, which goes on."""
    db = plyvel.DB(path, create_if_missing=True)

    with pytest.raises(KeyError), db as entered:
        assert entered is db
        assert not db.closed
        raise KeyError
    assert db.closed


def test_close_may_be_called_again(db: Any) -> None:
    """The second call changes nothing."""
    db.close()
    db.close()

    assert db.closed


def test_a_database_is_open_once(plyvel: Any, db: Any, path: str) -> None:
    """A second opening in one process is an IOError that speaks of the lock."""
    with pytest.raises(plyvel.IOError, match=r"(?i)lock"):
        plyvel.DB(path)

    db.put(b"key", b"value")
    assert db.get(b"key") == b"value"


def test_the_lock_is_held_while_open(plyvel: Any, path: str) -> None:
    """Other processes see it taken; after close it is free."""
    with plyvel.DB(path, create_if_missing=True):
        assert is_locked(path)

    assert not is_locked(path)


@pytest.mark.deviation("the refused second opening closes LOCK, which drops the first one's lock")
def test_a_refused_opening_leaves_the_lock(plyvel: Any, db: Any, path: str) -> None:
    """Other processes still see it taken."""
    with pytest.raises(plyvel.IOError):
        plyvel.DB(path)

    assert is_locked(path)


def test_a_failed_opening_leaves_no_lock(plyvel: Any, path: str) -> None:
    """What could not be opened can be opened once the reason is gone."""
    plyvel.DB(path, create_if_missing=True).close()
    with pytest.raises(plyvel.Error):
        plyvel.DB(path, error_if_exists=True)

    plyvel.DB(path).close()


def test_a_forgotten_database_is_closed(plyvel: Any, path: str, no_warning_at_exit: Callable[[], None]) -> None:
    """Garbage collection lets go of the lock; nothing written is lost, and nothing is said."""
    db = plyvel.DB(path, create_if_missing=True)
    db.put(b"key", b"value")
    del db
    no_warning_at_exit()

    with plyvel.DB(path) as db:
        assert db.get(b"key") == b"value"


def test_a_forgotten_database_may_have_lost_its_directory(
    plyvel: Any, path: str, no_warning_at_exit: Callable[[], None]
) -> None:
    """Finalizers do not raise where the files are gone, with iterators, snapshots and batches left behind too."""
    db = plyvel.DB(path, create_if_missing=True, write_buffer_size=65536)
    for number in range(2000):
        db.put(b"%d" % number, b"value" * 20)
    left = [db.iterator(), db.raw_iterator(), db.snapshot(), db.write_batch(), db.prefixed_db(b"1").iterator()]
    next(left[0])
    while os.path.exists(path):  # noqa: PTH110 - again, where a compaction deletes or makes files at the same time
        shutil.rmtree(path, ignore_errors=True)

    del db, left
    no_warning_at_exit()


def test_what_is_made_from_a_database_keeps_it(plyvel: Any, path: str) -> None:
    """An iterator goes on after its database's last name is gone."""
    db = plyvel.DB(path, create_if_missing=True)
    db.put(b"key", b"value")
    iterator = iter(db)
    del db

    assert list(iterator) == [(b"key", b"value")]


def test_two_databases_are_two(plyvel: Any, tmp_path: Path) -> None:
    """What is written to one is not in the other."""
    with (
        plyvel.DB(str(tmp_path / "a"), create_if_missing=True) as a,
        plyvel.DB(str(tmp_path / "b"), create_if_missing=True) as b,
    ):
        a.put(b"key", b"a")
        b.put(b"key", b"b")

        assert (list(a), list(b)) == ([(b"key", b"a")], [(b"key", b"b")])


def test_the_versions_are_text(plyvel: Any) -> None:
    """The module's own, and that of the LevelDB whose behaviour it has."""
    assert isinstance(plyvel.__version__, str)
    assert plyvel.__leveldb_version__.startswith("1.")
