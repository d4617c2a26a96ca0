"""The tools of the damage tests do what they say they do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.damage import operators
from tests.damage.oracle import OracleError, crc32c, file_versions, fragments, masked_crc, records, snappy
from tests.fixtures.catalogue import BY_NAME
from tests.interop.readers import copy_of


@pytest.fixture
def database() -> Iterator[Path]:
    """A copy of a fixture with tables, filters and a log."""
    with copy_of(BY_NAME["goleveldb-closed"].database) as copy:
        yield copy


def contents(database: Path) -> dict[str, bytes]:
    """What every file holds."""
    return {path.name: path.read_bytes() for path in database.iterdir()}


@pytest.mark.parametrize("kind", operators.KINDS)
def test_one_bit_of_the_kind_asked_for_is_flipped(database: Path, kind: str) -> None:
    """Exactly one bit differs afterwards, where the operator says and inside a place of that kind."""
    before, places = contents(database), operators.places(database, kind)

    damage = operators.flip_random_bit_in(database, kind, seed=1)

    after = contents(database)
    differing = [
        (name, at, before[name][at] ^ after[name][at])
        for name in before
        for at in range(len(before[name]))
        if before[name][at : at + 1] != after[name][at : at + 1]
    ]
    ((name, at, bits),) = differing
    assert (name, at) == (damage.file.name, damage.offset)
    assert bits.bit_count() == 1
    assert any(place.file == damage.file and place.offset <= at < place.offset + place.size for place in places)


def test_the_same_seed_flips_the_same_bit(database: Path) -> None:
    """Doing it twice undoes it."""
    before = contents(database)

    operators.flip_random_bit_in(database, "data-block", seed=5)
    assert contents(database) != before
    operators.flip_random_bit_in(database, "data-block", seed=5)

    assert contents(database) == before


def test_the_other_operators_say_what_they_did(database: Path) -> None:
    """Zero, garbage, repeat, append, swap, truncate and delete change what they return, and nothing else."""
    file = max(database.glob("*.ldb"))
    before = file.read_bytes()

    damage = operators.zero(file, 100, 50)
    assert file.read_bytes() == before[:100] + bytes(50) + before[150:]
    assert damage[1:3] == (100, 50)
    file.write_bytes(before)
    operators.garbage(file, 100, 50, seed=3)
    assert all(one != other for one, other in zip(before[100:150], file.read_bytes()[100:150], strict=True))
    file.write_bytes(before)
    operators.repeat(file, 100, 50)
    assert file.read_bytes() == before[:150] + before[100:]
    file.write_bytes(before)
    operators.append(file, 7, seed=3)
    assert file.read_bytes()[:-7] == before
    file.write_bytes(before)
    operators.swap_pages(file, 0, 2, 512)
    assert file.read_bytes()[:512] == before[1024:1536]
    assert file.read_bytes()[1024:1536] == before[:512]
    damage = operators.truncate(file, 1000)
    assert file.read_bytes() == file.read_bytes()[:1000]
    assert damage[1:3] == (1000, len(before) - 1000)
    operators.delete(file)
    assert not file.exists()


def test_the_oracle_refuses_a_flipped_bit(database: Path) -> None:
    """The oracle is strict: one bit of a data block, or of a record, and it raises."""
    table = operators.flip_random_bit_in(database, "data-block", seed=2).file
    log = operators.flip_random_bit_in(database, "log-payload", seed=2).file

    for file in (table, log):
        with pytest.raises(OracleError, match="checksum mismatch"):
            list(file_versions(file))


def test_the_oracle_knows_published_values() -> None:
    """CRC-32C of RFC 3720 and a snappy stream by its format's description."""
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"123456789") == 0xE3069283
    assert masked_crc(b"") == (0xA282EAD8).to_bytes(4, "little")
    assert snappy(b"\x0b\x04ab\x22\x02\x00") == b"ababababab" + b"a"


def test_the_oracle_stops_before_a_torn_record() -> None:
    """A record that the end of the file cuts is not there, and no error: so LevelDB reads it."""
    payload = b"x" * 20
    whole = masked_crc(b"\x01" + payload) + b"\x14\x00\x01" + payload

    assert [record.payload for record in records(whole + whole[:-1])] == [payload]
    assert [fragment.offset for fragment in fragments(whole + bytes(100))] == [0]
