"""Which decoders are used: named, brought by a plugin, or guessed."""

from __future__ import annotations

import importlib.metadata
import re
import struct
import types
from pathlib import Path

import pytest

import relevel
from relevel.decoders import registry
from relevel.decoders.chainstate import VEIL_KEY
from relevel.decoders.choice import choose_decoding
from relevel.decoders.registry import BUILT_IN, decoder_names, make_decoder
from relevel.recovery.read.reader import Reader
from tests.fixtures.catalogue import BY_NAME

GUIDE = Path(__file__).parents[3] / "docs" / "decoders.md"


def database(place: Path, pairs: dict[bytes, bytes]) -> Reader:
    """A database with these pairs."""
    with relevel.DB(place / "db", create_if_missing=True) as db:
        for key, value in pairs.items():
            db.put(key, value)
    return Reader(place / "db")


def bring(monkeypatch: pytest.MonkeyPatch, name: str, decoder: object) -> None:
    """Let a package bring a decoder."""
    module = types.ModuleType("brought_by_a_test")
    module.__dict__["Brought"] = decoder
    monkeypatch.setitem(__import__("sys").modules, "brought_by_a_test", module)
    point = importlib.metadata.EntryPoint(name, "brought_by_a_test:Brought", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])


def test_every_built_in_decoder_can_be_made_and_is_documented() -> None:
    """By its name."""
    page = GUIDE.read_text(encoding="utf-8")
    for name in BUILT_IN:
        assert make_decoder(name).summary
        assert f"`{name}`" in page


def test_the_example_of_the_guide_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there, brought as an entry point."""
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    bring(monkeypatch, "readings", names["Readings"])
    reader = database(tmp_path, {struct.pack(">HQ", 3, 9): struct.pack("<2f", 21.5, 1013.0), b"odd": b""})

    decode = choose_decoding("readings", reader)

    shown = [decode(row.key, row.value) for row in reader.rows("visible", past=False)]
    assert shown[0] == ('{"station": 3, "minute": 9}', '{"celsius": 21.5, "hectopascal": 1013.0}', None)
    assert shown[1].decoded_key is None
    assert "unpack requires a buffer of 10 bytes" in (shown[1].undecoded or "")


def test_a_decoder_that_raises_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises or returns."""

    class Rude(relevel.Decoder):
        def key(self, key: bytes) -> object:
            raise RuntimeError("\x1b[31m")

        def value(self, key: bytes, value: bytes) -> object:
            loop: list[object] = []
            loop.append(loop)
            return loop

    bring(monkeypatch, "rude", Rude)
    source = database(tmp_path, {b"a": b"1", b"b": b"2"}).directory.path

    report = relevel.export(source, tmp_path / "out.jsonl", decode="rude")

    assert report.row_count == 2
    text = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert "nested more than" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("brought", "message"), [(dict, "does not derive"), (lambda: 1 / 0, "division by zero")], ids=["dict", "raises"]
)
def test_a_plugin_that_is_none_is_refused(brought: object, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its name and why."""
    bring(monkeypatch, "strange", brought)

    with pytest.raises(relevel.NotSupportedError, match=message):
        make_decoder("strange")


def test_the_name_of_a_built_in_decoder_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """By no plugin."""
    bring(monkeypatch, "json", dict)

    assert make_decoder("json").summary
    assert decoder_names().count("json") == 1


def test_a_name_that_nobody_has_is_refused(tmp_path: Path) -> None:
    """With the names there are."""
    with pytest.raises(relevel.InvalidArgumentError, match="utf-8"):
        choose_decoding("yaml", database(tmp_path, {b"a": b"b"}))


def test_keys_and_values_may_have_decoders_of_their_own(tmp_path: Path) -> None:
    """Two names with a colon."""
    decode = choose_decoding("uint-be:json", database(tmp_path, {}))

    assert decode(b"\x00\x01", b"[true]") == ("1", "[true]", None)


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ({b"%d" % number: b'{"n": %d}' % number for number in range(50)}, "utf-8:json"),
        ({b"%d" % number: b"text %d" % number for number in range(50)}, "utf-8"),
        ({struct.pack(">Q", number): b"\xff\xfe\xfd" for number in range(1, 50)}, "uint-be:raw"),
        ({b"%d" % number: struct.pack("<I", number) for number in range(1, 50)}, "utf-8:uint-le"),
        ({b"%d" % number: f"wide {number}".encode("utf-16-le") for number in range(50)}, "utf-8:utf-16"),
        ({struct.pack("<2iB", number, 1, 44): b"\x28" for number in range(50)}, "bedrock"),
        ({b"/sectors/%d" % number: b"12" for number in range(50)}, "lotus"),
        (
            {
                VEIL_KEY: b"\x08" + bytes(8),
                **{b"C" + bytes([number] * 32) + b"\x00": b"\x00\x00\x06" for number in range(9)},
            },
            "chainstate",
        ),
        ({}, "raw"),
    ],
)
def test_auto_finds_what_fits(pairs: dict[bytes, bytes], name: str, tmp_path: Path) -> None:
    """And says how sure it is."""
    decode = choose_decoding("auto", database(tmp_path, pairs))

    assert decode.name == name
    assert decode.guess


def test_auto_finds_structures(tmp_path: Path) -> None:
    """MessagePack and CBOR are told apart by what only one of them can be."""
    msgpack, cbor2 = pytest.importorskip("msgpack"), pytest.importorskip("cbor2")
    values = [{"id": number, "name": "n" * number, "blob": bytes([number])} for number in range(40)]
    packed = database(tmp_path, {b"%d" % number: msgpack.packb(value) for number, value in enumerate(values)})
    (tmp_path / "other").mkdir()
    dumped = database(tmp_path / "other", {b"%d" % number: cbor2.dumps(value) for number, value in enumerate(values)})

    assert choose_decoding("auto", packed).name == "utf-8:msgpack"
    assert choose_decoding("auto", dumped).name == "utf-8:cbor"


@pytest.mark.parametrize(("fixture", "name"), [("chromium-localstorage", "local-storage"), ("demo", "utf-8:json")])
def test_auto_knows_real_databases(fixture: str, name: str) -> None:
    """By their own signs."""
    assert choose_decoding("auto", Reader(BY_NAME[fixture].database)).name == name
