"""Measure ``relevel.carve``: megabytes a second over images without a database, and over one that is all tables.

Each image is looked through in a process of its own, several rounds. Printed are the medians, by the clock and by processor time
(which is what a core does that has nothing else to do, but for waiting for the disk), and the largest peak of memory.

    python bench/bench_carve.py [--size MB] [--rounds N]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import relevel
from relevel.errors import NotADatabaseError

MEGABYTE = 1_000_000
TEXT = b"Whatever people write, there are no zeroes in it, and hardly a control character.\n"


def noise(size: int) -> Iterator[bytes]:
    """Random bytes."""
    choice = random.Random(1)
    return (choice.randbytes(MEGABYTE) for _ in range(size))


def text(size: int) -> Iterator[bytes]:
    """Lines of text."""
    return ((TEXT * (MEGABYTE // len(TEXT) + 1))[:MEGABYTE] for _ in range(size))


def programs(size: int) -> Iterator[bytes]:
    """The interpreter's own program and libraries, over and over."""
    found = [*sorted(Path(sys.base_prefix).rglob("*.so*")), Path(sys.executable).resolve()]
    paths = [path for path in found if path.is_file()]
    written = 0
    while written < size * MEGABYTE:
        for path in paths:
            data = path.read_bytes()
            written += len(data)
            yield data


def tables(size: int) -> Iterator[bytes]:
    """The files of a database, each at a multiple of 4096."""
    choice = random.Random(2)
    with tempfile.TemporaryDirectory() as folder:
        with relevel.DB(Path(folder) / "db", create_if_missing=True) as db:
            for _ in range(size * 10):
                with db.write_batch() as batch:
                    for _ in range(1000):
                        batch.put(b"%016d" % choice.randrange(10**12), choice.randbytes(50) + b"." * 50)
        for path in sorted((Path(folder) / "db").iterdir()):
            if path.name not in ("CURRENT", "LOCK"):
                data = path.read_bytes()
                yield data + bytes(-len(data) % 4096)


IMAGES: dict[str, Callable[[int], Iterator[bytes]] | None] = {
    "noise": noise,
    "zeroes (a sparse file)": None,
    "text": text,
    "programs": programs,
    "tables": tables,
}


def measure(image: str, destination: str) -> None:
    """Carve once and print what it took: seconds, seconds of processor time, bytes, bytes of memory."""
    began, began_working = time.perf_counter(), time.process_time()
    with contextlib.suppress(NotADatabaseError):
        relevel.carve(image, destination)
    seconds, worked = time.perf_counter() - began, time.process_time() - began_working
    sys.stdout.write(json.dumps([seconds, worked, Path(image).stat().st_size, peak_memory()]))


def peak_memory() -> int:
    """The most memory that this process had, in bytes. Linux's ``ru_maxrss`` has that of the process that started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(image: Path, rounds: int) -> tuple[float, float, int]:
    """The medians of megabytes a second, by the clock and by processor time, and the largest peak of memory."""
    speeds, core_speeds, peaks = [], [], []
    for _ in range(rounds):
        destination = image.with_name("carved")
        command = [sys.executable, __file__, "--image", str(image), "--destination", str(destination)]
        seconds, worked, size, peak = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
        shutil.rmtree(destination, ignore_errors=True)
        speeds.append(size / MEGABYTE / seconds)
        core_speeds.append(size / MEGABYTE / worked)
        peaks.append(peak)
    return statistics.median(speeds), statistics.median(core_speeds), max(peaks)


def main() -> None:
    """Make each image, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=500, help="megabytes of each image")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--image", help=argparse.SUPPRESS)
    parser.add_argument("--destination", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.image:
        measure(options.image, options.destination)
        return
    print(f"{'image':26}{'MB/s':>8}{'a core':>8}{'peak MB':>9}")
    for name, make in IMAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "image"
            with image.open("wb") as file:
                for data in make(options.size) if make else ():
                    file.write(data)
                file.truncate(file.tell() or options.size * MEGABYTE)
            speed, core_speed, peak = run(image, options.rounds)
            print(f"{name:26}{speed:8.0f}{core_speed:8.0f}{peak / MEGABYTE:9.0f}")


if __name__ == "__main__":
    main()
