"""Reports of exports as text."""

from __future__ import annotations

from collections.abc import Iterator

from relevel.exports.export import ExportReport
from relevel.report.past import estimate_lines, unproved_lines
from relevel.report.text import findings_lines, plural, size_text


def export_lines(report: ExportReport) -> Iterator[str]:
    """The report of ``export``."""
    rows = plural(report.row_count, "row")
    yield f"{report.source}: {rows} written to {report.destination} ({report.format}, {size_text(report.byte_count)})"
    if report.estimate is not None:
        yield from estimate_lines(report.estimate)
    if report.horizon is not None and not report.is_proved:
        yield from unproved_lines(report.horizon)
    if report.decoder is not None:
        yield f"decoded with {report.decoder}" + (f" ({report.guess})" if report.guess else "")
    yield from findings_lines(report.findings)
