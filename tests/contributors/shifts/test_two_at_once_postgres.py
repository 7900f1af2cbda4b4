"""Two people at once: one wins, the other is told. Real threads, real locks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction

from contributors.calendars import feed_links
from contributors.handoffs import handoffs
from contributors.models import Acknowledgement, Handoff, Link, Membership, Shift
from contributors.people import members
from contributors.readiness import acknowledgements
from contributors.shifts import release, roster
from contributors.swaps import cover_requests
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
BEFORE = GO_LIVE - timedelta(days=2)
ALL = list(Acknowledgement.STATEMENTS)


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")


def at_once(*presses: Callable[[], Any]) -> tuple[list[Any], list[Refused]]:
    """What those who won got, and what the others were told."""
    won: list[Any] = []
    told: list[Refused] = []
    barrier = threading.Barrier(len(presses))

    def press(what: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            won.append(what())
        except Refused as refusal:
            told.append(refusal)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(what,)) for what in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won, told


def test_the_same_answer_twice_at_once_is_saved_once():
    period = make_period(Period.Status.READINESS)
    member = make_member(period, role=make_role(period), invited_at=BEFORE)

    def ready() -> Acknowledgement:
        return acknowledgements.acknowledge(
            member.pk, statements=ALL, note="", state="ready", by=member.user, at=BEFORE, via="link"
        )

    won, told = at_once(ready, ready, ready)

    assert len(won) == 1
    assert [str(one) for one in told] == ["You said on 12 Nov at 06:00 that you are ready."] * 2
    assert JournalEntry.objects.filter(period=period).count() == 1


def test_of_two_answers_at_once_one_stands():
    period = make_period(Period.Status.READINESS)
    member = make_member(period, role=make_role(period), invited_at=BEFORE)

    def answer(state: str) -> Acknowledgement:
        return acknowledgements.acknowledge(
            member.pk,
            statements=ALL,
            note="No laptop" if state == "problem" else "",
            state=state,
            by=member.user,
            at=BEFORE,
            via="",
        )

    won, _ = at_once(lambda: answer("ready"), lambda: answer("problem"))

    assert len(won) == 2
    assert Acknowledgement.objects.filter(membership=member, voided_at__isnull=True).count() == 1


def test_one_person_is_put_on_a_role_once():
    period = make_period()
    role, person = make_role(period), make_member(period).user

    def assign() -> Shift:
        return roster.assign_shift(
            role.pk, user=person, starts_at=NOW, ends_at=NOW + timedelta(hours=8), by=period.lead, at=NOW
        )

    won, told = at_once(assign, assign)

    assert len(won) == 1
    assert isinstance(told[0], Invalid)
    assert "is already on" in str(told[0])
    assert Shift.objects.count() == 1


def test_a_shift_is_cancelled_once():
    period = make_period()
    shift = make_shift(make_role(period), make_member(period).user)

    def cancel() -> Shift:
        return roster.cancel_shift(shift.pk, by=period.lead, at=NOW)

    won, told = at_once(cancel, cancel)

    shift.refresh_from_db()
    assert len(won) == 1
    assert isinstance(told[0], AlreadyDone)
    assert shift.revision == 1


def test_a_new_address_is_added_once():
    period = make_period()

    def add() -> Membership:
        return members.add_person(
            period.pk, email="new@example.test", name="New", right="viewer", role=None, by=period.lead, at=NOW
        )

    won, told = at_once(add, add)

    assert len(won) == 1
    assert isinstance(told[0], AlreadyDone)
    assert User.objects.filter(email="new@example.test").count() == 1


def test_of_two_owners_who_release_each_other_one_stays():
    period = make_period(sponsor=make_user("Sponsor"), bau_owner=make_user("Bau"))
    Membership.objects.filter(period=period).update(right="viewer")
    first, second = (make_member(period, right="owner") for _ in range(2))

    won, told = at_once(
        lambda: release.remove_member(first.pk, by=second.user, at=NOW),
        lambda: release.remove_member(second.pk, by=first.user, at=NOW),
    )

    assert (len(won), len(told)) == (1, 1)
    assert "only owner" in str(told[0])


def test_a_feed_has_one_address():
    user = make_user()

    at_once(lambda: feed_links.ensure_link(user, at=NOW), lambda: feed_links.ensure_link(user, at=NOW))

    assert Link.objects.filter(user=user).count() == 1


def test_of_two_who_take_the_same_cover_at_once_one_has_it_and_the_other_is_told_who():
    period = make_period()
    role = make_role(period, cover="none")
    holder, *others = (make_member(period, role=role).user for _ in range(4))
    shift = make_shift(role, holder, starts_at=NOW + timedelta(days=1))
    wanted = cover_requests.WantedCover(role, shift.starts_at, shift.ends_at, shift=shift)
    request = cover_requests.ask(wanted, users=others, by=holder, at=NOW)

    won, told = at_once(*(lambda user=user: cover_requests.accept(request.pk, by=user, at=NOW) for user in others))

    assert len(won) == 1
    assert {str(one) for one in told} == {f"{won[0].taken_by} took this on Wed 18 Nov at 14:12."}
    standing = Shift.objects.filter(role=role, cancelled_at__isnull=True)
    assert [one.user for one in standing] == [won[0].taken_by]


def _handing_over() -> tuple[Period, Handoff, User]:
    period = make_period()
    role = make_role(period, "Incident lead", cover="none")
    maja, rachel = (make_member(period, make_user(name), role=role).user for name in ("Maja", "Rachel"))
    end = NOW + timedelta(minutes=20)
    out = make_shift(role, maja, starts_at=end - timedelta(hours=8))
    make_shift(role, rachel, starts_at=end)
    handoff = handoffs.begin(out.pk, by=maja, at=NOW)
    return period, handoffs.write(handoff.pk, texts={"overall": "Quiet."}, version=0, by=maja, at=NOW), rachel


def test_of_two_who_accept_a_hand_off_at_once_one_has_it():
    period, handoff, rachel = _handing_over()

    won, told = at_once(
        *(lambda by=by: handoffs.accept(handoff.pk, by=by, at=NOW) for by in (rachel, period.lead, rachel))
    )

    assert len(won) == 1
    assert len(told) == 2
    assert all(isinstance(one, AlreadyDone) for one in told)
    assert JournalEntry.objects.filter(kind="handoff.accepted").count() == 1


def test_accepting_while_the_lead_is_told_leaves_one_story():
    _, handoff, rachel = _handing_over()
    late = handoff.due_at + handoffs.PATIENCE
    args = {"handoff": handoff.pk, "due_at": handoff.due_at.isoformat()}

    at_once(
        lambda: handoffs.accept(handoff.pk, by=rachel, at=late),
        lambda: transaction.atomic(handoffs.on_overdue)(args, due_at=late, at=late),
    )

    kinds = list(
        JournalEntry.objects.filter(kind__startswith="handoff.").order_by("seq").values_list("kind", flat=True)
    )
    assert kinds[-1] == "handoff.accepted"
    assert kinds in (
        ["handoff.written", "handoff.accepted"],
        ["handoff.written", "handoff.escalated", "handoff.accepted"],
    )
    assert Handoff.objects.get().accepted_by == rachel
