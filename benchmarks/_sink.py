"""A mail server to send to: as fast as Python allows, and as unkind as the recipient's address asks for.

    python -m benchmarks._sink PORT LOG

`hang-…@` is never answered after its DATA command, `busy-…@` is told 451 the first two times, `wait-…@` likewise with
a request to wait, `gone-…@` is refused for good, everybody else is accepted. Each accepted mail is one line of the
log: seconds since the epoch, the message's own key, the recipient.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path
from typing import IO, cast

ASKED: Counter[str] = Counter()
BUSY_TIMES = 2


class Session(asyncio.Protocol):
    """One connection: just enough of RFC 5321."""

    log: IO[str]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport = cast("asyncio.Transport", transport)
        self.buffer, self.in_data, self.recipient = b"", False, ""
        self._say("220 sink")

    def data_received(self, data: bytes) -> None:
        """Work off whole lines, or the whole mail."""
        self.buffer += data
        while self.buffer:
            mark = b"\r\n.\r\n" if self.in_data else b"\r\n"
            found, mark, rest = self.buffer.partition(mark)
            if not mark:
                return
            self.buffer = rest
            self._take(found) if self.in_data else self._obey(found.decode())

    def _obey(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "RCPT":
            self.recipient = line[line.index("<") + 1 : line.rindex(">")]
            self._say(self._verdict())
        elif verb == "DATA":
            self.in_data = True
            if not self.recipient.startswith("hang-"):
                self._say("354 go on")
        elif verb == "QUIT":
            self._say("221 bye")
            self.transport.close()
        else:
            self._say("250 sink")

    def _verdict(self) -> str:
        kind = self.recipient.partition("-")[0]
        if kind == "gone":
            return "550 no such person"
        if kind in ("busy", "wait"):
            ASKED[self.recipient] += 1
            if ASKED[self.recipient] <= BUSY_TIMES:
                return "451 try later"
        return "250 sink"

    def _take(self, mail: bytes) -> None:
        self.in_data = False
        head = mail.partition(b"\r\n\r\n")[0]
        line = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:"))
        key = line.partition(b"<")[2].partition(b"@")[0].decode()
        self.log.write(f"{time.time():.4f} {key} {self.recipient}\n")
        self._say("250 accepted")

    def _say(self, line: str) -> None:
        self.transport.write(line.encode() + b"\r\n")


async def serve(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    Session.log = Path(sys.argv[2]).open("w", buffering=1)  # noqa: SIM115  open as long as the process
    asyncio.run(serve(int(sys.argv[1])))
