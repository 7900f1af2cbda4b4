"""Secrets at rest."""

import base64

import pytest
from django.db import connection, models

from hypercare.security import encryption
from hypercare.security.encryption import SecretField

OLD, NEW = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))


def test_a_secret_comes_back_and_is_not_seen_in_its_token():
    token = encryption.encrypt("+45 20 20 20 20")

    assert encryption.decrypt(token) == "+45 20 20 20 20"
    assert "20 20" not in token
    assert encryption.encrypt("+45 20 20 20 20") != token


def test_an_old_key_still_opens_while_the_new_one_encrypts(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    token = encryption.encrypt("one")
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    assert encryption.decrypt(token) == "one"
    settings.ENCRYPTION_KEYS = [OLD]
    assert encryption.decrypt(token) == "one"


def test_without_its_key_a_secret_is_refused_with_what_to_do(settings):
    settings.ENCRYPTION_KEYS = [OLD]
    token = encryption.encrypt("one")
    settings.ENCRYPTION_KEYS = [NEW]

    with pytest.raises(encryption.UnreadableSecret, match="ENCRYPTION_KEYS"):
        encryption.decrypt(token)


@pytest.mark.parametrize(("text", "shown"), [("", "••••"), ("1234567", "••••"), ("+45 20 30 40 50", "••••0 50")])
def test_a_mask_shows_the_end_only_where_enough_stays_hidden(text, shown):
    assert encryption.mask(text) == shown


def test_the_field_encrypts_on_the_way_in_and_decrypts_on_the_way_out():
    field: models.Field = SecretField()

    stored = field.get_prep_value("token-1")

    assert "token-1" not in stored
    assert field.from_db_value(stored, None, connection) == "token-1"
    assert field.get_prep_value("") == ""
    assert field.from_db_value(None, None, connection) is None
