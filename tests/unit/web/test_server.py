"""The server and its command: on this machine alone, and ended by Ctrl-C."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from relevel.cli.main import main
from relevel.errors import StorageError
from relevel.web.explorer import Explorer
from relevel.web.server import Server

RAW = (
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /assets/..%2f..%2f__init__.py HTTP/1.1\r\nHost: {host}\r\n\r\n",
    b"GET /api/state HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\n\r\n",
    b"GET http://evil.example/api/state HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /api/state HTTP/1.0\r\n\r\n",
    b"POST /api/restore HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999999\r\n\r\n",
    b"\x00\xff\r\n\r\n",
)


def test_it_listens_on_the_loopback_address_alone(shop: Path) -> None:
    """No other address of this machine answers."""
    with Server(Explorer(shop)) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
            connection.request("GET", "/")
            refused = connection.getresponse()
            refused.read()
        with socket.socket() as other, pytest.raises(OSError):
            other.settimeout(5)
            other.connect(("127.0.0.2", server.port))
        server.close()
        thread.join()

    assert refused.status == 403
    assert refused.getheader("Server") is None
    assert "default-src 'none'" in (refused.getheader("Content-Security-Policy") or "")


@pytest.mark.parametrize("request_bytes", RAW)
def test_what_no_browser_sends_is_refused(shop: Path, request_bytes: bytes) -> None:
    """Paths that lead out, two hosts, no host, bodies without end, and no HTTP at all."""
    with Server(Explorer(shop)) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as peer:
            peer.sendall(request_bytes.replace(b"{host}", b"127.0.0.1:%d" % server.port))
            answer = peer.recv(4096)
        server.close()
        thread.join()

    assert answer.split(b" ")[1][:1] == b"4"
    assert b"phase" not in answer


def test_a_port_that_is_taken_is_told_of(shop: Path) -> None:
    """With the option that chooses another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StorageError, match="choose another with --port"):
            Server(Explorer(shop), taken.getsockname()[1])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send")
def test_the_command_prints_the_address_and_ends_with_ctrl_c(shop: Path) -> None:
    """The address is all that standard output has; the end is no error."""
    command = [sys.executable, "-m", "relevel", "explore", str(shop), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        address = running.stdout.readline()
        running.send_signal(signal.SIGINT)
        rest, told = running.communicate(timeout=120)

    assert address.startswith("http://127.0.0.1:")
    assert "/?token=" in address
    assert (rest, running.returncode) == ("", 0)
    assert told.endswith("relevel: ended\n")


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--restore-to", "{shop}"], 7, "exists"),
        (["--restore-to", "{shop}/inside"], 8, "is not written to"),
        (["--restore-to", "{shop}-x/y"], 5, "does not exist"),
        (["--decode", "nothing"], 8, "there is no decoder"),
        (["--comparator", "nobody.knows"], 9, "nobody.knows"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_served(
    shop: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, told: str
) -> None:
    """In one line, with its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["explore", str(shop), "--no-browser", *[option.replace("{shop}", str(shop)) for option in options]])

    assert ended.value.code == code
    assert told in capsys.readouterr().err
