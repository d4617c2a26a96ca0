"""auto: the decoders that fit a sample, and how well.

A program's own layout is looked for first, by what only it has. Then keys and values are judged apart: the first of each list that
decodes nine in ten, most telling first. What fits nothing is shown raw.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from relevel.decoders.bedrock import tag_of
from relevel.decoders.chainstate import VEIL_KEY
from relevel.decoders.decoder import Decoder, LookUp
from relevel.decoders.registry import make_decoder
from relevel.decoders.sample import Sample
from relevel.errors import NotSupportedError

_ENOUGH: Final = 0.9
_HALF: Final = 0.5
_IDB_COMPARATOR: Final = "idb_cmp1"


@dataclass(frozen=True, slots=True)
class Guess:
    """What fits.

    Attributes:
        keys: the name of the keys' decoder; None where none fits.
        values: the name of the values' decoder; None where none fits.
        told: how it was chosen and how sure it is.
    """

    keys: str | None
    values: str | None
    told: str


def guess_decoders(sample: Sample, look_up: LookUp) -> Guess:
    """Choose decoders for a database by a sample of it."""
    if not sample.pairs:
        return Guess(None, None, "there is nothing to judge by: keys and values are shown raw")
    for name, has_signs in _PROGRAMS:
        if has_signs(sample, look_up):
            try:
                decoder = _ready(name, look_up)
            except (NotSupportedError, ValueError) as error:
                return Guess(name, name, f"{name}: it has its signs; {error}")
            count = sum(_decodes(decoder, pair, values=False) for pair in sample.pairs)
            told = f"{name}: it has its signs, and {count} of {len(sample.pairs)} sampled keys fit"
            return Guess(name, name, told)
    keys, told_keys = _first(_KEYS, sample, look_up, values=False)
    values, told_values = _first(_VALUES, sample, look_up, values=True)
    return Guess(keys, values, f"keys {told_keys}; values {told_values}")


def _first(names: Sequence[str], sample: Sample, look_up: LookUp, *, values: bool) -> tuple[str | None, str]:
    total = len(sample.pairs)
    most, next_best = 0, ""
    for name in names:
        try:
            decoder = _ready(name, look_up)
        except NotSupportedError:
            continue
        count = sum(_decodes(decoder, pair, values=values) for pair in sample.pairs)
        if count <= most or not _is_telling(name, decoder, sample, values=values):
            continue
        if count >= _ENOUGH * total:
            return name, f"{name}: {count} of {total} sampled ones fit"
        most, next_best = count, f"; {name} would fit {count}"
    return None, f"raw: nothing fits nine in ten of {total} sampled ones{next_best}"


def _ready(name: str, look_up: LookUp) -> Decoder:
    decoder = make_decoder(name)
    decoder.prepare(look_up)
    return decoder


def _decodes(decoder: Decoder, pair: tuple[bytes, bytes], *, values: bool) -> bool:
    try:
        decoded = decoder.value(*pair) if values else decoder.key(pair[0])
    except Exception:  # noqa: BLE001  (whatever it raises, it does not fit)
        return False
    return (
        not isinstance(decoded, str)
        or decoded.isprintable()
        or decoded.replace("\n", "").replace("\t", "").isprintable()
    )


def _is_telling(name: str, decoder: Decoder, sample: Sample, *, values: bool) -> bool:
    """Whether that it fits says anything: nearly any bytes are a number, a small CBOR or MessagePack value, or UTF-16."""
    data = [pair[values] for pair in sample.pairs]
    if name in ("cbor", "msgpack"):
        decoded = [decoder.value(*pair) for pair in sample.pairs if _decodes(decoder, pair, values=True)]
        return sum(isinstance(item, dict | list) for item in decoded) >= _HALF * len(data)
    if name == "utf-16":
        high = b"".join(item[1::2] for item in data)
        return bool(high) and high.count(0) >= _HALF * len(high)
    if name.startswith("uint"):
        sizes = {len(item) for item in data}
        return len(sizes) == 1 and sizes <= {1, 2, 4, 8} and _is_smallest(name, data)
    return True


def _is_smallest(name: str, data: list[bytes]) -> bool:
    """Whether the bytes that this order makes the highest are mostly zero, and the others are not."""
    first, last = sum(item[0] == 0 for item in data), sum(item[-1] == 0 for item in data)
    return first >= _ENOUGH * len(data) > last if name == "uint-be" else last >= _ENOUGH * len(data) > first


def _is_indexeddb(sample: Sample, look_up: LookUp) -> bool:
    return sample.comparator == _IDB_COMPARATOR


def _is_chainstate(sample: Sample, look_up: LookUp) -> bool:
    coins = sum(key[:1] == b"C" and 34 <= len(key) <= 43 for key, _ in sample.pairs)
    return look_up(VEIL_KEY) is not None and coins >= _HALF * len(sample.pairs)


def _is_local_storage(sample: Sample, look_up: LookUp) -> bool:
    areas = sum(
        key.startswith((b"META:", b"METAACCESS:")) or (key[:1] == b"_" and b"\0" in key) for key, _ in sample.pairs
    )
    return look_up(b"VERSION") is not None and areas >= _HALF * len(sample.pairs)


def _is_bedrock(sample: Sample, look_up: LookUp) -> bool:
    chunks = sum(tag_of(key) is not None for key, _ in sample.pairs)
    return chunks >= _HALF * len(sample.pairs)


def _is_datastore(sample: Sample, look_up: LookUp) -> bool:
    return sum(key.startswith(b"/") for key, _ in sample.pairs) >= _ENOUGH * len(sample.pairs)


_PROGRAMS: Final[tuple[tuple[str, Callable[[Sample, LookUp], bool]], ...]] = (
    ("indexeddb", _is_indexeddb),
    ("chainstate", _is_chainstate),
    ("local-storage", _is_local_storage),
    ("bedrock", _is_bedrock),
    ("lotus", _is_datastore),
)
"""Programs, and the signs of each."""
_KEYS: Final = ("utf-8", "utf-16", "uint-be", "uint-le")
_VALUES: Final = ("json", "utf-8", "cbor", "msgpack", "utf-16", "uint-be", "uint-le")
