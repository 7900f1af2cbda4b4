"""Sums that are kept say what counting everything again would say, whatever happened to the incidents meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contributors.people import members
from hypercare.exceptions import Refused
from hypercare.models import User
from incidents.models import Incident
from incidents.paging import escalation_policies, sla_clock
from incidents.reporting import cached_counts, daily_counts, exit_measures, hourly_totals
from incidents.triage import editing, merge, queues, triage, undo
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_user

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NAMES = (hourly_totals.REPORTED, hourly_totals.MOVED, hourly_totals.ENDED)
CRITERIA = ("days_without_p1", "rate_streak", "sla_attainment", "bau_resolved", "open_low", "overaged", "reopen_rate")


@pytest.fixture
def much(monkeypatch: pytest.MonkeyPatch) -> None:
    """One incident is many."""
    monkeypatch.setattr(cached_counts, "MANY", 0)


def asked(period: Period) -> Period:
    """The period as the next request loads it."""
    return Period.objects.get(pk=period.pk)


def plain(period: Period) -> hourly_totals.HourlyTotals:
    """Everything counted again, nothing kept."""
    found = hourly_totals.totals_of(asked(period))
    return replace(found, facts="", kept={}, promised_from=None)


def figures(period: Period, at: datetime) -> list[Any]:
    read = [getattr(exit_measures, name)(period, threshold=None, at=at) for name in CRITERIA]
    return [*read, exit_measures._counts(period, at), daily_counts._daily(period, at)]


# --- What may happen ----------------------------------------------------------------------------

GRADES = (("high", "high"), ("high", "medium"), ("medium", "medium"), ("low", "low"))
ENDINGS = ("fixed", "workaround", "not_a_problem")
VERDICTS = ("caused", "known", "unrelated")
KINDS = ("defect", "enhancement", "problem", "how_to")


class Story:
    """A period and what people do in it; what is refused is not done."""

    def __init__(self, zone: str) -> None:
        self.period = make_period(timezone=zone, baseline_issues=56, baseline_days=28)
        self.people = [make_user(), make_user()]
        for person in self.people:
            make_member(self.period, person, right="owner")

    def step(self, what: str, which: int, at: datetime) -> None:
        by = self.people[which % 2]
        if what == "report":
            impact, urgency = GRADES[which % 4]
            triage.report(
                self.period.pk,
                title=f"Broken {which}",
                impact=impact,
                urgency=urgency,
                by=by,
                at=at,
                kind=KINDS[which % 4] if which % 5 == 0 else "",
            )
        elif what == "targets":
            quick = {kind: sla_clock.SlaTarget(60 * (1 + which)) for kind in sla_clock.KINDS}
            table = dict.fromkeys(sla_clock.TARGETS, quick)
            escalation_policies.set_targets(self.period.pk, targets=table, covered=None, by=by, at=at)
        elif what == "support":
            role = make_role(self.period, f"Support {which}", code="SU")
            members.add_member(self.period.pk, user=make_user(), right="support", role=role, by=by, at=at)
        elif incidents := list(Incident.objects.filter(period=self.period).order_by("id")):
            getattr(self, f"_{what}")(incidents[which % len(incidents)], incidents, which, by, at)

    def _take(self, one: Incident, _all: list[Incident], _which: int, by: User, at: datetime) -> None:
        triage.acknowledge(one.pk, by=by, at=at)

    def _regrade(self, one: Incident, _all: list[Incident], which: int, by: User, at: datetime) -> None:
        impact, urgency = GRADES[which // 3 % 4]
        triage.regrade(one.pk, impact=impact, urgency=urgency, by=by, at=at)

    def _resolve(self, one: Incident, _all: list[Incident], which: int, by: User, at: datetime) -> None:
        triage.resolve(
            one.pk, ending=ENDINGS[which % 3], resolution="Restarted", verdict=VERDICTS[which // 3 % 3], by=by, at=at
        )

    def _reopen(self, one: Incident, _all: list[Incident], _which: int, by: User, at: datetime) -> None:
        triage.reopen(one.pk, reason="Again", by=by, at=at)

    def _merge(self, one: Incident, others: list[Incident], which: int, by: User, at: datetime) -> None:
        merge.merge_into(one.pk, into=others[which // 3 % len(others)].pk, by=by, at=at)

    def _judge(self, one: Incident, _all: list[Incident], which: int, by: User, at: datetime) -> None:
        editing.update_fields(one.pk, kind=KINDS[which // 3 % 4], verdict=VERDICTS[which // 5 % 3], by=by, at=at)

    def _wait(self, one: Incident, _all: list[Incident], which: int, by: User, at: datetime) -> None:
        if which % 2:
            queues.pause_clocks(one.pk, note="Which invoice?", by=by, at=at)
        else:
            queues.end_wait(one.pk, by=by, at=at)

    def _undo(self, one: Incident, _all: list[Incident], _which: int, by: User, at: datetime) -> None:
        last = JournalEntry.objects.filter(period=self.period, subject=one.subject).order_by("-seq").first()
        if last and last.actor:
            undo.undo_entry(one.pk, seq=last.seq, by=last.actor, at=at)


ACTIONS = ("report", "take", "regrade", "resolve", "reopen", "merge", "judge", "wait", "undo", "targets", "support")
LIKELY = (*ACTIONS, "report", "report", "resolve", "resolve", "reopen", "merge", "undo", "undo")
STEPS = st.lists(
    st.tuples(st.sampled_from(LIKELY), st.integers(0, 200), st.integers(-300, 1200), st.booleans()),
    min_size=5,
    max_size=25,
)


@pytest.mark.django_db(transaction=True)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(zone=st.sampled_from(["Europe/Copenhagen", "Asia/Kathmandu", "Australia/Lord_Howe"]), steps=STEPS)
def test_kept_sums_are_those_of_counting_again(much: None, zone: str, steps: list[Any]) -> None:
    story, now = Story(zone), GO_LIVE + HOUR
    for what, which, minutes, looks in steps:
        now += timedelta(minutes=abs(minutes))
        # Now and then something is written that happened before.
        at = now if minutes >= 0 else now + timedelta(minutes=minutes)
        with suppress(Refused):
            story.step(what, which, at)
        if looks:
            _same(story.period, now)
    _same(story.period, now)
    _same(story.period, now - DAY)


def _same(period: Period, at: datetime) -> None:
    kept, again = hourly_totals.totals_of(asked(period)), plain(period)
    instants = [at - 3 * DAY, at - 20 * HOUR, at - timedelta(minutes=7), at]
    for name in NAMES:
        assert kept.up_to(name, *instants) == again.up_to(name, *instants), name
        assert kept.hours(name, at=at) == again.hours(name, at=at), name
    for since in (at - 3 * DAY, at - 20 * HOUR):
        assert kept.promises(since=since, at=at) == again.promises(since=since, at=at)


# --- Edges --------------------------------------------------------------------------------------


def report(period: Period, at: datetime, grade: int = 0) -> Incident:
    impact, urgency = GRADES[grade]
    return triage.report(period.pk, title="Down", impact=impact, urgency=urgency, by=period.lead, at=at)


@pytest.mark.django_db
def test_every_figure_is_the_same_with_kept_sums_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    period = make_period(baseline_issues=56, baseline_days=28)
    for n in range(40):
        incident = report(period, GO_LIVE + n * 5 * HOUR, n % 4)
        if n % 3:
            triage.resolve(
                incident.pk,
                ending=ENDINGS[n % 3],
                resolution="Restarted",
                by=period.bau_owner,
                at=GO_LIVE + n * 6 * HOUR,
            )
    back = Incident.objects.filter(period=period, resolved_at__isnull=False).order_by("id")[:3]
    for incident in back:
        triage.reopen(incident.pk, reason="Again", by=period.lead, at=GO_LIVE + 9 * DAY)
    at = GO_LIVE + 10 * DAY + timedelta(minutes=17)

    without = figures(asked(period), at)
    monkeypatch.setattr(cached_counts, "MANY", 0)

    assert figures(asked(period), at) == without


@pytest.mark.django_db(transaction=True)
def test_only_the_hours_of_what_changed_are_counted_again(much: None, django_assert_max_num_queries: Any) -> None:
    period = make_period()
    first = report(period, GO_LIVE)
    report(period, GO_LIVE + DAY)
    kept = hourly_totals.totals_of(asked(period))
    kept.up_to(hourly_totals.REPORTED, GO_LIVE + 2 * DAY)
    Incident.objects.exclude(pk=first.pk).update(severity="P4")  # nothing in the journal: it must not be looked at

    triage.regrade(first.pk, impact="medium", urgency="medium", by=period.lead, at=GO_LIVE + 2 * DAY)

    with django_assert_max_num_queries(10):
        (counts,) = hourly_totals.totals_of(asked(period)).up_to(hourly_totals.REPORTED, GO_LIVE + 2 * DAY)
    assert counts[:4] == (1, 0, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_what_was_counted_in_a_transaction_that_is_rolled_back_is_not_kept(much: None) -> None:
    period = make_period()
    incident = report(period, GO_LIVE)

    class Never(Exception):
        pass

    with suppress(Never), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(severity="P4")
        assert hourly_totals.totals_of(asked(period)).up_to(hourly_totals.REPORTED, GO_LIVE)[0][:4] == (0, 0, 0, 1)
        raise Never

    assert hourly_totals.totals_of(asked(period)).up_to(hourly_totals.REPORTED, GO_LIVE)[0][:4] == (1, 0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_sums_of_another_course_of_events_are_not_believed(much: None) -> None:
    """As after a restore: the entry the sums stand at is there, but it is another one."""
    period = make_period()
    incident = report(period, GO_LIVE)
    hourly_totals.totals_of(asked(period)).up_to(hourly_totals.REPORTED, GO_LIVE)
    Incident.objects.filter(pk=incident.pk).update(severity="P4")
    key = hourly_totals._key(period)
    length, said, seq, _, kept, since = cache.get(key)

    cache.set(key, (length, said, seq, "0" * 64, kept, since))

    assert hourly_totals.totals_of(asked(period)).up_to(hourly_totals.REPORTED, GO_LIVE)[0][:4] == (0, 0, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_other_promises_judge_what_has_ended_anew(much: None) -> None:
    period = make_period()
    incident = report(period, GO_LIVE, 1)
    triage.resolve(incident.pk, ending="fixed", resolution="Restarted", by=period.lead, at=GO_LIVE + HOUR / 4)
    at = GO_LIVE + DAY
    assert hourly_totals.totals_of(asked(period)).promises(since=GO_LIVE, at=at) == (1, 0)

    story = dict.fromkeys(sla_clock.TARGETS, dict.fromkeys(sla_clock.KINDS, sla_clock.SlaTarget(60)))
    escalation_policies.set_targets(period.pk, targets=story, covered=None, by=period.lead, at=at)

    assert hourly_totals.totals_of(asked(period)).promises(since=GO_LIVE, at=at) == (0, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "minutes"), [("Europe/Copenhagen", 60), ("Asia/Kathmandu", 15), ("Australia/Lord_Howe", 30)]
)
def test_no_hour_reaches_from_one_local_day_into_the_next(zone: str, minutes: int) -> None:
    assert hourly_totals.totals_of(make_period(timezone=zone)).length == minutes * 60
