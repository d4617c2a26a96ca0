"""Faults and the error that carries one."""

from __future__ import annotations

import copy
import pickle

import pytest

from relevel._kernel import Fault, FaultError


def fault(size: int = 4101) -> Fault:
    """A fault with all its fields."""
    return Fault("table.block.checksum-mismatch", 8192, size, 0xE79FF470, 0xCC68B6BF, b"a\x00", None)


def test_a_fault_has_its_fields() -> None:
    """Arguments become properties of the same names."""
    found = fault()

    assert (found.code, found.offset, found.size) == ("table.block.checksum-mismatch", 8192, 4101)
    assert (found.expected, found.got) == (0xE79FF470, 0xCC68B6BF)
    assert (found.lower, found.upper) == (b"a\x00", None)


def test_a_fault_cannot_be_changed() -> None:
    """Values are frozen."""
    with pytest.raises(AttributeError):
        fault().offset = 1  # type: ignore[misc]


def test_faults_with_equal_fields_are_equal() -> None:
    """They are values: equal, and found in a set."""
    assert fault() == fault()
    assert fault() != fault(size=1)
    assert {fault(), fault()} == {fault()}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_fault_travels_between_processes(protocol: int) -> None:
    """It is the same after pickling and after copying."""
    assert pickle.loads(pickle.dumps(fault(), protocol)) == fault()
    assert copy.deepcopy(fault()) == fault()


def test_the_text_of_a_fault_says_code_place_and_values() -> None:
    """Checksums are shown as hexadecimal numbers, as hex dumps have them."""
    text = str(fault())

    assert text == ("table.block.checksum-mismatch at offset 8192 (4101 bytes), expected 0xe79ff470, got 0xcc68b6bf")


def test_the_repr_of_a_fault_makes_it_again() -> None:
    """Fields that say nothing are left out."""
    namespace = {"Fault": Fault}

    assert eval(repr(fault()), namespace) == fault()
    assert repr(Fault("log.tail.torn", 3, 4)) == "Fault(code='log.tail.torn', offset=3, size=4)"


def test_an_error_carries_its_fault_between_processes() -> None:
    """The fault is there, and the text is the fault's."""
    error = pickle.loads(pickle.dumps(FaultError(fault())))

    assert error.fault == fault()
    assert str(error) == str(fault())
