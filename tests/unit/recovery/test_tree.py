"""Databases under a tree: found by their names and bytes, and whose they are by their place."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

import relevel
from relevel.recovery.tree.application import guess_application
from relevel.recovery.tree.look import State, summarise
from relevel.recovery.tree.places import PassedBy, Place, find_places
from tests.fixtures.catalogue import BY_NAME


def found_in(root: Path) -> list[str]:
    """The databases found, relative to the root."""
    return [place.path.relative_to(root).as_posix() for place in find_places(root) if isinstance(place, Place)]


def copy(name: str, place: Path, *without: str) -> Path:
    """A copy of a fixture's database, without the files that match."""
    shutil.copytree(BY_NAME[name].database, place)
    for pattern in without:
        for path in place.glob(pattern):
            path.unlink()
    return place


def test_databases_are_found_wherever_they_are(tmp_path: Path) -> None:
    """In the order of paths, the root itself too."""
    copy("plyvel-tiny", tmp_path / "b" / "deep" / "er")
    copy("java-closed", tmp_path / "a")
    (tmp_path / "b" / "notes.txt").write_text("nothing", encoding="utf-8")

    assert found_in(tmp_path) == ["a", "b/deep/er"]
    assert found_in(tmp_path / "a") == ["."]


@pytest.mark.parametrize(
    "without",
    [
        ("CURRENT",),
        ("MANIFEST-*",),
        ("CURRENT", "MANIFEST-*", "LOG*", "LOCK"),
        ("CURRENT", "MANIFEST-*", "*.log", "LOG*", "LOCK"),
        ("CURRENT", "MANIFEST-*", "*.ldb", "LOG*", "LOCK"),
    ],
)
@pytest.mark.parametrize("name", ["plyvel-killed", "goleveldb-killed"])
def test_damaged_databases_are_found_too(name: str, without: tuple[str, ...], tmp_path: Path) -> None:
    """Without CURRENT, without manifests, tables alone, logs alone."""
    copy(name, tmp_path / "db", *without)

    assert found_in(tmp_path) == ["db"]


def test_tables_with_the_older_suffix_are_known_by_their_ends(tmp_path: Path) -> None:
    """LevelDB's; others of that name are not."""
    copy("java-closed", tmp_path / "java", "CURRENT", "MANIFEST-*", "*.log", "LOG*", "LOCK")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "000005.sst").write_bytes(bytes(1000))

    assert found_in(tmp_path) == ["java"]


def test_other_files_with_such_names_are_none(tmp_path: Path) -> None:
    """A log of something else, a CURRENT of something else, an empty folder."""
    (tmp_path / "000001.log").write_text("2024-01-01 started\n", encoding="utf-8")
    (tmp_path / "CURRENT").write_text("v1.2\n", encoding="utf-8")
    (tmp_path / "empty").mkdir()

    assert list(find_places(tmp_path)) == []


def test_a_rocksdb_is_passed_by(tmp_path: Path) -> None:
    """It has LevelDB's names, and files that LevelDB has not."""
    for name in ("CURRENT", "MANIFEST-000005", "000009.sst", "IDENTITY", "OPTIONS-000007"):
        (tmp_path / name).write_bytes(b"MANIFEST-000005\n")

    (passed,) = find_places(tmp_path)

    assert isinstance(passed, PassedBy)
    assert "RocksDB" in passed.reason
    assert not passed.is_refused


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_are_not_followed(tmp_path: Path) -> None:
    """Neither out of the tree nor round in circles."""
    copy("plyvel-tiny", tmp_path / "outside")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "out").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tree / "round").symlink_to(tree, target_is_directory=True)

    assert list(find_places(tree)) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is refused to root")
def test_what_is_refused_is_told(tmp_path: Path) -> None:
    """And the rest is found."""
    copy("plyvel-tiny", tmp_path / "db")
    (tmp_path / "closed").mkdir(mode=0)
    try:
        found = list(find_places(tmp_path))
    finally:
        (tmp_path / "closed").chmod(0o700)

    assert [type(item) for item in found] == [PassedBy, Place]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the rest is found."""
    copy("plyvel-tiny", tmp_path / "db")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("relevel.recovery.tree.places.os.scandir", refusing)

    found = list(find_places(tmp_path))

    assert found == [PassedBy(str(tmp_path / "closed"), "Permission denied", is_refused=True), Place(tmp_path / "db")]


def test_a_file_is_no_tree(tmp_path: Path) -> None:
    """Nor is nothing."""
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(relevel.NotADatabaseError):
        list(find_places(tmp_path / "file"))
    with pytest.raises(relevel.StorageError):
        list(find_places(tmp_path / "nothing"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/home/a/.config/google-chrome/Default/Local Storage/leveldb", "Chrome: Local Storage"),
        ("/home/a/.config/google-chrome/Profile 3/IndexedDB/https_x_0.indexeddb.leveldb", "Chrome: IndexedDB"),
        ("/C/Users/a/AppData/Local/Microsoft/Edge/User Data/Default/Session Storage", "Edge: Session Storage"),
        ("/home/a/.config/chromium/Default/Service Worker/Database", "Chromium: Service Workers"),
        ("/home/a/.config/discord/Local Storage/leveldb", "discord: Local Storage"),
        ("/home/a/.config/Slack/Partitions/x/IndexedDB/file__0.indexeddb.leveldb", "Slack: IndexedDB"),
        ("/home/a/.config/BraveSoftware/Brave/Default/Local Extension Settings/abc", "Brave: extension settings"),
        ("/home/a/.bitcoin/chainstate", "Bitcoin Core: chainstate"),
        ("/home/a/.bitcoin/blocks/index", "Bitcoin Core: block index"),
        ("/home/a/.ethereum/geth/chaindata", "Ethereum: chain data"),
        ("/home/a/.lotus/datastore/metadata", "Lotus: datastore"),
        ("/games/com.mojang/minecraftWorlds/AbC=/db", "Minecraft Bedrock: world"),
        ("/srv/data", None),
    ],
)
def test_whose_it_is_shows_in_its_place(path: str, expected: str | None) -> None:
    """Browser or program, and what it holds."""
    assert guess_application(Path(path)) == expected


def test_a_world_is_known_by_the_file_beside_it(tmp_path: Path) -> None:
    """Wherever it was copied to; and IndexedDB by its comparator."""
    (tmp_path / "level.dat").write_bytes(b"")

    assert guess_application(tmp_path / "db") == "Minecraft Bedrock: world"
    assert guess_application(tmp_path / "x", "idb_cmp1") == "Chromium or kin: IndexedDB"


def test_a_summary_tells_how_a_database_is(tmp_path: Path) -> None:
    """Healthy, damaged, unreadable."""
    healthy = summarise(BY_NAME["demo"].database)
    damaged = summarise(copy("demo", tmp_path / "damaged", "000005.ldb"))
    gone = summarise(tmp_path / "nothing")

    assert (healthy.state, healthy.error) == (State.HEALTHY, None)
    assert healthy.entry_count == 5241
    assert damaged.state is State.DAMAGED
    assert damaged.finding_counts["damage"] >= 1
    assert gone.state is State.UNREADABLE
    assert gone.error
