"""Keys and values that are not what a program writes: each is shown raw, with the reason."""

from __future__ import annotations

import base64
import struct
from pathlib import Path

import pytest

import relevel
from relevel.decoders import decoding as bounds
from relevel.decoders import shown
from relevel.decoders.chainstate import VEIL_KEY
from relevel.decoders.choice import choose_decoding
from tests.unit.decoders.test_built_in import decoding
from tests.unit.decoders.test_choice import bring, database

HASHES = bytes(range(32)) + bytes(range(32, 64))


def test_head_blocks_of_a_chainstate() -> None:
    """Their number, then a hash each, as Bitcoin shows it."""
    decode = decoding("chainstate")

    assert decode(b"H", b"\2" + HASHES) == (
        "head blocks",
        f'["{HASHES[31::-1].hex()}", "{HASHES[:31:-1].hex()}"]',
        None,
    )


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        (b"H", b"", "0 bytes where 1 were to be"),
        (b"H", b"\2" + HASHES[1:], "64 bytes where 65 were to be"),
        (b"H", b"\2" + HASHES + b"more", "69 bytes where 65 were to be"),
        (b"B", HASHES[:31], "a hash has 32 bytes, not 31"),
        (b"C" + bytes(33), b"\0\0\0" + bytes(19), "22 bytes where 23 were to be"),
        (b"C" + bytes(33), b"\0\0\6 more", "8 bytes where 3 were to be"),
        (b"C" + bytes(33), b"\0", "the number at byte 1 has no end"),
        (b"X", b"", "it is no value of a chainstate"),
    ],
)
def test_what_is_no_value_of_a_chainstate(key: bytes, value: bytes, why: str) -> None:
    """Says where it differs."""
    decoded = decoding("chainstate")(key, value)

    assert decoded.decoded_value is None
    assert f"value: {why}" in (decoded.undecoded or "")


@pytest.mark.parametrize("veil", [b"", b"\x08", b"\x08" + bytes(7), b"\x07" + bytes(8)])
def test_a_veil_of_another_size_is_refused(veil: bytes) -> None:
    """Whatever was shown under it would be wrong."""
    with pytest.raises(relevel.NotDecodedError, match="obfuscate_key has"):
        decoding("chainstate", {VEIL_KEY: veil}.get)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        (b"origin", b"\1x", "key: it begins with none of VERSION, META:, METAACCESS: and _ORIGIN"),
        (b"_origin", b"\1x", "key: it begins with none of VERSION, META:, METAACCESS: and _ORIGIN"),
        (b"_origin\0", b"\1x", "key: the byte that tells the encoding is missing"),
        (b"_origin\0\1key", b"", "value: the byte that tells the encoding is missing"),
        (b"_origin\0\1key", b"\2x", "value: 2 is no encoding of Local Storage: 0 is UTF-16, 1 is Latin-1"),
        (b"_origin\0\1key", b"\0x", "value: 'utf-16"),
        (b"META:origin", b"\x0a\1", "value: field 1 of the message is not a number"),
        (b"META:origin", b"\x08", "value: "),
        (b"META:origin", b"\x08" + b"\xff" * 9 + b"\1", "value: "),
    ],
)
def test_what_local_storage_does_not_write(key: bytes, value: bytes, why: str) -> None:
    """Says what is wrong with it."""
    assert why in (decoding("local-storage")(key, value).undecoded or "")


@pytest.mark.parametrize("stored", [b"\x12\x20short", b"\x99\x01\x01x", b"\x12\0", b"\xff", b""])
def test_what_only_looks_like_a_hash_stays_a_path(stored: bytes) -> None:
    """Of a size, of a kind or of an encoding that no multihash has."""
    pytest.importorskip("cbor2")
    path = f"/blocks/{base64.b32encode(stored).decode().rstrip('=')}"

    assert decoding("lotus")(path.encode(), b"x").decoded_key == path


def test_what_is_too_large_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a key nor a value."""
    monkeypatch.setattr(bounds, "MOST_BYTES", 10)

    assert decoding("utf-8")(b"k" * 11, b"v" * 10) == (None, "v" * 10, "key: 11 bytes are too many to decode")
    assert decoding("utf-8")(b"k", b"v" * 11).undecoded == "value: 11 bytes are too many to decode"


@pytest.mark.parametrize("name", ["utf-8", "json"])
def test_what_is_too_large_when_decoded_is_raw(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, and a text in a structure."""
    monkeypatch.setattr(shown, "MOST_TEXT", 10)
    value = b"v" * 11 if name == "utf-8" else b'["%b"]' % (b"v" * 11)

    decoded = decoding(name)(b"k", value)

    assert decoded.decoded_value is None
    assert "characters when decoded" in (decoded.undecoded or "")


def test_a_decoder_of_keys_alone_leaves_values_raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no method for them."""

    class Keys(relevel.Decoder):
        def key(self, key: bytes) -> object:
            return struct.unpack(">H", key)[0]

    bring(monkeypatch, "keys", Keys)

    decoded = choose_decoding("keys", database(tmp_path, {}))(b"\1\0", b"value")

    assert decoded == ("256", None, "value: NotImplementedError")


def test_a_plugin_that_cannot_be_made_ready_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it raises; its name is told."""

    class Unready(relevel.Decoder):
        def prepare(self, look_up: object) -> None:
            raise KeyError("schema")

    bring(monkeypatch, "unready", Unready)

    with pytest.raises(relevel.NotDecodedError, match=r"'unready' cannot be made ready: KeyError\('schema'\)"):
        choose_decoding("unready", database(tmp_path, {}))


def test_auto_does_without_what_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What else fits is found."""
    for module in ("cbor2", "msgpack"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    pairs = {b"%d" % number: f"wide {number}".encode("utf-16-le") for number in range(50)}

    assert choose_decoding("auto", database(tmp_path, pairs)).name == "utf-8:utf-16"
