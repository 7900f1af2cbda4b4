"""Debriefs in the browser: one writer, minutes that stay, decisions and actions with a name."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from periods.models import Action, Debrief, Period
from tests.factories import make_debrief, make_member, make_period, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def period() -> Period:
    now = timezone.now()
    start, end = now - timedelta(days=4), now + timedelta(days=10)
    return make_period(key="BILL", go_live_at=start, went_live_at=start, ends_at=end, planned_ends_at=end)


@pytest.fixture
def debrief(period: Period) -> Debrief:
    return make_debrief(period, number=5, starts_at=timezone.now() + timedelta(minutes=5))


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_it_is_started_written_and_finished(period, debrief):
    client = signed_in(period.lead)

    client.post("/p/BILL/debriefs/5/start/")
    client.post("/p/BILL/debriefs/5/write/", {"minutes-numbers": "As expected."})
    client.post("/p/BILL/debriefs/5/finish/", {"minutes-other": "/d Keep the rota."})

    debrief.refresh_from_db()
    assert debrief.status == "finished"
    assert debrief.minutes["numbers"] == "As expected."
    assert debrief.decisions.get().text == "Keep the rota."


def test_only_one_writes_at_a_time_and_another_may_take_over(period, debrief):
    signed_in(period.lead).post("/p/BILL/debriefs/5/start/")
    other = make_user("Kavya Nair")
    make_member(period, other, right="support")
    client = signed_in(other)

    refused = client.post("/p/BILL/debriefs/5/write/", {"minutes-numbers": "Mine."})
    client.post("/p/BILL/debriefs/5/take-over/")
    client.post("/p/BILL/debriefs/5/write/", {"minutes-numbers": "Mine."})

    debrief.refresh_from_db()
    assert refused.status_code == 403
    assert debrief.minutes["numbers"] == "Mine."


def test_an_action_without_a_time_comes_back_with_the_field(period, debrief):
    client = signed_in(period.lead)
    client.post("/p/BILL/debriefs/5/start/")

    answer = client.post(
        "/p/BILL/debriefs/5/action/", {"title": "Check jobs", "owner": period.lead.pk, "due_at": ""}
    )

    assert answer.status_code == 422
    assert not Action.objects.exists()


def test_a_stranger_finds_no_debrief_and_a_viewer_can_not_start_it(period, debrief):
    viewer = make_user()
    make_member(period, viewer, right="viewer")

    assert signed_in(make_user()).get("/p/BILL/debriefs/5/").status_code == 404
    assert signed_in(viewer).get("/p/BILL/debriefs/5/").status_code == 200
    assert signed_in(viewer).post("/p/BILL/debriefs/5/start/").status_code == 403
