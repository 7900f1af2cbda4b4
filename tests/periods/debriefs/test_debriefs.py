"""Debriefs follow the rhythm, have one writer, and freeze when they are finished."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused, TransitionRefused
from hypercare.models import Timer
from incidents.models import Incident
from periods.debriefs import actions, debriefs
from periods.exit import readings
from periods.journal import journal
from periods.models import Action, Debrief, JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_debrief, make_incident, make_member, make_period, make_user
from tests.periods.story import make_criterion

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def running(period: Period) -> Debrief:
    debrief = make_debrief(period)
    return debriefs.start(debrief.pk, by=period.lead, at=NOW)


def test_the_rhythm_is_laid_out_once_and_continued_after_an_extension() -> None:
    period = make_period(band="low")

    first = debriefs.schedule(period, by=period.lead, at=GO_LIVE)
    again = debriefs.schedule(period, by=period.lead, at=GO_LIVE)
    period.ends_at += timedelta(days=4)
    period.save(update_fields=["ends_at"])
    more = debriefs.schedule(period, by=period.lead, at=GO_LIVE)

    assert (len(first), again) == (7, [])
    assert [debrief.number for debrief in more] == [8]
    assert all(debrief.chair == period.lead for debrief in more)
    assert JournalEntry.objects.filter(kind="debrief.scheduled").count() == 2


def test_reminders_follow_the_journal_and_a_move_moves_them() -> None:
    period = make_period()
    debrief = debriefs.add(period.pk, starts_at=NOW + 3 * HOUR, by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)
    before = Timer.objects.get(kind="debrief.reminder", cleared_at__isnull=True).due_at

    debriefs.reschedule(debrief.pk, starts_at=NOW + 5 * HOUR, by=period.lead, at=NOW)
    journal.dispatch_entries(at=NOW)

    after = Timer.objects.get(kind="debrief.reminder", cleared_at__isnull=True).due_at
    assert (before, after) == (NOW + 2.75 * HOUR, NOW + 4.75 * HOUR)


def test_a_debrief_is_placed_ahead_and_not_on_another() -> None:
    period = make_period()
    debriefs.add(period.pk, starts_at=NOW + HOUR, by=period.lead, at=NOW)

    for starts_at in (NOW, NOW + HOUR, period.ends_at):
        with pytest.raises(Invalid) as refusal:
            debriefs.add(period.pk, starts_at=starts_at, by=period.lead, at=NOW)
        assert list(refusal.value.errors) == ["starts_at"]


def test_the_agenda_looks_back_to_the_last_finished_debrief() -> None:
    period = make_period()
    make_incident(period, reported_at=NOW - 3 * HOUR, title="Before")
    make_incident(period, reported_at=NOW - HOUR, severity="P1", title="After")
    make_debrief(period, starts_at=NOW - 2 * HOUR, status="finished", finished_at=NOW - 2 * HOUR)
    debrief = make_debrief(period, starts_at=NOW)

    sections = {section.key: section for section in debriefs.agenda_of(debrief, at=NOW)}

    assert debriefs.start_of_review(debrief) == NOW - 2 * HOUR
    assert {"numbers", "p1", "criteria", "actions"} <= set(sections)
    new = next(line for line in sections["numbers"].items if line.text == "new")
    assert new.note == "1"
    assert any("After" in line.text for line in sections["p1"].items)


def test_the_first_debrief_looks_back_to_go_live() -> None:
    period = make_period()

    assert debriefs.start_of_review(make_debrief(period)) == GO_LIVE


def test_the_criteria_section_shows_what_moved_and_what_blocks() -> None:
    period = make_period()
    make_criterion(period, code="no_open_p1", title="No P1 is open", automatic=True, mandatory=False)
    make_criterion(period, position=2, title="Data reconciled")
    make_criterion(period, position=3, code="pulse", title="Pulse", mandatory=False)
    readings.record_day(period, read_at=NOW - 3 * HOUR, at=NOW - 3 * HOUR)
    make_incident(period, severity="P1", reported_at=NOW - HOUR)

    section = debriefs.criteria_section(period, since=NOW - 2 * HOUR, at=NOW)

    assert [(line.text, line.tone) for line in section.items] == [("No P1 is open", "down"), ("Data reconciled", "")]


def test_what_moved_is_told_against_what_was_on_record_and_once() -> None:
    period = make_period()
    make_criterion(period, code="no_open_p1", title="No P1 is open", automatic=True)
    incident = make_incident(period, severity="P1", reported_at=NOW - 3 * HOUR)
    debriefs.finish(running(period).pk, by=period.lead, at=NOW - HOUR)
    Incident.objects.filter(pk=incident.pk).update(severity="P4")  # as if it had always been so

    (line,) = debriefs.criteria_section(period, since=NOW - HOUR, at=NOW).items
    debriefs.finish(running(period).pk, by=period.lead, at=NOW + HOUR)

    assert (line.text, line.tone) == ("No P1 is open", "up")
    assert debriefs.criteria_section(period, since=NOW + HOUR, at=NOW + 2 * HOUR).items == []


def test_the_actions_section_shows_open_ones_and_those_done_since() -> None:
    period = make_period()
    for title, hours in (("Late one", -1), ("Open one", 5), ("Done one", 3)):
        Action.objects.create(
            period=period,
            title=title,
            owner=period.lead,
            due_at=NOW + hours * HOUR,
            created_by=period.lead,
            created_at=GO_LIVE,
            done_at=NOW - HOUR if title == "Done one" else None,
        )

    section = debriefs.actions_section(period, since=NOW - 2 * HOUR, at=NOW)

    assert [(line.text, line.tone) for line in section.items] == [
        ("Late one", "late"),
        ("Done one", "done"),
        ("Open one", ""),
    ]


def test_whoever_starts_it_writes_until_somebody_takes_over() -> None:
    period = make_period()
    support = make_member(period, make_user("Kavya"), right="support").user
    debrief = running(period)

    with pytest.raises(NotAllowed) as refusal:
        debriefs.write_minutes(debrief.pk, sections={"p1": "Calm"}, by=support, at=NOW)
    debriefs.take_over(debrief.pk, by=support, at=NOW)
    debriefs.write_minutes(debrief.pk, sections={"p1": "Calm"}, by=support, at=NOW)

    assert refusal.value.reasons == ("Lead is writing. Take over to write yourself.",)
    debrief.refresh_from_db()
    assert (debrief.writer, debrief.minutes) == (support, {"p1": "Calm"})
    with pytest.raises(AlreadyDone):
        debriefs.take_over(debrief.pk, by=support, at=NOW)


def test_finishing_freezes_the_agenda_and_takes_decisions_and_actions_from_the_minutes() -> None:
    period = make_period()
    tomasz = make_member(period, make_user("Tomasz Wojcik")).user
    debrief = running(period)
    first, second = ("Both ran from 12:00.\n/d Remove the legacy host tonight", "/a Check the paused jobs @Tomasz")
    debriefs.write_minutes(debrief.pk, sections={"p1": f"{first}\n{second}"}, by=period.lead, at=NOW)

    said = {"p1": f"{first}\n{second}", "other": "/a Tell users"}
    debriefs.finish(debrief.pk, sections=said, by=period.lead, at=NOW + HOUR)
    make_incident(period, severity="P1", reported_at=NOW)

    debrief.refresh_from_db()
    assert (debrief.status, debrief.finished_at, debrief.writer) == ("finished", NOW + HOUR, None)
    assert [str(decision) for decision in debrief.decisions.all()] == ["Remove the legacy host tonight"]
    assert {(action.title, action.owner) for action in debrief.actions.all()} == {
        ("Check the paused jobs", tomasz),
        ("Tell users", period.lead),
    }
    frozen = {section.key: section.items for section in debriefs.agenda_of(debrief, at=NOW + 2 * HOUR)}
    assert frozen["p1"] == []
    entry = JournalEntry.objects.filter(period=period).latest("seq")
    assert (entry.kind, len(entry.data["actions"])) == ("debrief.finished", 2)


def test_a_finished_debrief_is_over() -> None:
    period = make_period()
    debrief = running(period)
    debriefs.finish(debrief.pk, by=period.lead, at=NOW)

    with pytest.raises(AlreadyDone):
        debriefs.finish(debrief.pk, by=period.lead, at=NOW)
    with pytest.raises(AlreadyDone):
        debriefs.write_minutes(debrief.pk, sections={"p1": "Late thought"}, by=period.lead, at=NOW)


def test_a_debrief_that_has_not_begun_has_no_minutes() -> None:
    period = make_period()

    with pytest.raises(TransitionRefused):
        debriefs.write_minutes(make_debrief(period).pk, sections={"p1": "x"}, by=period.lead, at=NOW)


def test_skipping_needs_a_reason() -> None:
    period = make_period()
    debrief = make_debrief(period)

    with pytest.raises(Invalid):
        debriefs.skip(debrief.pk, reason=" ", by=period.lead, at=NOW)
    debriefs.skip(debrief.pk, reason="Nothing changed", by=period.lead, at=NOW)

    debrief.refresh_from_db()
    assert debrief.status == "skipped"


def test_nothing_changed_is_known() -> None:
    period = make_period()
    quiet = make_debrief(period)

    assert debriefs.is_quiet(quiet)
    actions.add(period.pk, title="Do it", owner=period.lead, due_at=NOW + HOUR, by=period.lead, at=NOW)
    assert not debriefs.is_quiet(quiet)


def test_contributors_do_not_run_debriefs_and_nothing_is_debriefed_before_go_live() -> None:
    period, early = make_period(), make_period(Period.Status.READY)

    with pytest.raises(NotAllowed):
        debriefs.start(make_debrief(period).pk, by=make_member(period).user, at=NOW)
    with pytest.raises(TransitionRefused):
        debriefs.start(make_debrief(early).pk, by=early.lead, at=NOW)
    with pytest.raises(Refused):
        debriefs.schedule(make_period(Period.Status.CLOSED), by=None, at=NOW)


def test_only_people_of_the_period_attend() -> None:
    period = make_period()
    debrief, stranger = running(period), make_user("Stranger")

    debriefs.record_attendance(debrief.pk, people=[period.lead, stranger], by=period.lead, at=NOW)

    assert list(debrief.attended.all()) == [period.lead]


def test_a_decision_is_recorded_while_it_runs() -> None:
    period = make_period()
    debrief = running(period)

    debriefs.record_decision(debrief.pk, text="Keep both schedulers off", by=period.lead, at=NOW)
    with pytest.raises(Invalid):
        debriefs.record_decision(debrief.pk, text=" ", by=period.lead, at=NOW)

    assert debrief.decisions.get().text == "Keep both schedulers off"
