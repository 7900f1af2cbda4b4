"""What people do with members, shifts and duties in the browser, by script: who may, who may not, bad input."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.models import Membership, Role, Shift
from contributors.shifts import roles
from hypercare.models import User
from periods.models import JournalEntry, Period
from periods.planning import from_template, planning
from tests.factories import GO_LIVE, NOW, make_member, make_period, make_role, make_shift, make_user
from tests.periods.story import ANSWERS

pytestmark = pytest.mark.django_db
BASE = "/api/v1/periods/BILL/"


@pytest.fixture(autouse=True)
def _on_day_5():
    with time_machine.travel(NOW, tick=False):
        yield


def house(status: str = Period.Status.ACTIVE) -> SimpleNamespace:
    """A period with a duty, somebody on it now, and one person of each kind."""
    period = make_period(status, key="BILL")
    role = make_role(period, "Platform")
    holder = make_member(period, make_user("Priya Raman"), role=role)
    shift = make_shift(role, holder.user, starts_at=NOW - timedelta(hours=1))
    worker = make_member(period, make_user("Tomasz")).user
    viewer = make_member(period, make_user("Viewer"), right="viewer").user
    return SimpleNamespace(
        period=period,
        lead=period.lead,
        role=role,
        holder=holder,
        shift=shift,
        worker=worker,
        viewer=viewer,
        stranger=make_user("Stranger"),
    )


def call(user: User, path: str, body: Any = None, *, method: str = "post") -> Any:
    client = Client()
    client.force_login(user)
    return getattr(client, method)(BASE + path, {} if body is None else body, content_type="application/json")


def kinds(period: Period) -> list[str]:
    return list(JournalEntry.objects.filter(period=period).order_by("seq").values_list("kind", flat=True))


CHANGES = [
    ("patch", "contributors/{member}/", {"right": "support"}),
    ("post", "contributors/invite/", {}),
    ("post", "contributors/remind/", {}),
    ("post", "contributors/earlier/", {"people": [1]}),
    ("post", "shifts/{shift}/replace/", {"user": 1}),
    ("post", "duty-roles/", {"name": "Desk"}),
    ("post", "duty-roles/suggested/", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_strangers_find_nothing_and_members_without_the_right_are_refused(
    method: str, path: str, body: dict[str, Any]
) -> None:
    there = house()
    address = path.format(member=there.holder.pk, shift=there.shift.pk)

    assert call(there.stranger, address, body, method=method).status_code == 404
    assert call(there.worker, address, body, method=method).status_code == 403
    assert kinds(there.period) == []


@pytest.mark.parametrize("path", ["shifts/{shift}/take/", "shifts/{shift}/hand-over/"])
def test_taking_and_handing_over_are_not_for_strangers_and_viewers(path: str) -> None:
    there = house()
    address = path.format(shift=there.shift.pk)

    assert call(there.stranger, address).status_code == 404
    assert call(there.viewer, address).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("patch", "contributors/{member}/", {"right": "king"}, "/right"),
        ("patch", "contributors/{member}/", {"role": "Nothing"}, "/role"),
        ("patch", "contributors/{member}/", {"left_at": None}, "/left_at"),
        ("post", "contributors/earlier/", {"people": []}, "/people"),
        ("post", "shifts/{shift}/replace/", {"user": 999_999}, "/user"),
        ("post", "shifts/{shift}/replace/", {}, "/user"),
        ("post", "duty-roles/", {"name": "Platform"}, "/name"),
        ("post", "duty-roles/", {"name": "Desk", "cover": "never"}, "/cover"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    method: str, path: str, body: dict[str, Any], pointer: str
) -> None:
    there = house()

    answer = call(there.lead, path.format(member=there.holder.pk, shift=there.shift.pk), body, method=method)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert kinds(there.period) == []


def test_a_member_gets_another_right_and_keeps_the_duty() -> None:
    there = house()

    answer = call(there.lead, f"contributors/{there.holder.pk}/", {"right": "support"}, method="patch")

    assert (answer.status_code, answer.json()["right"], answer.json()["role"]) == (200, "support", "Platform")
    assert kinds(there.period) == ["contributor.changed"]


def test_a_member_is_relieved_of_a_duty_and_keeps_the_right() -> None:
    there = house()

    answer = call(there.lead, f"contributors/{there.holder.pk}/", {"role": None}, method="patch")

    there.holder.refresh_from_db()
    assert (answer.json()["right"], answer.json()["role"]) == ("contributor", None)
    assert there.holder.role is None


def test_the_last_owner_stays_one() -> None:
    there = house()
    Membership.objects.filter(period=there.period).exclude(user=there.lead).update(right="viewer")
    mine = Membership.objects.get(period=there.period, user=there.lead)

    assert call(there.lead, f"contributors/{mine.pk}/", {"right": "viewer"}, method="patch").status_code == 409


def test_whoever_has_a_duty_is_invited_and_whoever_is_silent_reminded() -> None:
    there = house(Period.Status.READINESS)
    there.shift.delete()

    invited = call(there.lead, "contributors/invite/")
    too_soon = call(there.lead, "contributors/remind/")
    Membership.objects.update(invited_at=NOW - timedelta(hours=5))
    reminded = call(there.lead, "contributors/remind/")

    assert [one["user"]["name"] for one in invited.json()] == ["Priya Raman"]
    assert too_soon.status_code == 409
    assert "Priya Raman" in [one["user"]["name"] for one in reminded.json()]


def test_somebody_stands_in_for_a_part_of_a_shift() -> None:
    there = house()
    start, end = NOW + timedelta(hours=2), NOW + timedelta(hours=4)
    body = {"user": there.worker.pk, "starts_at": start.isoformat(), "ends_at": end.isoformat()}

    answer = call(there.lead, f"shifts/{there.shift.pk}/replace/", body)

    assert (answer.status_code, answer.json()["user"]["name"]) == (200, "Tomasz")
    taken = Shift.objects.get(pk=answer.json()["id"])
    assert (taken.starts_at, taken.ends_at) == (start, end)
    assert kinds(there.period) == ["shift.covered"]


def test_a_stand_in_outside_the_shift_is_refused() -> None:
    there = house()
    body = {"user": there.worker.pk, "ends_at": (NOW + timedelta(days=3)).isoformat()}

    assert call(there.lead, f"shifts/{there.shift.pk}/replace/", body).status_code == 422


def test_a_running_shift_is_taken_now_and_once() -> None:
    there = house()

    taken = call(there.worker, f"shifts/{there.shift.pk}/take/")
    again = call(there.worker, f"shifts/{taken.json()['id']}/take/")

    assert (taken.status_code, taken.json()["user"]["name"]) == (200, "Tomasz")
    assert again.status_code == 409


def test_a_note_is_opened_before_its_time_by_the_holder() -> None:
    there = house()
    make_shift(there.role, there.worker, starts_at=there.shift.ends_at)

    answer = call(there.holder.user, f"shifts/{there.shift.pk}/hand-over/")

    assert (answer.status_code, answer.json()["incoming"]["name"]) == (200, "Tomasz")


def test_duties_are_added_one_by_one_or_as_suggested() -> None:
    there = house(Period.Status.DRAFT)

    added = call(there.lead, "duty-roles/", {"name": "Desk", "code": "SU", "headcount": 2})
    unasked = call(there.lead, "duty-roles/suggested/")
    with time_machine.travel(GO_LIVE - timedelta(days=30), tick=False):
        planning.update(there.period.pk, answers=ANSWERS, by=there.lead, at=GO_LIVE - timedelta(days=30))
    suggested = call(there.lead, "duty-roles/suggested/")

    assert (added.status_code, added.json()["headcount"]) == (201, 2)
    assert unasked.status_code == 409
    assert roles.ENGINEERING in [role["name"] for role in suggested.json()]
    assert Role.objects.filter(period=there.period, name=roles.ENGINEERING).count() == 1


def test_people_of_an_earlier_period_are_offered_and_taken_along() -> None:
    earlier = make_period(key="OLD")
    kavya = make_member(earlier, make_user("Kavya"), right="support")
    there = house(Period.Status.DRAFT)
    make_member(earlier, there.lead)
    start = from_template.start_from_earlier("OLD", by=there.lead)
    from_template.apply_start(there.period.pk, start, by=there.lead, at=NOW)

    offered = call(there.lead, "contributors/earlier/", method="get")
    added = call(there.lead, "contributors/earlier/", {"people": [kavya.pk]})

    assert kavya.pk in [one["id"] for one in offered.json()]
    assert added.status_code == 201
    assert [(one["user"]["name"], one["right"]) for one in added.json()] == [("Kavya", "support")]
