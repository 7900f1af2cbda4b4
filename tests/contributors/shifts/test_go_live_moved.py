"""A postponement moves shifts by the same days and asks everybody again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contributors.models import Acknowledgement, Membership, Shift
from contributors.readiness import acknowledgements, reconfirmation
from contributors.shifts import go_live_moved, roster
from periods.journal import journal
from periods.lifecycle import lifecycle
from periods.models import JournalEntry, Period
from periods.planning import planning
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=2)


def ready_to_go() -> tuple[Period, Membership, Shift]:
    """A period that gets ready, with somebody who said they are and works the first morning."""
    period = make_period(Period.Status.READINESS)
    role = make_role(period)
    member = make_member(period, role=role, invited_at=BEFORE)
    shift = make_shift(role, member.user, starts_at=GO_LIVE)
    acknowledgements.acknowledge(member.pk, statements=ALL, note="", state="ready", by=member.user, at=BEFORE)
    return period, member, shift


def postpone(
    period: Period, *, days: int = 7, hours: int = 0, at: datetime = BEFORE + timedelta(hours=1)
) -> JournalEntry:
    moved = period.go_live_at + timedelta(days=days, hours=hours)
    lifecycle.postpone(period.pk, go_live_at=moved, reason="Rehearsal failed", by=period.sponsor, at=at)
    return JournalEntry.objects.get(period=period, kind="period.postponed")


def carry_out(entry: JournalEntry) -> None:
    """As the engine does, in the order of the switchboard."""
    go_live_moved.on_entry(entry, at=NOW)
    reconfirmation.on_entry(entry, at=NOW)


def test_the_engine_carries_it_out():
    period, member, shift = ready_to_go()
    postpone(period)

    journal.dispatch_entries(at=BEFORE + timedelta(hours=1))

    shift.refresh_from_db()
    assert (shift.starts_at, shift.revision) == (GO_LIVE + timedelta(days=7), 1)
    assert acknowledgements.standing_answer(member) is None
    assert Acknowledgement.objects.get().void_reason == "Go-live moved from Sat 14 Nov 06:00 to Sat 21 Nov 06:00"


def test_the_moved_shift_lies_in_the_moved_window():
    period, _, shift = ready_to_go()
    go_live_moved.on_entry(postpone(period), at=NOW)

    period.refresh_from_db()
    shift.refresh_from_db()
    first, last = roster.roster_window(period)
    assert first <= shift.starts_at < shift.ends_at <= last


def test_a_later_hour_of_the_same_day_moves_no_shift_but_asks_again():
    period, member, shift = ready_to_go()

    carry_out(postpone(period, days=0, hours=3))

    shift.refresh_from_db()
    assert (shift.starts_at, shift.revision) == (GO_LIVE, 0)
    assert acknowledgements.standing_answer(member) is None


def test_cancelled_shifts_stay_where_they_were():
    period, _, shift = ready_to_go()
    Shift.objects.update(cancelled_at=BEFORE)

    go_live_moved.on_entry(postpone(period), at=NOW)

    shift.refresh_from_db()
    assert shift.starts_at == GO_LIVE


def test_a_replay_moves_nothing_and_keeps_answers_given_since():
    period, member, shift = ready_to_go()
    entry = postpone(period)
    carry_out(entry)
    acknowledgements.acknowledge(
        member.pk, statements=ALL, note="", state="ready", by=member.user, at=BEFORE + timedelta(hours=2)
    )

    carry_out(entry)

    shift.refresh_from_db()
    assert shift.starts_at == GO_LIVE + timedelta(days=7)
    assert acknowledgements.standing_answer(member) is not None
    kinds = JournalEntry.objects.filter(period=period, kind__in=("shift.moved", "readiness.voided"))
    assert sorted(kinds.values_list("kind", flat=True)) == ["readiness.voided", "shift.moved"]


def test_the_time_of_day_survives_the_end_of_summer_time():
    go_live = datetime(2026, 10, 23, 6, 0, tzinfo=UTC)  # 08:00 in Copenhagen, summer time
    period = make_period(
        Period.Status.READINESS,
        go_live_at=go_live,
        ends_at=go_live + timedelta(days=14),
        planned_ends_at=go_live + timedelta(days=14),
    )
    role = make_role(period)
    long, day = make_member(period).user, make_member(period).user
    whole = make_shift(role, long, starts_at=datetime(2026, 10, 23, 22, 0, tzinfo=UTC), hours=24)
    early = make_shift(role, day, starts_at=go_live, hours=8)

    go_live_moved.on_entry(postpone(period, days=1, at=go_live - timedelta(days=2)), at=go_live)

    whole.refresh_from_db()
    early.refresh_from_db()
    assert whole.ends_at - whole.starts_at == timedelta(hours=24)
    assert early.starts_at == datetime(2026, 10, 24, 6, 0, tzinfo=UTC)


def test_other_entries_change_nothing():
    period, member, shift = ready_to_go()

    go_live_moved.on_entry(JournalEntry(period=period, kind="period.started", at=NOW), at=NOW)

    shift.refresh_from_db()
    assert (shift.starts_at, shift.revision) == (GO_LIVE, 0)
    assert acknowledgements.standing_answer(member) is not None


def test_a_go_live_moved_in_the_plan_takes_shifts_and_closer_cover_along_once():
    period = make_period(Period.Status.PLANNED)
    role = make_role(period, cover_until=GO_LIVE + timedelta(days=7))
    shift = make_shift(role, make_member(period, role=role).user, starts_at=GO_LIVE)
    moved = timedelta(days=3)
    planning.update(period.pk, go_live_at=GO_LIVE + moved, ends_at=period.ends_at + moved, by=period.lead, at=BEFORE)
    entry = JournalEntry.objects.get(period=period, kind="period.changed")

    for _ in range(2):
        go_live_moved.on_entry(entry, at=BEFORE)

    shift.refresh_from_db()
    role.refresh_from_db()
    assert (shift.starts_at, shift.revision) == (GO_LIVE + moved, 1)
    assert role.cover_until == GO_LIVE + timedelta(days=7) + moved


def test_a_plan_changed_otherwise_moves_nothing():
    period = make_period(Period.Status.PLANNED)
    shift = make_shift(make_role(period), make_member(period).user, starts_at=GO_LIVE)
    planning.update(period.pk, summary="New words", by=period.lead, at=BEFORE)
    go_live_moved.on_entry(JournalEntry.objects.get(period=period, kind="period.changed"), at=BEFORE)
    shift.refresh_from_db()
    assert (shift.starts_at, shift.revision) == (GO_LIVE, 0)
