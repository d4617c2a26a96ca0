"""What may be older than something lost is said to be, and nothing else is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import relevel
from tests.damage import manifest_oracle, operators
from tests.damage.oracle import file_versions
from tests.fixtures.catalogue import OWN, Fixture
from tests.fixtures.subjects import NAMES, subject_of
from tests.interop.readers import copy_of

own = pytest.mark.parametrize("fixture", OWN, ids=lambda fixture: fixture.name)


def get(database: Path, key: bytes) -> subprocess.CompletedProcess[str]:
    """Run ``relevel get`` as a user does."""
    command = [sys.executable, "-m", "relevel", "get", str(database), key.hex(), "--encoding", "hex", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@own
def test_beside_a_lost_log_every_key_is_possibly_stale(fixture: Fixture, tmp_path: Path) -> None:
    """The manifest counts on a log that is not there: whatever the tables hold may have been overwritten or deleted in it.

    With a table beside it that no manifest knows, it may be that the last edits are lost and not the log: values are given then,
    and said not to be proved.
    """
    with copy_of(fixture.database) as copy:
        lost = copy / f"{manifest_oracle.read_state(copy).log_number:06d}.log"
        newer = {each.key for log in manifest_oracle.live_logs(copy) if log != lost for each in file_versions(log)}
        operators.delete(lost)

        report = relevel.rescue(copy, tmp_path / "rescued")
        rescued = dict(relevel.scan(tmp_path / "rescued"))
        at_risk = sorted(rescued.keys() - newer)
        answers = [get(copy, key).returncode for key in at_risk[:2]]
        absent = get(copy, b"\0no such key").returncode

    is_proved = report.proof == "manifest"
    stale = {each.file: each for each in report.possibly_stale}
    assert not report.is_complete
    assert "log.missing" in {loss.code for loss in report.losses if loss.span.file == lost.name}
    if at_risk:
        assert (stale[lost.name].keys, stale[lost.name].code) == (relevel.KeyRange(None, None), "log.missing")
        assert stale[lost.name].count == len(at_risk)
    assert set(answers) <= {relevel.CorruptionError.exit_code if is_proved else 1}
    assert absent == relevel.CorruptionError.exit_code


@own
def test_without_a_manifest_every_key_is_possibly_stale(fixture: Fixture, tmp_path: Path) -> None:
    """Nothing tells whether all tables and logs are there, unless every write is; one value is given and said not to be proved."""
    with copy_of(fixture.database) as copy:
        for manifest in copy.glob("MANIFEST-*"):
            operators.truncate(manifest, 0)
        for info_log in copy.glob("LOG*"):
            info_log.unlink()

        order = relevel.Comparator(fixture.comparator, "reverse-bytewise") if "Reverse" in fixture.comparator else None
        report = relevel.rescue(copy, tmp_path / "rescued", comparator=order)
        rescued = dict(relevel.scan(tmp_path / "rescued"))
        key = min(rescued, default=b"\0no such key")
        answer = get(copy, key)

    everything = [(relevel.KeyRange(None, None), len(rescued))] if rescued else []
    assert rescued == fixture.live
    assert report.is_complete == (report.proof == "every-write")
    assert [(each.keys, each.count) for each in report.possibly_stale] == ([] if report.is_complete else everything)
    if rescued:
        assert (answer.returncode, json.loads(answer.stdout)["value"]) == (1, rescued[key].hex())
        assert "manifest." in answer.stderr
    else:
        assert (answer.returncode, answer.stdout) == (relevel.CorruptionError.exit_code, "")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_healthy_database_is_stale(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What other programs leave is clean, every value is proved, and so is that a key is not there."""
    subject = subject_of(request, name)
    with copy_of(subject.database) as copy:
        report = relevel.rescue(copy, tmp_path / "rescued")

        assert relevel.check(copy).is_clean
        assert (report.is_complete, report.possibly_stale) == (True, ())
        for key in sorted(subject.live)[:: max(1, len(subject.live) // 3)]:
            assert relevel.get(copy, key) == subject.live[key]
        with pytest.raises(relevel.KeyNotFoundError):
            relevel.get(copy, b"\0no such key")


@own
def test_what_stands_before_damage_in_a_log_is_possibly_stale(fixture: Fixture, tmp_path: Path) -> None:
    """A torn end may have held a newer version of anything, of what the same log holds too."""
    with copy_of(fixture.database) as copy:
        logs = [log for log in manifest_oracle.live_logs(copy) if log.stat().st_size]
        if not logs:
            pytest.skip("no writes in its logs")
        last = max(logs, key=lambda log: int(log.stem))
        operators.truncate(last, len(last.read_bytes().rstrip(b"\0")) - 1)

        report = relevel.rescue(copy, tmp_path / "rescued")
        rescued = dict(relevel.scan(tmp_path / "rescued"))

    stale = {each.file: each for each in report.possibly_stale}
    assert rescued == {} or stale[last.name].count == len(rescued)
