"""Application: whose a database is and what it holds, guessed from where it lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_STORES: Final[Sequence[tuple[str, str]]] = (
    (r"Local Storage/leveldb$", "Local Storage"),
    (r"[^/]*\.indexeddb\.leveldb$", "IndexedDB"),
    (r"Session Storage$", "Session Storage"),
    (r"Service Worker/Database$", "Service Workers"),
    (r"File System/(?:[^/]+/)?(?:Paths|Origins|primary/Paths)$", "File System"),
    (r"(?:Local|Sync|Managed) Extension Settings/[^/]+$", "extension settings"),
    (r"Extension (?:State|Rules|Scripts)$", "extensions"),
    (r"Sync Data/LevelDB$", "sync data"),
    (r"shared_proto_db(?:/metadata)?$", "shared_proto_db"),
    (r"GCM Store(?:/Encryption)?$", "push messages"),
    (r"Site Characteristics Database$", "site characteristics"),
    (r"Platform Notifications$", "notifications"),
)
"""The ends of the paths of Chromium's databases, and what they hold."""
_BROWSERS: Final[Sequence[tuple[str, str]]] = (
    (r"(?:google-chrome|Google/Chrome|com\.android\.chrome)", "Chrome"),
    (r"(?:microsoft-edge|Microsoft/Edge|Microsoft Edge)", "Edge"),
    (r"BraveSoftware", "Brave"),
    (r"(?:vivaldi|Vivaldi)", "Vivaldi"),
    (r"(?:opera|Opera Software|com\.operasoftware)", "Opera"),
    (r"(?:chromium|Chromium)(?=/)", "Chromium"),
)
_OTHERS: Final[Sequence[tuple[str, str]]] = (
    (r"(?:^|/)chainstate$", "Bitcoin Core: chainstate"),
    (r"(?:^|/)blocks/index$", "Bitcoin Core: block index"),
    (r"(?:^|/)indexes/[^/]+(?:/db)?$", "Bitcoin Core: index"),
    (r"(?:^|/)(?:light)?chaindata$", "Ethereum: chain data"),
    (r"(?:^|/)geth/nodes$", "Ethereum: nodes"),
    (r"(?:^|/)\.lotus[^/]*/datastore/[^/]+$", "Lotus: datastore"),
    (r"(?:^|/)\.ipfs[^/]*/datastore$", "IPFS: datastore"),
    (r"(?:^|/)minecraftWorlds/[^/]+/db$", "Minecraft Bedrock: world"),
)
_PROFILES: Final = frozenset({"Default", "Partitions", "Local Storage", "IndexedDB", "Network"})
_PROFILE: Final = re.compile(r"Profile \d+|Guest Profile|System Profile")
_INDEXEDDB_COMPARATOR: Final = "idb_cmp1"


def guess_application(path: Path, comparator: str | None = None) -> str | None:
    """Whose a database is and what it holds, such as ``"Chrome: IndexedDB"``; None where nothing tells.

    Args:
        path: its directory, absolute.
        comparator: the name of the order of its keys, where it is known.
    """
    text = path.as_posix()
    for pattern, name in _OTHERS:
        if re.search(pattern, text):
            return name
    if path.name == "db" and (path.parent / "level.dat").is_file():
        return "Minecraft Bedrock: world"
    for pattern, store in _STORES:
        match = re.search(pattern, text)
        if match:
            return f"{_program(text[: match.start()])}: {store}"
    return "Chromium or kin: IndexedDB" if comparator == _INDEXEDDB_COMPARATOR else None


def _program(profile: str) -> str:
    """The program whose profile a path begins with: a browser, or what the folder of an Electron program is called."""
    for pattern, name in _BROWSERS:
        if re.search(pattern, profile):
            return name
    parts = [part for part in profile.split("/") if part]
    while parts and (parts[-1] in _PROFILES or _PROFILE.fullmatch(parts[-1]) or "Partitions" in parts[-2:-1]):
        parts.pop()
    return parts[-1] if parts else "Chromium or kin"
