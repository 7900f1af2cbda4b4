"""Mails as reports: parsed, sorted, answered in threads; and a mailbox that may be away."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from contributors.channels.email import transport
from contributors.messaging import bounces
from contributors.models import Delivery
from incidents.intake.mail import mail_intake, mail_parts, mailbox
from incidents.models import Attachment, Comment, InboundMail, Incident, Report, StoredMail
from tests.factories import make_user
from tests.incidents.mails import BOX, written
from tests.incidents.outdoors import ANNA, told
from tests.incidents.stakeholders.test_reports import PNG, XSS, with_form

pytestmark = pytest.mark.django_db


def take(mail: EmailMessage) -> InboundMail:
    return mail_intake.receive_mail(mail.as_bytes(), at=timezone.now())


# --- What a mail says -------------------------------------------------------------------------------


def test_text_is_plain_bounded_and_without_what_was_quoted():
    mail = written(BOX, "Hello\n\n\n\nthere \n\nOn Mon, 2 Nov 2026 at 10:00, Northlane wrote:\n> earlier\n")

    parsed = mail_parts.parse(mail.as_bytes())

    assert parsed.text == "Hello\n\nthere"
    assert parsed.subject == "Two invoices"
    assert parsed.sender == ANNA
    assert len(mail_parts.parse(written(BOX, "x" * 100_000).as_bytes()).text) == mail_parts.LONGEST_TEXT


def test_html_is_read_as_text():
    mail = EmailMessage()
    mail["From"], mail["To"] = ANNA, BOX
    mail.set_content(
        "<style>p{}</style><p>Two&nbsp;invoices &lt;came&gt;</p><script>alert(1)</script><div>Help</div>", "html"
    )

    parsed = mail_parts.parse(mail.as_bytes())

    assert parsed.text.split() == ["Two", "invoices", "<came>", "Help"]
    assert "alert" not in parsed.text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"From: \r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe",
        b"From: =?utf-8?b?////?=\r\nSubject: =?x?q?=\r\n\r\nx",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b'To: a@b@c, <<>>, "\r\n\r\n',
    ],
)
def test_what_is_broken_comes_out_empty_and_breaks_nothing(raw):
    parsed = mail_parts.parse(raw)

    assert len(parsed.text) <= mail_parts.LONGEST_TEXT
    assert mail_intake.receive_mail(raw, at=timezone.now()).outcome in ("automatic", "unknown")


# --- What becomes of it -------------------------------------------------------------------------------


def test_a_mail_to_a_period_s_address_is_a_report_whose_sender_hears_of_it(address, period):
    row = take(written(address))

    incident = Incident.objects.get()
    assert (row.outcome, row.period) == ("report", period)
    assert (incident.title, incident.description, incident.severity) == ("Two invoices", "Two invoices came.", "P3")
    assert incident.source == "mail"
    ((to, answer),) = told()
    assert to == ANNA
    assert answer.reply_to == address
    sent = Delivery.objects.get(kind="report_received")
    assert transport.compose_mail(sent, answer).extra_headers["Reply-To"] == address


def test_the_same_mail_is_read_once(address):
    mail = written(address)

    assert take(mail).pk == take(mail).pk
    assert Incident.objects.count() == 1


def test_an_answer_in_the_thread_is_added_to_the_report(address):
    take(written(address))
    told()
    ours = f"<{Delivery.objects.get(kind='report_received').pk}@{transport.message_id_host()}>"

    row = take(written(BOX, "It happens every day.", In_Reply_To=ours, References=f"<x@y> {ours}"))

    assert (row.outcome, row.report) == ("reply", Report.objects.get())
    assert Comment.objects.get().body == "It happens every day."
    assert Incident.objects.count() == 1


def test_a_reference_to_somebody_else_s_mail_is_no_thread(address):
    row = take(written(address, In_Reply_To="<7d444840-9dc0-11d1-b245-5ffdce74fad2@elsewhere.example>"))

    assert row.outcome == "report"


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"Precedence": "list"},
        {"List_Id": "<a.b>"},
        {"Return_Path": "<>"},
        {"X_Autoreply": "yes"},
    ],
)
def test_what_programs_send_is_left_alone(address, headers):
    assert take(written(address, **headers)).outcome == "automatic"
    assert not Incident.objects.exists()
    assert told() == []


def test_our_own_mails_start_no_loop(address, settings):
    mail = written(address)
    del mail["From"]
    mail["From"] = settings.DEFAULT_FROM_EMAIL

    assert take(mail).outcome == "automatic"


def test_a_report_of_delivery_marks_the_message_that_came_back(monkeypatch, address):
    seen: list[bytes] = []
    monkeypatch.setattr(bounces, "apply_report", lambda raw, at: seen.append(raw))
    raw = b"From: mailer@x.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n"

    assert mail_intake.receive_mail(raw, at=timezone.now()).outcome == "bounce"
    assert seen == [raw]


@pytest.mark.parametrize("to", [BOX, "report+1-0000@hypercare.example", "report+x@hypercare.example", "else@x.example"])
def test_a_mail_for_no_period_is_kept_where_it_can_be_seen(form, to):
    row = take(written(to))

    assert (row.outcome, row.period, row.text) == ("unknown", None, "Two invoices came.")
    assert to in row.why
    assert not Incident.objects.exists()


def test_a_closed_form_takes_no_mail_and_says_so_to_the_lead(address, period, browser):
    with_form(period, is_open=False)

    row = take(written(address))

    assert (row.outcome, row.period) == ("refused", period)
    page = browser.get("/p/BILL/comms/").content.decode()
    assert "Two invoices" in page
    assert "takes no reports" in page


def test_pictures_are_kept_by_their_content_and_other_files_named(address):
    mail = written(address)
    mail.add_attachment(PNG, maintype="image", subtype="png", filename="screen.png")
    mail.add_attachment(b"<svg/>", maintype="image", subtype="svg+xml", filename="evil.svg")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="invoice.pdf")

    take(mail)

    assert [row.file_name for row in Attachment.objects.all()] == ["screen.png"]
    assert Incident.objects.get().description.endswith("Attached and not kept: evil.svg, invoice.pdf")


def test_what_a_mail_says_is_text_everywhere(address, browser):
    take(written(address, XSS))

    page = browser.get(Incident.objects.get().get_absolute_url()).content.decode()
    assert "<script>alert" not in page


# --- The mailbox --------------------------------------------------------------------------------------


def test_the_mailbox_is_read_and_what_is_stored_is_marked_as_read(imap, address):
    server = imap(written(address).as_bytes(), written(address).as_bytes())

    call_command("read_mailbox")

    assert Incident.objects.count() == 2
    assert server.seen == [1, 2]


def test_a_mail_that_breaks_its_reading_does_not_hold_up_the_next(imap, address, monkeypatch):
    good, bad = written(address).as_bytes(), written(address, "boom").as_bytes()
    server = imap(bad, good)
    real = mail_intake._sort
    monkeypatch.setattr(
        mail_intake, "_sort", lambda mail, raw, at: real(mail, raw, at) if b"boom" not in raw else 1 / 0
    )

    assert mailbox.poll(at=timezone.now()) == 2

    assert server.seen == [1, 2]
    assert list(InboundMail.objects.values_list("outcome", flat=True)) == ["report"]
    assert bytes(StoredMail.objects.get(state="quarantined").raw) == bad


def test_a_mailbox_that_refuses_us_is_said_and_nothing_is_lost(imap):
    imap(wrong="guess")

    with pytest.raises(CommandError, match="mailbox can't be read"):
        call_command("read_mailbox")


def test_a_mailbox_that_is_not_there_is_said(settings):
    settings.MAILBOX_URL = "imap://a:b@127.0.0.1:1/INBOX"

    with pytest.raises(mailbox.MailboxAway):
        mailbox.poll(at=timezone.now())


def test_without_a_mailbox_nothing_is_read(settings):
    settings.MAILBOX_URL = ""

    assert mailbox.poll(at=timezone.now()) == 0


def test_files_and_maildirs_are_read_too(address, tmp_path, capsys):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_bytes(written(address).as_bytes())

    call_command("read_mailbox", str(tmp_path))

    assert "1 became a report" in capsys.readouterr().out


def test_administrators_see_every_mail_and_nobody_else_does(form, browser):
    take(written("report+9-00@hypercare.example"))
    root = make_user(is_superuser=True)
    admin = Client()
    admin.force_login(root)

    page = admin.get("/settings/mailbox/").content.decode()

    assert "To an address of no period" in page
    assert "report+9-00@hypercare.example" in page
    assert browser.get("/settings/mailbox/").status_code == 404
    assert Client().get("/settings/mailbox/").status_code == 302
