"""One table's part of a survey: ways into it, what is lost, what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from relevel.findings import Severity
from relevel.format.comparator import BYTEWISE
from relevel.recovery.inventory.directory import open_directory
from relevel.recovery.survey import mender
from relevel.recovery.survey.access import Route
from relevel.recovery.survey.table import TableSurvey, survey_table
from tests.damage.operators import flip_random_bit_in

TABLE = "000005.ldb"


def survey(node: Path) -> TableSurvey:
    """Survey the largest table of the demonstration database."""
    directory = open_directory(node)
    return survey_table(directory.storage, BYTEWISE, directory.by_name[TABLE])


def damage(node: Path, offset: int, data: bytes) -> None:
    """Write over bytes of the table; a negative offset counts from its end."""
    path = node / TABLE
    table = bytearray(path.read_bytes())
    offset %= len(table)
    table[offset : offset + len(data)] = data
    path.write_bytes(table)


def entry_count(table: TableSurvey) -> int:
    """Entries that could be read."""
    assert table.scan is not None
    return table.scan.put_count + table.scan.deletion_count


def test_an_intact_table_has_no_findings(node: Path) -> None:
    """It can be carried over as it is."""
    table = survey(node)

    assert table.is_intact
    assert table.findings == ()


@pytest.mark.parametrize(("offset", "size"), [(-48, 48), (-8, 8), (-40, 4)])
def test_a_lost_footer_costs_nothing(node: Path, offset: int, size: int) -> None:
    """The index is found by its shape."""
    whole = entry_count(survey(node))
    damage(node, offset, b"\xa5" * size)

    table = survey(node)

    assert entry_count(table) == whole
    assert table.losses == ()
    assert not table.is_intact


def test_a_cut_footer_costs_nothing(node: Path) -> None:
    """As many entries as before, and no loss."""
    whole = entry_count(survey(node))
    path = node / TABLE
    path.write_bytes(path.read_bytes()[:-20])

    table = survey(node)

    assert entry_count(table) == whole
    assert table.losses == ()
    assert table.access is not None
    assert table.access.route is Route.FOUND_INDEX


def test_a_destroyed_index_costs_nothing(node: Path) -> None:
    """The blocks are found by their checksums, and the manifest's largest key proves that none is missing."""
    whole = entry_count(survey(node))
    path = node / TABLE
    size = path.stat().st_size
    damage(node, size - 600, b"\xa5" * 400)

    table = survey(node)

    assert table.access is not None
    assert table.access.route is Route.WALK
    assert entry_count(table) == whole
    assert table.losses == ()


def test_a_table_that_is_cut_in_the_middle_gives_what_is_left_and_names_the_rest(node: Path) -> None:
    """Every block before the cut; and the loss is told."""
    whole = entry_count(survey(node))
    path = node / TABLE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    table = survey(node)

    assert whole // 3 < entry_count(table) < whole
    assert table.losses


def test_zeroes_in_a_block_cost_that_block_and_name_its_keys(node: Path) -> None:
    """The neighbours in the index bound the loss."""
    whole = entry_count(survey(node))
    damage(node, 30_000, bytes(64))

    table = survey(node)

    assert entry_count(table) < whole
    assert {finding.code for finding in table.losses} == {"table.block.checksum-mismatch"}
    assert all(finding.keys is not None and finding.keys.upper is not None for finding in table.losses)


def test_an_empty_table_is_a_loss_and_no_error(node: Path) -> None:
    """Antivirus programs and full disks leave such files."""
    (node / TABLE).write_bytes(b"")

    table = survey(node)

    assert table.losses
    assert entry_count(table) == 0


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A database of one table with a filter, known to a manifest that is lost."""
    path = tmp_path / "small"
    path.mkdir()
    builder = _kernel.TableBuilder(str(path / TABLE), bloom_bits_per_key=10, block_size=256)
    for number in range(100):
        builder.add(b"key%05d" % number + (number << 8 | 1).to_bytes(8, "little"), b"value")
    builder.finish()
    return path


@pytest.mark.parametrize("byte", range(48))
def test_a_flipped_bit_in_the_footer_is_told_and_costs_nothing(small: Path, byte: int) -> None:
    """Whatever it makes of the handles, the padding or the magic number."""
    path = small / TABLE
    whole = path.read_bytes()
    for bit in range(8):
        table = bytearray(whole)
        table[len(whole) - 48 + byte] ^= 1 << bit
        path.write_bytes(table)

        found = survey(small)

        assert entry_count(found) == 100
        assert found.losses == ()
        assert not found.is_intact


def test_bytes_in_the_padding_of_a_footer_are_a_warning(node: Path) -> None:
    """They say that something writes over the file."""
    damage(node, -15, b"x")

    table = survey(node)

    assert [(finding.code, finding.severity, finding.span.size) for finding in table.findings] == [
        ("table.footer.excess", Severity.WARNING, 1)
    ]
    assert table.losses == ()


def test_what_was_made_of_hurt_blocks_is_kept(node: Path) -> None:
    """Contents where it is healed or saved in part, None where nothing could be had; whole blocks are not kept."""
    flip_random_bit_in(node, "data-block", 1)
    damage(node, 30_000, bytes(range(64)))

    table = survey(node)

    assert sorted(contents is None for contents in table.mended.values()) == [False, True]
    assert set(table.mended) == {(finding.span.offset, finding.span.size) for finding in table.findings}
    assert table.mended_size > 0


def test_of_hurt_blocks_all_is_kept_or_nothing(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left out must be found out again, and with all that was made of the blocks before."""
    flip_random_bit_in(node, "data-block", 1)
    damage(node, 30_000, bytes(range(64)))
    before = survey(node)
    monkeypatch.setattr(mender, "_MOST_KEPT", before.mended_size - 1)

    table = survey(node)

    assert not table.mended
    assert table.findings == before.findings


def test_a_rescue_is_the_same_where_nothing_is_kept(
    node: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only takes longer."""
    flip_random_bit_in(node, "data-block", 1)
    damage(node, 30_000, bytes(4096))
    with_kept = relevel.rescue(node, tmp_path / "kept")
    monkeypatch.setattr(mender, "_MOST_KEPT", 0)

    without = relevel.rescue(node, tmp_path / "not kept")

    assert replace(without, destination=with_kept.destination) == with_kept
    for path in (tmp_path / "kept").iterdir():
        assert path.read_bytes() == (tmp_path / "not kept" / path.name).read_bytes()
