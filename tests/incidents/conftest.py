"""A lead signed in to a running period called BILL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.models import User
from periods.models import Period
from tests.factories import make_period, make_user


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


@pytest.fixture
def period(lead: User) -> Period:
    now = timezone.now()
    return make_period(
        key="BILL", lead=lead, go_live_at=now - timedelta(days=4), went_live_at=now - timedelta(days=4),
        ends_at=now + timedelta(days=10), planned_ends_at=now + timedelta(days=10),
    )  # fmt: skip


@pytest.fixture
def browser(lead: User, period: Period) -> Client:
    client = Client()
    client.force_login(lead)
    return client
