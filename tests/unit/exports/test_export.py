"""export: what is on disk, in the formats of other tools."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

import relevel
from relevel.exports.export import WRITERS
from tests.fixtures.catalogue import BY_NAME, Fixture
from tests.unit.exports.reading import READERS, query, skip_without

FORMATS = list(WRITERS)
SUBJECTS = ["plyvel-killed", "chromium-indexeddb", "plyvel-reverse", "plyvel-emptied", "plyvel-tiny"]


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A database with a hole of 512 bytes in a table."""
    place = tmp_path / "damaged"
    shutil.copytree(BY_NAME["demo"].database, place)
    table = place / "000005.ldb"
    data = bytearray(table.read_bytes())
    data[60000:60512] = bytes(512)
    table.write_bytes(data)
    return place


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("format", FORMATS)
def test_every_version_comes_out(format: str, name: str, tmp_path: Path) -> None:
    """The rows of the file are those of the dump, byte for byte, in its order."""
    skip_without(format)
    subject: Fixture = BY_NAME[name]
    place = tmp_path / f"out.{format}"

    report = relevel.export(subject.database, place)

    rows = [tuple(version) for version in relevel.dump(subject.database, all_versions=True)]
    assert READERS[format](place) == rows
    assert (report.row_count, report.format, report.byte_count) == (len(rows), format, place.stat().st_size)
    assert report.is_complete
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_wanted_comes_out(format: str, tmp_path: Path) -> None:
    """Live entries, those of a sequence number, deleted keys; ranges and prefixes."""
    skip_without(format)
    source = BY_NAME["demo"].database
    past = relevel.History(source)

    def exported(name: str, **wanted: object) -> list[tuple[object, ...]]:
        place = tmp_path / f"{name}.{format}"
        relevel.export(source, place, **wanted)  # type: ignore[arg-type]
        return [row[2:4] for row in READERS[format](place)]

    assert exported("live", versions="live") == [row[2:4] for row in relevel.dump(source)]
    assert exported("past", versions="live", at=3000) == [row[2:4] for row in past.at(3000).rows()]
    assert exported("gone", versions="deleted") == [row[2:4] for row in past.deleted()]
    some = relevel.dump(source, prefix=b"account/", start=b"account/0x1", stop=b"account/0x2")
    wanted = {"prefix": b"account/", "start": b"account/0x1", "stop": b"account/0x2", "versions": "live"}
    assert exported("some", **wanted) == [row[2:4] for row in some]


def test_a_time_stands_for_a_sequence_number(tmp_path: Path) -> None:
    """The last one before it, and the report says that this is an estimate."""
    source = BY_NAME["demo"].database
    time = datetime(2200, 1, 1, tzinfo=timezone.utc)

    report = relevel.export(source, tmp_path / "out.jsonl", versions="live", at=time)

    assert report.estimate == relevel.History(source).before(time)
    assert report.at == report.estimate.sequence
    assert [row[2:4] for row in READERS["jsonl"](tmp_path / "out.jsonl")] == [row[2:4] for row in relevel.dump(source)]
    with pytest.raises(relevel.InvalidArgumentError):
        relevel.export(source, tmp_path / "other.jsonl", at=time)


@pytest.mark.parametrize("format", FORMATS)
def test_a_prefix_is_kept_to_in_any_order(format: str, tmp_path: Path) -> None:
    """Where keys with a prefix need not stand together."""
    skip_without(format)
    source, place = BY_NAME["plyvel-reverse"].database, tmp_path / f"out.{format}"
    prefix = next(iter(relevel.dump(source))).key[:2]

    relevel.export(source, place, prefix=prefix)

    rows = [tuple(version) for version in relevel.dump(source, all_versions=True, prefix=prefix)]
    assert READERS[format](place) == rows
    assert rows


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_database_gives_what_can_be_read(format: str, damaged: Path, tmp_path: Path) -> None:
    """The rows of the dump, and the damage in the report; the source is untouched."""
    skip_without(format)
    before = {path.name: path.read_bytes() for path in damaged.iterdir()}
    place = tmp_path / f"out.{format}"

    report = relevel.export(damaged, place)

    dump = relevel.dump(damaged, all_versions=True)
    assert READERS[format](place) == [tuple(version) for version in dump]
    assert [finding.code for finding in report.findings] == [finding.code for finding in dump.findings]
    assert not report.is_complete
    assert {path.name: path.read_bytes() for path in damaged.iterdir()} == before


@pytest.mark.parametrize("format", ["sqlite", "duckdb"])
def test_findings_and_files_are_tables(format: str, damaged: Path, tmp_path: Path) -> None:
    """What is damaged, and what each file counts for."""
    skip_without(format)
    place = tmp_path / f"out.{format}"

    report = relevel.export(damaged, place)

    codes = [row[0] for row in query(place, "select code from findings")]
    assert codes == [finding.code for finding in report.findings]
    found: dict[str, str] = dict(query(place, "select name, standing from files"))
    assert found["000005.ldb"] == "live"


def test_findings_are_in_the_metadata_of_parquet(damaged: Path, tmp_path: Path) -> None:
    """Under the key relevel, one object for the database."""
    parquet = pytest.importorskip("pyarrow.parquet")

    report = relevel.export(damaged, tmp_path / "out.parquet")

    (told,) = json.loads(parquet.read_metadata(tmp_path / "out.parquet").metadata[b"relevel"])
    assert [finding["code"] for finding in told["findings"]] == [finding.code for finding in report.findings]
    assert told["comparator"] == "leveldb.BytewiseComparator"


@pytest.mark.parametrize("format", FORMATS)
def test_a_healed_record_of_a_log_is_unverified(format: str, tmp_path: Path) -> None:
    """As it is in the dump."""
    skip_without(format)
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for number in range(50):
            db.put(b"%04d" % number, b"value %d" % number)
    log = max((tmp_path / "db").glob("*.log"))
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    place = tmp_path / f"out.{format}"

    relevel.export(tmp_path / "db", place)

    rows = READERS[format](place)
    assert rows == [tuple(version) for version in relevel.dump(tmp_path / "db", all_versions=True)]
    assert "unverified" in {row[7] for row in rows}


@pytest.mark.parametrize("format", FORMATS)
def test_values_of_any_size_and_any_bytes_come_out(format: str, tmp_path: Path) -> None:
    """Empty, larger than a batch, and every byte there is."""
    skip_without(format)
    pairs = {b"": b"", b"all": bytes(range(256)), b"large": b"x" * (20 << 20), b"\xff\x00\n\r,\"'": b'\x00",\r\n'}
    with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
        for key, value in pairs.items():
            db.put(key, value)
    place = tmp_path / f"out.{format}"

    relevel.export(tmp_path / "db", place)

    if format == "csv":
        csv.field_size_limit(1 << 30)
    assert {row[2]: row[3] for row in READERS[format](place)} == pairs


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_written_over(format: str, tmp_path: Path) -> None:
    """What is there stays, and nothing half-made is left."""
    skip_without(format)
    place = tmp_path / f"out.{format}"
    place.write_text("mine", encoding="utf-8")

    with pytest.raises(relevel.DestinationExistsError):
        relevel.export(BY_NAME["plyvel-tiny"].database, place)

    assert place.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [place]


def test_the_source_is_no_destination(tmp_path: Path) -> None:
    """Nothing is written among the evidence."""
    source = tmp_path / "db"
    shutil.copytree(BY_NAME["plyvel-tiny"].database, source)

    with pytest.raises(relevel.InvalidArgumentError):
        relevel.export(source, source / "out.jsonl")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system limits the size of no file")
@pytest.mark.parametrize("size", [1000, 20_000, 100_000])
def test_a_full_disk_is_a_storage_error_wherever_it_is_met(size: int, tmp_path: Path) -> None:
    """DuckDB meets it when it opens its file, when it writes, or when it commits; nothing is left."""
    pytest.importorskip("pyarrow")
    pytest.importorskip("duckdb")
    program = (
        "import resource, signal, sys\nfrom relevel.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, resource.RLIM_INFINITY))\n"
        "main(sys.argv[1:])"
    )
    arguments = ["export", str(BY_NAME["demo"].database), str(tmp_path / "rows.duckdb")]

    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == relevel.StorageError.exit_code, done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("format", "module"), [("parquet", "pyarrow"), ("arrow", "pyarrow"), ("duckdb", "duckdb")])
def test_what_is_not_installed_is_named(
    format: str, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    if format == "duckdb":
        pytest.importorskip("pyarrow")
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(relevel.NotSupportedError, match=r"pip install 'relevel\[export\]'"):
        relevel.export(BY_NAME["plyvel-tiny"].database, tmp_path / f"out.{format}")

    assert not list(tmp_path.iterdir())


def test_a_suffix_that_means_nothing_is_refused(tmp_path: Path) -> None:
    """With the formats there are."""
    with pytest.raises(relevel.InvalidArgumentError, match="choose --format"):
        relevel.export(BY_NAME["plyvel-tiny"].database, tmp_path / "out.xlsx")


def test_a_number_that_was_never_given_out_is_refused(tmp_path: Path) -> None:
    """No file is made."""
    source = tmp_path / "db"
    with relevel.DB(source, create_if_missing=True) as db:
        db.put(b"key", b"value")
    with pytest.raises(relevel.InvalidArgumentError, match="no change number 9"):
        relevel.export(source, tmp_path / "out.jsonl", versions="live", at=9)
    assert not (tmp_path / "out.jsonl").exists()


def test_arguments_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    """A sequence number goes with live versions; other names of versions mean nothing."""
    source = BY_NAME["plyvel-tiny"].database
    with pytest.raises(relevel.InvalidArgumentError):
        relevel.export(source, tmp_path / "out.jsonl", at=3)
    with pytest.raises(relevel.InvalidArgumentError):
        relevel.export(source, tmp_path / "out.jsonl", versions="newest")
