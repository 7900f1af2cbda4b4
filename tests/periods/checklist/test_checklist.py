"""Checks: whose they are, what counts as done, what still blocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods import checklist
from periods.checklist import due_dates
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

    made = checklist.make_checklist(period, by=period.lead, at=AT)

    assert len(made) == 54
    assert period.checklist.get(title="Alerts reach on-call").owner == engineer
    assert period.checklist.get(title="Contact routes tested").owner == period.lead
    assert last_entry(period).data == {"checks": 54}
    with pytest.raises(AlreadyDone):
        checklist.make_checklist(period, by=period.lead, at=AT)


def test_progress_weighs_blockers_three_times_and_waived_is_not_done() -> None:
    period = make_period(STATUS.READINESS)
    make_check(period, status="done", done_at=AT, evidence_wanted="report")
    make_check(period, blocking=False, status="done", done_at=AT)
    make_check(period, status="waived", waiver_reason="Next week", waiver_expires_at=GO_LIVE)
    make_check(period, blocking=False, due_at=AT)
    make_check(period, status="not_applicable")

    found = checklist.progress(period, at=AT)

    assert found == checklist.ChecklistProgress(
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
    assert [(row.kind, row.text) for row in item.evidence.all()] == [("link", "https://ci.example/7")]
    entry = last_entry(period)
    assert (entry.kind, entry.subject, entry.data["title"]) == ("checklist.completed", f"check:{item.pk}", item.title)


def test_the_second_to_tick_is_told_who_was_first() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period, title="Alerts reach on-call")
    checklist.complete(item.pk, by=period.lead, at=AT)

    with pytest.raises(AlreadyDone) as refusal:
        checklist.complete(item.pk, by=period.sponsor, at=AT)

    assert refusal.value.reasons == ("“Alerts reach on-call” was completed by Lead at 06:00 UTC on 11 Nov 2026.",)
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
    assert (item.status, item.done_at, item.done_by) == ("open", None, None)
    assert item.evidence.get().text == "Report 7"
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

    item = checklist.add_check(period.pk, title="  Break-glass  access ", by=period.lead, at=AT, blocking=True)

    assert (item.position, item.title, item.due_at, item.blocking) == (8, "Break-glass access", GO_LIVE, True)
    with pytest.raises(Invalid) as refusal:
        checklist.add_check(period.pk, title="", category="", owner_role="ZZ", by=period.lead, at=AT)
    assert set(refusal.value.errors) == {"title", "category", "owner_role"}


def test_what_blocks_a_go_and_asks_for_evidence_is_not_done_without_any() -> None:
    period = make_period(Period.Status.READINESS)
    item = make_check(period, evidence_wanted="Signed report")

    with pytest.raises(Invalid) as refused:
        checklist.complete(item.pk, by=period.lead, at=AT, evidence="  ")
    assert refused.value.errors["evidence"] == [
        "This check blocks a go and asks for evidence (signed report). Give a link, a note or a file."
    ]
    checklist.attach_evidence(item.pk, by=period.lead, at=AT, evidence="Report 7")
    assert checklist.complete(item.pk, by=period.lead, at=AT).status == "done"

    advisory = make_check(period, evidence_wanted="Signed report", blocking=False)
    assert checklist.complete(advisory.pk, by=period.lead, at=AT).status == "done"


def test_evidence_can_come_later() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)

    checklist.attach_evidence(item.pk, evidence="https://wiki.example/1", by=period.lead, at=AT)

    item.refresh_from_db()
    assert (item.status, item.evidence.get().text) == ("open", "https://wiki.example/1")


@pytest.mark.parametrize("status", [STATUS.CLOSED, STATUS.CANCELLED, STATUS.ROLLED_BACK])
def test_checks_of_a_period_that_ended_stay_as_they_were(status: str) -> None:
    period = make_period(status)
    item = make_check(period)

    with pytest.raises(Refused):
        checklist.complete(item.pk, by=period.lead, at=AT)

    item.refresh_from_db()
    assert item.status == ChecklistItem.Status.OPEN


# --- Failed, waived, moved ----------------------------------------------------------------------


def test_a_failed_check_blocks_as_an_open_one_and_can_be_done_after_all() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period, due_at=AT)

    with pytest.raises(Invalid):
        checklist.fail(item.pk, note=" ", by=period.lead, at=AT)
    checklist.fail(item.pk, note="Two of three alerts fired", by=period.lead, at=AT)

    item.refresh_from_db()
    assert (item.status, item.failure, item.failed_by) == ("failed", "Two of three alerts fired", period.lead)
    assert checklist.explain_open(item, AT) == "failed"
    found = checklist.progress(period, at=AT)
    assert (found.blockers_open, found.late, found.failed, found.done) == (1, 1, 1, 0)
    with pytest.raises(AlreadyDone):
        checklist.fail(item.pk, note="Again", by=period.lead, at=AT)
    checklist.complete(item.pk, by=period.lead, at=AT)
    item.refresh_from_db()
    assert (item.status, item.failure, item.failed_at) == ("done", "", None)


def test_a_waiver_ends_by_itself_and_the_check_is_open_again() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)
    ends_at = AT + timedelta(hours=5)
    checklist.waive(item.pk, reason="Next week", expires_at=ends_at, by=period.sponsor, at=AT)

    timers.fire_due(at=ends_at - timedelta(seconds=1))
    item.refresh_from_db()
    assert item.status == "waived"
    timers.fire_due(at=ends_at)

    item.refresh_from_db()
    assert (item.status, item.waiver_reason, item.waiver_expires_at) == ("open", "", None)
    entry = last_entry(period)
    assert (entry.kind, entry.via, entry.actor) == ("checklist.waiver_ended", "timer", None)
    assert timers.fire_due(at=ends_at + timedelta(days=1)) == 0


def test_a_waiver_that_was_settled_otherwise_ends_nothing() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)
    checklist.waive(item.pk, reason="Next week", expires_at=AT + timedelta(hours=5), by=period.sponsor, at=AT)
    checklist.waive(item.pk, reason="Longer", expires_at=AT + timedelta(hours=9), by=period.sponsor, at=AT)

    assert timers.fire_due(at=AT + timedelta(hours=6)) == 0
    checklist.complete(item.pk, by=period.lead, at=AT)
    assert timers.fire_due(at=AT + timedelta(hours=10)) == 0

    item.refresh_from_db()
    assert item.status == "done"


@given(ends_in=st.integers(1, 10_000), later=st.integers(0, 20_000))
@settings(deadline=None)
def test_an_expired_waiver_never_counts_even_before_its_timer_ran(ends_in: int, later: int) -> None:
    at, ends_at = AT + timedelta(minutes=later), AT + timedelta(minutes=ends_in)
    item = ChecklistItem(
        status="waived", waiver_expires_at=ends_at, waiver_reason="x", blocking=True, due_at=AT, title="x"
    )

    expired = at >= ends_at

    assert item.stands(at) is expired
    assert bool(checklist.explain_open(item, at)) is expired
    assert item.is_late(at) is expired
    assert (item.status_at(at) == "open") is expired


def test_due_times_keep_their_day_and_hour_when_go_live_moves_over_a_clock_change() -> None:
    period = make_period(STATUS.PLANNED)
    item = make_check(period)
    checklist.assign(item.pk, due=due_dates.DueDate(-3, time(17)), by=period.lead, at=AT)

    Period.objects.filter(pk=period.pk).update(
        go_live_at=datetime(2027, 4, 1, 5, tzinfo=UTC), ends_at=datetime(2027, 4, 15, 5, tzinfo=UTC)
    )
    checklist.shift_due_dates(Period.objects.get(pk=period.pk))

    item.refresh_from_db()
    assert item.due_at == datetime(2027, 3, 29, 15, tzinfo=UTC)


def test_saying_what_holds_already_writes_nothing() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period, owner=period.lead)

    checklist.assign(item.pk, owner=period.lead, by=period.lead, at=AT)

    assert not JournalEntry.objects.exists()


# --- Several at once, and undo ------------------------------------------------------------------


def test_a_bulk_change_is_one_entry_a_check_and_undone_as_one() -> None:
    period = make_period(STATUS.READINESS)
    member = make_member(period).user
    items = [make_check(period) for _ in range(3)]
    already = make_check(period, owner=member)

    changed, seq = checklist.change_many(
        period.pk, [*(item.pk for item in items), already.pk], "assign", owner=member, by=period.lead, at=AT
    )

    assert changed == 3
    assert period.checklist.filter(owner=member).count() == 4
    assert JournalEntry.objects.filter(period=period, kind="checklist.assigned").count() == 3
    assert len(checklist.undo_change(period.pk, seq + 1, by=period.lead, at=AT)) == 3
    assert list(period.checklist.filter(owner=member)) == [already]
    with pytest.raises(AlreadyDone):
        checklist.undo_change(period.pk, seq, by=period.lead, at=AT)


def test_a_bulk_change_is_all_or_nothing() -> None:
    period = make_period(STATUS.READINESS)
    items, other = [make_check(period) for _ in range(2)], make_check(make_period())

    with pytest.raises(Invalid):
        checklist.change_many(period.pk, [items[0].pk, other.pk], "reopen", by=period.lead, at=AT)
    with pytest.raises(Invalid):
        checklist.change_many(
            period.pk, [item.pk for item in items], "assign", owner=make_user("Out"), by=period.lead, at=AT
        )
    with pytest.raises(NotAllowed):
        checklist.change_many(period.pk, [items[0].pk], "reopen", by=make_member(period).user, at=AT)
    with pytest.raises(AlreadyDone):
        checklist.change_many(period.pk, [items[0].pk], "reopen", by=period.lead, at=AT)

    assert not JournalEntry.objects.exists()


def test_undo_puts_everything_back_once() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period)
    ends_at = GO_LIVE
    checklist.waive(item.pk, reason="Next week", expires_at=ends_at, by=period.sponsor, at=AT)
    checklist.complete(item.pk, by=period.lead, at=AT, evidence="Run 7")
    seq = last_entry(period).seq

    checklist.undo_change(period.pk, seq, by=period.lead, at=AT)

    item.refresh_from_db()
    assert (item.status, item.waived_by, item.waiver_reason, item.waiver_expires_at, item.done_at) == (
        "waived",
        period.sponsor,
        "Next week",
        ends_at,
        None,
    )
    assert item.evidence.get().removed_at is not None
    assert last_entry(period).kind == "checklist.undone"
    assert timers.fire_due(at=ends_at) == 1
    with pytest.raises(Refused):
        checklist.undo_change(period.pk, seq, by=period.lead, at=AT)


def test_undo_is_refused_when_somebody_changed_it_since() -> None:
    period = make_period(STATUS.READINESS)
    item = make_check(period, title="Alerts fire")
    checklist.complete(item.pk, by=period.lead, at=AT)
    seq = last_entry(period).seq
    checklist.reopen(item.pk, by=period.sponsor, at=AT)

    with pytest.raises(Refused) as refusal:
        checklist.undo_change(period.pk, seq, by=period.lead, at=AT)

    assert "“Alerts fire” was changed by Sponsor" in refusal.value.reasons[0]


def test_undo_is_for_who_did_it_or_an_owner() -> None:
    period = make_period(STATUS.READINESS)
    own, other = make_member(period).user, make_member(period).user
    item = make_check(period)
    checklist.complete(item.pk, by=own, at=AT)
    seq = last_entry(period).seq

    with pytest.raises(NotAllowed):
        checklist.undo_change(period.pk, seq, by=other, at=AT)
    checklist.undo_change(period.pk, seq, by=own, at=AT)

    item.refresh_from_db()
    assert item.status == "open"


def test_an_undone_due_time_follows_a_go_live_that_moved_meanwhile() -> None:
    period = make_period(STATUS.PLANNED)
    item = make_check(period)
    checklist.assign(item.pk, due=due_dates.DueDate(-3, time(17)), by=period.lead, at=AT)
    seq = last_entry(period).seq
    Period.objects.filter(pk=period.pk).update(go_live_at=GO_LIVE + timedelta(days=7))

    checklist.undo_change(period.pk, seq, by=period.lead, at=AT)

    item.refresh_from_db()
    assert item.due_at == GO_LIVE + timedelta(days=7)


def test_undoing_an_added_check_takes_it_away_and_keeps_the_record() -> None:
    period = make_period(STATUS.READINESS)
    checklist.add_check(period.pk, title="Break-glass access", by=period.lead, at=AT)

    checklist.undo_change(period.pk, last_entry(period).seq, by=period.lead, at=AT)

    assert not period.checklist.exists()
    assert last_entry(period).data["title"] == "Break-glass access"


def test_what_is_no_change_of_a_check_is_not_undone() -> None:
    period = make_period(STATUS.READINESS)

    with pytest.raises(Refused):
        checklist.undo_change(period.pk, 1, by=period.lead, at=AT)
