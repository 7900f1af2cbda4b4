"""A receiver of webhooks: as cheap as Python allows, and as unkind as the path asks for.

    python -m benchmarks._hooks PORT LOG

The last part of the path says who it is for and how they are treated: `hang-…` is never answered, `busy-…` gets 503 the
first two times, `wait-…` gets 429 with `Retry-After` the first time, `reset-…` takes each message in and breaks the
connection off, once, `drip-…` gets an answer that never ends, `huge-…` one of a gigabyte, `gone-…` 410, everybody else
200. Each message taken in is one line of LOG: seconds since the epoch, its `webhook-id`, for whom. Each request, taken
in or not, is one line of LOG.tries; each answer without end, when it is cut off, one of LOG.cuts, with its seconds.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO, cast

ASKED: Counter[str] = Counter()
BUSY_TIMES = 2
RETRY_AFTER_S = 15
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
_WAIT = b"HTTP/1.1 429 Slow down\r\nRetry-After: %d\r\nContent-Length: 0\r\n\r\n" % RETRY_AFTER_S
_GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
_ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


class Session(asyncio.Protocol):
    """One connection: just enough of HTTP/1.1 for requests with a Content-Length."""

    log: IO[str]
    tries: IO[str]
    cuts: IO[str]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self.transport = cast("asyncio.Transport", transport)
        self.buffer = b""
        self.endless: tuple[float, str, str] | None = None

    def data_received(self, data: bytes) -> None:
        """Work off whole requests."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            whole = end + 4 + int(_header(head, b"content-length") or 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            who = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
            self._take(who, _header(head, b"webhook-id").decode())

    def _take(self, who: str, key: str) -> None:
        now, kind = time.time(), who.partition("-")[0]
        ASKED[key] += 1
        self.tries.write(f"{now:.4f} {key} {who}\n")
        refusal = _refusal(kind, ASKED[key])
        if not refusal:
            self.log.write(f"{now:.4f} {key} {who}\n")
        if kind == "reset" and ASKED[key] == 1:
            line = self.transport.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends RST
            self.transport.abort()
        elif kind in ("drip", "huge"):
            self.endless = (now, key, who)
            self.transport.write(_ENDLESS)
            self._drip() if kind == "drip" else self.transport.write(b"x" * 1_000_000)
        elif kind != "hang":
            self.transport.write(refusal or _OK)

    def connection_lost(self, _error: Exception | None) -> None:
        """Note how long an answer without end was listened to."""
        if self.endless is not None:
            since, key, who = self.endless
            self.cuts.write(f"{time.time() - since:.4f} {key} {who}\n")

    def _drip(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b".")
            asyncio.get_running_loop().call_later(0.5, self._drip)


def _refusal(kind: str, times: int) -> bytes:
    if kind == "gone":
        return _GONE
    if kind == "busy" and times <= BUSY_TIMES:
        return _BUSY
    return _WAIT if kind == "wait" and times == 1 else b""


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b":")[2].partition(b"\r\n")[0].strip()


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    Session.log = Path(sys.argv[2]).open("w", buffering=1)  # noqa: SIM115  open as long as the process
    Session.tries = Path(f"{sys.argv[2]}.tries").open("w", buffering=1)  # noqa: SIM115
    Session.cuts = Path(f"{sys.argv[2]}.cuts").open("w", buffering=1)  # noqa: SIM115
    asyncio.run(serve(int(sys.argv[1])))
