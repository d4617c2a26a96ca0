"""The bugs that are planted to try the harnesses fit the source as it is. ``make mutations`` plants them."""

from __future__ import annotations

import pytest

from tests.mutations.catch import PROJECT
from tests.mutations.planted import MUTATIONS, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_bug_has_its_place(mutation: Mutation) -> None:
    """The sound text is there, and the broken one is another."""
    text = (PROJECT / mutation.file).read_text(encoding="utf-8")

    assert mutation.sound in text
    assert mutation.broken != mutation.sound
