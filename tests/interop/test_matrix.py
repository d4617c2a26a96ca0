"""One implementation writes, another goes on and compacts, a third reads: all find the same (``matrix``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.matrix import PEERS, Matrix, why_absent


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    """Databases that are made when they are first asked for."""
    yield Matrix(Path(tmp_path_factory.mktemp("matrix")), seed=31)


@pytest.mark.parametrize("third", PEERS)
@pytest.mark.parametrize("second", PEERS)
@pytest.mark.parametrize("first", PEERS)
def test_what_one_wrote_and_another_compacted_a_third_reads(
    first: str, second: str, third: str, matrix: Matrix
) -> None:
    """By iteration in order, and by get."""
    for name in (first, second, third):
        if why_absent(name):
            pytest.skip(f"no {name}: {why_absent(name)}")

    assert matrix.difference(first, second, third) == ""
