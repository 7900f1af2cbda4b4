"""The demo tells one story at any hour, once, and its journal holds."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise

import pytest
import time_machine
from django.core.management import CommandError, call_command

from contributors.models import Delivery
from contributors.shifts import coverage, roster
from hypercare.models import User
from incidents.models import Incident
from periods.journal import journal
from periods.models import JournalEntry, Period

pytestmark = pytest.mark.django_db

MOMENTS = [
    pytest.param(datetime(2026, 11, 18, 13, 12, tzinfo=UTC), id="an afternoon"),
    pytest.param(datetime(2026, 11, 18, 22, 58, tzinfo=UTC), id="just before midnight"),
    pytest.param(datetime(2026, 11, 19, 23, 4, tzinfo=UTC), id="just after midnight"),
    pytest.param(datetime(2026, 11, 18, 5, 20, tzinfo=UTC), id="a morning before New York is up"),
    pytest.param(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), id="the night the clocks go back"),
]


def seed(*arguments: str) -> str:
    said = StringIO()
    call_command("seed_demo", *arguments, stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_story_has_its_numbers_at_any_hour_and_nobody_is_mailed_about_it(moment):
    with time_machine.travel(moment, tick=False):
        said = seed()

    period = Period.objects.get(key="BILL26")
    open_now = Incident.objects.open().filter(period=period).values_list("severity", flat=True)
    gaps = coverage.find_gaps(period, start=moment, end=period.ends_at)
    assert (period.status, period.day(moment), period.days) == ("active", 5, 14)
    assert period.incidents.count() == 39  # one of them a wish
    assert Counter(open_now) == {"P1": 2, "P2": 2, "P3": 4, "P4": 1}
    assert [(gap.role.name, gap.end - gap.start) for gap in gaps] == [("Platform", timedelta(hours=8))]
    assert [problem for one in Period.objects.all() for problem in journal.verify_chain(one)] == []
    assert "maja@northlane.example" in said
    assert not Delivery.objects.filter(state__in=Delivery.OPEN, intended_at__lte=moment).exists()
    assert not JournalEntry.objects.filter(dispatched_at__isnull=True).exists()
    for one in Period.objects.all():
        times = list(one.journal.order_by("seq").values_list("at", flat=True))
        assert [at for before, at in pairwise(times) if at < before] == [], one.key
        assert times[-1] <= moment
    for serious in period.incidents.filter(severity="P1", acknowledged_at__isnull=False):
        on = roster.shifts_on_duty(period, at=serious.acknowledged_at)
        assert serious.acknowledged_by in [one.user for one in on if one.role.answers_pages and one.kind == "primary"]
    newest = period.journal.order_by("-seq").values_list("at", flat=True)[:8]
    assert all(moment - timedelta(hours=2) < at <= moment for at in newest)  # what happened last is told last


def test_what_waits_is_seen_waiting_and_a_wish_counts_nowhere():
    moment = datetime(2026, 11, 18, 13, 12, tzinfo=UTC)

    with time_machine.travel(moment, tick=False):
        seed()

    rows = Incident.objects.filter(period__key="BILL26", resolved_at__isnull=True)
    assert sorted(rows.exclude(queue="").values_list("queue", flat=True)) == ["planned_fix", "returned"]
    assert rows.filter(snoozed_until__gt=moment).count() == 1
    assert rows.filter(kind="enhancement").count() == 1
    assert not Incident.objects.open().filter(kind="enhancement").exists()
    assert rows.get(title__startswith="Card payments").pauses[0][1]
    paged = JournalEntry.objects.filter(period__key="BILL26", kind="incident.paged")
    assert {entry.data["severity"] for entry in paged} == {"P1", "P2"}
    assert rows.get(title__startswith="Webhook").paging_since  # the next step is still to come


def test_a_second_run_changes_nothing_and_a_load_period_has_its_size_once():
    seed("--size", "300")
    before = (User.objects.count(), Period.objects.count(), JournalEntry.objects.count())

    said = seed("--size", "300")
    seed("--if-empty")

    assert (User.objects.count(), Period.objects.count(), JournalEntry.objects.count()) == before
    assert "The demo is here already; nothing changed." in said
    assert "LOAD1 is here already" in said
    load = Period.objects.get(key="LOAD1")
    assert load.incidents.count() == 300
    assert Incident.objects.open().filter(period=load).count() == 1


def test_in_production_it_refuses_because_everybody_knows_the_password_unless_that_is_meant(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match=r"admin@northlane\.example an administrator, and its password is published"):
        seed()
    assert not User.objects.exists()
    assert "maja@northlane.example" in seed("--with-published-password")
