"""People outside at the same moment: limits hold, a mail is read once, and a notice has one end."""

from __future__ import annotations

from functools import partial

import pytest
from django.db import connection

from hypercare.exceptions import AlreadyDone, TooMany
from incidents.intake.mail import mail_intake
from incidents.models import InboundMail, Incident, Notice, Report, Subscriber, Update
from incidents.stakeholders import reports, subscribers
from incidents.stakeholders.reports import ReportText
from periods.models import JournalEntry
from tests.factories import NOW, make_period
from tests.incidents.outdoors import ANNA, posted, with_page
from tests.incidents.stakeholders.test_reports import with_form
from tests.incidents.triage.test_races_postgres import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")


def test_of_many_reports_at_once_from_one_place_no_more_than_ten_get_in() -> None:
    form = with_form(make_period(key="BILL"))
    send = partial(reports.submit_report, form, ReportText("The portal is slow.", "small"), at=NOW, came_from="here")

    outcomes = at_once(*[send] * 16)

    assert sum(isinstance(one, TooMany) for one in outcomes) == 6
    assert Report.objects.count() == 10
    assert sorted(Incident.objects.values_list("number", flat=True)) == list(range(1, 11))


def test_one_mail_that_two_read_at_once_becomes_one_report(settings) -> None:
    settings.MAILBOX_ADDRESS = "report@hypercare.example"
    address = mail_intake.address_of(with_form(make_period(key="BILL")))
    raw = f"From: {ANNA}\r\nTo: {address}\r\nMessage-ID: <a@b>\r\nSubject: Slow\r\n\r\nVery.\r\n".encode()

    at_once(*[partial(mail_intake.receive_mail, raw, at=NOW)] * 6)

    assert Incident.objects.count() == 1
    assert InboundMail.objects.get().outcome == "report"


def test_an_address_that_asks_many_times_at_once_is_asked_back_once() -> None:
    page = with_page(make_period(key="BILL"))

    at_once(*[partial(subscribers.request_subscription, page, ANNA, came_from="here", at=NOW)] * 8)

    assert Subscriber.objects.get().mails == 1


def test_of_many_who_end_a_notice_one_does_and_its_numbers_have_no_gap() -> None:
    period = make_period(key="BILL")
    notice = posted(period, NOW).notice
    end = partial(posted, period, NOW, notice_id=notice.pk, state="resolved")

    outcomes = at_once(*[end] * 8)

    assert sum(isinstance(one, AlreadyDone) for one in outcomes) == 7
    assert list(Update.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Notice.objects.get().resolved_at == NOW
    assert JournalEntry.objects.filter(kind="update.posted").count() == 2
