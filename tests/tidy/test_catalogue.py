"""What the kernel can find is in the catalogue of findings."""

from __future__ import annotations

import re

from relevel._kernel import FAULT_CODES
from relevel.findings import CATALOGUE
from tests.tidy.sources import ROOT, files

CODE = re.compile(r'"((?:table|log|batch|block|filter)(?:\.[a-z]+(?:-[a-z]+)*)+)"')


def test_every_fault_of_the_kernel_is_in_the_catalogue() -> None:
    """A fault becomes a finding without a translation."""
    assert set(FAULT_CODES) <= CATALOGUE.keys()


def test_a_code_is_listed_once() -> None:
    """Two kernel modules do not claim one code."""
    assert len(FAULT_CODES) == len(set(FAULT_CODES))


def test_every_code_that_the_kernel_spells_is_listed() -> None:
    """No fault is made with a code that FAULT_CODES does not have."""
    spelled = {
        code
        for path in files(ROOT / "rust" / "kernel" / "src", ".rs")
        for code in CODE.findall(path.read_text(encoding="utf-8"))
    }

    assert spelled <= set(FAULT_CODES)
