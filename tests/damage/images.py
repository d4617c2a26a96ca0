"""Images for carving: the files of databases laid into noise, without their names."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fixtures.catalogue import Fixture

_KINDS: Final = (".ldb", ".sst", ".log")
CLUSTER: Final = 4096


@dataclass(frozen=True)
class Laid:
    """An image, and where each file lies in it."""

    data: bytes
    places: dict[int, Path]

    def whole_after(self, start: int, stop: int) -> list[Path]:
        """The files that lie between two offsets from their first byte to their last."""
        return [
            path for offset, path in self.places.items() if start <= offset and offset + path.stat().st_size <= stop
        ]


def files_of(fixture: Fixture, *, manifests: bool = True) -> list[Path]:
    """The tables, the logs and perhaps the manifests of a fixture."""
    paths = sorted(path for path in fixture.database.iterdir() if path.stat().st_size)
    return [path for path in paths if path.suffix in _KINDS or (manifests and path.name.startswith("MANIFEST"))]


def lay(files: Iterable[Path], choice: random.Random, *, cluster: int = 1) -> Laid:
    """Lay files into noise in any order, each at the next multiple of ``cluster`` after some noise."""
    shuffled = list(files)
    choice.shuffle(shuffled)
    data = bytearray()
    places = {}
    for path in shuffled:
        data += choice.randbytes(choice.randrange(2 * CLUSTER))
        data += choice.randbytes(-len(data) % cluster)
        places[len(data)] = path
        data += path.read_bytes()
    data += choice.randbytes(choice.randrange(CLUSTER))
    return Laid(bytes(data), places)


def written_to(folder: Path, data: bytes) -> Path:
    """Write an image."""
    path = folder / "disk.img"
    path.write_bytes(data)
    return path


def joined(parts: Sequence[bytes], choice: random.Random) -> bytes:
    """Parts with noise before, between and after them."""
    return b"".join(choice.randbytes(choice.randrange(1, CLUSTER)) + part for part in parts) + choice.randbytes(77)
