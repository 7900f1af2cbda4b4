"""E-mail over whatever backend the settings name: SMTP in production, files in a bare installation."""

from __future__ import annotations

import contextlib
import smtplib
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from contributors.channels import Permanent, Temporary
from contributors.messages import Message
from contributors.models import Delivery

TIMEOUT_SECONDS = 10
_FOR_GOOD = 500  # SMTP reply codes from here on are refusals (RFC 5321 §4.2.1).
_ANSWERED_AFTER_SENDING = (OSError, smtplib.SMTPException)


def send(delivery: Delivery, message: Message) -> None:
    """Hand one mail to the mail server. Raises Temporary or Permanent; returning means it was accepted."""
    mail = compose(delivery, message)
    connection: BaseEmailBackend = get_connection(timeout=TIMEOUT_SECONDS)
    try:
        connection.open()
        accepted = connection.send_messages([mail])
    except smtplib.SMTPException as error:
        raise _verdict(error) from error
    except OSError as error:
        raise Temporary(f"The mail server can't be reached: {error}") from error
    except ValueError as error:  # A header or address that no mail may carry.
        raise Permanent(str(error)) from error
    finally:
        # The mail is accepted or refused by now: a server that breaks off instead of saying goodbye
        # must not cause a repeat.
        with contextlib.suppress(*_ANSWERED_AFTER_SENDING):
            connection.close()
    if not accepted:
        raise Permanent("There is no address to send to.")


def compose(delivery: Delivery, message: Message) -> EmailMultiAlternatives:
    """The mail with both parts. Its Message-ID is the delivery's and the same on every attempt."""
    headers = {"Message-ID": f"<{delivery.pk}@{_host()}>", "Auto-Submitted": "auto-generated"}
    if message.thread:
        root = f"<{message.thread}@{_host()}>"
        headers |= {"References": root, "In-Reply-To": root}
    mail = EmailMultiAlternatives(
        message.subject, message.text, _sender(), [delivery.address], headers=headers
    )
    mail.attach_alternative(message.html, "text/html")
    return mail


def _host() -> str:
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def _sender() -> str:
    if not settings.ORGANISATION:
        return str(settings.DEFAULT_FROM_EMAIL)
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    name = " ".join(f"Hypercare at {settings.ORGANISATION}".split())
    return str(Address(name, addr_spec=address))


def _verdict(error: smtplib.SMTPException) -> Temporary | Permanent:
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
    ours = isinstance(
        error, (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError)
    )
    return Permanent(text) if code >= _FOR_GOOD and not ours else Temporary(text)


def _text(reason: bytes | str) -> str:
    return reason.decode(errors="replace") if isinstance(reason, bytes) else reason
