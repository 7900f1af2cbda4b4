"""What tests of messages share: somebody at the other end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server: Any = self.server
        server.got.append((self.path, dict(self.headers), body))
        self.send_response(server.status)
        for name, value in server.reply.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def receiver(settings: Any) -> Iterator[Any]:
    """A web server on the loopback that keeps what is posted to it and answers as told."""
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status, server.reply = [], 200, {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
