"""One implementation writes, another goes on and compacts, a third reads: all find the same (``matrix``)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.matrix import NUMBER_TWICE, PEERS, SIZES_OF_JAVA, Matrix, has_sizes_of_java, why_absent


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

    outcome, reason = matrix.outcome(first, second, third)

    assert (outcome, reason) in {("equal", ""), ("known", SIZES_OF_JAVA), ("known", NUMBER_TWICE)}


def test_leveldb_refuses_what_javas_compacted_and_relevel_mends_it(matrix: Matrix) -> None:
    """Because of the sizes in its manifest; gone on with by relevel, LevelDB reads it."""
    for name in ("java", "plyvel"):
        if why_absent(name):
            pytest.skip(f"no {name}: {why_absent(name)}")

    assert has_sizes_of_java(matrix.gone_on("java", "java"))
    assert matrix.difference("java", "java", "relevel") == ""
    assert matrix.difference("java", "java", "plyvel").startswith("refused")
    assert matrix.difference("java", "relevel", "plyvel") == ""
