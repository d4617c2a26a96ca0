"""Bitcoin Core's chainstate: the coins that nobody has spent, veiled with a key that the database holds.

```text
0e 00 "obfuscate_key"     a byte 8, then the 8 bytes that all other values are XORed with
'C' txid VARINT(n)        a coin: VARINT(height * 2 + is coinbase), VARINT(amount, compressed), script, compressed
'B'                       the hash of the newest block
'H'                       a byte, how many: 2; then hashes of blocks that are being connected
```
VARINT is Bitcoin's: seven bits a byte, the highest first, and one more for every byte but the last.
Source: Bitcoin Core, src/dbwrapper.cpp, src/txdb.cpp, src/coins.h, src/compressor.cpp, src/serialize.h.
"""

from __future__ import annotations

from itertools import cycle
from typing import Final

from relevel.decoders.decoder import Decoder, LookUp, NotDecodedError

VEIL_KEY: Final = b"\x0e\x00obfuscate_key"
"""The key whose value all others are veiled with."""
_VEIL_SIZE: Final = 8
_COIN, _BEST_BLOCK, _HEAD_BLOCKS = b"C", b"B", b"H"
_HASH_SIZE: Final = 32
_MOST_VARINT: Final = 10
_SPECIAL_SCRIPTS: Final = {
    0: ("pubkey hash", 20),
    1: ("script hash", 20),
    2: ("pubkey, even", 32),
    3: ("pubkey, odd", 32),
    4: ("pubkey, uncompressed, even", 32),
    5: ("pubkey, uncompressed, odd", 32),
}
"""Kinds of script that are stored as a hash or key alone: their name, and its size in bytes."""


class Chainstate(Decoder):
    """Coins: which transaction made them, at what height, how much, to whom."""

    summary = "Bitcoin Core's chainstate"

    def prepare(self, look_up: LookUp) -> None:
        """Learn the key that values are veiled with; none in databases from before Bitcoin Core 0.12."""
        stored = look_up(VEIL_KEY)
        self._veil = b"" if stored is None else stored[1:]
        if stored is not None and (len(self._veil) != _VEIL_SIZE or stored[0] != _VEIL_SIZE):
            raise NotDecodedError(f"obfuscate_key has {len(stored)} bytes, not {_VEIL_SIZE + 1}")

    def key(self, key: bytes) -> object:
        """Which coin or fact."""
        if key == VEIL_KEY:
            return "obfuscate_key"
        kind, rest = key[:1], key[1:]
        if kind == _COIN and len(rest) > _HASH_SIZE:
            output, end = _varint(rest, _HASH_SIZE)
            _refuse_rest(rest, end)
            return {"coin": _hash(rest), "output": output}
        if kind in (_BEST_BLOCK, _HEAD_BLOCKS) and not rest:
            return "best block" if kind == _BEST_BLOCK else "head blocks"
        raise NotDecodedError("it is no key of a chainstate")

    def value(self, key: bytes, value: bytes) -> object:
        """The coin, the hash or the hashes."""
        if key == VEIL_KEY:
            return value[1:].hex()
        plain = bytes(byte ^ veil for byte, veil in zip(value, cycle(self._veil or b"\0"), strict=False))
        if key[:1] == _COIN:
            return _coin(plain)
        if key == _BEST_BLOCK:
            return _hash(plain)
        if key == _HEAD_BLOCKS:
            _refuse_rest(plain, 1 + int.from_bytes(plain[:1], "big") * _HASH_SIZE)
            return [_hash(plain, offset) for offset in range(1, len(plain), _HASH_SIZE)]
        raise NotDecodedError("it is no value of a chainstate")


def _coin(data: bytes) -> dict[str, object]:
    code, offset = _varint(data, 0)
    amount, offset = _varint(data, offset)
    kind, offset = _varint(data, offset)
    coin: dict[str, object] = {"height": code >> 1, "coinbase": bool(code & 1), "satoshi": _amount(amount)}
    name, size = _SPECIAL_SCRIPTS.get(kind, ("script", kind - len(_SPECIAL_SCRIPTS)))
    _refuse_rest(data, offset + size)
    return {**coin, name: data[offset:].hex()}


def _amount(compressed: int) -> int:
    """Undo CompressAmount: trailing zeros are stored as a number of zeros."""
    if compressed == 0:
        return 0
    rest, exponent = divmod(compressed - 1, 10)
    if exponent == 9:
        return (rest + 1) * 10**9
    rest, digit = divmod(rest, 9)
    return int((rest * 10 + digit + 1) * 10**exponent)


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    value = 0
    for position in range(offset, min(len(data), offset + _MOST_VARINT)):
        value = value << 7 | data[position] & 0x7F
        if data[position] < 0x80:
            return value, position + 1
        value += 1
    raise NotDecodedError(f"the number at byte {offset} has no end")


def _hash(data: bytes, offset: int = 0) -> str:
    """A hash as Bitcoin shows it: the last byte first."""
    found = data[offset : offset + _HASH_SIZE]
    if len(found) < _HASH_SIZE:
        raise NotDecodedError(f"a hash has {_HASH_SIZE} bytes, not {len(found)}")
    return found[::-1].hex()


def _refuse_rest(data: bytes, end: int) -> None:
    if end != len(data):
        raise NotDecodedError(f"{len(data)} bytes where {end} were to be")
