"""One bit flips, anywhere: it is put back, and everything is there."""

from pathlib import Path

import pytest

import relevel
from tests.damage import operators
from tests.damage.oracle import OracleError, table_layout
from tests.fixtures.catalogue import OWN, Fixture
from tests.fixtures.subjects import NAMES, subject_of
from tests.interop.readers import copy_of

own = pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)


@own
@pytest.mark.parametrize("kind", operators.KINDS)
def test_a_flipped_bit_costs_nothing(fixture: Fixture, kind: str, tmp_path: Path) -> None:
    """Whatever it hits, the rescue is complete, the finding names the file, and the source stays as it was."""
    if not operators.places(fixture.database, kind):
        pytest.skip(f"no {kind} in it")
    with copy_of(fixture.database) as copy:
        damage = operators.flip_random_bit_in(copy, kind, seed=len(fixture.name))
        harmless = kind == "footer" and says_the_same(fixture.database / damage.file.name, damage.file)

        report = relevel.rescue(copy, tmp_path / "rescued")

    assert dict(relevel.scan(tmp_path / "rescued")) == fixture.live
    assert relevel.check(tmp_path / "rescued").findings == ()
    assert report.losses == ()
    assert harmless or damage.file.name in {finding.span.file for finding in report.findings}


@own
@pytest.mark.parametrize("kind", operators.KINDS)
def test_a_flipped_bit_is_found_and_read_past(fixture: Fixture, kind: str) -> None:
    """check names the file; dump gives every live entry, without a rescue."""
    if not operators.places(fixture.database, kind):
        pytest.skip(f"no {kind} in it")
    with copy_of(fixture.database) as copy:
        damage = operators.flip_random_bit_in(copy, kind, seed=len(fixture.name) + 1)
        harmless = kind == "footer" and says_the_same(fixture.database / damage.file.name, damage.file)

        findings = relevel.check(copy).findings
        rows = list(relevel.dump(copy))

    assert {row.key: row.value for row in rows} == fixture.live
    assert harmless or damage.file.name in {finding.span.file for finding in findings}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_a_flipped_bit_of_a_table_is_put_back(
    name: str, seed: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """In every real database that has tables: all of it comes back, and the report calls it healed."""
    subject = subject_of(request, name)
    if not subject.has_tables:
        pytest.skip("no table in it")
    with copy_of(subject.database) as copy:
        table = max(copy.glob("*.[ls][ds][bt]"), key=lambda path: path.stat().st_size)
        operators.flip_bit(table, table.stat().st_size * (seed + 1) // 5, seed)

        report = relevel.rescue(copy, tmp_path / "rescued")

    assert dict(relevel.scan(tmp_path / "rescued")) == subject.live
    assert report.losses == ()
    assert len(report.healed) == 1
    assert report.healed[0].span.file == table.name


def says_the_same(original: Path, damaged: Path) -> bool:
    """Whether a footer with a flipped bit means what it meant: the top bit of a varint's last byte says nothing new."""
    try:
        return table_layout(damaged.read_bytes()) == table_layout(original.read_bytes())
    except OracleError:
        return False
