"""Checks: whose they are, what counts as done, what still blocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hypercare.errors import AlreadyDone, Invalid, NotAllowed, Refused
from periods import checklist
from periods.models import ChecklistItem, JournalEntry, Period
from tests.factories import GO_LIVE, make_check, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db

AT = GO_LIVE - timedelta(days=3)
STATUS = Period.Status


def last_entry(period: Period) -> JournalEntry:
    return JournalEntry.objects.filter(period=period).latest("seq")


def test_the_template_is_copied_once_with_owners_by_role() -> None:
    period = make_period(STATUS.PLANNED)
    engineer = make_member(period, make_user("Daniel Osei"), role=make_role(period, code="EN")).user

    made = checklist.instantiate(period, by=period.lead, at=AT)

    assert len(made) == 54
    assert period.checklist.get(title="Alerts reach on-call").owner == engineer
    assert period.checklist.get(title="Contact routes tested").owner == period.lead
    assert last_entry(period).data == {"checks": 54}
    with pytest.raises(AlreadyDone):
        checklist.instantiate(period, by=period.lead, at=AT)


def test_progress_weighs_blockers_three_times_and_waived_is_not_done() -> None:
    period = make_period(STATUS.READINESS)
    make_check(period, status="done", done_at=AT, evidence_wanted="report")
    make_check(period, blocking=False, status="done", done_at=AT)
    make_check(period, status="waived", waiver_reason="Next week", waiver_expires_at=GO_LIVE)
    make_check(period, blocking=False, due_at=AT)
    make_check(period, status="not_applicable")

    found = checklist.progress(period, at=AT)

    assert found == checklist.Progress(
        percent=50, done=2, total=4, blockers_open=0, late=1, waived=1, without_evidence=1
    )


def test_no_checks_is_nothing_done() -> None:
    assert checklist.progress(make_period(STATUS.DRAFT), at=AT).percent == 0


def test_a_waiver_that_has_expired_blocks_again() -> None:
    period = make_period(STATUS.READINESS)
    make_check(period, status="waived", waiver_reason="Next week", waiver_expires_at=AT)

    assert checklist.progress(period, at=AT - timedelta(seconds=1)).blockers_open == 0
    assert checklist.progress(period, at=AT).blockers_open == 1


def test_completing_keeps_who_when_and_the_evidence() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)

    checklist.complete(item.pk, by=period.lead, at=AT, evidence=" https://ci.example/7 ")

    item.refresh_from_db()
    assert (item.status, item.done_by, item.done_at) == ("done", period.lead, AT)
    assert item.evidence == "https://ci.example/7"
    entry = last_entry(period)
    assert (entry.kind, entry.subject, entry.data["title"]) == (
        "checklist.completed",
        f"check:{item.pk}",
        item.title,
    )


def test_the_second_to_tick_is_told_who_was_first() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period, title="Alerts reach on-call")
    checklist.complete(item.pk, by=period.lead, at=AT)

    with pytest.raises(AlreadyDone) as refusal:
        checklist.complete(item.pk, by=period.sponsor, at=AT)

    assert refusal.value.reasons == (
        "“Alerts reach on-call” was completed by Lead at 06:00 UTC on 11 Nov 2026.",
    )
    assert JournalEntry.objects.filter(period=period).count() == 1


def test_a_contributor_ticks_own_checks_and_unowned_ones_only() -> None:
    period = make_period(STATUS.READINESS)
    own, other = make_member(period).user, make_member(period).user
    theirs = make_check(period, owner=other)

    checklist.complete(make_check(period, owner=own).pk, by=own, at=AT)
    checklist.complete(make_check(period).pk, by=own, at=AT)
    with pytest.raises(NotAllowed) as refusal:
        checklist.complete(theirs.pk, by=own, at=AT)

    assert str(other) in refusal.value.reasons[0]


def test_a_viewer_ticks_nothing() -> None:
    period = make_period(STATUS.READINESS)
    viewer = make_member(period, right="viewer").user

    with pytest.raises(NotAllowed):
        checklist.complete(make_check(period).pk, by=viewer, at=AT)


def test_a_waiver_needs_a_reason_and_an_end_and_somebody_who_may() -> None:
    period = make_period(STATUS.READINESS)
    item, contributor = make_check(period), make_member(period).user

    for reason, expires_at, field in (("", GO_LIVE, "reason"), ("Later", AT, "expires_at")):
        with pytest.raises(Invalid) as refusal:
            checklist.waive(item.pk, reason=reason, expires_at=expires_at, by=period.sponsor, at=AT)
        assert list(refusal.value.errors) == [field]
    with pytest.raises(NotAllowed):
        checklist.waive(item.pk, reason="Later", expires_at=GO_LIVE, by=contributor, at=AT)
    checklist.waive(item.pk, reason="Later", expires_at=GO_LIVE, by=period.sponsor, at=AT)

    item.refresh_from_db()
    assert (item.status, item.waived_by, item.waiver_expires_at) == ("waived", period.sponsor, GO_LIVE)


def test_reopening_takes_back_completion_and_waiver_but_keeps_evidence() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)
    checklist.complete(item.pk, by=period.lead, at=AT, evidence="Report 7")

    checklist.reopen(item.pk, by=period.lead, at=AT)

    item.refresh_from_db()
    assert (item.status, item.done_at, item.done_by, item.evidence) == ("open", None, None, "Report 7")
    with pytest.raises(AlreadyDone):
        checklist.reopen(item.pk, by=period.lead, at=AT)


def test_a_check_that_does_not_apply_is_set_aside_with_a_reason() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)

    with pytest.raises(Invalid):
        checklist.set_aside(item.pk, reason=" ", by=period.lead, at=AT)
    checklist.set_aside(item.pk, reason="No vendor", by=period.lead, at=AT)

    assert checklist.progress(period, at=AT).total == 0
    assert last_entry(period).data["reason"] == "No vendor"


def test_a_check_is_given_to_somebody_of_the_period_only() -> None:
    period = make_period(STATUS.READINESS)
    item, member = make_check(period), make_member(period).user

    with pytest.raises(Invalid):
        checklist.assign(item.pk, owner=make_user("Stranger"), by=period.lead, at=AT)
    checklist.assign(item.pk, owner=member, due_at=AT + timedelta(days=1), by=period.lead, at=AT)

    item.refresh_from_db()
    assert (item.owner, item.due_at) == (member, AT + timedelta(days=1))


def test_an_added_check_goes_last_and_is_due_at_go_live() -> None:
    period = make_period(STATUS.READINESS)
    make_check(period, position=7)

    item = checklist.add(period.pk, title="  Break-glass  access ", by=period.lead, at=AT, blocking=True)

    assert (item.position, item.title, item.due_at, item.blocking) == (8, "Break-glass access", GO_LIVE, True)
    with pytest.raises(Invalid) as refusal:
        checklist.add(period.pk, title="", category="", owner_role="ZZ", by=period.lead, at=AT)
    assert set(refusal.value.errors) == {"title", "category", "owner_role"}


def test_evidence_can_come_later() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)

    checklist.attach(item.pk, evidence="https://wiki.example/1", by=period.lead, at=AT)

    item.refresh_from_db()
    assert (item.status, item.evidence) == ("open", "https://wiki.example/1")


@pytest.mark.parametrize("status", [STATUS.CLOSED, STATUS.CANCELLED, STATUS.ROLLED_BACK])
def test_checks_of_a_period_that_ended_stay_as_they_were(status: str) -> None:
    period = make_period(status)
    item = make_check(period)

    with pytest.raises(Refused):
        checklist.complete(item.pk, by=period.lead, at=AT)

    item.refresh_from_db()
    assert item.status == ChecklistItem.Status.OPEN
