"""Gaps that are let stand: who may, what stays quiet, and when that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.test import Client

from contributors.models import AcceptedGap, Delivery
from contributors.reminders import reminders
from contributors.shifts import accepted_gaps, coverage, gantt, roster
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed
from hypercare.pages.home import todo
from periods.go import gonogo
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SAYS = "The warehouse is closed"


@pytest.fixture
def there() -> SimpleNamespace:
    """A live period in which nobody is on the desk from NOW + 4 h to NOW + 8 h."""
    period = make_period()
    role = make_role(period, "Desk")
    ann = make_member(period, make_user("Ann"), role=role).user
    make_shift(role, ann, starts_at=NOW - 20 * HOUR, hours=24)
    for n in range(8):
        make_shift(role, ann, starts_at=NOW + 8 * HOUR + n * DAY, hours=24)
    (gap,) = coverage.find_gaps(period, start=NOW, end=NOW + DAY)
    return SimpleNamespace(period=period, role=role, ann=ann, lead=period.lead, gap=gap)


def accept(there: SimpleNamespace, reason: str = SAYS, **changes: object) -> AcceptedGap:
    given = {"role_id": there.role.pk, "starts_at": there.gap.start, "by": there.lead, "at": NOW, **changes}
    return accepted_gaps.accept(there.period.pk, reason=reason, **given)


def told(there: SimpleNamespace, at: datetime = NOW) -> int:
    reminders.on_coverage_watch({"period": there.period.pk}, due_at=at, at=at)
    return Delivery.objects.filter(kind="coverage_gap").count()


def consume() -> None:
    for entry in JournalEntry.objects.order_by("pk"):
        accepted_gaps.on_entry(entry, at=entry.at)


def test_an_accepted_gap_is_recorded_with_its_reason_and_alerts_nobody(there):
    accept(there)

    entry = JournalEntry.objects.get(kind="gap.accepted")
    assert (entry.data["reason"], entry.actor) == (SAYS, there.lead)
    assert told(there) == 0
    assert coverage.upcoming_gaps(there.period, at=NOW) == []
    assert told(there, NOW + 5 * HOUR) == 0  # while it runs


def test_the_figures_still_count_the_minutes_nobody_is_there(there):
    accept(there)

    assert coverage.gap_minutes(there.period, start=NOW, end=NOW + DAY) == 240


def test_an_accepted_gap_stands_in_the_way_of_nothing_and_is_shown_with_who_and_why(there):
    period, made = there.period, accept(there)
    Period.objects.filter(pk=period.pk).update(status="readiness", go_live_at=NOW)
    period.refresh_from_db()

    def stands_in_the_way() -> dict[str, int]:
        """Everywhere that says what a go, a debrief or a lead has to look at."""
        with time_machine.travel(NOW, tick=False):
            home = [need for need in todo.todo_of(period.lead, at=NOW).needs if "cover" in need.title]
        return {
            "go": sum(one.code == "go.cover_gap" for one in gonogo.find_blockers(period, at=NOW)),
            "debrief": len(coverage.agenda_section(period, since=NOW, at=NOW).items),
            "home": len(home),
            "overview": len(coverage.upcoming_gaps(period, at=NOW)),
        }

    assert set(stands_in_the_way().values()) == {0}
    client = Client()
    client.force_login(period.lead)
    with time_machine.travel(NOW, tick=False):
        page = client.get(f"/p/{period.key}/go-no-go/").content.decode()
    assert f"{period.lead} lets it stand: {SAYS}" in page

    accepted_gaps.take_back(made.pk, by=there.lead, at=NOW)
    assert set(stands_in_the_way().values()) == {1}


def test_a_gap_that_grows_is_told_again(there):
    accept(there)
    later = there.role.shifts.get(starts_at=NOW + 8 * HOUR)
    later.starts_at += HOUR
    later.save()

    assert told(there) == 1


def test_an_acceptance_ends_when_shifts_change_and_stays_ended_when_they_change_back(there):
    accept(there)
    ben = make_member(there.period, make_user("Ben"), role=there.role).user
    filled = roster.assign_shift(
        there.role.pk, user=ben, starts_at=there.gap.start, ends_at=there.gap.end, by=there.lead, at=NOW
    )
    consume()
    assert JournalEntry.objects.filter(kind="gap.reopened", actor=None).count() == 1

    roster.cancel_shift(filled.pk, by=there.lead, at=NOW)
    consume()

    assert told(there) == 1
    assert JournalEntry.objects.filter(kind="gap.reopened").count() == 1


def test_what_changes_elsewhere_leaves_an_acceptance_alone(there):
    accept(there)
    make_shift(make_role(there.period, "Other", cover="none"), there.ann, starts_at=NOW + 5 * HOUR)

    assert accepted_gaps.end_outdated(there.period.pk, at=NOW) == 0


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_a_reason_is_demanded(there, reason):
    with pytest.raises(Invalid) as refused:
        accept(there, reason)

    assert "reason" in refused.value.errors


def test_only_who_plans_may_and_only_once_and_only_what_is_there(there):
    with pytest.raises(NotAllowed):
        accept(there, by=there.ann)
    with pytest.raises(AlreadyDone, match="no longer as it was"):
        accept(there, starts_at=there.gap.start + HOUR)
    made = accept(there)
    with pytest.raises(AlreadyDone, match="lets this gap stand already"):
        accept(there)

    accepted_gaps.take_back(made.pk, by=there.lead, at=NOW)

    assert told(there) == 1
    with pytest.raises(AlreadyDone):
        accepted_gaps.take_back(made.pk, by=there.lead, at=NOW)


def test_the_page_accepts_shows_and_counts_again(there):
    client, base = Client(), f"/p/{there.period.key}/coverage/"
    client.force_login(there.lead)
    with time_machine.travel(NOW, tick=False):
        form = f"{base}gaps/accept/?gap={gantt.gap_key(there.gap)}"
        assert "Accept the gap on Desk" in client.get(form).content.decode()
        empty = client.post(form, {"reason": ""})
        shown = client.post(form, {"reason": SAYS}, follow=True).content.decode()
        made = AcceptedGap.objects.get()
        again = client.post(f"{base}gaps/{made.pk}/back/", follow=True).content.decode()
        gone = client.get(f"{base}gaps/accept/?gap=nothing")

    assert (empty.status_code, gone.status_code) == (422, 409)
    assert "Say why nobody is needed then." in empty.content.decode()
    assert SAYS in shown
    assert "duty-bar--accepted" in shown
    assert "Accepted gap on Desk" in shown
    assert "Nobody on Desk" in again


def test_strangers_and_others_of_the_period_do_not_accept(there):
    for user, status in ((make_user("Stranger"), 404), (there.ann, 403)):
        client = Client()
        client.force_login(user)
        with time_machine.travel(NOW, tick=False):
            answer = client.post(f"/p/{there.period.key}/coverage/gaps/accept/?gap={gantt.gap_key(there.gap)}")
        assert answer.status_code == status
