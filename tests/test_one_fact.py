"""A fact has one function: here every place that shows it is asked, and all must say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from contributors.links import links
from contributors.messaging import rendering
from contributors.models import Delivery, Link, Shift
from contributors.reminders import weekly_summary
from contributors.shifts import coverage
from hypercare.engine import timers
from hypercare.models import User
from hypercare.templatetags import ui
from incidents.models import StakeholderReport
from incidents.stakeholders import stakeholder_reports
from incidents.triage import triage
from periods import checklist
from periods.models import ExitCriterion, JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_check, make_member, make_period, make_role, make_shift, make_user
from tests.hypercare.scene import signed_in, words
from tests.incidents.paging.test_escalation import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

# Blockers weigh three, waived is not done, not applicable does not count: (3 + 1) of (3 + 3 + 1 + 1).
READY = 50


@pytest.fixture
def getting_ready() -> Period:
    """A period whose checks tell the formulas apart: by heads it would be 71, and 75 with the waived one as done."""
    period = make_period("readiness", key="BILL")
    make_check(period, status="done", done_at=NOW)
    make_check(period)
    make_check(period, blocking=False, status="waived", waiver_reason="Later.", waiver_expires_at=GO_LIVE)
    make_check(period, blocking=False, status="done", done_at=NOW)
    for _ in range(3):
        make_check(period, blocking=False, status="not_applicable")
    return period


def said(pattern: str, *, at: str) -> Callable[[Client], Any]:
    """What a page says where the pattern is, white space folded."""

    def ask(client: Client) -> Any:
        page = re.sub(r"\s+", " ", client.get(at).content.decode())
        found = re.search(pattern, page)
        assert found is not None, page[:2000]
        return int(found[1])

    return ask


def answered(*path: str, at: str) -> Callable[[Client], Any]:
    """What the API answers there."""

    def ask(client: Client) -> Any:
        found = client.get(at).json()
        for name in path:
            found = found[name]
        return found

    return ask


PLACES = {
    "home": said(r"(\d+) % ready", at="/"),
    "list of periods": said(r"(\d+)% ready", at="/periods/"),
    "tab": said(r"Readiness <[^>]*>(\d+) %", at="/p/BILL/"),
    "overview": said(r'<svg class="ring[^>]*aria-label="(\d+) percent', at="/p/BILL/"),
    "steps of the overview": said(r'aria-label="Checks done"> (\d+) %', at="/p/BILL/"),
    "readiness": said(r'<svg class="ring[^>]*aria-label="(\d+) percent', at="/p/BILL/readiness/"),
    "status document": answered("readiness", "percent", at="/api/v1/periods/BILL/status/"),
    "go or no-go": answered("progress", "percent", at="/api/v1/periods/BILL/go-no-go/"),
}


@pytest.mark.parametrize("place", PLACES)
def test_how_ready_a_period_is_is_said_alike_everywhere(getting_ready: Period, place: str) -> None:
    assert PLACES[place](signed_in(getting_ready.lead)) == READY


def test_one_period_and_many_are_counted_by_one_formula(getting_ready: Period) -> None:
    empty = make_period("readiness", key="NONE")

    assert checklist.progress(getting_ready, at=NOW).percent == READY
    assert checklist.percents([getting_ready, empty]) == {getting_ready.pk: READY, empty.pk: 0}


# --- Who is paged next, and when -----------------------------------------------------------------


@pytest.fixture
def paged() -> Cast:
    """Tomasz was paged about a P1 a moment ago. No deputy is on: the lead gets the time of the deputy's step."""
    cast = Cast()
    Shift.objects.filter(kind=Shift.Kind.DEPUTY).delete()
    User.objects.update(timezone="Europe/Copenhagen")
    cast.incident = cast.report()
    timers.fire_due(at=NOW)
    return cast


def _mail(cast: Cast) -> str:
    return rendering.render(Delivery.objects.get(kind="page", recipient=cast.tomasz)).text


def _page(cast: Cast) -> str:
    link = Link.objects.get(user=cast.tomasz, purpose=Link.Purpose.PAGE)
    return words(Client().get(f"/page/{links.token_of(link.pk)}/"))


def _war_room(cast: Cast) -> str:
    chain = words(signed_in(cast.tomasz).get(cast.incident.get_absolute_url())).partition('<ol class="chain">')[2]
    return chain.partition("</ol>")[0].partition("Passed over")[2].partition("Waiting")[0]


NEXT = {
    "mail": (_mail, "Goes to Maja Lindqvist at 14:17"),
    "page": (_page, 'Goes to Maja Lindqvist in</span> <time class="big" role="timer" datetime="2026-11-18T14:17'),
    "war room, who": (_war_room, "Maja Lindqvist"),
    "war room, when": (_war_room, "14:17"),
    "triage, who": (lambda cast: words(_preview(cast)), "Pages <strong> Maja Lindqvist </strong> at <strong>"),
    "triage, when": (lambda cast: words(_preview(cast)), ">14:17<"),
    "journal": (lambda _: JournalEntry.objects.get(kind="incident.paged").data["next_at"], "2026-11-18T13:17"),
}


def _preview(cast: Cast) -> Any:
    return signed_in(cast.tomasz).get(reverse("incidents:preview", args=["BILL", cast.incident.number]))


@pytest.mark.parametrize("place", NEXT)
def test_who_is_paged_next_and_when_is_said_alike_everywhere(paged: Cast, place: str) -> None:
    ask, says = NEXT[place]

    with time_machine.travel(NOW, tick=False):
        assert says in ask(paged)


def test_the_page_goes_where_and_when_it_was_said_to_go(paged: Cast) -> None:
    for minutes in range(1, 6):
        timers.fire_due(at=NOW + timedelta(minutes=minutes))

    page = Delivery.objects.filter(kind="page", recipient=paged.maja).earliest("created_at")
    assert page.created_at == NOW + timedelta(minutes=5)


def test_a_step_that_is_due_is_not_said_to_be_the_last(paged: Cast) -> None:
    with time_machine.travel(NOW + timedelta(minutes=6), tick=False):
        assert "Goes to Maja Lindqvist any moment now" in _page(paged)


# --- Day n of N ----------------------------------------------------------------------------------

# Each window begins at 07:00 in Copenhagen and lasts 14 days: the last morning is no fifteenth day.
DAYS = {
    "the first evening, by another clock the next day": (timedelta(hours=16, minutes=30), 1, "day 1 of 14"),
    "day five": (NOW - GO_LIVE, 5, "day 5 of 14"),
    "the last morning": (timedelta(days=13, hours=23), 14, "day 14 of 14"),
    "two days later": (timedelta(days=15, hours=1), 16, "day 16, 2 past the planned end"),
}


@pytest.fixture
def counted() -> Period:
    """A live period whose lead looks from Auckland."""
    period = make_period(key="BILL")
    User.objects.update(timezone="Pacific/Auckland")
    return period


def _weekly(period: Period, at: datetime) -> str:
    monday = weekly_summary.next_monday(period, at - timedelta(days=7))
    weekly_summary.on_due({"period": period.pk}, due_at=monday, at=at)
    return rendering.render(Delivery.objects.get(kind="weekly_summary", recipient=period.lead)).subject


def _report(period: Period, at: datetime) -> dict[str, Any]:
    figures: dict[str, Any] = stakeholder_reports.compose_report(period, at=at)["figures"]
    return figures


def _report_page(period: Period, at: datetime) -> str:
    report = StakeholderReport.objects.create(
        period=period, on=at.date(), drafted_at=at, colour="green", figures=_report(period, at)
    )
    page: str = words(signed_in(period.lead).get(reverse("comms:report", args=[period.key, report.on])))
    return page


def _paged(period: Period, at: datetime) -> str:
    incident = triage.report(
        period.pk, title="Invoices twice", impact="high", urgency="high", by=period.lead, at=at - timedelta(minutes=1)
    )
    timers.fire_due(at=at)
    timers.fire_due(at=at + timedelta(minutes=20))
    link = Link.objects.filter(purpose=Link.Purpose.PAGE, subject=incident.subject).earliest("created_at")
    return words(Client().get(f"/page/{links.token_of(link.pk)}/"))


SAYING_THE_DAY: dict[str, Callable[[Period, datetime], str]] = {
    "home": lambda period, _: words(signed_in(period.lead).get("/")),
    "list of periods": lambda period, _: words(signed_in(period.lead).get("/periods/")),
    "overview": lambda period, _: words(signed_in(period.lead).get("/p/BILL/")),
    "week in review": _weekly,
    "stakeholder report": _report_page,
    "page": _paged,
}
NUMBERING_THE_DAY: dict[str, Callable[[Period, datetime], int]] = {
    "status document": lambda period, _: signed_in(period.lead).get("/api/v1/periods/BILL/status/").json()["day"],
    "period in the API": lambda period, _: signed_in(period.lead).get("/api/v1/periods/BILL/").json()["day"],
    "figures of a report": lambda period, at: _report(period, at)["day"],
}


@pytest.mark.parametrize("when", DAYS)
@pytest.mark.parametrize("place", SAYING_THE_DAY)
def test_the_day_of_a_period_is_said_alike_everywhere(counted: Period, place: str, when: str) -> None:
    after, _, says = DAYS[when]

    with time_machine.travel(GO_LIVE + after, tick=False):
        assert says in SAYING_THE_DAY[place](counted, GO_LIVE + after).lower()


@pytest.mark.parametrize("when", DAYS)
@pytest.mark.parametrize("place", NUMBERING_THE_DAY)
def test_the_number_of_the_day_is_one_everywhere(counted: Period, place: str, when: str) -> None:
    after, number, _ = DAYS[when]

    with time_machine.travel(GO_LIVE + after, tick=False):
        assert NUMBERING_THE_DAY[place](counted, GO_LIVE + after) == number


def test_a_period_that_ended_stays_on_its_last_day() -> None:
    period = make_period("closed", ended_at=GO_LIVE + timedelta(days=9))

    assert str(period.window_day(GO_LIVE + timedelta(days=90))) == "Day 10 of 14"


# --- Gaps, and who is on duty ---------------------------------------------------------------------


@pytest.fixture
def thin() -> Period:
    """A role that needs somebody on Wednesdays and Fridays and has her from 14:12 to 16:12 today, a Wednesday.

    What was missing this morning is over, the rest of today and three days are to come, one of them in nine days.
    """
    period = make_period(key="BILL")
    hours = [{"days": [2], "from": "08:00", "to": "17:00"}, {"days": [4], "from": "08:00", "to": "10:00"}]
    role = make_role(period, "Billing", cover="custom", week=hours)
    make_shift(role, make_member(period, make_user("Kavya Rao")).user, hours=2)
    make_shift(role, make_user("Gone", is_active=False), hours=2)
    return period


def test_gaps_are_counted_by_one_function_everywhere(thin: Period) -> None:
    with time_machine.travel(NOW, tick=False):
        found = coverage.open_gaps(thin, start=NOW, end=thin.ends_at)
        client = signed_in(thin.lead)
        board, overview = words(client.get("/p/BILL/coverage/")), words(client.get("/p/BILL/"))
        panel = words(client.get(reverse("overview_panel", args=["BILL", "coverage"]), headers={"HX-Request": "true"}))

    week = sum(gap.start < NOW + timedelta(days=7) for gap in found)
    assert (len(found), week) == (4, 3)
    assert "<small>4 gaps ahead, 3 in the next 7 days</small>" in board
    assert "One of 4 gaps ahead." in board
    assert 'Coverage <span class="count count--warn">3 gaps</span>' in board
    assert 'Coverage <span class="count count--warn">3 gaps</span>' in overview
    assert 'Cover in the next 7 days <span class="count">3 gaps</span>' in panel


def _on_now(page: str) -> str:
    return page.partition("On now")[2].partition("</section>")[0]


ON_DUTY: dict[str, Callable[[Client], str]] = {
    "overview": lambda client: _on_now(words(client.get("/p/BILL/"))),
    "coverage": lambda client: _on_now(words(client.get("/p/BILL/coverage/"))),
    "status document": lambda client: str(client.get("/api/v1/periods/BILL/status/").json()["on_call"]),
}


@pytest.mark.parametrize("place", ON_DUTY)
def test_who_is_on_duty_now_is_said_alike_everywhere(thin: Period, place: str) -> None:
    with time_machine.travel(NOW, tick=False):
        shown = ON_DUTY[place](signed_in(thin.lead))

    assert "Kavya Rao" in shown
    assert "Gone" not in shown


@pytest.mark.parametrize("verdict", ["pass", "fail", "unknown"])
def test_a_verdict_looks_alike_on_overview_and_exit_review(verdict: str) -> None:
    period = make_period(key="BILL")
    ExitCriterion.objects.create(
        period=period, position=1, code="own", title="Own", automatic=False, verdict=verdict, decided_at=NOW
    )

    with time_machine.travel(NOW, tick=False):
        pages = [words(signed_in(period.lead).get(at)) for at in ("/p/BILL/", "/p/BILL/exit/")]

    shown = str(ui.verdict(verdict))
    assert [shown in page for page in pages] == [True, True]
