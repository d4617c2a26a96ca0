"""Which of the small errors that explain a checksum is believed."""

from __future__ import annotations

import pytest

from relevel.recovery.heal.checksum import Explanation, Trust, believe

SURE = Explanation((7,), Trust.ONE_BIT, 1e-9)
PAIR = Explanation((3, 900), Trust.PROVED, 1e-9)
OTHER_PAIR = Explanation((5, 700), Trust.PROVED, 1e-9)
BURST = Explanation((1, 5, 14), Trust.TESTED, 1e-9)


def yes(_: Explanation) -> bool:
    """Every explanation makes of the bytes what they must be."""
    return True


def test_one_that_is_alone_is_believed() -> None:
    """Where it proves to be one."""
    assert believe([PAIR], yes, was_sound=False) == PAIR
    assert believe([PAIR], lambda _: False, was_sound=False) is None
    assert believe([], yes, was_sound=False) is None


def test_of_several_that_are_as_sure_none_is_believed() -> None:
    """Unless all others prove to be none."""
    assert believe([PAIR, OTHER_PAIR], yes, was_sound=False) is None
    assert believe([PAIR, OTHER_PAIR], lambda found: found is OTHER_PAIR, was_sound=False) == OTHER_PAIR


def test_a_surer_one_goes_before_others() -> None:
    """However many there are of these; the surer ones that prove to be none leave it to them."""
    assert believe([PAIR, OTHER_PAIR, SURE], yes, was_sound=False) == SURE
    assert believe([SURE, PAIR], lambda found: found is PAIR, was_sound=False) == PAIR


@pytest.mark.parametrize(("was_sound", "believed"), [(False, BURST), (True, None)])
def test_what_is_tested_only_needs_bytes_that_were_none_before(was_sound: bool, believed: Explanation | None) -> None:
    """Else that they are some now says nothing."""
    assert believe([BURST], yes, was_sound=was_sound) == believed


def test_what_chance_makes_too_often_is_not_believed() -> None:
    """Whatever else speaks for it."""
    assert believe([Explanation((1, 5), Trust.BURST_OF_8, 0.9)], yes, was_sound=True) is None
