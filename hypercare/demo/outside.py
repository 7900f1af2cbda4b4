"""What the demo's customers see: a status page, a form to report problems, and updates that 31 people get by mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from hypercare.demo.script import Timeline
from hypercare.demo.words import OPEN_BIG
from hypercare.models import User
from incidents.models import Incident, Notice
from incidents.stakeholders import known_errors, report_forms, stakeholder_reports, status_pages, subscribers, updates
from incidents.stakeholders.updates import UpdateText
from periods.models import Period

MINUTE: Final = timedelta(minutes=1)
SUBSCRIBERS: Final = 31
Said = tuple[int, UpdateText, str]  # minutes ago, what was said, and which incident it is of
NAMES: Final = ("anna", "bo", "clara", "david", "elif", "frida", "goran", "hanne")
IMPACT: Final = {
    3: "Invoices go out on time. Support answers twice as many questions as usual.",
    2: "Invoices go out on time. Finance checks the first card runs by hand.",
    1: "Two customers reported declined cards; nobody was charged twice.",
}
FIRMS: Final = ("nordhus", "kystfrakt", "fjordmad", "lindegaard")


def add_story(script: Timeline, people: dict[str, User], *, now: datetime) -> None:
    """Add to the story everything outside, as it was said over the last days."""
    maja = people["maja"]
    script.at(now - timedelta(days=4, hours=4), partial(_open, maja))
    script.at(now - timedelta(hours=20), partial(_known_error, people["kavya"]))
    for days in (3, 2, 1, 0):
        script.at(now - timedelta(days=days, minutes=15), partial(_report, script, maja, days))
    for n in range(SUBSCRIBERS):
        email = f"{NAMES[n % len(NAMES)]}{n // len(NAMES) or ''}@{FIRMS[n % len(FIRMS)]}.example"
        script.at(now - timedelta(hours=3 * n + 2), partial(_subscribe, email))
    for ago, words, about in (*_portal(), *_cards(), *_erp(now), *_invoices(now)):
        script.at(now - ago * MINUTE, partial(_say, maja, words, about))


def _period() -> Period:
    return Period.objects.get(key="BILL26")


def _open(by: User, at: datetime) -> None:
    """The page and the form, from the first day on."""
    period = _period()
    status_pages.configure(
        period.pk,
        visibility="public",
        slug="billing",
        title="Northlane billing",
        by=by,
        at=at,
        about="We moved to a new billing platform. Extra people are on duty around the clock for two weeks.",
    )
    report_forms.configure(
        period.pk, is_open=True, title="Northlane billing", answer_within="2 hours", data_note="", by=by, at=at
    )


def _known_error(by: User, at: datetime) -> None:
    known_errors.add(
        _period().pk,
        title="The CSV export lacks the cost centre",
        component="Customer portal",
        shown_outside=True,
        workaround="Use the Excel export: it has all columns.",
        by=by,
        at=at,
    )


def _subscribe(email: str, at: datetime) -> None:
    subscribers.add(_period(), None, email, at=at, confirmed=True)


def _report(script: Timeline, by: User, days: int, at: datetime) -> None:
    """A day's stakeholder report: edited by the lead and sent, but for today's, which is a draft."""
    row = stakeholder_reports.draft(_period().pk, by=by, at=at)
    if days:
        script.at(
            at + 5 * MINUTE,
            lambda when: stakeholder_reports.edit(row.pk, version=row.version, impact=IMPACT[days], by=by, at=when),
        )
        script.at(at + 6 * MINUTE, lambda when: stakeholder_reports.send(row.pk, by=by, at=when))


def _say(by: User, words: UpdateText, about: str, at: datetime) -> None:
    """One update; about an incident of the demo where its title is given."""
    period = _period()
    incident = Incident.objects.filter(period=period, title=OPEN_BIG[about]).first() if about else None
    known = Notice.objects.filter(period=period, title=words.title, resolved_at=None).first()
    updates.post(
        period.pk,
        words,
        by=by,
        at=at,
        notice_id=known.pk if known else None,
        incident_id=incident.pk if incident else None,
    )


def _portal() -> Iterator[Said]:
    title, systems = "The customer portal was slow to sign in", ("Customer portal",)
    slow = "Signing in to the customer portal takes up to a minute. We are looking into it."
    solved = "Signing in is as fast as before. Nothing needs to be done on your side."
    yield 99 * 60, UpdateText(slow, "investigating", title, systems), ""
    yield 99 * 60 - 140, UpdateText(solved, "resolved", title, systems), ""


def _cards() -> Iterator[Said]:
    title, systems = "Card payments declined at the 3-D Secure step", ("Payments",)
    known = "Some card payments were declined. We know why, and a fix is on its way."
    watched = "Card payments go through again. Declined ones can simply be tried once more."
    yield 210, UpdateText(known, "identified", title, systems), ""
    yield 160, UpdateText(watched, "monitoring", title, systems), ""


def _erp(now: datetime) -> Iterator[Said]:
    text = "Deliveries to your ERP arrive up to an hour late. Nothing is lost: they arrive in order."
    title, systems = "Deliveries to your ERP arrive late", ("ERP connector",)
    yield 84, UpdateText(text, "investigating", title, systems, now + 95 * MINUTE), ""


def _invoices(now: datetime) -> Iterator[Said]:
    """Two updates: the words of the incident's own."""
    title, systems = "Some annual-plan invoices were sent twice", ("Billing engine",)
    first = "We are looking into duplicate invoices for some annual plans."
    second = "No cards have been charged twice. New duplicates have stopped. We are cancelling the extra invoices."
    yield 42, UpdateText(first, "investigating", title, systems), "annual"
    yield 22, UpdateText(second, "identified", title, systems, now + 8 * MINUTE), "annual"
