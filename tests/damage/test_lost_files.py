"""CURRENT or a manifest is lost, or says nonsense: a rescue finds everything all the same."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import relevel
from relevel.format.comparator import Comparator, find_comparator
from tests.damage import manifest_oracle, operators
from tests.damage.oracle import LOG_HEADER_SIZE, Version, file_versions, records
from tests.fixtures.catalogue import OWN, Fixture
from tests.fixtures.subjects import NAMES, Subject, subject_of
from tests.interop.readers import copy_of

own = pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)


@pytest.fixture(params=NAMES)
def damaged(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """A copy of each real database, to be damaged."""
    subject = subject_of(request, request.param)
    with copy_of(subject.database) as copy:
        yield replace(subject, database=copy)


def lose_current(database: Path) -> None:
    """Delete CURRENT."""
    operators.delete(database / "CURRENT")


def empty_current(database: Path) -> None:
    """Leave CURRENT without a byte."""
    operators.truncate(database / "CURRENT", 0)


def zero_current(database: Path) -> None:
    """Turn CURRENT's bytes to zeroes, as a crash of the machine does."""
    operators.zero(database / "CURRENT", 0, 16)


def mislead_current(database: Path) -> None:
    """Let CURRENT name a manifest that is not there."""
    (database / "CURRENT").write_bytes(b"MANIFEST-999999\n")


def lose_manifest(database: Path) -> None:
    """Delete every manifest."""
    for manifest in database.glob("MANIFEST-*"):
        operators.delete(manifest)


def empty_manifest(database: Path) -> None:
    """Leave every manifest without a byte."""
    for manifest in database.glob("MANIFEST-*"):
        operators.truncate(manifest, 0)


def zero_manifest(database: Path) -> None:
    """Turn the bytes of every manifest to zeroes."""
    for manifest in database.glob("MANIFEST-*"):
        operators.zero(manifest, 0, manifest.stat().st_size)


def lose_both(database: Path) -> None:
    """Delete CURRENT and every manifest."""
    lose_current(database)
    lose_manifest(database)


CURRENTS = (lose_current, empty_current, zero_current, mislead_current)
MANIFESTS = (lose_manifest, empty_manifest, zero_manifest, lose_both)


@pytest.mark.parametrize("lose", CURRENTS, ids=lambda lose: lose.__name__)
def test_nothing_is_lost_with_current(damaged: Subject, lose: Callable[[Path], None], tmp_path: Path) -> None:
    """The one manifest there is says what counts; the report says what was wrong with CURRENT."""
    lose(damaged.database)

    report = relevel.rescue(damaged.database, tmp_path / "rescued")

    assert pairs(tmp_path / "rescued") == damaged.live
    assert any(finding.code.startswith("current.") for finding in report.findings)
    assert report.losses == ()


@pytest.mark.parametrize("lose", MANIFESTS, ids=lambda lose: lose.__name__)
def test_nothing_is_lost_with_the_manifest(damaged: Subject, lose: Callable[[Path], None], tmp_path: Path) -> None:
    """Tables and logs alone give back everything; the report says that what is live is not proved, or by what it is."""
    lose(damaged.database)

    report = relevel.rescue(damaged.database, tmp_path / "rescued", comparator=order_of(damaged))

    assert pairs(tmp_path / "rescued") == damaged.live
    assert report.proof != "manifest"
    told = [finding for finding in report.findings if finding.code.startswith("manifest.")]
    assert told
    assert report.proof in ("log-file", "every-write") or any(finding in report.losses for finding in told)


def test_what_relevel_tells_in_its_own_log_proves_what_counts(tmp_path: Path) -> None:
    """Flushes, compactions and removals: with the manifest gone the rescue is whole, and knows it."""
    with relevel.DB(tmp_path / "db", create_if_missing=True, write_buffer_size=1 << 16, max_file_size=1 << 20) as db:
        for number in range(12_000):
            db.put(b"%05d" % (number * 7919 % 5000), b"value %d " % number * 5)
        live = dict(db)
        levels = [level.table_count for level in db.stats().levels]
    lose_both(tmp_path / "db")

    report = relevel.rescue(tmp_path / "db", tmp_path / "rescued")

    told = (tmp_path / "db" / "LOG").read_text()
    assert sum(levels) > 0
    assert "Generated table #" in told
    assert (report.proof, report.losses, pairs(tmp_path / "rescued")) == ("log-file", (), live)


@own
def test_a_torn_manifest_hides_no_table(fixture: Fixture, tmp_path: Path) -> None:
    """LevelDB takes a torn manifest for whole and deletes the tables that the lost edit named; a rescue reads them."""
    with copy_of(fixture.database) as copy:
        manifest = copy / (copy / "CURRENT").read_text().strip()
        operators.truncate(manifest, manifest.stat().st_size - 3)

        report = relevel.rescue(copy, tmp_path / "rescued", comparator=find_comparator(fixture.comparator))

    assert pairs(tmp_path / "rescued") == fixture.live
    assert any(finding.code.startswith(("manifest.", "log.")) for finding in report.findings)


@own
def test_a_manifest_cut_between_two_edits_hides_no_table(fixture: Fixture, tmp_path: Path) -> None:
    """It ends like a whole one, and LevelDB deletes the tables of the edits that are gone; a rescue doubts it and reads them."""
    manifest = fixture.database / (fixture.database / "CURRENT").read_text().strip()
    fragments = [record.fragments[-1] for record in records(manifest.read_bytes())]
    for fragment in fragments[:-1]:
        destination = tmp_path / str(fragment.offset)
        with copy_of(fixture.database) as copy:
            operators.truncate(copy / manifest.name, fragment.offset + LOG_HEADER_SIZE + fragment.size)

            report = relevel.rescue(copy, destination)

        assert pairs(destination) == fixture.live
        assert manifest.name in {finding.span.file for finding in report.losses}


@own
def test_one_lost_table_costs_no_more_than_is_in_it(fixture: Fixture, tmp_path: Path) -> None:
    """Keys whose newest version lies elsewhere are as they were; for the others an older version may surface, or none.

    The report names the table and the range of keys it held, and counts no fewer than are stale.
    """
    newest = {version.key: version for version in manifest_oracle.current_versions(fixture.database)}
    for table in manifest_oracle.live_tables(fixture.database):
        destination = tmp_path / table.name
        elsewhere = versions_without(fixture.database, table)
        gone = {key for key, version in newest.items() if version not in elsewhere}
        with copy_of(fixture.database) as copy:
            operators.delete(copy / table.name)
            report = relevel.rescue(copy, destination)

        found = pairs(destination)
        safe = fixture.live.keys() - gone
        assert {key: found.get(key) for key in safe} == {key: fixture.live[key] for key in safe}
        assert found.keys() <= fixture.live.keys() | gone
        assert {(key, found[key]) for key in found.keys() & gone} <= {(each.key, each.value) for each in elsewhere}
        (loss,) = (each for each in report.losses if each.span.file == table.name)
        assert loss.code == "table.missing"
        assert holds(loss.keys, gone, find_comparator(fixture.comparator))
        assert sum(stale.count for stale in report.possibly_stale) >= len(found.keys() & gone)


def pairs(database: Path) -> dict[bytes, bytes]:
    """What is live in a rescued database, in which nothing may be wrong."""
    found = dict(relevel.scan(database))
    assert relevel.check(database).findings == ()
    return found


def order_of(subject: Subject) -> Comparator | None:
    """The comparator that a user must give, for no manifest names it: None where the tables show it."""
    return find_comparator(subject.comparator) if subject.comparator.startswith("test.") else None


def versions_without(database: Path, lost: Path) -> set[Version]:
    """Every version that live files other than ``lost`` hold."""
    files = [*manifest_oracle.live_tables(database), *manifest_oracle.live_logs(database)]
    return {version for path in files if path != lost for version in file_versions(path)}


def holds(keys: "relevel.KeyRange | None", wanted: set[bytes], order: Comparator) -> bool:
    """Whether all of these keys are in the range."""
    if keys is None or keys.lower is None or keys.upper is None:
        return False
    return all(order.compare(keys.lower, key) <= 0 <= order.compare(keys.upper, key) for key in wanted)
