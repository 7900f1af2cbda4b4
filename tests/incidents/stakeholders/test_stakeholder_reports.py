"""The stakeholder report: drafted from the data, edited, approved, sent once, and kept as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused, TransitionRefused
from hypercare.models import User
from incidents.models import Incident, StakeholderReport
from incidents.stakeholders import known_errors, stakeholder_reports
from incidents.triage import triage
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user
from tests.incidents.browsing import text

pytestmark = pytest.mark.django_db

FOUR = NOW.replace(hour=15, minute=0)  # 16:00 in Copenhagen


@pytest.fixture
def period(lead: User) -> Period:
    return make_period(key="BILL", lead=lead)


def reported(period: Period, title: str, at: Any = NOW, **levels: str) -> Incident:
    said = {"impact": "high", "urgency": "high", **levels}
    return triage.report(period.pk, title=title, by=period.lead, at=at, **said)


def client_of(period: Period, right: str) -> Client:
    person = make_user()
    make_member(period, person, right=right)
    client = Client()
    client.force_login(person)
    return client


def test_a_draft_says_colour_reason_day_counts_trend_and_the_worst_three(period, lead):
    reported(period, "From before", NOW - timedelta(hours=30), impact="low", urgency="low")
    worst = reported(period, "Invoices issued twice", NOW - timedelta(minutes=5))
    for title in ("Cards declined", "Export slow"):
        reported(period, title, impact="medium", urgency="medium")
    known_errors.from_incident(worst.pk, workaround="Cancel the second one.", by=lead, at=NOW)

    report = stakeholder_reports.draft(period.pk, by=lead, at=NOW)

    assert (report.colour, report.on.isoformat()) == ("red", "2026-11-18")
    assert report.reason.startswith("1 P1 open; ")
    figures = report.figures
    assert (figures["day"], figures["days"]) == (5, 14)
    assert (figures["open"], figures["open_before"], figures["p1"], figures["arrived"]) == (4, 1, 1, 3)
    issues = report.issues.splitlines()
    assert [line.split()[0] for line in issues] == ["P1", "P3", "P3"]
    assert "BILL-2 Invoices issued twice" in issues[0]
    assert "way around: Cancel the second one." in issues[0]
    assert "to be solved by" in issues[0]


def test_a_calm_period_is_green_and_says_why(period, lead, monkeypatch):
    monkeypatch.setattr("contributors.shifts.coverage.gap_minutes", lambda *_, **__: 0)

    report = stakeholder_reports.draft(period.pk, by=lead, at=NOW)

    assert (report.colour, report.reason) == ("green", stakeholder_reports.CALM)


def test_it_is_drafted_every_day_at_four_and_the_lead_is_told(period, lead):
    journal.record(period, "period.started", by=lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    timers.fire_due(at=FOUR - timedelta(minutes=1))
    assert not StakeholderReport.objects.exists()
    timers.fire_due(at=FOUR)
    timers.fire_due(at=FOUR + timedelta(days=1))

    days = list(StakeholderReport.objects.order_by("on").values_list("on", flat=True))
    assert [day.day for day in days] == [18, 19]
    told = Delivery.objects.filter(kind="report_drafted")
    assert {row.recipient for row in told} == {lead}
    assert told.count() == 2


def test_a_period_that_ended_gets_no_more_drafts(period, lead):
    journal.record(period, "period.started", by=lead, at=NOW)
    journal.dispatch_entries(at=NOW)
    Period.objects.filter(pk=period.pk).update(status="closed", ended_at=NOW)

    timers.fire_due(at=FOUR)

    assert not StakeholderReport.objects.exists()
    with pytest.raises(TransitionRefused):
        stakeholder_reports.draft(period.pk, by=lead, at=FOUR)


def test_a_second_draft_of_a_day_keeps_what_was_edited(period, lead):
    report = stakeholder_reports.draft(period.pk, by=lead, at=NOW)
    stakeholder_reports.edit(report.pk, version=1, impact="Finance can't close.", by=lead, at=NOW)

    again = stakeholder_reports.draft(period.pk, by=lead, at=FOUR)

    assert (again.pk, again.impact) == (report.pk, "Finance can't close.")


def test_two_who_edit_do_not_overwrite_each_other(period, lead):
    report = stakeholder_reports.draft(period.pk, by=lead, at=NOW)
    stakeholder_reports.edit(report.pk, version=1, impact="Mine.", by=lead, at=NOW)

    with pytest.raises(Refused, match="changed it meanwhile"):
        stakeholder_reports.edit(report.pk, version=1, impact="Theirs.", by=make_user(), at=NOW)

    report.refresh_from_db()
    assert report.impact == "Mine."


@pytest.mark.parametrize("said", [{"colour": "blue"}, {"reason": " "}, {"impact": "x" * 1001}, {"issues": "x" * 2001}])
def test_words_that_cannot_stand_are_refused(period, lead, said):
    report = stakeholder_reports.draft(period.pk, by=lead, at=NOW)

    with pytest.raises(Invalid) as refusal:
        stakeholder_reports.edit(report.pk, version=1, **said, by=lead, at=NOW)

    assert list(refusal.value.errors) == list(said)


def test_once_approved_it_goes_to_everybody_named_and_to_viewers_and_stays_as_it_was(period, lead):
    viewer = make_user("Vera Viewer")
    make_member(period, viewer, right="viewer")
    make_member(period, make_user("Cora Contributor"))
    report = stakeholder_reports.draft(period.pk, by=lead, at=NOW)

    stakeholder_reports.send(report.pk, by=lead, at=NOW)

    told = {row.recipient.name for row in Delivery.objects.filter(kind="stakeholder_report")}
    assert told == {lead.name, period.sponsor.name, period.bau_owner.name, "Vera Viewer"}
    for act in (
        stakeholder_reports.send,
        lambda pk, **more: stakeholder_reports.edit(pk, version=2, impact="Later.", **more),
    ):
        with pytest.raises(AlreadyDone, match="stays as it was"):
            act(report.pk, by=lead, at=NOW)
    assert list(JournalEntry.objects.order_by("seq").values_list("kind", flat=True)) == [
        "report.drafted",
        "report.sent",
    ]


@time_machine.travel(NOW, tick=False)
def test_support_edits_the_lead_sends_and_others_read_what_was_sent(period, lead):
    browser, support, viewer = Client(), client_of(period, "support"), client_of(period, "viewer")
    browser.force_login(lead)
    stranger = Client()
    stranger.force_login(make_user())
    url = "/p/BILL/comms/reports/2026-11-18/"

    assert support.post("/p/BILL/comms/reports/draft/")["Location"] == url
    assert viewer.get(url).status_code == 404
    assert viewer.post("/p/BILL/comms/reports/draft/").status_code == 403
    said = {"colour": "amber", "reason": "One thing is late.", "impact": "Little.", "issues": "", "decisions": ""}
    assert support.post(url, {**said, "version": "1", "reason": ""}).status_code == 422
    assert support.post(url, {**said, "version": "1"}).status_code == 302
    assert support.post(url, {**said, "version": "2", "send": "1"}).status_code == 403
    stale = browser.post(url, {**said, "version": "1", "send": "1"})
    assert (stale.status_code, "changed it meanwhile" in text(stale)) == (409, True)
    assert browser.post(url, {**said, "version": "2", "send": "1"}).status_code == 302

    assert "One thing is late." in text(viewer.get(url))
    assert "One thing is late." in text(viewer.get("/p/BILL/comms/reports/"))
    assert "Approve and send" not in text(browser.get(url))
    assert stranger.get(url).status_code == 404
    assert browser.get("/p/BILL/comms/reports/nonsense/").status_code == 404


@pytest.mark.parametrize("count", [1, 6])
def test_drafting_costs_the_same_with_one_incident_and_with_six(period, lead, count, django_assert_max_num_queries):
    for n in range(count):
        reported(period, f"Trouble {n}")

    with django_assert_max_num_queries(45):
        stakeholder_reports.compose_report(period, at=NOW)
