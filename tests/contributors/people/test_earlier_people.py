"""People of the period that a plan started from are offered, and become part of it only when chosen."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from contributors.models import Delivery, Membership
from contributors.people import earlier_people
from hypercare.exceptions import Invalid, NotAllowed
from periods.models import Period, PeriodOrigin
from tests.factories import NOW, make_member, make_period, make_role, make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def old() -> Period:
    period = make_period(Period.Status.CLOSED, key="OLD", name="Ledger move")
    engineering = make_role(period, "Billing engineering")
    make_member(period, make_user("Priya Raman"), role=engineering)
    make_member(period, make_user("Daniel Osei"), role=engineering, is_deputy=True, right="support")
    make_member(period, make_user("Gone Away"), left_at=NOW)
    make_member(period, make_user("Locked Out", is_active=False))
    return period


@pytest.fixture
def new(old: Period) -> Period:
    period = make_period(Period.Status.DRAFT, key="NEW", lead=old.lead, sponsor=old.sponsor)
    make_role(period, "Billing engineering")
    PeriodOrigin.objects.create(period=period, label="Ledger move (OLD)", earlier=old, content={})
    return period


def offered(period: Period, **who: Any) -> dict[str, earlier_people.EarlierPerson]:
    found = earlier_people.suggest_people(period, by=who.get("by", period.lead))
    return {one.member.user.name: one for one in found}


def test_people_are_offered_with_the_duty_of_the_same_name(new: Period) -> None:
    found = offered(new)

    assert set(found) == {"Priya Raman", "Daniel Osei", "Bau Owner"}
    assert str(found["Priya Raman"].role) == "Billing engineering"
    assert found["Priya Raman"].role.period_id == new.pk
    assert found["Bau Owner"].role is None


def test_who_is_chosen_is_added_with_right_and_duty_and_nobody_is_told(new: Period) -> None:
    daniel = offered(new)["Daniel Osei"].member

    earlier_people.add_chosen(new.pk, chosen={daniel.pk}, by=new.lead, at=NOW)

    made = Membership.objects.get(period=new, user=daniel.user)
    assert (made.right, str(made.role), made.is_deputy, made.invited_at) == (
        "support",
        "Billing engineering",
        True,
        None,
    )
    assert "Daniel Osei" not in offered(new)
    assert not Delivery.objects.exists()


def test_a_period_one_left_offers_nobody(old: Period, new: Period) -> None:
    Membership.objects.filter(period=old, user=new.lead).update(left_at=NOW)

    assert offered(new) == {}


def test_a_plan_that_started_from_a_template_offers_nobody() -> None:
    assert offered(make_period(Period.Status.DRAFT)) == {}


@pytest.mark.parametrize("wanted", ["nobody", "a stranger", "a number of nothing"])
def test_only_who_is_offered_can_be_chosen(new: Period, wanted: str) -> None:
    chosen = {"nobody": set(), "a stranger": {make_member(make_period()).pk}, "a number of nothing": {10**30}}
    before = Membership.objects.filter(period=new).count()

    with pytest.raises(Invalid):
        earlier_people.add_chosen(new.pk, chosen=chosen[wanted], by=new.lead, at=NOW)
    assert Membership.objects.filter(period=new).count() == before


def test_who_does_not_manage_people_adds_nobody(old: Period, new: Period) -> None:
    helper = make_member(new, offered(new)["Priya Raman"].member.user).user

    with pytest.raises(NotAllowed):
        earlier_people.add_chosen(new.pk, chosen={offered(new)["Daniel Osei"].member.pk}, by=helper, at=NOW)


def test_the_step_of_people_offers_them_and_adds_the_ticked(new: Period) -> None:
    client = Client()
    client.force_login(new.lead)
    url = "/p/NEW/plan/people/"

    page = words(client.get(url))
    none = client.post(f"{url}earlier/", {"people": ["x"]})
    added = client.post(f"{url}earlier/", {"people": [offered(new)["Priya Raman"].member.pk]}, follow=True)

    assert "3 people of Ledger move" in page
    assert (none.status_code, "Tick the people to add." in none.content.decode()) == (422, True)
    assert "1 person added. Nobody is told before you invite." in added.content.decode()
    assert Membership.objects.filter(period=new, user__name="Priya Raman").exists()
    client.force_login(make_user())
    assert client.post(f"{url}earlier/", {"people": [1]}).status_code == 404
    client.force_login(make_member(new).user)
    assert client.post(f"{url}earlier/", {"people": [1]}).status_code == 403
