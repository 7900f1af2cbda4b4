"""The accounts of an installation: kept by administrators, of whom there is always one."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from contributors.models import Membership
from hypercare.accounts import api_tokens, duties, people
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from tests.factories import NOW, make_check, make_incident, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db


def make_admin(name: str = "Astrid") -> User:
    return make_user(name, is_superuser=True, is_staff=True, may_plan=True)


def administrators() -> int:
    return User.objects.filter(is_superuser=True, is_active=True).count()


def test_each_word_is_looked_for_in_name_and_address() -> None:
    make_user("Maja Lindqvist", email="maja@north.example")
    make_user("Jonas Weber", email="jonas@south.example")

    assert [one.name for one in people.list_people("maja NORTH")] == ["Maja Lindqvist"]
    assert [one.name for one in people.list_people()] == ["Jonas Weber", "Maja Lindqvist"]


def test_a_new_account_has_no_password_and_the_rights_it_was_given() -> None:
    made = people.add_person(email=" Ines@Example.com ", name="Ines  Duarte", may_plan=True, by=make_admin())

    assert (made.email, made.name, made.may_plan, made.is_superuser) == ("ines@example.com", "Ines Duarte", True, False)
    assert not made.has_usable_password()


def test_an_address_is_an_accounts_own_and_has_to_be_one() -> None:
    admin = make_admin()
    make_user("Maja", email="maja@example.com")

    with pytest.raises(AlreadyDone, match="Maja has an account"):
        people.add_person(email="MAJA@example.com", name="Other", by=admin)
    with pytest.raises(Invalid) as refusal:
        people.add_person(email="nobody", name="", by=admin)
    assert set(refusal.value.errors) == {"email", "name"}


def test_only_what_is_named_changes() -> None:
    admin, maja = make_admin(), make_user("Maja", may_plan=True)

    people.change_rights(maja.pk, may_administer=True, by=admin)

    maja.refresh_from_db()
    assert (maja.may_plan, maja.is_superuser, maja.is_staff) == (True, True, True)


def test_the_last_administrator_stays_one_until_there_is_another() -> None:
    admin, maja = make_admin(), make_user("Maja")

    with pytest.raises(Refused, match="only administrator"):
        people.change_rights(admin.pk, may_administer=False, by=admin)
    people.change_rights(maja.pk, may_administer=True, by=admin)
    people.change_rights(admin.pk, may_administer=False, by=admin)

    assert list(User.objects.filter(is_superuser=True)) == [maja]


def test_whoever_does_not_administer_changes_nothing() -> None:
    make_admin()
    maja = make_user("Maja", may_plan=True)

    with pytest.raises(NotAllowed):
        people.change_rights(maja.pk, may_administer=True, by=maja)
    with pytest.raises(NotAllowed):
        people.add_person(email="x@example.com", name="X", by=maja)


def test_an_account_that_is_switched_off_ends_with_its_sessions_and_tokens_and_comes_back_without() -> None:
    admin, maja = make_admin(), make_user("Maja")
    api_tokens.make_token(maja, name="script", may_write=True, at=NOW)
    before = maja.get_session_auth_hash()

    people.deactivate(maja.pk, by=admin, at=NOW)
    with pytest.raises(AlreadyDone):
        people.deactivate(maja.pk, by=admin, at=NOW)
    back = people.reactivate(maja.pk, by=admin)

    assert back.is_active
    assert back.get_session_auth_hash() != before
    assert not api_tokens.living_tokens(maja).exists()
    with pytest.raises(AlreadyDone):
        people.reactivate(maja.pk, by=admin)
    with pytest.raises(Refused, match="your own account"):
        people.deactivate(admin.pk, by=admin, at=NOW)


def test_what_becomes_of_each_duty_is_said_before_and_happens() -> None:
    admin, maja = make_admin(), make_user("Maja")
    period = make_period(lead=maja)
    role = make_role(period)
    Membership.objects.filter(period=period).delete()
    make_member(period, maja, right="owner", role=role)
    shift, past = make_shift(role, maja), make_shift(role, maja, starts_at=NOW - timedelta(days=2))
    make_check(period, owner=maja)
    make_incident(period, owner=maja)

    said = [duty.what for duty in duties.list_duties(maja, at=NOW)]
    people.deactivate(maja.pk, by=admin, at=NOW)

    duty = f"Duty: {role.name}"
    assert said == ["Only owner", duty, "Coming shifts: 1", "Lead", "Open checks: 1", "Open incidents: 1"]
    shift.refresh_from_db()
    past.refresh_from_db()
    assert (shift.cancelled_at, past.cancelled_at) == (NOW, None)
    assert Membership.objects.get(period=period, user=admin).right == "owner"
    kinds = list(period.journal.order_by("seq").values_list("kind", flat=True))
    assert kinds[-2:] == ["contributor.added", "shift.cancelled"]


def at_once(*acts: Any) -> list[str]:
    """What became of each, begun together on connections of their own."""
    gate, said = threading.Barrier(len(acts)), []

    def run(act: Any) -> None:
        gate.wait()
        try:
            act()
            said.append("done")
        except Refused as error:
            said.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return sorted(said)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time")
def test_of_two_administrators_who_end_each_other_at_once_one_stays() -> None:
    one, other = make_admin("One"), make_admin("Other")

    said = at_once(
        lambda: people.change_rights(other.pk, may_administer=False, by=one),
        lambda: people.change_rights(one.pk, may_administer=False, by=other),
    )

    assert (said, administrators()) == (["NotAllowed", "done"], 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite lets one write at a time")
def test_of_two_administrators_who_switch_each_other_off_at_once_one_stays() -> None:
    one, other = make_admin("One"), make_admin("Other")

    said = at_once(
        lambda: people.deactivate(other.pk, by=one, at=NOW), lambda: people.deactivate(one.pk, by=other, at=NOW)
    )

    assert (said, administrators()) == (["NotAllowed", "done"], 1)
