"""The list of periods: one's own, by phase, page by page."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hypercare.models import User
from periods.models import Period
from tests.factories import days_later, make_check, make_incident, make_period, make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist", may_plan=True)


@pytest.fixture
def browser(lead: User) -> Client:
    client = Client()
    client.force_login(lead)
    return client


def live(lead: User, **fields: object) -> Period:
    return make_period(lead=lead, go_live_at=days_later(timezone.now(), -4), **fields)


def test_nobody_has_a_period_at_first(browser: Client) -> None:
    page = browser.get("/periods/").content.decode()
    assert "No periods yet" in page
    assert "/periods/new/" in page


def test_somebody_who_may_not_plan_is_not_asked_to(browser: Client, lead: User) -> None:
    lead.may_plan = False
    lead.save(update_fields=["may_plan"])
    page = browser.get("/periods/").content.decode()
    assert "when somebody adds you" in page
    assert "/periods/new/" not in page


def test_a_live_period_shows_its_day_and_what_is_open(browser: Client, lead: User) -> None:
    period = live(lead, name="CRM upgrade")
    make_incident(period, severity="P1")
    make_incident(period)
    make_incident(period, status="closed", resolved_at=timezone.now())
    page = words(browser.get("/periods/"))
    assert "Day 5 of 14" in page
    assert "> 2 <span" in page
    assert "(1 P1 or P2)" in page


def test_a_planned_period_shows_how_ready_it_is(browser: Client, lead: User) -> None:
    period = make_period("planned", lead=lead)
    make_check(period, status="done", done_at=timezone.now())
    make_check(period)
    assert "50% ready" in browser.get("/periods/").content.decode()


def test_filters_divide_the_periods(browser: Client, lead: User) -> None:
    live(lead, name="Running one")
    make_period("planned", lead=lead, name="Coming one")
    make_period("closed", lead=lead, name="Ended one", ended_at=timezone.now())
    names = ("Running one", "Coming one", "Ended one")
    for show, wanted in (("live", names[0]), ("upcoming", names[1]), ("closed", names[2])):
        table = browser.get(f"/periods/?show={show}").content.decode().partition("<tbody")[2].partition("</tbody>")[0]
        assert [name for name in names if name in table] == [wanted]
    assert browser.get("/periods/?show=what").status_code == 200


def test_a_filter_without_periods_says_so(browser: Client, lead: User) -> None:
    live(lead)
    assert "No period of yours is in this phase" in browser.get("/periods/?show=closed").content.decode()


def test_others_periods_are_not_listed(browser: Client) -> None:
    make_period(name="Secret one")
    assert "Secret one" not in browser.get("/periods/").content.decode()


def test_long_lists_are_paged_and_cost_the_same(browser: Client, lead: User) -> None:
    live(lead)
    cache.clear()
    with CaptureQueriesContext(connection) as few:
        browser.get("/periods/")
    for _ in range(26):
        live(lead)
    cache.clear()
    with CaptureQueriesContext(connection) as many:
        page = browser.get("/periods/").content.decode()
    assert "Page 1 of 2" in page
    assert "Older" in page
    assert len(many) <= len(few) + 1  # the frame counts the periods of the other pages too
    assert browser.get("/periods/?page=2").content.decode().count("data-row") == 2
    assert browser.get("/periods/?page=junk").status_code == 200
