"""Findings as values."""

from __future__ import annotations

import pytest

from relevel.findings import Finding, Severity, Span


def test_a_code_that_is_not_in_the_catalogue_is_refused() -> None:
    """Else there would be no word on what to do next."""
    with pytest.raises(ValueError, match=r"'table\.odd' is not in the catalogue"):
        Finding("table.odd", Severity.DAMAGE, Span("000005.ldb"), "it is odd")


def test_a_span_says_where_it_is() -> None:
    """With its size, where it has one."""
    assert str(Span("000005.ldb", 7, 9)) == "000005.ldb at 7 (9 bytes)"
    assert str(Span("000005.ldb", 7)) == "000005.ldb at 7"
