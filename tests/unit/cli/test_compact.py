"""relevel compact."""

from __future__ import annotations

import json
import re
from pathlib import Path

import relevel
from tests.unit.cli.calling import call
from tests.unit.cli.conftest import PAIRS


def test_what_was_deleted_leaves_the_disk(database: Path) -> None:
    """The report has what stays."""
    with relevel.DB(database) as db:
        for key, _ in PAIRS[1:]:
            db.delete(key)
    done = call("compact", database)

    assert (done.code, done.err) == (0, "")
    assert re.match(r"level   tables       size\n    [1-6]        1 +\d+ B\nin memory: 0 B; last sequence", done.out)
    assert [version.key for version in relevel.dump(database, all_versions=True)] == [b"0000"]


def test_the_report_as_json_has_the_levels(database: Path) -> None:
    """All seven."""
    report = json.loads(call("compact", database, "--json").out)

    assert len(report["levels"]) == 7
    assert sum(level["table_count"] for level in report["levels"]) == 1
    assert report["last_sequence"] == len(PAIRS)


def test_a_range_leaves_the_others(tmp_path: Path) -> None:
    """Only tables that hold keys of it are merged; bounds are in the encoding asked for."""
    for value in (b"old", b"new"):
        for first in (b"a", b"m"):
            with relevel.DB(tmp_path / "db", create_if_missing=True) as db:
                for number in range(100):
                    db.put(first + b"%d" % number, value)

    assert call("compact", tmp_path / "db", "--start", "6d", "--stop", "6e", "--encoding", "hex").code == 0
    versions = [version.key[:1] for version in relevel.dump(tmp_path / "db", all_versions=True)]

    assert (versions.count(b"a"), versions.count(b"m")) == (200, 100)
