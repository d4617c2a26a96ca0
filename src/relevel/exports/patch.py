"""A patch as JSON lines, which ``relevel load`` applies: puts and deletions, each with where its value comes from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from relevel.exports.encoding import ENCODINGS
from relevel.recovery.past.difference import Change


def patch_lines(changes: Iterable[Change], encoding: str) -> Iterator[str]:
    """Changes as lines, each with its line end: ``type, key, value`` and of a put ``sequence`` and ``source``.

    Args:
        changes: what is to be done.
        encoding: how keys and values are written; one of ``ENCODINGS``.
    """
    encode = ENCODINGS[encoding].encode
    dumps = json.JSONEncoder(ensure_ascii=True).encode
    for key, _, after in changes:
        if after is None:
            yield dumps({"type": "delete", "key": encode(key), "value": None}) + "\n"
            continue
        line = {
            "type": "put",
            "key": encode(key),
            "value": encode(after.value or b""),
            "sequence": after.sequence,
            "source": {"file": after.file, "offset": after.offset},
        }
        yield dumps(line) + "\n"
