"""Reports of an open database as text."""

from __future__ import annotations

from collections.abc import Iterator

from relevel.engine.load import LoadReport
from relevel.engine.properties import Stats
from relevel.report.text import size_text


def load_lines(report: LoadReport) -> Iterator[str]:
    """The report of ``load``."""
    yield f"{report.path}: {report.put_count} entries written, {report.deletion_count} keys deleted"


def stats_lines(stats: Stats) -> Iterator[str]:
    """The report of ``stats`` and ``compact``."""
    yield "level   tables       size"
    for level, one in enumerate(stats.levels):
        if one.table_count:
            yield f"{level:>5} {one.table_count:>8} {size_text(one.size):>10}"
    yield f"in memory: {size_text(stats.memtable_size)}; last sequence number {stats.last_sequence}"
