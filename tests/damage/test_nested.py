"""A table in a value of a table that is hurt around it: nothing of the inner one is taken for the outer one's."""

import re
from pathlib import Path

import pytest

import relevel
from relevel import _kernel
from relevel.format.footer import FOOTER_SIZE, decode_footer
from relevel.format.internal_key import encode_internal_key
from relevel.format.varint import encode_varint
from relevel.format.version_edit import FileMetadata
from tests.damage.test_strays import Builder, Entries, values

INNER: Entries = {
    **{b"k%03d" % number: (number + 1, b"inner" * 6) for number in range(300)},
    **{b"EVIL%03d" % number: (number + 301, b"inner" * 6) for number in range(40)},
}
OWN: Entries = {b"k%03d" % number: (number + 301, b"own" * 25) for number in range(300)}


def write(path: Path, entries: Entries, block_size: int = 4096) -> _kernel.TableMeta:
    """Write a table as it is, without compression."""
    builder = _kernel.TableBuilder(str(path), codec="none", block_size=block_size)
    for key, (sequence, value) in sorted(entries.items()):
        builder.add(encode_internal_key(key, sequence), value)
    return builder.finish()


class Outer:
    """A database of one table that has a table in a value, and where in it what is."""

    def __init__(self, tmp_path: Path) -> None:
        write(tmp_path / "inner", INNER, 1024)
        inner = (tmp_path / "inner").read_bytes()
        self.entries = {**OWN, b"k150x": (999, inner)}
        builder = Builder(tmp_path)
        self.path = builder.place / "000005.ldb"
        meta = write(self.path, self.entries)
        builder.tables.append((1, FileMetadata(5, meta.file_size, meta.smallest, meta.largest)))
        self.database = builder.database()
        self.whole = self.path.read_bytes()
        self.value = self.whole.index(inner)
        self.value_end = self.value + len(inner)
        self.index = decode_footer(self.whole).index.offset

    def write_over(self, offset: int, size: int) -> None:
        """Write other bytes over a stretch of the table."""
        data = bytearray(self.path.read_bytes())
        data[offset : offset + size] = bytes(byte ^ 0xA5 for byte in data[offset : offset + size])
        self.path.write_bytes(data)

    def lose(self, what: str) -> None:
        """Lose its footer, its index or both."""
        if "footer" in what:
            self.write_over(len(self.whole) - FOOTER_SIZE, FOOTER_SIZE)
        if "index" in what:
            self.write_over(self.index, len(self.whole) - FOOTER_SIZE - self.index)

    def rescued(self, place: Path, *, certain: bool = False) -> tuple[relevel.RescueReport, dict[bytes, bytes]]:
        """A rescue and what it gave."""
        report = relevel.rescue(self.database, place, exclude_uncertain=certain)
        return report, dict(relevel.scan(place))


@pytest.fixture
def outer(tmp_path: Path) -> Outer:
    """The database."""
    return Outer(tmp_path)


@pytest.mark.parametrize("kept", [20, 50, 80, 95, 100])
@pytest.mark.parametrize("more", [0, 1, 3, 7, 12])
def test_a_table_that_is_cut_in_such_a_value_gives_its_own_entries(
    kept: int, more: int, outer: Outer, tmp_path: Path
) -> None:
    """Or right behind it, where the file ends in the inner one's footer, or in the entry that follows. What is lost is told."""
    size = outer.value_end - outer.value
    outer.path.write_bytes(outer.whole[: outer.value + size * kept // 100 + more])

    report, found = outer.rescued(tmp_path / "rescued")

    own = values(outer.entries)
    assert found.items() <= own.items()
    assert len(found) > 100
    assert {key for key in own if key not in found} >= {key for key in own if key > b"k150x"}
    assert any(loss.keys is not None and loss.keys.upper == b"k299" for loss in report.losses)
    assert dict(relevel.scan(outer.database)) == found
    with pytest.raises(relevel.CorruptionError):
        relevel.get(outer.database, b"k150")
    with pytest.raises(KeyError):
        relevel.get(outer.database, b"EVIL001")


@pytest.mark.parametrize("what", ["footer", "index", "footer and index"])
@pytest.mark.parametrize("hit", [-200, -60, 8000], ids=["head", "before", "in"])
def test_a_hurt_block_with_such_a_value_costs_that_block(what: str, hit: int, outer: Outer, tmp_path: Path) -> None:
    """The blocks behind it come, though no footer or index says where they are."""
    outer.lose(what)
    outer.write_over(outer.value + hit, 195 if hit == -200 else 40)

    report, found = outer.rescued(tmp_path / "rescued")

    assert found.items() <= values(outer.entries).items()
    assert {b"k000", b"k299"} <= found.keys()
    assert len(found) > 250
    assert not report.is_complete


@pytest.mark.parametrize("bits", [14, 18])
def test_a_value_with_a_false_size_hides_no_blocks(bits: int, outer: Outer, tmp_path: Path) -> None:
    """Nothing goes on where it would end, or that is behind the end of a file that is not cut."""
    outer.lose("footer and index")
    heads = [found.start() for found in re.finditer(rb"\x00\x0c\x4bk\d{3}", outer.whole[: outer.value])]
    data = bytearray(outer.path.read_bytes())
    at = heads[len(heads) // 2] + 2
    data[at : at + 3] = encode_varint(1 << bits)
    outer.path.write_bytes(data)

    report, found = outer.rescued(tmp_path / "rescued")

    assert not report.is_complete
    assert found.items() <= values(outer.entries).items()
    assert len(found) > 240


def test_blocks_that_may_be_of_an_inner_table_are_not_certain(outer: Outer, tmp_path: Path) -> None:
    """Neither the block around it nor its own footer can be read, and its keys do not ascend from those before it."""
    outer.lose("footer and index")
    outer.write_over(outer.value - 200, 195)
    outer.write_over(outer.value_end - FOOTER_SIZE, FOOTER_SIZE)

    report, _ = outer.rescued(tmp_path / "rescued")
    _, certain = outer.rescued(tmp_path / "certain", certain=True)

    assert not report.is_complete
    assert certain.items() <= values(outer.entries).items()
    with pytest.raises(relevel.CorruptionError):
        relevel.get(outer.database, b"EVIL001")
