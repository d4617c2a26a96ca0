"""carve: what is left out is told: files older than every free number, and the rest of an image that has too many places."""

from __future__ import annotations

from pathlib import Path

import pytest

import relevel
from relevel.recovery.carving import search
from tests.damage import forge
from tests.damage.images import written_to
from tests.damage.oracle import MAGIC

GAP = bytes(8192)


def table_of(key: bytes, sequence: int) -> bytes:
    """A table of one entry."""
    internal = forge.internal_key(key, sequence)
    data = forge.block(forge.entry(internal, b"value"))
    return forge.table(data, index=forge.block(forge.entry(internal, forge.varint(0) + forge.varint(len(data) - 5))))


def manifest_of(table: bytes, *, number: int, next_file: int) -> bytes:
    """A manifest that counts on this table alone."""
    told = forge.new_table(1, number, len(table), b"key", b"key", sequences=(50, 50))
    return forge.log([forge.first_edit(next_file=next_file, last_sequence=50), told])


def test_what_is_older_than_every_free_number_is_left_out(tmp_path: Path) -> None:
    """The manifest and its table have the numbers 1 and 2: with 3 a replaced table would count for what is live."""
    live, replaced = table_of(b"key", 50), table_of(b"gone", 1)
    image = written_to(tmp_path, GAP.join([live, replaced, manifest_of(live, number=2, next_file=3)]))

    report = relevel.carve(image, tmp_path / "carved")

    (told,) = report.findings
    assert (told.code, told.span.offset, told.span.size) == ("carve.nameless", len(live) + len(GAP), len(replaced))
    assert sorted(file.file for file in report.files) == ["000002.ldb", "MANIFEST-000001"]
    assert relevel.rescue(tmp_path / "carved", tmp_path / "rescued").is_complete
    assert dict(relevel.scan(tmp_path / "rescued")) == {b"key": b"value"}


def test_with_a_number_free_it_is_kept_and_does_not_count(tmp_path: Path) -> None:
    """Below the log and the manifest, as what was replaced has it."""
    live, replaced = table_of(b"key", 50), table_of(b"gone", 1)
    image = written_to(tmp_path, GAP.join([live, replaced, manifest_of(live, number=3, next_file=4)]))

    report = relevel.carve(image, tmp_path / "carved")

    assert report.findings == ()
    assert sorted(file.file for file in report.files) == ["000001.ldb", "000003.ldb", "MANIFEST-000002"]
    assert dict(relevel.scan(tmp_path / "carved")) == {b"key": b"value"}


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An image of six tables a megabyte apart, which is as much as is read at a time; three places are kept."""
    monkeypatch.setattr(search, "_STEP", 1)
    monkeypatch.setattr(search, "_MOST_FINDS", 3)
    far = bytes(1 << 20)
    return written_to(tmp_path, b"".join(table_of(b"key %d" % number, number + 1) + far for number in range(6)))


def test_where_an_image_has_too_many_places_the_rest_is_not_looked_at(crowded: Path, tmp_path: Path) -> None:
    """What was found before is kept, and the finding says from where on nothing was looked for."""
    report = relevel.carve(crowded, tmp_path / "carved")

    (told,) = [finding for finding in report.findings if finding.code == "carve.too-many"]
    assert told.span.end == crowded.stat().st_size
    assert told.span.size > 0
    assert len(report.files) == 4
    assert all(offset + size <= told.span.offset for file in report.files for _, offset, size in file.extents)
    assert not report.is_complete


def test_an_image_that_was_looked_at_to_its_end_has_not_too_many(crowded: Path, tmp_path: Path) -> None:
    """Though it has more places than are kept: the last ones came with its last bytes."""
    content = crowded.read_bytes()
    ends = [offset + 8 for offset in range(len(content)) if content.startswith(MAGIC, offset)]
    crowded.write_bytes(content[: ends[3]])

    report = relevel.carve(crowded, tmp_path / "carved")

    assert "carve.too-many" not in {finding.code for finding in report.findings}
    assert len(report.files) == 4
