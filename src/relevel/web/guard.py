"""Who may look: only a browser on this machine that was given the address with its token, and only from the page itself.

=====================  ===================================================================================================
token in the address   opens the page once more and sets the cookie; nothing else takes it
cookie                 ``HttpOnly``, ``SameSite=Strict``: every request needs it
token in a header      every request that does something needs it too; only a script of the page can read it
Host                   the address that the server is bound to, and no name that was made to point at it (DNS rebinding)
Origin, Sec-Fetch      the page's own, where a browser sends them
=====================  ===================================================================================================

No answer allows another origin anything. The policy of the page (CSP) allows its own scripts and styles alone, and nothing inline.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Final

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What every answer carries."""

TOKEN_HEADER: Final = "X-Relevel-Token"
_OWN_SITES: Final = frozenset({"same-origin", "none"})


class Guard:
    """The tokens of one server, and what a request must have."""

    def __init__(self, port: int) -> None:
        self.address_token = secrets.token_urlsafe(32)
        """In the address that the user is given."""
        self.page_token = secrets.token_urlsafe(32)
        """Given to the page, which sends it in a header."""
        self.cookie_name = f"relevel-{port}"
        """Cookies are shared by all ports of a host, so the name has it."""
        self.cookie = secrets.token_urlsafe(32)
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    def refusal(
        self,
        *,
        method: str,
        host: str | None,
        origin: str | None,
        site: str | None,
        cookie: str | None,
        header: str | None,
    ) -> str | None:
        """Why a request is refused; None where it is not.

        Args:
            method: of the request.
            host: its Host header.
            origin: its Origin header.
            site: its Sec-Fetch-Site header.
            cookie: the value of the cookie of ``cookie_name``.
            header: the value of ``TOKEN_HEADER``.
        """
        reason = self.foreign(host=host, origin=origin, site=site)
        if reason is None and not _same(cookie, self.cookie):
            reason = "open the address that `relevel explore` printed: its token is missing here"
        if reason is None and method not in ("GET", "HEAD") and not _same(header, self.page_token):
            reason = "only the page itself may ask for this"
        return reason

    def foreign(self, *, host: str | None, origin: str | None, site: str | None) -> str | None:
        """Why a request comes from elsewhere; None where it does not."""
        if host not in self._hosts:
            return "this server answers under its own address only"
        if origin is not None and origin != f"http://{host}":
            return "another page asks"
        if site is not None and site not in _OWN_SITES:
            return "another page asks"
        return None

    def admits(self, token: str) -> bool:
        """Whether this is the token of the address."""
        return _same(token, self.address_token)


def _same(given: str | None, wanted: str) -> bool:
    return given is not None and hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())
