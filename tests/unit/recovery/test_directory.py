"""The inventory: which files count, and how well that is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from relevel.errors import NotADatabaseError
from relevel.recovery.inventory.directory import Directory, open_directory
from relevel.recovery.inventory.standing import Proof, Standing


def codes(directory: Directory) -> set[str]:
    """The codes of the findings."""
    return {finding.code for finding in directory.findings}


def test_a_healthy_database_has_nothing_but_live_files(node: Path) -> None:
    """The manifest counts on every table and log that is there."""
    directory = open_directory(node)

    assert directory.proof is Proof.MANIFEST
    assert {file.standing for file in directory.files} == {Standing.LIVE}
    assert codes(directory) == set()


def test_without_current_the_newest_whole_manifest_counts(node: Path) -> None:
    """Its tables are all there, which proves that it is not out of date."""
    (node / "CURRENT").unlink()

    directory = open_directory(node)

    assert directory.proof is Proof.MANIFEST
    assert directory.manifest is not None
    assert directory.manifest.name == "MANIFEST-000014"
    assert codes(directory) == {"current.missing"}


def test_without_current_a_manifest_whose_tables_are_gone_proves_nothing(node: Path) -> None:
    """It may be out of date, so what it says is taken with a warning."""
    (node / "CURRENT").unlink()
    (node / "000009.ldb").unlink()

    directory = open_directory(node)

    assert directory.proof is Proof.PARTIAL
    assert {"manifest.partial", "table.missing"} <= codes(directory)


@pytest.mark.parametrize(
    "text", [b"", bytes(16), b"MANIFEST-000014", b"<<<<<<< HEAD\nMANIFEST-000014\n=======\n", b"../MANIFEST-000014\n"]
)
def test_a_current_that_names_no_manifest_is_passed_over(node: Path, text: bytes) -> None:
    """Empty, zeroed, cut, merge-conflicted or leading out of the directory: the manifest is found all the same."""
    (node / "CURRENT").write_bytes(text)

    directory = open_directory(node)

    assert directory.proof is Proof.MANIFEST
    assert directory.manifest is not None


def test_without_any_manifest_everything_is_unproven(node: Path) -> None:
    """It is taken for live, and said to be unproven."""
    (node / "MANIFEST-000014").unlink()

    directory = open_directory(node)

    assert directory.proof is Proof.NONE
    assert {file.standing for file in directory.current_tables()} == {Standing.UNPROVEN}
    assert "manifest.none" in codes(directory)


def test_a_torn_manifest_does_not_prove_which_tables_count(node: Path) -> None:
    """LevelDB would go on with the older state and delete the newer tables."""
    manifest = node / "MANIFEST-000014"
    manifest.write_bytes(manifest.read_bytes()[:-3])

    directory = open_directory(node)

    assert directory.proof is Proof.PARTIAL
    assert {"manifest.tail.torn", "manifest.partial"} <= codes(directory)


def test_one_flipped_bit_in_the_manifest_costs_nothing(node: Path) -> None:
    """It is healed, and said to be."""
    manifest = node / "MANIFEST-000014"
    data = bytearray(manifest.read_bytes())
    data[40] ^= 0x04
    manifest.write_bytes(data)

    directory = open_directory(node)

    assert directory.proof is Proof.MANIFEST
    assert [finding.is_healed for finding in directory.findings] == [True]


def test_a_missing_table_is_named_with_its_keys(node: Path) -> None:
    """The manifest knows the range that is at risk."""
    (node / "000009.ldb").unlink()

    directory = open_directory(node)

    (finding,) = directory.findings
    assert finding.code == "table.missing"
    assert finding.keys is not None
    assert finding.keys.lower is not None
    assert finding.keys.lower.startswith(b"account/")
    assert directory.by_name["000009.ldb"].standing is Standing.MISSING


def test_a_table_that_the_manifest_never_knew_is_an_orphan(node: Path) -> None:
    """It does not count for what is live."""
    shutil.copy(node / "000005.ldb", node / "000099.ldb")

    directory = open_directory(node)

    assert directory.by_name["000099.ldb"].standing is Standing.ORPHAN
    assert "000099.ldb" not in {file.name for file in directory.current_tables()}


def test_of_two_tables_of_one_number_the_one_that_leveldb_reads_counts(node: Path) -> None:
    """LevelDB looks for .ldb first."""
    shutil.copy(node / "000007.ldb", node / "000005.sst")

    directory = open_directory(node)

    assert directory.by_name["000005.ldb"].standing is Standing.LIVE
    assert directory.by_name["000005.sst"].standing is Standing.ORPHAN


def test_an_old_log_that_is_put_back_does_not_count(node: Path) -> None:
    """Its changes are in tables already, or were replaced."""
    shutil.copy(node / "000015.log", node / "000003.log")

    assert open_directory(node).by_name["000003.log"].standing is Standing.SUPERSEDED


def test_other_files_and_folders_are_strangers(node: Path) -> None:
    """They are listed and left alone."""
    (node / "notes.txt").write_text("hello")
    (node / "000099.ldb").mkdir()

    directory = open_directory(node)

    assert directory.by_name["notes.txt"].standing is Standing.STRANGER
    assert directory.by_name["000099.ldb"].standing is Standing.STRANGER


def test_a_directory_without_leveldbs_files_is_refused(tmp_path: Path) -> None:
    """The message says what was looked for."""
    (tmp_path / "notes.txt").write_text("hello")

    with pytest.raises(NotADatabaseError, match="CURRENT, MANIFEST-NNNNNN"):
        open_directory(tmp_path)
