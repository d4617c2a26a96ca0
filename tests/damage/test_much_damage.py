"""Limits of what is healed and kept, lowered: the same comes out, or less, and that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from relevel.recovery.heal import repair
from relevel.recovery.scan import Pairs
from relevel.recovery.survey import survey
from tests.damage import operators

KEYS = [b"%05d" % number for number in range(1000)]


@pytest.fixture
def hurt(tmp_path: Path) -> Path:
    """A table with a block that is noise, and far behind it a flipped bit."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, compression=None) as db:
        for key in KEYS:
            db.put(key, key * 20)
        db.compact_range()
    table = max((tmp_path / "db").glob("*.ldb"))
    content = bytearray(table.read_bytes())
    content[5000:5064] = bytes(range(64))
    table.write_bytes(content)
    operators.flip_bit(table, 50_000, 3)
    return tmp_path / "db"


def losses(rows: Pairs) -> set[bytes]:
    """The keys that are not there; all others have their values, and all that are lost are told."""
    found = dict(rows)
    lost = set(KEYS) - found.keys()
    at_risk = [finding.keys for finding in rows.findings if finding.is_loss and finding.keys is not None]
    assert all(value == key * 20 for key, value in found.items())
    assert all(
        any((keys.lower or b"") <= key and (keys.upper is None or key <= keys.upper) for keys in at_risk)
        for key in lost
    )
    return lost


def test_beyond_its_patience_a_reader_heals_nothing_more(hurt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flipped bit costs its block as well, and that is told."""
    patient = losses(relevel.scan(hurt))
    monkeypatch.setattr(repair, "_MOST_TIMES", 0)

    assert losses(relevel.scan(hurt)) > patient


def test_a_table_too_large_to_heal_whole_is_healed_block_by_block(hurt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pages are not looked for in each other's places; bits are put back as before."""
    before = losses(relevel.scan(hurt))
    monkeypatch.setattr(repair, "MOST_TO_HEAL", 1)

    assert losses(relevel.scan(hurt)) == before


def test_what_is_mended_and_not_kept_is_mended_again(
    hurt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rescue gets the same, whatever there was room for."""
    relevel.rescue(hurt, tmp_path / "kept")
    monkeypatch.setattr(survey, "_MOST_KEPT", 0)

    report = relevel.rescue(hurt, tmp_path / "again")

    assert dict(relevel.scan(tmp_path / "again")) == dict(relevel.scan(tmp_path / "kept"))
    assert len(report.losses) == 1
