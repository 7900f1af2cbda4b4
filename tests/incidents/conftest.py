"""A lead signed in to a running period called BILL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contributors.messaging import external_recipients
from hypercare.models import User
from incidents.models import ReportForm
from periods.models import Period
from tests.factories import days_later, make_period, make_user
from tests.incidents.mails import BOX, FakeImap
from tests.incidents.stakeholders.test_reports import with_form


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


@pytest.fixture
def period(lead: User) -> Period:
    return make_period(key="BILL", lead=lead, go_live_at=days_later(timezone.now(), -4))


@pytest.fixture
def browser(lead: User, period: Period) -> Client:
    client = Client()
    client.force_login(lead)
    return client


@pytest.fixture
def form(period: Period, settings: Any) -> ReportForm:
    settings.MAILBOX_ADDRESS = BOX
    return with_form(period)


@pytest.fixture
def address(form: ReportForm) -> str:
    """Where mails for the period BILL go."""
    return external_recipients.plus_address(form.pk, form.secret)


@pytest.fixture
def imap(settings: Any) -> Iterator[Callable[..., FakeImap]]:
    """A function that starts a mailbox with these mails and names it in the settings."""
    started: list[FakeImap] = []

    def start(*mails: bytes, wrong: str = "") -> FakeImap:
        server = FakeImap(list(mails))
        server.start()
        started.append(server)
        settings.MAILBOX_ADDRESS = BOX
        settings.MAILBOX_URL = (
            f"imap://report%40hypercare.example:{wrong or server.password}@127.0.0.1:{server.port}/INBOX"
        )
        return server

    yield start
    for server in started:
        server.close()
