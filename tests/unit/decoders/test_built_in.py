"""The decoders that come along, held against what the programs write."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

import relevel
from relevel.decoders.chainstate import VEIL_KEY
from relevel.decoders.choice import choose_decoding
from relevel.decoders.decoding import Decoding
from relevel.decoders.registry import make_decoder
from relevel.recovery.read.reader import Reader
from tests.fixtures.catalogue import BY_NAME


def nothing(key: bytes) -> bytes | None:
    """A database without anything."""
    return None


def decoding(name: str, look_up: Callable[[bytes], bytes | None] = nothing) -> Decoding:
    """A decoder, ready and bounded."""
    decoder = make_decoder(name)
    decoder.prepare(look_up)
    return Decoding(name, decoder, decoder)


@pytest.mark.parametrize(
    ("name", "key", "value", "decoded_key", "decoded_value"),
    [
        ("utf-8", "k\u00e4se".encode(), b"v", "k\u00e4se", "v"),
        ("utf-16", "k\u00e4se".encode("utf-16-le"), "v".encode("utf-16"), "k\u00e4se", "v"),
        ("json", b"k", b'{"a": [1, null]}', "k", '{"a": [1, null]}'),
        ("uint-be", b"\x01\x00", b"\x00\x02", "256", "2"),
        ("uint-le", b"\x01\x00", b"\x00\x02", "1", "512"),
        ("int-be", b"\xff\xfe", b"\x00\x02", "-2", "2"),
        ("int-le", b"\xfe\xff", b"\x00\x02", "-2", "512"),
    ],
)
def test_text_and_numbers(name: str, key: bytes, value: bytes, decoded_key: str, decoded_value: str) -> None:
    """Decoded as they are named."""
    assert decoding(name)(key, value) == (decoded_key, decoded_value, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("utf-8", b"\xff"),
        ("utf-16", b"odd"),
        ("json", b"{"),
        ("json", b"NaN"),
        ("json", b"[" * 100_000),
        ("uint-be", b""),
        ("uint-le", bytes(17)),
        ("raw", b"anything"),
    ],
)
def test_what_is_not_so_is_raw_with_a_reason(name: str, value: bytes) -> None:
    """And nothing is raised."""
    decoded = decoding(name)(b"key", value)

    assert decoded.decoded_value is None
    assert decoded.undecoded


def test_a_deletion_has_no_value_to_decode() -> None:
    """Its key is decoded all the same."""
    assert decoding("json")(b"key", None) == ("key", None, None)


def test_messagepack_and_cbor() -> None:
    """By the packages that everybody reads them with."""
    msgpack, cbor2 = pytest.importorskip("msgpack"), pytest.importorskip("cbor2")
    value = {"a": [1, "two", b"\x00\xff", None]}

    shown = {"a": [1, "two", "\\x00\\xff", None]}
    assert json.loads(decoding("msgpack")(b"k", msgpack.packb(value)).decoded_value or "") == shown
    assert json.loads(decoding("cbor")(b"k", cbor2.dumps(value)).decoded_value or "") == shown
    assert decoding("cbor")(b"k", cbor2.dumps(value) + b"\x00").undecoded == "value: 1 bytes follow the CBOR value"


@pytest.mark.parametrize("stored", [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff\x01", b"\xc6\xff\xff\xff\xff"])
def test_messagepack_that_announces_much_is_raw(stored: bytes) -> None:
    """Nothing is made room for before it is there."""
    pytest.importorskip("msgpack")

    assert decoding("msgpack")(b"k", stored).decoded_value is None


@pytest.mark.parametrize("stored", [b"\x9b" + b"\xff" * 8, b"\x5b" + b"\x7f" * 8, b"\x81" * 100_000 + b"\x00"])
def test_cbor_that_announces_much_is_raw(stored: bytes) -> None:
    """Nothing is made room for before it is there, and nesting has an end."""
    pytest.importorskip("cbor2")

    assert decoding("cbor")(b"k", stored).decoded_value is None


def test_cbor_that_holds_itself_many_times_over_is_raw() -> None:
    """Thirty lists, each of the one before twice, are a billion values in a hundred bytes."""
    pytest.importorskip("cbor2")
    stored = b"\xd8\x1c\x81\x00"
    nested = (
        b"".join(b"\xd8\x1c\x82" for _ in range(30))
        + stored
        + b"".join(
            b"\xd8\x1d" + (b"\x18" + bytes([30 - level]) if 30 - level > 23 else bytes([30 - level]))
            for level in range(30)
        )
    )

    decoded = decoding("cbor")(b"k", nested)

    assert decoded.decoded_value is None
    assert decoded.undecoded


def test_local_storage_of_a_browser() -> None:
    """Every key and value that Chromium wrote is decoded, and a page's own words are there."""
    reader = Reader(BY_NAME["chromium-localstorage"].database)
    decode = choose_decoding("local-storage", reader)

    shown = [decode(row.key, row.value) for row in reader.rows("visible", past=False)]

    assert not [decoded.undecoded for decoded in shown if decoded.undecoded]
    pairs = {decoded.decoded_key: decoded.decoded_value for decoded in shown}
    assert pairs["VERSION"] == "1"
    assert pairs['{"origin": "http://127.0.0.1:18643", "key": "\u65e5\u672c"}'] == "two bytes a character \u65e5\u672c"
    assert pairs['{"origin": "http://127.0.0.1:18643", "key": "caf\u00e9"}'] == "latin one"
    (meta,) = (value for key, value in pairs.items() if key and '"META"' in key)
    assert set(json.loads(meta or "")) == {"last_modified", "size"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            "97f23c835800816115944e077fe7c803cfa57f29b36bf87c1d35",
            {
                "height": 203998,
                "coinbase": False,
                "satoshi": 60000000000,
                "pubkey hash": "816115944e077fe7c803cfa57f29b36bf87c1d35",
            },
        ),
        (
            "8ddf77bbd123008c988f1a4a4de2161e0f50aac7f17e7f9555caa4",
            {
                "height": 120891,
                "coinbase": True,
                "satoshi": 110397,
                "pubkey hash": "8c988f1a4a4de2161e0f50aac7f17e7f9555caa4",
            },
        ),
        ("000006", {"height": 0, "coinbase": False, "satoshi": 0, "script": ""}),
    ],
)
@pytest.mark.parametrize("veil", [b"", bytes.fromhex("a1b2c3d4e5f60718")])
def test_coins_of_bitcoin(veil: bytes, value: str, shown: dict[str, object]) -> None:
    """The examples of Bitcoin Core's own tests, veiled and not."""
    stored = {VEIL_KEY: b"\x08" + veil} if veil else {}
    plain = bytes.fromhex(value)
    veiled = bytes(byte ^ (veil[index % 8] if veil else 0) for index, byte in enumerate(plain))
    transaction = bytes(range(32))

    decoded = decoding("chainstate", stored.get)(b"C" + transaction + b"\x80\x00", veiled)

    assert json.loads(decoded.decoded_key or "") == {"coin": transaction[::-1].hex(), "output": 128}
    assert json.loads(decoded.decoded_value or "") == shown


def test_facts_of_a_chainstate() -> None:
    """The best block, the veil, and what is none of it."""
    decode = decoding("chainstate", {VEIL_KEY: b"\x08" + bytes(8)}.get)

    assert decode(b"B", bytes(range(32))) == ("best block", bytes(range(32))[::-1].hex(), None)
    assert decode(VEIL_KEY, b"\x08" + bytes(8)) == ("obfuscate_key", "00" * 8, None)
    assert decode(b"C" + bytes(32), b"\x80\x80").decoded_value is None
    assert decode(b"something", b"else").decoded_key is None


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        (struct.pack("<2iB", -3, 7, 44), {"x": -3, "z": 7, "dimension": "Overworld", "tag": "Version"}),
        (struct.pack("<3iB", 1, 2, 1, 49), {"x": 1, "z": 2, "dimension": "Nether", "tag": "BlockEntity"}),
        (
            struct.pack("<2iBb", 1, 2, 47, -4),
            {"x": 1, "z": 2, "dimension": "Overworld", "tag": "SubChunkPrefix", "y": -4},
        ),
        (struct.pack("<4s3i", b"digp", 1, 2, 2), {"actors_of": {"x": 1, "z": 2, "dimension": "End"}}),
        (b"actorprefix\x00\x00\x00\x01\x00\x00\x00\x02", {"actor": "0000000100000002"}),
    ],
)
def test_keys_of_a_bedrock_world(key: bytes, shown: dict[str, object]) -> None:
    """Chunk, dimension, tag and height; actors."""
    assert json.loads(decoding("bedrock")(key, b"\x28").decoded_key or "") == shown


def test_other_keys_of_a_bedrock_world() -> None:
    """Text is text, numbers are numbers, NBT is raw, and bytes that are no key say so."""
    decode = decoding("bedrock")

    assert decode(b"~local_player", b"\x0a").decoded_key == "~local_player"
    assert decode(struct.pack("<2iB", 0, 0, 44), b"\x28").decoded_value == "40"
    assert "NBT" in (decode(b"~local_player", b"\x0a").undecoded or "")
    assert decode(b"\x00\x01\x02", None).undecoded == "key: it is no key of a chunk, and no text"


def test_datastores_of_lotus() -> None:
    """Paths, hashes at their end, text and CBOR."""
    cbor2 = pytest.importorskip("cbor2")
    digest = bytes(range(32))
    name = base64.b32encode(b"\x12\x20" + digest).decode().rstrip("=")
    decode = decoding("lotus")

    assert decode(b"/sectors/17", cbor2.dumps([1, 2])) == ("/sectors/17", "[1, 2]", None)
    assert decode(b"/version", b"11") == ("/version", "11", None)
    key = json.loads(decode(f"/blocks/{name}".encode(), b"\xa0").decoded_key or "")
    assert key == {"path": f"/blocks/{name}", "multihash": f"sha2-256 {digest.hex()}"}
    assert decode(b"no path", b"").decoded_key is None


def test_indexeddb_needs_its_package_and_says_so(tmp_path: Path) -> None:
    """Named, it is refused where the package is not; guessed, everything is raw with that reason."""
    reader = Reader(BY_NAME["chromium-indexeddb"].database)
    try:
        make_decoder("indexeddb").prepare(nothing)
    except relevel.NotSupportedError as error:
        assert "pip install 'relevel[indexeddb]'" in str(error)
        with pytest.raises(relevel.NotSupportedError):
            choose_decoding("indexeddb", reader)

    decode = choose_decoding("auto", reader)

    row = next(iter(reader.rows("visible", past=False)))
    decoded = decode(row.key, row.value)
    assert decode.name == "indexeddb"
    assert decoded.decoded_key or "dfindexeddb" in (decoded.undecoded or "")
