"""Rehearsals are measured against their box, and a go rests on one that worked in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods import checklist
from periods.checklist import rehearsals
from periods.models import JournalEntry, Period, Rehearsal
from tests.factories import GO_LIVE, make_check, make_member, make_period

pytestmark = pytest.mark.django_db

AT = GO_LIVE - timedelta(days=3)
MINUTE = timedelta(minutes=1)


def record(period: Period, **fields: Any) -> Rehearsal:
    given = {
        "kind": "rollback",
        "box_minutes": 240,
        "took_minutes": 200,
        "outcome": "passed",
        "by": period.lead,
        "at": AT,
    }
    return rehearsals.record(period.pk, **{**given, **fields})


def test_a_rehearsal_is_timed_live() -> None:
    period = make_period(Period.Status.READINESS)
    running = rehearsals.start(period.pk, kind="rollback", box_minutes=60, by=period.lead, at=AT)

    ended = rehearsals.stop(running.pk, outcome="passed", notes=" Slow restore ", by=period.lead, at=AT + 61 * MINUTE)

    assert (ended.took, ended.is_over, ended.holds, ended.notes) == (61 * MINUTE, True, False, "Slow restore")
    kinds = list(JournalEntry.objects.filter(period=period).order_by("seq").values_list("kind", flat=True))
    assert kinds == ["rehearsal.started", "rehearsal.recorded"]
    with pytest.raises(AlreadyDone):
        rehearsals.stop(running.pk, outcome="passed", by=period.lead, at=AT + 62 * MINUTE)


def test_a_watch_that_has_only_just_started_is_not_stopped() -> None:
    period = make_period(Period.Status.READINESS)
    running = rehearsals.start(period.pk, kind="rollback", box_minutes=60, by=period.lead, at=AT)

    with pytest.raises(Invalid, match="only just started"):
        rehearsals.stop(running.pk, outcome="passed", by=period.lead, at=AT)


def test_one_of_a_kind_runs_at_a_time_and_can_be_cancelled() -> None:
    period = make_period(Period.Status.READINESS)
    running = rehearsals.start(period.pk, kind="rollback", box_minutes=60, by=period.lead, at=AT)

    with pytest.raises(AlreadyDone):
        rehearsals.start(period.pk, kind="rollback", box_minutes=60, by=period.sponsor, at=AT)
    rehearsals.start(period.pk, kind="cutover", box_minutes=60, by=period.lead, at=AT)
    rehearsals.cancel(running.pk, by=period.lead, at=AT)

    assert list(period.rehearsals.values_list("kind", flat=True)) == ["cutover"]


def test_one_is_typed_afterwards_with_what_it_took() -> None:
    period = make_period(Period.Status.READINESS)

    made = record(period, ended_at=AT - timedelta(hours=3))

    assert (made.started_at, made.took) == (AT - timedelta(hours=3) - 200 * MINUTE, 200 * MINUTE)
    assert not made.is_over


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "party"}, "kind"),
        ({"box_minutes": 0}, "box_minutes"),
        ({"took_minutes": 0}, "took_minutes"),
        ({"took_minutes": 15 * 1440}, "took_minutes"),
        ({"outcome": ""}, "outcome"),
        ({"ended_at": AT + MINUTE}, "ended_at"),
    ],
)
def test_what_can_not_be_is_refused_by_field(fields: dict[str, Any], field: str) -> None:
    period = make_period(Period.Status.READINESS)

    with pytest.raises(Invalid) as refusal:
        record(period, **fields)

    assert list(refusal.value.errors) == [field]
    assert not Rehearsal.objects.exists()


def test_a_viewer_and_an_ended_period_record_nothing() -> None:
    period = make_period(Period.Status.READINESS)

    with pytest.raises(NotAllowed):
        record(period, by=make_member(period, right="viewer").user)
    with pytest.raises(Refused):
        record(make_period(Period.Status.CLOSED))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, ""),
        ({"took_minutes": 240}, ""),
        ({"took_minutes": 310}, "The latest rollback rehearsal took 5 h 10 m, over its box of 4 h."),
        ({"outcome": "failed"}, "The latest rollback rehearsal did not work. Rehearse it again."),
    ],
)
def test_the_latest_rehearsal_decides_whether_a_go_may_rest_on_it(fields: dict[str, Any], sentence: str) -> None:
    period = make_period(Period.Status.READINESS)
    record(period, ended_at=AT - timedelta(days=1), outcome="failed" if not sentence else "passed")

    record(period, **fields)

    assert rehearsals.explain_missing_rollback(period) == sentence


def test_a_cutover_is_no_rollback() -> None:
    period = make_period(Period.Status.READINESS)
    record(period, kind="cutover")

    assert rehearsals.explain_missing_rollback(period)


def test_without_a_record_the_completed_check_with_its_timing_counts() -> None:
    period = make_period(Period.Status.READINESS)
    item = make_check(period, category="Rollback", title="Rollback rehearsed in time box")
    checklist.complete(item.pk, by=period.lead, at=AT)

    assert rehearsals.explain_missing_rollback(period)
    checklist.attach_evidence(item.pk, evidence="Took 48 minutes of 60", by=period.lead, at=AT)
    assert rehearsals.explain_missing_rollback(period) == ""
    checklist.remove_evidence(item.evidence.get().pk, by=period.lead, at=AT)
    assert rehearsals.explain_missing_rollback(period)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("220", 220),
        ("3:40", 220),
        ("3 h 40 min", 220),
        ("3h40", 220),
        ("1 hour", 60),
        ("1 d 2 h", 1560),
        ("45 minutes", 45),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, found: int) -> None:
    assert rehearsals.parse_minutes(text) == found


@pytest.mark.parametrize("text", ["", "soon", "-5", "3:75", "1.5 h"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  it is the plain error of a bad text
        rehearsals.parse_minutes(text)
