"""A browser, as far as the server can tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.test import TestResponse

from relevel.web.app import make_app
from relevel.web.explorer import Explorer
from relevel.web.guard import TOKEN_HEADER, Guard
from relevel.web.shown import text_of

PORT = 8765
HOST = f"127.0.0.1:{PORT}"


@contextmanager
def looked_at(explorer: Explorer) -> Iterator[Explorer]:
    """A page that looks at its database until all is known, and is stopped in the end."""
    explorer.start()
    try:
        explorer.subject.wait()
        yield explorer
    finally:
        explorer.stop()


class Visitor:
    """Asks the application without a network in between."""

    def __init__(self, explorer: Explorer) -> None:
        self.guard = Guard(PORT)
        self.client = make_app(explorer, self.guard).test_client()

    def enter(self) -> Visitor:
        """Open the address that was printed."""
        assert self.ask("/", token=self.guard.address_token).status_code == 303
        return self

    def ask(self, path: str, *, headers: dict[str, str] | None = None, **query: Any) -> TestResponse:
        """A GET."""
        return self.client.get(path, query_string=query or None, headers={"Host": HOST, **(headers or {})})

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that a GET gives."""
        response = self.ask(path, **query)
        assert response.status_code == 200, response.text
        return response.json

    def send(self, path: str, body: object, *, headers: dict[str, str] | None = None) -> TestResponse:
        """A POST with the token of the page."""
        own = {"Host": HOST, "Origin": f"http://{HOST}", TOKEN_HEADER: self.guard.page_token}
        return self.client.post(path, json=body, headers=own if headers is None else headers)


def in_url(data: bytes) -> str:
    """Bytes as addresses have them."""
    return text_of(data)
