"""A mail as the recipient's server gets it, and what the server's answers mean."""

from __future__ import annotations

import contextlib
import email
import email.policy
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from contributors.channels import Permanent, Temporary
from contributors.channels.email import transport
from contributors.links import links
from contributors.messaging import delivery, outbox, rendering
from contributors.messaging.delivery import State
from contributors.models import Breaker, Delivery, Link
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
        user=user,
        period=period,
        subject="incident:36",
        key="page:1:1:0",
        at=NOW,
        context={
            "key": "BILL26-36",
            "title": "Annual-plan invoices issued twice",
            "severity": "P1",
            "component": "Billing engine",
            "description": "4.2 invoices per second, expected below 2",
            "reported_at": "2026-11-18T12:21:00+00:00",
            **context,
        },
        goes_to="Ingrid Solheim",
        goes_at=datetime.fromisoformat("2026-11-18T12:27:00+00:00"),
    )
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
    "title", ["Down\r\nBcc: everybody@example.test", "Down\nBcc: everybody@example.test", "Down\x0b\x85Bcc: x\u2028y"]
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
            user=make_member(period).user,
            period=period,
            subject="incident:1",
            key=f"{number}",
            at=NOW,
            context={"key": "X-1", "title": "Down", "severity": "P1"},
        )

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
        transport.send(row, rendering.render(row))

    assert (on_rcpt or on_data)[:3] in str(raised.value)


def test_a_server_that_is_away_is_tried_again(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    row = queue_page()

    with pytest.raises(Temporary, match="can't be reached"):
        transport.send(row, rendering.render(row))


class Talk:
    """One side of an SMTP conversation, line by line; what goes wrong in it is the test's."""

    def __init__(self, connection: socket.socket, over: threading.Event) -> None:
        self.connection, self.over = connection, over
        self.lines = connection.makefile("rwb", buffering=0)

    def say(self, text: str) -> None:
        self.lines.write(f"{text}\r\n".encode())

    def until_data(self) -> None:
        """Greet, and take sender and recipient."""
        self.say("220 hello")
        for answer in ("250 hi", "250 ok", "250 ok"):
            self.lines.readline()
            self.say(answer)

    def until_mail(self) -> None:
        """The same and the whole mail, unanswered."""
        self.until_data()
        self.lines.readline()
        self.say("354 go on")
        while self.lines.readline() != b".\r\n":
            pass

    def say_nothing(self) -> None:
        self.over.wait(10)


def never_greets(talk: Talk) -> None:
    talk.say_nothing()


def hangs_up_at_once(talk: Talk) -> None:
    """As a proxy does whose server is away."""


def greets_with_421(talk: Talk) -> None:
    talk.say("421 too busy")


def greets_with_554(talk: Talk) -> None:
    talk.say("554 no service here")


def falls_silent_before_data(talk: Talk) -> None:
    talk.until_data()
    talk.say_nothing()


def falls_silent_with_the_mail(talk: Talk) -> None:
    talk.until_mail()
    talk.say_nothing()


def drops_with_the_mail(talk: Talk) -> None:
    talk.until_mail()


def resets_with_the_mail(talk: Talk) -> None:
    talk.until_mail()
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


def says_no_smtp_about_the_mail(talk: Talk) -> None:
    talk.until_mail()
    talk.say("<html>Bad gateway</html>")
    talk.say_nothing()


@pytest.fixture
def misbehaving(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Talk], None]], None]]:
    """A mail server on the loopback that does as told to whoever calls."""
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def start(behaviour: Callable[[Talk], None]) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()[:2]
        threads.append(threading.Thread(target=serve, args=(server, behaviour, over)))
        threads[-1].start()

    yield start
    over.set()
    server.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    server.close()


def serve(server: socket.socket, behaviour: Callable[[Talk], None], over: threading.Event) -> None:
    """Until the listening socket is shut down."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                talk = Talk(connection, over)
                with talk.lines:
                    behaviour(talk)


@pytest.mark.parametrize(
    ("behaviour", "may_have_arrived", "is_silent"),
    [
        (never_greets, True, True),
        (hangs_up_at_once, False, False),
        (greets_with_421, False, False),
        (greets_with_554, False, False),
        (falls_silent_before_data, True, True),
        (falls_silent_with_the_mail, True, True),
        (drops_with_the_mail, True, True),
        (resets_with_the_mail, True, True),
        (says_no_smtp_about_the_mail, True, False),
    ],
)
def test_what_a_server_does_instead_of_answering_means_what_the_table_says(
    misbehaving: Any, behaviour: Callable[[Talk], None], may_have_arrived: bool, is_silent: bool
) -> None:
    misbehaving(behaviour)
    row = queue_page()

    with pytest.raises(Temporary) as raised:
        transport.send(row, rendering.render(row))

    assert (raised.value.unknown, raised.value.no_answer) == (may_have_arrived, is_silent)


@pytest.mark.parametrize("behaviour", [never_greets, falls_silent_with_the_mail, drops_with_the_mail])
def test_repeats_of_a_mail_without_an_answer_are_explained_and_its_breaker_opens(
    misbehaving: Any, behaviour: Callable[[Talk], None]
) -> None:
    misbehaving(behaviour)
    row = queue_page()

    for minutes in range(3):
        delivery.send_due(at=NOW + timedelta(minutes=minutes))

    row.refresh_from_db()
    assert row.uncertain
    assert list(row.tries.values_list("outcome", flat=True).distinct()) == ["uncertain"]
    assert Breaker.objects.get(address=row.address).open_until is not None


def test_a_server_that_breaks_off_after_accepting_causes_no_repeat(settings: Any) -> None:
    row = queue_page()
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.getsockname()[:2]
        rude = threading.Thread(target=accept_then_reset, args=(server,))
        rude.start()

        transport.send(row, rendering.render(row))

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
        transport.send(row, rendering.render(row))

    assert mailbox.mails == []


def test_without_a_mail_server_mails_are_written_as_files(settings: Any, tmp_path: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    queue_page()

    assert delivery.send_due(at=NOW) == 1

    (file,) = tmp_path.iterdir()
    assert "[P1] BILL26-36" in file.read_text()


def test_an_incident_is_one_conversation_from_page_to_resolution(mailbox: Mailbox) -> None:
    row = queue_page()
    said = {
        "key": "BILL26-36",
        "number": 36,
        "title": "Annual-plan invoices issued twice",
        "severity": "P1",
        "reported_at": NOW.isoformat(),
        "at": NOW.isoformat(),
        "by": "Maja",
    }
    assert row.period
    for n, kind in enumerate(("incident_assigned", "incident_resolved"), start=1):
        outbox.notify(
            user=row.recipient,
            kind=kind,
            period=row.period,
            subject="incident:36",
            context=said,
            key=f"more:{n}",
            at=NOW + timedelta(minutes=n),
            urgency=Delivery.Urgency.NORMAL,
        )
        delivery.send_due(at=NOW + timedelta(minutes=n))

    assert [mail["Subject"] for mail in mailbox.mails] == [
        "[P1] BILL26-36 Annual-plan invoices issued twice",
        "[P1] BILL26-36 Annual-plan invoices issued twice",
        "Resolved: [P1] BILL26-36 Annual-plan invoices issued twice",
    ]
    assert len({mail["References"] for mail in mailbox.mails}) == 1
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 3
    assert [mail["List-Unsubscribe-Post"] for mail in mailbox.mails] == [
        None,
        "List-Unsubscribe=One-Click",
        "List-Unsubscribe=One-Click",
    ]
    assert all(mail["List-Unsubscribe"].strip().startswith("<https://") for mail in mailbox.mails[1:])
