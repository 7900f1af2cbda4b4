"""Who is told what when something happens; and that nobody is told twice, or about their own doing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from contributors.channels import Message
from contributors.messaging import delivery, message_templates, outbox, recipients, rendering
from contributors.models import Acknowledgement, Delivery, Link, Membership
from contributors.people import members
from contributors.readiness import acknowledgements
from contributors.reminders import reminders
from contributors.shifts import roster
from hypercare.models import User
from incidents.triage import triage
from periods.debriefs import debriefs
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import (
    GO_LIVE,
    NOW,
    make_debrief,
    make_member,
    make_page,
    make_period,
    make_role,
    make_shift,
    make_user,
)

pytestmark = pytest.mark.django_db

BEFORE = GO_LIVE - timedelta(days=10)


def told(kind: str = "") -> dict[str, str]:
    """Name → kind of what has been queued."""
    rows = Delivery.objects.select_related("recipient").order_by("created_at", "id")
    return {str(row.recipient): row.kind for row in rows if not kind or row.kind == kind}


def mail_to(user: User | None) -> Message:
    return rendering.render(Delivery.objects.get(recipient=user))


def happened(period: Period, kind: str, *, by: User | None = None, **data: Any) -> JournalEntry:
    subject = data.pop("subject", "")
    entry = journal.record(period, kind, by=by, at=data.pop("at", NOW), subject=subject, **data)
    outbox.on_entry(entry, at=NOW)
    return entry


# --- The table ----------------------------------------------------------------------------------


def source_without(*left_out: str) -> str:
    root = Path(settings.BASE_DIR)
    files = (path for app in ("periods", "contributors", "incidents") for path in (root / app).rglob("*.py"))
    return "\n".join(path.read_text() for path in files if not {path.name, path.parent.name} & {*left_out})


@pytest.mark.parametrize("kind", [*recipients.RECIPIENTS, *reminders.MOVED_BY])
def test_everything_we_listen_to_is_written_by_somebody(kind: str) -> None:
    assert f'"{kind}"' in source_without("recipients.py", "reminders.py")


@pytest.mark.parametrize("kind", message_templates.KINDS)
def test_every_message_is_asked_for_by_somebody(kind: str) -> None:
    assert f'"{kind}"' in source_without("message_templates")


def test_entries_that_are_no_news_tell_nobody() -> None:
    happened(make_period(), "incident.commented", subject="incident:1")

    assert told() == {}


# --- Invitations --------------------------------------------------------------------------------


def test_an_invitation_carries_a_link_to_the_persons_own_readiness_until_go_live() -> None:
    period = make_period(Period.Status.READINESS, name="Billing platform cut-over")
    role = make_role(period, name="Billing engineering")
    member = make_member(period, make_user("Priya Raman", timezone="Asia/Kolkata"), role=role)
    make_shift(role, member.user, starts_at=GO_LIVE)
    members.invite(member.pk, by=period.lead, at=BEFORE)

    journal.dispatch_entries(at=BEFORE)

    link = Link.objects.get()
    assert (link.user, link.period, link.purpose) == (member.user, period, Link.Purpose.ACKNOWLEDGE)
    assert link.expires_at == GO_LIVE
    mail = mail_to(member.user)
    assert mail.subject == "Are you ready for Billing platform cut-over?"
    for text in (
        "Priya, please confirm you are ready",
        "You are on Billing engineering for Billing platform cut-over.",
        "Sat 14 Nov 2026, 11:30 in Kolkata",
        "06:00 UTC",
        "Sat 14 Nov, 11:30 to 19:30",
        f"{period.lead} asked you.",
        f"/a/{outbox.links.token_of(link.pk)}/",
        "works until Sat 14 Nov 2026, 11:30 in Kolkata",
    ):
        assert text in mail.text
        assert text in mail.html


def test_being_asked_again_sends_a_second_invitation() -> None:
    period = make_period(Period.Status.READINESS)
    member = make_member(period)

    for hours in (0, 1):
        members.invite(member.pk, by=period.lead, at=BEFORE + timedelta(hours=hours))
    journal.dispatch_entries(at=BEFORE)

    assert Delivery.objects.filter(recipient=member.user, kind="invitation").count() == 2


def test_somebody_invited_into_a_live_period_may_answer_until_its_end() -> None:
    period = make_period()
    member = make_member(period)
    members.invite(member.pk, by=period.lead, at=NOW)

    journal.dispatch_entries(at=NOW)

    assert Link.objects.get().expires_at == period.ends_at


def test_a_replayed_entry_tells_nobody_twice_and_makes_no_second_link() -> None:
    period = make_period(Period.Status.READINESS)
    member = make_member(period)
    members.invite(member.pk, by=period.lead, at=BEFORE)
    journal.dispatch_entries(at=BEFORE)

    JournalEntry.objects.update(dispatched_at=None)
    assert journal.dispatch_entries(at=BEFORE) == 1

    assert (Delivery.objects.count(), Link.objects.count()) == (1, 1)


# --- Readiness and shifts -----------------------------------------------------------------------


def test_a_problem_is_told_to_the_lead_in_the_persons_words() -> None:
    period = make_period(Period.Status.READINESS)
    member = make_member(period, make_user("Priya Raman"), invited_at=BEFORE)
    acknowledgements.acknowledge(
        member.pk,
        statements=["runbook"],
        note="My access is missing",
        state=Acknowledgement.State.PROBLEM,
        by=member.user,
        at=BEFORE,
    )

    journal.dispatch_entries(at=BEFORE)

    assert told() == {str(period.lead): "readiness_problem"}
    assert "Priya Raman says something is missing" in mail_to(period.lead).text
    assert "My access is missing" in mail_to(period.lead).text


@pytest.mark.parametrize(("days", "expected"), [(0, 1), (2, 1), (4, 0)])
def test_a_person_is_told_of_a_changed_shift_that_is_near(days: int, expected: int) -> None:
    period = make_period()
    role, user = make_role(period), make_member(period).user
    starts_at = NOW + timedelta(days=days, hours=1)
    roster.assign_shift(
        role.pk,
        user=user,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=8),
        kind="primary",
        by=period.lead,
        at=NOW,
    )

    journal.dispatch_entries(at=NOW)

    assert Delivery.objects.filter(recipient=user, kind="shift_changed").count() == expected


def test_a_cancelled_shift_says_so() -> None:
    period = make_period()
    user = make_member(period).user
    shift = make_shift(make_role(period), user, starts_at=NOW + timedelta(hours=2))
    roster.cancel_shift(shift.pk, by=period.lead, at=NOW)

    journal.dispatch_entries(at=NOW)

    assert mail_to(user).subject == "Shift cancelled: Billing engineering, Wed 18 Nov, 15:12 to 23:12"
    assert Delivery.objects.get().not_after == shift.ends_at


# --- Incidents ----------------------------------------------------------------------------------


def test_whoever_is_given_an_incident_is_told_and_nobody_who_takes_one() -> None:
    period = make_period()
    make_role(period)
    given, taker = (make_member(period, right="support").user for _ in range(2))
    incident = triage.report(period.pk, title="Slow", impact="low", urgency="low", by=period.lead, at=NOW)
    triage.assign(incident.pk, owner=taker, by=taker, at=NOW)
    triage.assign(incident.pk, owner=given, by=taker, at=NOW)

    journal.dispatch_entries(at=NOW)

    assert told() == {str(given): "incident_assigned"}
    mail = mail_to(given)
    assert mail.subject == f"[P4] {incident.key} Slow"
    assert mail.thread == f"{period.key}.incident.{incident.number}".lower()
    assert f"/i/{incident.key}/" in mail.text


def test_the_lead_is_told_of_a_resolved_incident_with_how_it_ended() -> None:
    period = make_period()
    make_role(period)
    worker = make_member(period, right="support").user
    incident = triage.report(period.pk, title="Slow", impact="low", urgency="low", by=worker, at=NOW)
    triage.resolve(incident.pk, ending="fixed", resolution="Added the index.", cause="No index", by=worker, at=NOW)

    journal.dispatch_entries(at=NOW)

    assert told() == {str(period.lead): "incident_resolved"}
    assert "Added the index." in mail_to(period.lead).text


def test_a_page_has_a_link_that_acknowledges_and_says_who_is_next() -> None:
    period = make_period(key="BILL26")
    user = make_member(period, make_user(timezone="Europe/Copenhagen")).user
    queue = {
        "user": user,
        "period": period,
        "subject": "incident:36",
        "key": "page:1:1:0",
        "at": NOW,
        "context": {"key": "BILL26-36", "title": "Invoices twice", "severity": "P1", "note": "Nobody is on shift."},
        "goes_to": "Ingrid Solheim",
        "goes_at": NOW + timedelta(minutes=5),
    }

    row = make_page(**queue)
    again = make_page(**queue)

    assert row is not None
    assert row == again
    assert (row.urgency, row.not_after) == (Delivery.Urgency.PAGE, None)
    link = Link.objects.get()
    assert (link.purpose, link.subject, link.expires_at) == (Link.Purpose.PAGE, "incident:36", NOW + timedelta(days=1))
    text = rendering.render(row).text
    assert "P1 page for you. Goes to Ingrid Solheim at 14:17 Copenhagen time." in text
    assert "Nobody is on shift." in text


def test_a_stranger_is_not_paged_and_no_link_is_left_behind() -> None:
    page = {"period": make_period(), "subject": "incident:1", "context": {}, "key": "k", "at": NOW}

    assert make_page(user=make_user(), **page) is None
    assert make_page(user=None, **page) is None
    assert not Link.objects.exists()


# --- The period ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "data", "message", "subject"),
    [
        (
            "go.decided",
            {"outcome": "go_with_conditions", "conditions": [{"text": "Access by Friday"}]},
            "go_decision",
            "Go with conditions: Billing cut-over",
        ),
        ("go.decided", {"outcome": "no_go", "reason": "No rollback"}, "go_decision", "No-go: Billing cut-over"),
        (
            "period.postponed",
            {"new_go_live_at": GO_LIVE.isoformat(), "reason": "Freeze"},
            "go_decision",
            "Postponed: Billing cut-over",
        ),
        (
            "period.started",
            {"went_live_at": GO_LIVE.isoformat(), "ends_at": NOW.isoformat()},
            "period_started",
            "Live: Billing cut-over",
        ),
        ("period.closed", {}, "period_closed", "Closed: Billing cut-over"),
        ("period.rolled_back", {}, "period_closed", "Rolled back: Billing cut-over"),
    ],
)
def test_what_concerns_everybody_is_told_to_every_active_member_but_the_one_who_did_it(
    kind: str, data: dict[str, Any], message: str, subject: str
) -> None:
    period = make_period(Period.Status.CANCELLED)
    member = make_member(period, right="viewer").user
    make_member(period, make_user(is_active=False))
    make_member(period, left_at=NOW)

    happened(period, kind, by=period.sponsor, **data)

    assert told() == dict.fromkeys([str(period.lead), str(period.bau_owner), str(member)], message)
    assert mail_to(member).subject == subject


def test_a_signature_is_told_to_lead_sponsor_and_bau_owner() -> None:
    period = make_period(Period.Status.EXIT_REVIEW)
    make_member(period)

    happened(period, "exit.signed", by=period.bau_owner, title="BAU owner", role="bau_owner", comment="All quiet")

    assert told() == dict.fromkeys([str(period.lead), str(period.sponsor)], "exit_signed")
    assert "All quiet" in mail_to(period.sponsor).text


def test_minutes_go_to_every_member_with_their_own_actions_first() -> None:
    period = make_period()
    tomasz = make_member(period, make_user("Tomasz Wojcik"), right="support").user
    debrief = make_debrief(period, number=5)
    debriefs.start(debrief.pk, by=tomasz, at=NOW)
    debriefs.write_minutes(
        debrief.pk,
        sections={"notes": "All calm.\n/d Remove the legacy host\n/a Check paused jobs @Tomasz"},
        by=tomasz,
        at=NOW,
    )
    debriefs.finish(debrief.pk, by=period.lead, at=NOW)

    journal.dispatch_entries(at=NOW)

    assert set(told("debrief_minutes")) == {str(tomasz), str(period.sponsor), str(period.bau_owner)}
    text = rendering.render(Delivery.objects.get(recipient=tomasz, kind="debrief_minutes")).text
    for line in ("Decided\n- Remove the legacy host", "You (Tomasz)\n- Check paused jobs, by", "All calm."):
        assert line in text
    assert "/d Remove" not in text
    other = rendering.render(Delivery.objects.get(recipient=period.sponsor, kind="debrief_minutes")).text
    assert "Others\n- Tomasz Wojcik: Check paused jobs" in other


def test_a_message_queued_for_somebody_who_then_leaves_is_not_sent() -> None:
    period = make_period()
    member = make_member(period)
    happened(period, "period.started", by=period.lead)
    Membership.objects.filter(pk=member.pk).update(left_at=NOW)

    delivery.send_due(at=NOW)

    assert Delivery.objects.get(recipient=member.user).state == Delivery.State.CANCELLED
