"""Figures counted once per version of a period."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from incidents.reporting import cached_counts
from incidents.reporting.cached_counts import OpenCounts
from incidents.triage import triage
from periods.models import Period
from tests.factories import NOW, make_incident, make_period, make_user

pytestmark = pytest.mark.django_db


def test_open_incidents_are_counted_by_severity_and_period() -> None:
    calm, busy = make_period(), make_period()
    for severity in ("P1", "P3", "P3"):
        make_incident(busy, severity=severity)
    make_incident(busy, severity="P1", status="resolved", resolved_at=NOW)

    counts = cached_counts.open_counts_of([calm, busy])

    assert counts == {calm.pk: OpenCounts(), busy.pk: OpenCounts(p1=1, p3=2)}
    assert counts[busy.pk].open == 3


def test_a_figure_is_asked_for_once_until_something_happens(django_assert_num_queries: Any) -> None:
    period = make_period()
    with django_assert_num_queries(1):
        cached_counts.open_counts_of([period])
    with django_assert_num_queries(0):
        cached_counts.open_counts_of([period])

    triage.report(period.pk, title="Down", impact="high", urgency="high", by=period.lead, at=NOW)
    period = Period.objects.get(pk=period.pk)

    with django_assert_num_queries(1):
        assert cached_counts.open_counts_of([period])[period.pk] == OpenCounts(p1=1)


def test_of_those_who_ask_at_the_same_time_one_counts_and_the_others_wait(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "at-once"}}
    asked, counted = Barrier(8), []

    def count() -> int:
        counted.append(1)
        return sum(range(200_000))  # long enough for the others to come

    def ask(_: int) -> int:
        asked.wait()
        return int(cached_counts.count_once("slow", count))

    with ThreadPoolExecutor(8) as people:
        said = set(people.map(ask, range(8)))

    assert (said, len(counted)) == ({sum(range(200_000))}, 1)


def test_nobody_has_periods_without_asking(django_assert_num_queries: Any) -> None:
    assert make_user()
    with django_assert_num_queries(0):
        assert cached_counts.open_counts_of([]) == {}
