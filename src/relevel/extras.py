"""Packages that relevel does without: what to run where one is needed, and what one of them does differently."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from relevel.errors import NotSupportedError

_EXTRA_OF: Final[Mapping[str, str]] = {
    "pyarrow": "export",
    "duckdb": "export",
    "msgpack": "decode",
    "cbor2": "decode",
    "dfindexeddb": "indexeddb",
    "flask": "explore",
    "waitress": "explore",
}
"""The extra of relevel that brings each package."""


def load_extra(module: str, purpose: str) -> Any:
    """Import a module of a package that need not be there.

    Args:
        module: its full name.
        purpose: what it is needed for, to begin a sentence with.

    Raises:
        NotSupportedError: it cannot be imported; the message says what to install.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError as error:
        extra = _EXTRA_OF[package]
        raise NotSupportedError(
            f"{purpose} needs relevel[{extra}], of which {package} is not there: run `pip install 'relevel[{extra}]'` ({error})"
        ) from error


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """A block in which DuckDB works: it makes an error of its own of the user's interruption.

    Raises:
        KeyboardInterrupt: the user interrupted it.
    """
    try:
        yield
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise
