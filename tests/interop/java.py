"""The implementations that Java has, built on first use: the port (dain/leveldb), and LevelDB behind Java's native interface."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from tests.interop.readers import CACHE, HERE, build, build_lock, fetch, need

FACTORIES: Final = {
    "java": "org.iq80.leveldb.impl.Iq80DBFactory",
    "leveldbjni": "org.fusesource.leveldbjni.JniDBFactory",
}
OPENED: Final = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("sun.nio.ch", "java.nio", "java.lang")]
"""The port unmaps its files through classes that Java has closed since."""


def java(name: str) -> list[str]:
    """The command that opens a database with one of FACTORIES."""
    folder = _built()
    return [
        "java",
        *OPENED,
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{folder}/classes:{folder}/lib/*",
        "Program",
        FACTORIES[name],
    ]


@functools.cache
def _built() -> Path:
    """The folder of the program and of the packages that it needs."""
    folder, source = CACHE / "java", HERE / "java"
    with build_lock("java"):
        need("javac")
        need("mvn")
        if not (folder / "lib").is_dir():
            copied = f"-DoutputDirectory={folder / 'fetched'}"
            fetch(["mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies", copied], source)
            (folder / "fetched").rename(folder / "lib")
        build(["javac", "-cp", f"{folder / 'lib'}/*", "-d", str(folder / "classes"), "Program.java"], source)
    return folder
