"""Mails that people and machines write, and as much of an IMAP server as one reading needs."""

from __future__ import annotations

import socket
import threading
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any, Final

from tests.incidents.outdoors import ANNA

BOX: Final = "report@hypercare.example"


def written(to: str, text: str = "Two invoices came.", **headers: str) -> EmailMessage:
    """A mail of Anna's."""
    mail = EmailMessage()
    said = {"From": f"Anna Berg <{ANNA}>", "To": to, "Subject": "Re: AW: Two invoices", "Message-ID": make_msgid()}
    for name, value in {**said, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        mail[name] = value
    mail.set_content(text)
    return mail


def _raw(body: bytes, *headers: bytes, sender: bytes = b"Anna <anna@kunde.example>") -> bytes:
    head = (b"From: " + sender, b"To: ADDRESS", b"Subject: Cannot pay", b"MIME-Version: 1.0", *headers)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def _in(charset: bytes) -> bytes:
    return _raw(b"I cannot pay, \xe4 order 4711", b"Content-Type: text/plain; charset=" + charset)


def _nested(depth: int) -> bytes:
    lines = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level) for level in range(depth)
    ]
    head = b"From: Anna <anna@kunde.example>\r\nTo: ADDRESS\r\nSubject: Deep\r\nMIME-Version: 1.0\r\n"
    return head + b"".join(lines) + b"\r\nAt the bottom."


_FILE: Final = (
    b"--BB\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nWith a file\r\n--BB\r\nContent-Type: image/png\r\n"
    b"Content-Disposition: attachment; filename*=undefined''%ff.png\r\n\r\nx\r\n--BB--\r\n"
)
# Each of them once made reading raise; ADDRESS stands for the form's.
POISON: Final = {
    "charset undefined": _in(b"undefined"),
    "charset idna": _in(b"idna"),
    "charset punycode": _in(b"punycode"),
    "charset with NUL": _in(b'"utf-8\x00 "'),
    "charset of the language's own": _in(b"unicode_escape"),
    "charset that makes half characters": _raw(b"+2AA-", b"Content-Type: text/plain; charset=utf-7"),
    "file name in no charset": _raw(_FILE, b"Content-Type: multipart/mixed; boundary=BB"),
    "NUL in the sender": _raw(b"nul", sender=b"Anna <a\x0026@kunde.example>"),
    "NUL in a recipient": b"From: anna@kunde.example\r\nTo: a\x00b@kunde.example\r\nSubject: nul\r\n\r\nnul",
    "2,000 parts in one another": _nested(2000),
    "thousands of brackets": _raw(b"x", sender=b"(" * 5000 + b"anna@kunde.example"),
}


class FakeImap(threading.Thread):
    """Keeps what it was told to mark as read. `broken` are mails it hangs up on, `refused` those it won't hand over."""

    password = "right"

    def __init__(self, mails: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.mails = mails
        self.seen: list[int] = []
        self.broken: set[int] = set()
        self.refused: set[int] = set()
        self.read_only = False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def close(self) -> None:
        """End it, whether or not anybody came."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.join(timeout=10)

    def run(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as file:
                self._talk(file)

    def _talk(self, file: Any) -> None:
        self._say(file, b"* OK ready")
        for line in file:
            tag, command = line.split(b" ", 1)
            if not self._answer(file, tag, command.strip()) or command.upper().startswith(b"LOGOUT"):
                return

    def _say(self, file: Any, *lines: bytes) -> bool:
        for line in lines:
            file.write(line + b"\r\n")
        file.flush()
        return True

    def _answer(self, file: Any, tag: bytes, command: bytes) -> bool:
        words = command.upper()
        if words.startswith(b"CAPABILITY"):
            self._say(file, b"* CAPABILITY IMAP4rev1")
        elif words.startswith(b"LOGIN") and self.password.encode() not in command:
            return self._say(file, tag + b" NO wrong password")
        elif words.startswith(b"SELECT"):
            self._say(file, b"* %d EXISTS" % len(self.mails))
        elif words.startswith(b"UID SEARCH"):
            unseen = [n + 1 for n in range(len(self.mails)) if n + 1 not in self.seen]
            self._say(file, b"* SEARCH " + b" ".join(b"%d" % number for number in unseen))
        elif words.startswith(b"UID FETCH"):
            number = int(command.split()[2])
            if number in self.broken:
                return False
            if number in self.refused:
                return self._say(file, tag + b" NO can't be had")
            raw = self.mails[number - 1]
            self._say(file, b"* 1 FETCH (UID 1 BODY[]<0> {%d}" % len(raw))
            file.write(raw)
            self._say(file, b")")
        elif words.startswith(b"UID STORE"):
            if self.read_only:
                return self._say(file, tag + b" NO read-only")
            self.seen.append(int(command.split()[2]))
        return self._say(file, tag + b" OK done")
