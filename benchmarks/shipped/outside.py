"""What stands outside an installation: a mail server, a browser of few words, and who signs certificates."""

from __future__ import annotations

import http.client
import re
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin

from aiosmtpd.controller import Controller

Found = TypeVar("Found")
FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL)
FIELD = re.compile(r"<input\b[^>]*>")


def until(what: str, look: Callable[[], Found | None], *, longest: float = 60.0) -> Found:
    """Look again and again; what was found. Raises AssertionError that says what never came."""
    ends = time.monotonic() + longest
    while time.monotonic() < ends:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"Not within {longest:.0f} s: {what}")


class Inbox:
    """A mail server that keeps what it is handed."""

    def __init__(self, port: int) -> None:
        """Listen."""
        self.mails: list[EmailMessage] = []
        self._server = Controller(self, hostname="127.0.0.1", port=port)
        self._server.start()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  the library's name
        """Keep one."""
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 kept"

    def about(self, address: str, word: str) -> EmailMessage | None:
        """The first mail to an address whose subject holds a word."""
        mails = (mail for mail in self.mails if address in mail["To"] and word in mail["Subject"])
        return next(mails, None)

    def stop(self) -> None:
        """Listen no more."""
        self._server.stop()


def certificate(folder: Path) -> Path:
    """A certificate for this machine and its key, in the two files that the proxy reads; whom to trust."""
    made, key = folder / "fullchain.pem", folder / "privkey.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=DNS:localhost",
        "-out",
        str(made),
        "-keyout",
        str(key),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return made


class Browser:
    """Follows links, keeps cookies, sends forms as they stand, and trusts one certificate."""

    def __init__(self, trusted: Path) -> None:
        """No page yet."""
        self.url, self.text, self.cookies = "", "", CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=trusted)),
        )

    def open(self, url: str, data: dict[str, str] | None = None) -> int:
        """Open a page or send a form; the status of where that led."""
        headers = {"Referer": self.url, "Origin": re.sub(r"^(https://[^/]+).*", r"\1", url)} if data else {}
        request = urllib.request.Request(url, urlencode(data).encode() if data else None, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=30) as answer:
                self.url, self.text = answer.url, answer.read().decode()
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except (OSError, http.client.HTTPException):
            return 0

    def press(self, words: str, **typed: str) -> int:
        """Fill in the form whose text holds these words, and send it to where it says."""
        form = next(one for one in FORM.findall(self.text) if words in one)
        fields = [_attributes(one) for one in FIELD.findall(form)]
        data = {one["name"]: one.get("value", "") for one in fields if "name" in one and one.get("type") == "hidden"}
        action = _attributes(form.partition(">")[0]).get("action", self.url)
        return self.open(urljoin(self.url, action), {**data, **typed})


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}


def post(url: str, body: bytes, trusted: Path) -> int:
    """Send JSON as a program does; the status."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310  our own address
    context = ssl.create_default_context(cafile=trusted)
    with urllib.request.urlopen(request, timeout=30, context=context) as answer:  # noqa: S310  the same
        return int(answer.status)
