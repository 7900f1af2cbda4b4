"""The command centre of a period: before go-live, live, in review, and panel by panel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contributors.models import Delivery
from hypercare.models import User
from hypercare.pages.period.overview import PANELS
from periods.journal import journal
from periods.models import GoDecision, Period
from tests.factories import make_check, make_incident, make_period, make_role, make_user
from tests.hypercare.scene import coming_period, criteria, fill, live_period, signed_in, words
from tests.incidents.outdoors import posted

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


def test_a_live_period_shows_where_it_is_and_offers_to_log_an_incident(lead: User) -> None:
    live_period(lead)

    page = words(signed_in(lead).get("/p/BILL/"))

    assert "day 5 of 14" in page
    assert "Log incident" in page
    assert "Arrivals" in page
    assert "Burn-down" in page
    assert "Nothing open" in page


def test_a_promise_to_people_outside_is_seen_when_it_is_near_and_goes_with_the_next_update(lead: User) -> None:
    period, client, now = live_period(lead), signed_in(lead), timezone.now()
    incident = make_incident(period, severity="P1", reported_at=now, owner=lead, acknowledged_at=now)
    near = posted(period, now, next_by=now + timedelta(minutes=8), incident_id=incident.pk)
    posted(period, now, title="Deliveries arrive late", next_by=now + timedelta(hours=2))

    shown = client.get("/p/BILL/").context["attention"]["shown"]
    posted(period, now, notice_id=near.notice_id, title="", next_by=now + timedelta(hours=1))
    after = client.get("/p/BILL/").context["attention"]["shown"]

    promise = next(item for item in shown if item.button == "Write update")
    assert promise.severity == "P1"
    assert promise.lead_in.startswith("Stakeholder update due in")
    assert promise.text == "for “Some invoices were sent twice”"
    assert client.get(promise.url).status_code == 200
    assert "Write update" not in [item.button for item in after]


def test_before_go_live_readiness_and_cover_take_the_place_of_the_charts(lead: User) -> None:
    period = coming_period(lead)
    make_check(period, title="Rollback rehearsed")
    make_role(period, "Platform", cover="24x7")

    page = words(signed_in(lead).get("/p/NEXT/"))

    assert '<a class="btn btn--primary" href="/p/NEXT/go-no-go/">' in page
    assert "Log incident" not in page
    assert "Burn-down" not in page
    assert "Rollback rehearsed" in page
    assert "1 still blocks go" in page
    assert "Platform: nobody" in page


def test_a_period_in_exit_review_asks_for_the_decision(lead: User) -> None:
    live_period(lead, status=Period.Status.EXIT_REVIEW)

    page = words(signed_in(lead).get("/p/BILL/"))

    assert "The exit review is open" in page
    assert '<a class="btn btn--primary" href="/p/BILL/exit/">' in page


def test_the_worst_thing_comes_first_and_only_a_p1_is_tinted(lead: User) -> None:
    period = live_period(lead)
    now = timezone.now()
    make_incident(period, title="Mails delayed", severity="P2", reported_at=now - timedelta(minutes=4))
    make_incident(period, title="Payments down", severity="P1", reported_at=now - timedelta(minutes=4))

    shown = signed_in(lead).get("/p/BILL/").context["attention"]["shown"]

    assert [(item.severity, item.button) for item in shown] == [("P1", "Assign"), ("P2", "Assign")]
    assert [item.worst for item in shown] == [True, False]


def test_at_most_four_things_are_shown_and_the_rest_is_counted(lead: User) -> None:
    period = live_period(lead)
    for _ in range(6):
        make_incident(period, severity="P2", reported_at=timezone.now() - timedelta(minutes=4))

    response = signed_in(lead).get("/p/BILL/")

    assert len(response.context["attention"]["shown"]) == 4
    assert "2 more" in words(response)


def test_unmet_criteria_come_before_met_ones_and_the_tab_counts_them(lead: User) -> None:
    period = live_period(lead)
    criteria(period)
    make_incident(period, severity="P1", reported_at=timezone.now())

    context = signed_in(lead).get("/p/BILL/").context

    verdicts = [row.reading.verdict for row in context["scored"]]
    assert verdicts == sorted(verdicts, key=["fail", "unknown", "pass"].index)
    assert verdicts[0] == "fail"
    assert context["tab_counts"]["exit"] == f"{verdicts.count('pass')}/5"
    assert context["tab_counts"]["incidents_red"] is True


def test_the_decision_stays_in_sight_after_go_live(lead: User) -> None:
    period = live_period(lead)
    GoDecision.objects.create(
        period=period, outcome="go_with_conditions", by=period.sponsor, at=timezone.now(), conditions=[{"text": "x"}]
    )

    page = words(signed_in(lead).get("/p/BILL/"))

    assert "Go with conditions, 1 condition" in page


def test_a_stranger_does_not_learn_that_the_period_exists(lead: User) -> None:
    live_period(lead)
    stranger = signed_in(make_user())

    found = {
        path: stranger.get(path).status_code
        for path in ("/p/BILL/", "/p/BILL/_overview/incidents/", "/p/BILL/activity/")
    }

    assert set(found.values()) == {404}


def test_every_status_has_an_overview(lead: User) -> None:
    browser = signed_in(lead)
    for status in Period.Status.values:
        period = make_period(status, lead=lead)
        assert browser.get(period.get_absolute_url()).status_code == 200, status


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_that_is_current_answers_204_and_one_that_is_not_comes_alone(lead: User, panel: str) -> None:
    period = live_period(lead)
    fill(period, 2)
    browser, url = signed_in(lead), f"/p/BILL/_overview/{panel}/"
    first = browser.get(url, headers=HTMX)
    version = first.context["version"]

    same = browser.get(url, {"v": version}, headers=HTMX)
    journal.record(period, "period.changed", by=lead, at=timezone.now())
    changed = browser.get(url, {"v": version}, headers=HTMX)

    assert first.status_code == 200
    assert b"<html" not in first.content
    assert same.status_code == 204
    assert changed.status_code == 200


def test_a_panel_opened_without_script_is_the_whole_page(lead: User) -> None:
    live_period(lead)

    response = signed_in(lead).get("/p/BILL/_overview/charts/")

    assert b"<html" in response.content


def test_an_unknown_panel_does_not_exist(lead: User) -> None:
    live_period(lead)

    assert signed_in(lead).get("/p/BILL/_overview/secrets/", headers=HTMX).status_code == 404


@pytest.mark.usefixtures("frozen")  # figures are counted anew with each minute
@pytest.mark.parametrize("make", [live_period, coming_period])
def test_the_overview_asks_the_database_as_often_for_twenty_rows_as_for_one(lead: User, make) -> None:
    period = make(lead)
    criteria(period)
    fill(period, 1)
    browser = signed_in(lead)
    browser.get(period.get_absolute_url())

    with CaptureQueriesContext(connection) as one:
        browser.get(period.get_absolute_url())
    fill(period, 19)
    with CaptureQueriesContext(connection) as twenty:
        browser.get(period.get_absolute_url())

    assert len(twenty) == len(one)


def test_the_activity_page_tells_who_did_what(lead: User) -> None:
    period = live_period(lead)
    incident = make_incident(period)
    journal.record(
        period, "incident.resolved", by=period.sponsor, at=timezone.now(), subject=f"incident:{incident.number}"
    )

    page = words(signed_in(lead).get("/p/BILL/activity/"))

    assert '<strong>Sponsor</strong> resolved <a href="/i/BILL-1/">BILL-1</a>' in page


def test_a_role_nobody_covers_for_a_week_is_one_thing_to_do(lead: User) -> None:
    period = coming_period(lead)
    make_role(period, "Platform", cover="12x7")

    response = signed_in(lead).get("/p/NEXT/")

    shown = response.context["attention"]["shown"]
    assert [(item.lead_in, item.button) for item in shown] == [("Nobody covers Platform", "Find cover")]
    assert "more" in shown[0].text


def test_before_go_live_criteria_claim_nothing(lead: User) -> None:
    criteria(coming_period(lead))

    response = signed_in(lead).get("/p/NEXT/")

    assert response.context["tab_counts"]["exit"] == ""
    assert "5 to close" in words(response)


def test_a_message_that_could_not_be_sent_stands_on_the_overview_and_says_to_whom() -> None:
    period = make_period(key="DEAD")
    person = make_user("Tomasz Wójcik")
    moment = period.go_live_at
    Delivery.objects.create(
        dedupe_key="dead",
        period=period,
        kind="page",
        recipient=person,
        address=person.email,
        state="dead",
        intended_at=moment,
        next_at=moment,
        created_at=moment,
        settled_at=moment,
        last_error="550 no such mailbox",
    )
    client = Client()
    client.force_login(period.lead)

    overview = client.get("/p/DEAD/").content.decode()
    activity = client.get("/p/DEAD/activity/").content.decode()

    assert "1 message could not be sent" in overview
    assert "Tomasz Wójcik" in activity
    assert "550 no such mailbox" in activity


def test_a_period_that_ended_misses_nothing_any_more(lead: User) -> None:
    period = live_period(lead)
    make_incident(period, severity="P4", title="Handed over", reported_at=period.go_live_at)
    assert "Missed its" in words(signed_in(lead).get("/p/BILL/"))

    Period.objects.update(status="closed", ended_at=timezone.now())

    page = words(signed_in(lead).get("/p/BILL/"))
    assert "Missed its" not in page
    assert "No owner" not in page.partition("Handed over")[0]
