"""A mail as bytes → what it says. Pure: nothing is stored, looked up or believed.

Text is bounded and plain: HTML is read as text and nothing else. What programs send by themselves (absences, lists,
reports of delivery) is told apart, because answering it makes loops.
"""

from __future__ import annotations

import codecs
import email
import email.policy
import hashlib
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Final

LONGEST_TEXT: Final = 4500
LONGEST_SUBJECT: Final = 150
MOST_PARTS: Final = 60
MOST_MULTIPARTS: Final = 300  # the parser's time grows with lines times depth
MOST_FILES: Final = 10
MOST_NAMED: Final = 60
_HEADERS_TO: Final = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To")
_PROGRAMS: Final = ("bulk", "junk", "list", "auto_reply")
_PREFIX: Final = re.compile(r"^\s*((re|aw|sv|vs|fwd?|wg|antw)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_ID: Final = re.compile(r"<([^<>\s]{1,250})>")
_QUOTE: Final = re.compile(
    r"^(>|-{2,}\s*(original message|ursprüngliche nachricht)|_{10,}|on .{5,120} wrote:|am .{5,120} schrieb .*:)",
    re.IGNORECASE,
)
_GAPS: Final = re.compile(r"\n{3,}")
# What the standard parser raises over odd headers and parameters.
_ODD: Final = (ValueError, LookupError, AttributeError, TypeError)
# Codecs of the language that are no character sets: those of a mail's program read nothing the way it was written.
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"})


class UnreadableMail(Exception):
    """Nothing sensible can be made of a mail; the message says why."""


@dataclass(frozen=True)
class MailPicture:
    """A file that came with a mail and says it is a picture; its content has not been judged."""

    name: str
    data: bytes


@dataclass(frozen=True)
class Mail:
    """What a mail says. `key` is the same for the same mail; `tags` stand behind the plus of its recipients."""

    key: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    references: tuple[str, ...]
    pictures: tuple[MailPicture, ...]
    others: tuple[str, ...]
    is_report: bool
    is_automatic: bool

    @property
    def tags(self) -> tuple[str, ...]:
        """What stands behind a plus in the addresses it was sent to, in small letters."""
        locals_ = (address.partition("@")[0] for address in self.recipients)
        return tuple(part.partition("+")[2].lower() for part in locals_ if "+" in part)


def parse(raw: bytes) -> Mail:
    """Read a mail of any kind; what is broken in it comes out empty. Raises Unreadable."""
    if raw.count(b"multipart/") > MOST_MULTIPARTS:
        raise UnreadableMail(f"It is made of more than {MOST_MULTIPARTS} parts that hold others.")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    message_id = _header(message, "Message-ID").strip()
    parts = _leaves(message)
    files = [part for part in parts if _filename(part) or _type(part)[0] not in ("text", "multipart")]
    pictures = [part for part in files if _type(part)[0] == "image"][:MOST_FILES]
    return Mail(
        key=hashlib.sha256(message_id.encode(errors="replace") or raw).hexdigest(),
        sender=_sender(message),
        recipients=tuple(dict.fromkeys(filter(str.isprintable, _to(message)))),
        subject=_subject(_header(message, "Subject")),
        text=_text([part for part in parts if part not in files]),
        references=tuple(_ID.findall(f"{_header(message, 'References')} {_header(message, 'In-Reply-To')}")),
        pictures=tuple(MailPicture(_name(part), _bytes(part)) for part in pictures),
        others=tuple(_name(part) for part in files if part not in pictures)[:MOST_FILES],
        is_report=_type(message) == ("multipart", "report"),
        is_automatic=_is_automatic(message),
    )


def _is_automatic(message: EmailMessage) -> bool:
    """RFC 3834 and what programs did before it."""
    submitted = _header(message, "Auto-Submitted").strip().lower()
    return (
        submitted not in ("", "no")
        or _header(message, "Precedence").strip().lower() in _PROGRAMS
        or _header(message, "Return-Path").strip() == "<>"
        or any(_header(message, name) for name in ("List-Id", "X-Autoreply", "X-Autorespond"))
    )


def _leaves(message: EmailMessage) -> list[EmailMessage]:
    """The parts that hold something; a mail inside a mail is not opened."""
    found: list[EmailMessage] = []
    waiting: list[EmailMessage] = [message]
    while waiting and len(found) < MOST_PARTS:
        part = waiting.pop(0)
        if part.is_multipart() and _type(part)[0] == "multipart":
            waiting[:0] = [one for one in part.iter_parts() if isinstance(one, EmailMessage)][:MOST_PARTS]
        else:
            found.append(part)
    return found


def _header(message: EmailMessage, name: str) -> str:
    """A header in one line; one that can't be read is empty."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except _ODD:
        return ""


def _type(part: EmailMessage) -> tuple[str, str]:
    """Both halves of the content type; one that can't be read is plain text, as one that is missing."""
    try:
        return part.get_content_maintype(), part.get_content_subtype()
    except _ODD:
        return "text", "plain"


def _filename(part: EmailMessage) -> str:
    """The name of a file, empty where the part is none; one that can't be read is a file all the same."""
    try:
        return part.get_filename() or ""
    except _ODD:
        return "a file"


def _sender(message: EmailMessage) -> str:
    """Who wrote. An address that no mail can have is not dropped: then nobody would hear of the mail."""
    address = next(iter(_addresses(message, "From")), "")
    if not address.isprintable():
        raise UnreadableMail("The sender's address contains a control character.")
    return address


def _to(message: EmailMessage) -> list[str]:
    return [one for name in _HEADERS_TO for one in _addresses(message, name)]


def _addresses(message: EmailMessage, name: str) -> list[str]:
    found = (address for _, address in getaddresses([_header(message, name)]))
    return [address.strip().lower() for address in found if "@" in address and len(address) <= 254][:20]


def _subject(text: str) -> str:
    return _printable(_PREFIX.sub("", text)).strip()[:LONGEST_SUBJECT]


def _name(part: EmailMessage) -> str:
    return _printable(_filename(part) or "/".join(_type(part)))[:MOST_NAMED]


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _bytes(part: EmailMessage) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except _ODD:  # It tries the character set of the text, too.
        del part["Content-Type"]
        data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _text(parts: list[EmailMessage]) -> str:
    """The plain text, or the HTML as text where there is none; without what is quoted from before."""
    of_type = [(_type(part), part) for part in parts]
    written = "\n".join(_decoded(part) for kind, part in of_type if kind == ("text", "plain")).strip()
    if not written:
        written = "\n".join(text_of_html(_decoded(part)) for kind, part in of_type if kind == ("text", "html"))
    lines = []
    for line in _storable(written).replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if _QUOTE.match(line.strip()):
            break
        lines.append(line.rstrip())
    return _GAPS.sub("\n\n", "\n".join(lines)).strip()[:LONGEST_TEXT]


def _storable(text: str) -> str:
    """Without what no database takes: NUL, and halves of characters."""
    return text.replace("\x00", "").encode(errors="replace").decode()


def _decoded(part: EmailMessage) -> str:
    """In the part's own character set; one that is unknown or wrong is read as UTF-8 with marks where it isn't."""
    charset = _charset(part)
    data = _bytes(part)[: 10 * LONGEST_TEXT]
    try:
        return data.decode(charset, errors="replace")
    except _ODD:
        return data.decode(errors="replace")


def _charset(part: EmailMessage) -> str:
    try:
        name = codecs.lookup(part.get_content_charset() or "utf-8").name
    except _ODD:
        return "utf-8"
    return "utf-8" if name in _NO_CHARSETS else name


class _TextOfHtml(HTMLParser):
    """Keeps the text of HTML and the ends of its paragraphs."""

    SILENT: Final = frozenset({"script", "style", "head", "title", "template"})
    BREAKS: Final = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  its signature
        """A paragraph begins, or something that is not text."""
        if tag in self.SILENT:
            self.silent += 1
        elif tag in self.BREAKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """What is not text ends."""
        if tag in self.SILENT:
            self.silent = max(0, self.silent - 1)

    def handle_data(self, data: str) -> None:
        """Text, unless it is a script's."""
        if not self.silent:
            self.said.append(" ".join(data.split()) + (" " if data[-1:].isspace() else ""))


def text_of_html(html: str) -> str:
    """The text of HTML. It is shown escaped all the same."""
    reader = _TextOfHtml()
    reader.feed(html)
    reader.close()
    return "".join(reader.said).strip()
