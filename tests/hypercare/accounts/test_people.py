"""The accounts of an installation: kept by administrators, of whom there is always one."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, connections

from hypercare.accounts import people
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from tests.factories import make_user

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
