"""A mail as the recipient's server gets it, and what the server's answers mean."""

from __future__ import annotations

import email
import email.policy
import re
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.management import call_command

from contributors import delivery, letters, links, messages, notifications
from contributors.channels import Permanent, Temporary
from contributors.channels import email as channel
from contributors.delivery import State
from contributors.letters import samples
from contributors.models import Delivery, Link
from tests.factories import NOW, make_member, make_page, make_period, make_user

pytestmark = pytest.mark.django_db


class Mailbox:
    """A mail server that keeps what it accepts and answers as told."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.on_rcpt = self.on_data = ""

    async def handle_RCPT(  # noqa: N802  aiosmtpd names it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.on_rcpt:
            return self.on_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.on_data:
            return self.on_data
        content = envelope.original_content or b""
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        self.to.append(list(envelope.rcpt_tos))
        return "250 accepted"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.BASE_URL = "https://hypercare.example.test"
    yield box
    controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def queue_page(**context: Any) -> Delivery:
    period = make_period(key="BILL26")
    user = make_user("Tomasz Wojcik", email="tomasz@example.test", timezone="Europe/Copenhagen")
    make_member(period, user)
    row = make_page(
        user=user, period=period, subject="incident:36", key="page:1:1:0", at=NOW,
        context={
            "key": "BILL26-36", "title": "Annual-plan invoices issued twice", "severity": "P1",
            "component": "Billing engine", "description": "4.2 invoices per second, expected below 2",
            "reported_at": "2026-11-18T12:21:00+00:00", **context,
        },
        goes_to="Ingrid Solheim", goes_at=datetime.fromisoformat("2026-11-18T12:27:00+00:00"),
    )  # fmt: skip
    assert row is not None
    return row


def parts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content()


def test_a_page_arrives_with_its_headers_and_both_parts(mailbox: Mailbox) -> None:
    row = queue_page()

    assert delivery.send_due(at=NOW) == 1

    (mail,) = mailbox.mails
    assert mailbox.to == [["tomasz@example.test"]]
    assert mail["Subject"] == "[P1] BILL26-36 Annual-plan invoices issued twice"
    assert mail["To"] == "tomasz@example.test"
    assert mail["From"] == "Hypercare <hypercare@localhost>"
    assert mail["Message-ID"] == f"<{row.pk}@hypercare.example.test>"
    assert mail["References"] == mail["In-Reply-To"] == "<bill26.incident.36@hypercare.example.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "multipart/alternative"
    plain, html = parts(mail)
    for text in (plain, html):
        assert "P1 page for you. Goes to Ingrid Solheim at 13:27 Copenhagen time." in text
        assert "4.2 invoices per second, expected below 2" in text
        assert "Wed 18 Nov 2026, 13:21 in Copenhagen" in text
        assert "12:21 UTC" in text
        assert re.search(r"https://hypercare\.example\.test/page/[\w-]{32}/", text)
        assert "works until Thu 19 Nov 2026, 14:12 in Copenhagen" in text


def test_the_link_in_the_mail_is_the_one_the_database_knows_only_by_its_hash(mailbox: Mailbox) -> None:
    row = queue_page()
    delivery.send_due(at=NOW)

    plain, _ = parts(mailbox.mails[0])
    found = re.search(r"/page/([\w-]+)/", plain)

    assert found is not None
    from_mail = channel_link(found[1])
    assert (from_mail.user, from_mail.subject) == (row.recipient, "incident:36")
    assert from_mail.expires_at == NOW + timedelta(hours=24)
    assert found[1] not in str(row.context)


def channel_link(token: str) -> Link:
    from_hash: Link = links.find(token, Link.Purpose.PAGE, at=NOW)
    return from_hash


def test_an_attempt_that_is_repeated_carries_the_same_identity_and_text(mailbox: Mailbox) -> None:
    queue_page()
    mailbox.on_data = "451 try later"
    delivery.send_due(at=NOW)
    mailbox.on_data = ""
    delivery.send_due(at=NOW + timedelta(minutes=1))
    Delivery.objects.update(state=State.DUE)
    delivery.send_due(at=NOW + timedelta(minutes=2))

    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert parts(first) == parts(second)


@pytest.mark.parametrize(
    "title",
    ["Down\r\nBcc: everybody@example.test", "Down\nBcc: everybody@example.test", "Down\x0b\x85Bcc: x\u2028y"],
)
def test_a_title_cannot_add_a_header(mailbox: Mailbox, title: str) -> None:
    queue_page(title=title)

    assert delivery.send_due(at=NOW) == 1

    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert mailbox.to == [["tomasz@example.test"]]
    assert mail["Subject"].startswith("[P1] BILL26-36 Down")


def test_text_from_people_is_escaped_in_html_and_plain_in_text(mailbox: Mailbox) -> None:
    queue_page(description='<script>alert("x")</script> & more')

    delivery.send_due(at=NOW)

    plain, html = parts(mailbox.mails[0])
    assert '<script>alert("x")</script> & more' in plain
    assert "<script>" not in html
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; more" in html


def test_the_sender_is_named_after_the_organisation(mailbox: Mailbox, settings: Any) -> None:
    settings.ORGANISATION = "Northlane, Ltd"
    queue_page()

    delivery.send_due(at=NOW)

    assert mailbox.mails[0]["From"] == '"Hypercare at Northlane, Ltd" <hypercare@localhost>'


def test_one_recipient_sees_no_other(mailbox: Mailbox) -> None:
    period = make_period()
    for number in range(3):
        make_page(
            user=make_member(period).user, period=period, subject="incident:1", key=f"{number}", at=NOW,
            context={"key": "X-1", "title": "Down", "severity": "P1"},
        )  # fmt: skip

    delivery.send_due(at=NOW)

    assert sorted(len(to) for to in mailbox.to) == [1, 1, 1]


# --- What answers mean --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_rcpt", "on_data", "verdict"),
    [
        ("550 no such person", "", Permanent),
        ("450 greylisted, come back", "", Temporary),
        ("", "554 refused as unwanted", Permanent),
        ("", "451 local error", Temporary),
        ("", "421 closing", Temporary),
    ],
)
def test_a_servers_answer_decides_whether_it_is_tried_again(
    mailbox: Mailbox, on_rcpt: str, on_data: str, verdict: type[Exception]
) -> None:
    row = queue_page()
    mailbox.on_rcpt, mailbox.on_data = on_rcpt, on_data

    with pytest.raises(verdict) as raised:
        channel.send(row, messages.render(row))

    assert (on_rcpt or on_data)[:3] in str(raised.value)


def test_a_server_that_is_away_is_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    row = queue_page()

    with pytest.raises(Temporary, match="can't be reached"):
        channel.send(row, messages.render(row))


def test_a_server_that_never_answers_is_left_after_the_time_out(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "TIMEOUT_SECONDS", 0.2)
    row = queue_page()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()[:2]

        with pytest.raises(Temporary):
            channel.send(row, messages.render(row))


def test_a_server_that_breaks_off_after_accepting_causes_no_repeat(settings: Any) -> None:
    row = queue_page()
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()[:2]
        rude = threading.Thread(target=accept_then_reset, args=(server,))
        rude.start()

        channel.send(row, messages.render(row))

        rude.join()


def accept_then_reset(server: socket.socket) -> None:
    """Take one mail by the book, then reset the connection instead of saying goodbye."""
    connection, _ = server.accept()
    with connection, connection.makefile("rwb", buffering=0) as talk:
        talk.write(b"220 hello\r\n")
        for answer in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            talk.readline()
            talk.write(answer)
        while talk.readline() != b".\r\n":
            pass
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        talk.write(b"250 accepted\r\n")


def test_an_address_no_mail_may_carry_is_for_good(mailbox: Mailbox) -> None:
    row = queue_page()
    row.address = "nobody@example.test\r\nBcc: all@example.test"

    with pytest.raises(Permanent):
        channel.send(row, messages.render(row))

    assert mailbox.mails == []


def test_without_a_mail_server_mails_are_written_as_files(settings: Any, tmp_path: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    queue_page()

    assert delivery.send_due(at=NOW) == 1

    (file,) = tmp_path.iterdir()
    assert "[P1] BILL26-36" in file.read_text()


# --- Every kind ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", letters.KINDS)
def test_every_kind_can_be_written_and_names_a_full_address_in_its_text(kind: str) -> None:
    message = messages.render(samples.sample(kind))

    assert message.subject == messages.one_line(message.subject)
    assert "http://127.0.0.1:8000/" in message.text
    for part in (message.text, message.html):
        assert "None" not in part
        assert "{{" not in part
    assert "<img" not in message.html
    assert "max-width:600px" in message.html


def test_the_preview_writes_each_kind_twice(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("preview_messages", "--to", str(tmp_path))

    assert {file.stem for file in tmp_path.iterdir()} == {*letters.KINDS, "index"}
    index = (tmp_path / "index.html").read_text()
    assert all(f'href="{kind}.{end}"' in index for kind in letters.KINDS for end in ("html", "txt"))
    assert f"{len(letters.KINDS)} messages" in capsys.readouterr().out


# --- Text from people ---------------------------------------------------------------------------

HOSTILE = "Bad\r\nBcc: eve@example.test\r\n\r\n<script>alert(1)</script>\u2028<img src=x onerror=alert(1)>"


def spoilt(value: Any) -> Any:
    """The same snapshot with hostile words wherever people write; moments, links and names of things stay."""
    if isinstance(value, dict):
        return {name: each if name in KEPT else spoilt(each) for name, each in value.items()}
    if isinstance(value, list):
        return [spoilt(each) for each in value]
    is_words = isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}(T|$)|https?://", value)
    return f"{value} {HOSTILE}" if is_words else value


KEPT = {
    "link", "rung", "clock", "how", "what", "kind", "severity", "key", "code", "confirm", "leave",
    "page_slug", "receipt",
}  # fmt: skip


@pytest.mark.parametrize("kind", letters.KINDS)
def test_no_words_of_people_become_a_header_or_markup(kind: str) -> None:
    row = samples.sample(kind)
    row.context = spoilt(row.context)
    for thing in (row.period, row.recipient, row.period.lead if row.period else None):
        if thing is not None:
            thing.name = f"{thing.name} {HOSTILE}"

    message = messages.render(row)
    sent = channel.compose(row, message).message().as_bytes()
    mail = email.message_from_bytes(sent, policy=email.policy.default)

    assert mail["Bcc"] is None
    assert mail.get_all("To") == ["tomasz@northlane.example"]
    assert len(mail.get_all("Subject") or []) == 1
    assert "<script" not in message.html
    assert "<img" not in message.html
    assert not mail.defects


def test_an_incident_is_one_conversation_from_page_to_resolution(mailbox: Mailbox) -> None:
    row = queue_page()
    said = {
        "key": "BILL26-36", "number": 36, "title": "Annual-plan invoices issued twice", "severity": "P1",
        "reported_at": NOW.isoformat(), "at": NOW.isoformat(), "by": "Maja",
    }  # fmt: skip
    assert row.period
    for n, kind in enumerate(("incident_assigned", "incident_resolved"), start=1):
        notifications.notify(
            user=row.recipient, kind=kind, period=row.period, subject="incident:36", context=said, key=f"more:{n}",
            at=NOW + timedelta(minutes=n), urgency=Delivery.Urgency.NORMAL,
        )  # fmt: skip
        delivery.send_due(at=NOW + timedelta(minutes=n))

    assert [mail["Subject"] for mail in mailbox.mails] == [
        "[P1] BILL26-36 Annual-plan invoices issued twice",
        "[P1] BILL26-36 Annual-plan invoices issued twice",
        "Resolved: [P1] BILL26-36 Annual-plan invoices issued twice",
    ]
    assert len({mail["References"] for mail in mailbox.mails}) == 1
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 3
    assert [mail["List-Unsubscribe-Post"] for mail in mailbox.mails] == [
        None, "List-Unsubscribe=One-Click", "List-Unsubscribe=One-Click",
    ]  # fmt: skip
    assert all(mail["List-Unsubscribe"].strip().startswith("<https://") for mail in mailbox.mails[1:])
