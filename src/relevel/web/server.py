"""The server: the application on a port of this machine that nobody else reaches."""

from __future__ import annotations

import socket
import threading
from types import TracebackType
from typing import Any, Final

from waitress import create_server, wasyncore

from relevel.errors import StorageError
from relevel.web.app import make_app
from relevel.web.explorer import Explorer
from relevel.web.guard import Guard

_LOOPBACK: Final = "127.0.0.1"
_THREADS: Final = 6


class Server:
    """Serves one explorer; a context manager."""

    def __init__(self, explorer: Explorer, port: int = 0) -> None:
        """Take a port; nothing is served yet.

        Args:
            explorer: what is served.
            port: 0 for any that is free.

        Raises:
            StorageError: the port is taken.
        """
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.bind((_LOOPBACK, port))
        except OSError as error:
            listener.close()
            raise StorageError(f"cannot listen on port {port}: {error.strerror}; choose another with --port") from error
        self.port: int = listener.getsockname()[1]
        self.guard = Guard(self.port)
        self._explorer = explorer
        self._is_closing = threading.Event()
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            make_app(explorer, self.guard),
            map=self._sockets,
            sockets=[listener],
            threads=_THREADS,
            ident=None,
            max_request_body_size=1 << 24,
        )

    @property
    def url(self) -> str:
        """The address, with its token."""
        return f"http://{_LOOPBACK}:{self.port}/?token={self.guard.address_token}"

    def __enter__(self) -> Server:
        """Begin to learn about the database."""
        self._explorer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End all work, and connections that browsers keep open."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)
        self._explorer.stop()

    def run(self) -> None:
        """Serve until the process is interrupted, or ``close`` is called from another thread."""
        while not self._is_closing.is_set():
            wasyncore.loop(timeout=1.0, map=self._sockets, count=1)

    def close(self) -> None:
        """Make ``run`` come to its end."""
        self._is_closing.set()
        self._server.pull_trigger()
