"""Claims about what is decoded in Python, held against bytes of every kind, and against what is real and hurt."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fuzz.seed import files, of_info_log, of_manifest
from hypothesis import given
from hypothesis import strategies as st

from relevel.format.filename import MAX_FILE_NUMBER
from relevel.format.version_edit import FileMetadata, VersionEdit, encode_version_edit
from tests.damage.claims import CLAIMS

_NUMBERS = st.integers(0, MAX_FILE_NUMBER)
_LEVELS = st.integers(0, 6)
_KEYS = st.binary(min_size=8, max_size=40)
_FILES = st.builds(FileMetadata, _NUMBERS, _NUMBERS, _KEYS, _KEYS)
_EDITS = st.builds(
    VersionEdit,
    comparator=st.none() | st.text(max_size=20),
    log_number=st.none() | _NUMBERS,
    previous_log_number=st.none() | _NUMBERS,
    next_file_number=st.none() | _NUMBERS,
    last_sequence=st.none() | _NUMBERS,
    compact_pointers=st.lists(st.tuples(_LEVELS, _KEYS), max_size=3).map(tuple),
    deleted_files=st.lists(st.tuples(_LEVELS, _NUMBERS), max_size=3).map(tuple),
    new_files=st.lists(st.tuples(_LEVELS, _FILES), max_size=3).map(tuple),
)


@pytest.mark.parametrize("name", list(CLAIMS))
@given(data=st.binary(max_size=300))
def test_a_claim_holds_for_any_bytes(name: str, data: bytes) -> None:
    """No other error comes out than that the claim does not hold."""
    CLAIMS[name](data)


@given(edit=_EDITS, place=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 400))
def test_edits_that_are_hurt_are_decoded_in_part(edit: VersionEdit, place: int, byte: int, cut: int) -> None:
    """Whole, with one byte changed, and cut off."""
    data = encode_version_edit(edit)
    for hurt in (data, data[:place] + bytes([byte]) + data[place + 1 :], data[:cut]):
        CLAIMS["edits"](hurt)


@pytest.mark.parametrize(("kind", "cut"), [("manifest", of_manifest), ("info-log", of_info_log)])
def test_claims_hold_for_what_programs_wrote(kind: str, cut: Callable[[bytes], Iterator[tuple[str, bytes]]]) -> None:
    """Manifests and LOGs of the databases at hand, whole and with every 31st byte turned over."""
    seen = 0
    for found, data in files():
        for name, seed in cut(data) if found == kind else ():
            for place in (None, *range(0, len(seed), 31)):
                hurt = seed if place is None else seed[:place] + bytes([seed[place] ^ 255]) + seed[place + 1 :]
                CLAIMS[name](hurt)
                seen += 1
    assert seen > 100
