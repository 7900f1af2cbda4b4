"""Debriefs in the browser: one writer, minutes that stay, decisions and actions with a name."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from periods.models import Action, Debrief, Period
from tests.factories import days_later, make_debrief, make_member, make_period, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def period() -> Period:
    return make_period(key="BILL", go_live_at=days_later(timezone.now(), -4))


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

    answer = client.post("/p/BILL/debriefs/5/action/", {"title": "Check jobs", "owner": period.lead.pk, "due_at": ""})

    assert answer.status_code == 422
    assert not Action.objects.exists()


def test_a_stranger_finds_no_debrief_and_a_viewer_can_not_start_it(period, debrief):
    viewer = make_user()
    make_member(period, viewer, right="viewer")

    assert signed_in(make_user()).get("/p/BILL/debriefs/5/").status_code == 404
    assert signed_in(viewer).get("/p/BILL/debriefs/5/").status_code == 200
    assert signed_in(viewer).post("/p/BILL/debriefs/5/start/").status_code == 403


def test_a_debrief_is_moved_and_one_more_is_added(period, debrief):
    client = signed_in(period.lead)
    later = timezone.now() + timedelta(days=1)

    moved = client.post("/p/BILL/debriefs/5/reschedule/", {"starts_at": f"{later:%Y-%m-%dT%H:%M}"})
    added = client.post("/p/BILL/debriefs/new/", {"starts_at": f"{later:%Y-%m-%dT21:%M}", "minutes": "30"})

    debrief.refresh_from_db()
    assert (moved.status_code, added.status_code) == (302, 302)
    assert f"{debrief.starts_at:%Y-%m-%d %H:%M}" == f"{later:%Y-%m-%d %H:%M}"
    assert Debrief.objects.get(number=6).minutes_planned == 30


@pytest.mark.parametrize("path", ["5/reschedule/", "new/"])
def test_a_time_that_is_past_is_said_beside_its_field(period, debrief, path):
    gone = timezone.now() - timedelta(days=1)

    answer = signed_in(period.lead).post(
        f"/p/BILL/debriefs/{path}", {"starts_at": f"{gone:%Y-%m-%dT%H:%M}", "minutes": "15"}
    )

    assert answer.status_code == 422
    assert "Choose a time ahead" in answer.content.decode()
    assert Debrief.objects.count() == 1


@pytest.mark.parametrize("path", ["5/reschedule/", "new/"])
def test_moving_and_adding_are_for_those_who_run_debriefs(period, debrief, path):
    member = make_member(period, make_user("Ana"), right="contributor").user
    sent = {"starts_at": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}", "minutes": "15"}

    assert signed_in(member).post(f"/p/BILL/debriefs/{path}", sent).status_code == 403
    assert signed_in(make_user("Stranger")).post(f"/p/BILL/debriefs/{path}", sent).status_code == 404
