"""Secrets written anew with the newest key, and the number a person is called at."""

from __future__ import annotations

import base64
import importlib
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from contributors.models import ContactPoint
from hypercare.models import User
from hypercare.security import encryption, key_rotation
from tests.factories import NOW, make_user
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db
OLD, NEW = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
PHONE = "+45 20 20 20 20"
encrypted = importlib.import_module("hypercare.migrations.0002_phone_encrypted")


def rotate() -> str:
    out = StringIO()
    call_command("rotate_secrets", stdout=out)
    return out.getvalue()


def stored_phone(user: User) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM hypercare_user WHERE id = %s", [user.pk])
        return str(cursor.fetchone()[0])


def make_point(user: User) -> ContactPoint:
    return ContactPoint.objects.create(
        user=user,
        kind="webhook",
        label="Mine",
        target="https://example.com/?key=1",
        shown="…",
        signing_key="whsec_1",
        created_at=NOW,
    )


def test_after_a_rotation_the_old_key_can_be_taken_out(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    people = [make_user(phone=PHONE) for _ in range(5)]
    point = make_point(people[0])
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    counts = {count.column: count.renewed for count in key_rotation.rotate_secrets(batch=2)}

    assert counts["hypercare.User.phone"] == 5
    assert counts["contributors.ContactPoint.target"] == counts["contributors.ContactPoint.signing_key"] == 1
    assert counts["contributors.ContactPoint.old_signing_key"] == 0  # empty stays empty
    settings.ENCRYPTION_KEYS = [NEW]
    point.refresh_from_db()
    assert (point.target, point.signing_key) == ("https://example.com/?key=1", "whsec_1")
    assert {user.phone for user in User.objects.all()} == {PHONE}


def test_a_secret_no_key_opens_stays_as_it_is_and_the_command_says_so(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    user = make_user(phone=PHONE)
    before = stored_phone(user)
    settings.ENCRYPTION_KEYS = [NEW]

    with pytest.raises(CommandError, match="1 could not be read"):
        rotate()

    assert stored_phone(user) == before


def test_a_rotation_that_finds_nothing_wrong_says_what_it_wrote():
    make_user(phone=PHONE)

    said = rotate()

    assert "hypercare.User.phone: 1 written anew." in said
    assert "Older ones can be taken out." in said


def test_a_phone_number_is_not_readable_in_the_database():
    user = make_user(phone=PHONE)

    assert "20 20" not in stored_phone(user)
    assert User.objects.get(pk=user.pk).phone == PHONE


def test_whoever_lost_the_key_can_still_sign_in_and_enter_the_number_again(settings, caplog):
    settings.ENCRYPTION_KEYS = [OLD]
    user = make_user("Maja", phone=PHONE)
    settings.ENCRYPTION_KEYS = [NEW]

    page = words(signed_in(user).get("/settings/"))

    assert PHONE not in page
    assert "ENCRYPTION_KEYS" in caplog.text


def test_numbers_of_before_are_encrypted_by_the_migration_and_back():
    user = make_user()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hypercare_user SET phone = %s WHERE id = %s", [PHONE, user.pk])

    state = MigrationLoader(connection).project_state(("hypercare", "0001_initial"))
    encrypted.Migration.operations[0].state_forwards("hypercare", state)

    encrypted.encrypt(state.apps, None)
    assert encryption.decrypt(stored_phone(user)) == PHONE

    encrypted.decrypt(state.apps, None)
    assert stored_phone(user) == PHONE
