"""Sets of file numbers."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from relevel.files.number_set import NumberSet
from relevel.format.filename import MAX_FILE_NUMBER

numbers = st.integers(0, 5000) | st.integers(0, MAX_FILE_NUMBER)


@given(st.lists(numbers), st.lists(numbers))
def test_it_is_a_set(added: list[int], taken: list[int]) -> None:
    """Whatever is put in and taken out, it holds what a set would, in order."""
    found = NumberSet(added)
    expected = set(added)
    for number in taken:
        found.discard(number)
        expected.discard(number)

    assert set(found) == expected
    assert list(found) == sorted(expected)
    assert len(found) == len(expected)
    assert all((number in found) is (number in expected) for number in [*added, *taken, 7])


def test_what_is_no_file_number_is_not_in_it() -> None:
    """Neither a negative number nor none at all."""
    found = NumberSet([1])

    assert -1 not in found
    assert None not in found


def test_it_can_be_sent_to_another_process() -> None:
    """Manifests are."""
    assert list(pickle.loads(pickle.dumps(NumberSet([1, 5000])))) == [1, 5000]
