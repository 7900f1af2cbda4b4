"""E-mail over whatever backend the settings name: SMTP in production, files in a bare installation.

What a mail server does means one of these, and nothing else decides it:

| the server | outcome | may have arrived | breaker |
|---|---|---|---|
| refuses the mail, its sender or recipient with 5xx | for good | no | |
| says 4xx, or refuses our greeting or password with any code | tried again | no | |
| refuses the connection, has no address, breaks off before the mail is handed to it | tried again | no | |
| does not answer the connection, greeting or login in time | tried again | treated so | counts |
| breaks off or falls silent while it has the mail | tried again | yes | counts |
| says something that is no SMTP | tried again | yes | |
"""

from __future__ import annotations

import contextlib
import smtplib
import time
from collections import deque
from collections.abc import Iterator
from email.headerregistry import Address
from email.mime.text import MIMEText
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from contributors.channels import CalendarFile, Message, Permanent, Temporary
from contributors.models import Delivery

TIMEOUT_SECONDS = 10
_OK = 250
_SURELY_OPEN = 1.0  # seconds after its last use in which a connection is not asked whether it still answers
# Open connections that nobody uses at the moment: a greeting and TLS for every mail cost more than the mail.
_IDLE: deque[tuple[BaseEmailBackend, float]] = deque(maxlen=64)
_FOR_GOOD = 500  # SMTP reply codes from here on are refusals (RFC 5321 §4.2.1).
_ANSWERED_AFTER_SENDING = (OSError, smtplib.SMTPException)


def send(delivery: Delivery, message: Message) -> None:
    """Hand one mail to the mail server. Raises Temporary or Permanent; returning means it was accepted."""
    mail = compose_mail(delivery, message)
    connection = _take()
    usable = False
    try:
        with _outcomes(has_mail=False):
            connection.open()
        with _outcomes(has_mail=True):
            accepted = connection.send_messages([mail])
        usable = isinstance(connection, SmtpBackend)
    finally:
        if usable:
            _IDLE.append((connection, time.monotonic()))
        else:
            _close(connection)
    if not accepted:
        raise Permanent("There is no address to send to.")


@contextlib.contextmanager
def _outcomes(*, has_mail: bool) -> Iterator[None]:
    """Turn whatever goes wrong into Temporary or Permanent, by the table above."""
    try:
        yield
    except smtplib.SMTPServerDisconnected as error:
        raise _broken_off(error, has_mail=has_mail) from error
    except smtplib.SMTPException as error:
        raise _refusal(error) from error
    except TimeoutError as error:
        raise Temporary("The mail server does not answer.", no_answer=True) from error
    except OSError as error:
        raise Temporary(f"The mail server can't be reached: {error}") from error
    except ValueError as error:  # A header or address that no mail may carry.
        raise Permanent(str(error)) from error


def hang_up() -> None:
    """Close the connections kept open between mails."""
    with contextlib.suppress(IndexError):
        while True:
            _close(_IDLE.pop()[0])


def _take() -> BaseEmailBackend:
    """A connection that is open and still answers, else a new one. Talks to the server only."""
    with contextlib.suppress(IndexError):
        while True:
            connection, used_at = _IDLE.pop()
            if time.monotonic() - used_at < _SURELY_OPEN or _answers(connection):
                return connection
            _close(connection)
    return get_connection(timeout=TIMEOUT_SECONDS)


def _answers(connection: BaseEmailBackend) -> bool:
    try:
        return bool(connection.connection.noop()[0] == _OK)  # type: ignore[attr-defined]  # only SMTP is kept
    except _ANSWERED_AFTER_SENDING:
        return False


def _close(connection: BaseEmailBackend) -> None:
    """The mail is accepted or refused by now: a server that breaks off without a goodbye causes no repeat."""
    with contextlib.suppress(*_ANSWERED_AFTER_SENDING):
        connection.close()


def compose_mail(delivery: Delivery, message: Message) -> EmailMultiAlternatives:
    """The mail with both parts. Its Message-ID is the delivery's and the same on every attempt."""
    headers = {"Message-ID": f"<{delivery.pk}@{message_id_host()}>", "Auto-Submitted": "auto-generated"}
    if message.thread:
        root = f"<{message.thread}@{message_id_host()}>"
        headers |= {"References": root, "In-Reply-To": root}
    if message.reply_to:
        headers["Reply-To"] = message.reply_to
    if message.off_url:
        headers["List-Unsubscribe"] = f"<{message.off_url}>"
        if message.off_url.startswith("https://"):  # RFC 8058 §3.1 wants no other.
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(message.subject, message.text, _sender(), [delivery.address], headers=headers)
    mail.attach_alternative(message.html, "text/html")
    if len(message.calendar) == 1:  # Calendars show one as an invitation, beside the text.
        (file,) = message.calendar
        mail.attach_alternative(file.content, f"text/calendar; method={file.method}")
    for file in message.calendar:
        mail.attach(_attached(file))
    return mail


def _attached(file: CalendarFile) -> MIMEText:
    part = MIMEText(file.content, "calendar", "utf-8")
    part.set_param("method", file.method)
    part.add_header("Content-Disposition", "attachment", filename=file.name)
    return part


def message_id_host() -> str:
    """What stands behind the @ of our Message-IDs."""
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _sender() -> str:
    if not settings.ORGANISATION:
        return str(settings.DEFAULT_FROM_EMAIL)
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    name = " ".join(f"Hypercare at {settings.ORGANISATION}".split())
    return str(Address(name, addr_spec=address))


def _broken_off(error: smtplib.SMTPServerDisconnected, *, has_mail: bool) -> Temporary:
    """smtplib reports silence and a broken connection alike; which it was, the error behind it says."""
    silent = isinstance(error.__context__, TimeoutError)
    if has_mail:
        how = "did not say in time" if silent else "broke off before it said"
        return Temporary(f"The mail server {how} whether it took the mail.", no_answer=True)
    if silent:
        return Temporary("The mail server does not answer.", no_answer=True)
    return Temporary(f"The mail server broke off: {error}")


def _refusal(error: smtplib.SMTPException) -> Temporary | Permanent:
    """Whether a refusal is for good. A wrong password of ours is not the recipient's fault: it is retried."""
    code: int
    reason: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reason = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, reason = error.smtp_code, error.smtp_error
    else:
        code, reason = 0, str(error)
    text = f"{code or ''} {_text(reason)}".strip() or type(error).__name__
    ours = isinstance(error, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError))
    if code >= _FOR_GOOD and not ours:
        return Permanent(text)
    return Temporary(text, unknown=code < 0)  # -1: what came was no reply.


def _text(reason: bytes | str) -> str:
    return reason.decode(errors="replace") if isinstance(reason, bytes) else reason
