"""The second step of signing in: who must have it, codes that work once, and what the database holds of it."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from hypercare.accounts import second_step, totp
from hypercare.accounts.api_tokens import hash_token
from hypercare.models import ApiToken, User
from hypercare.security import key_rotation
from periods.models import Period
from tests.factories import make_member, make_period, make_user
from tests.hypercare.scene import live_period, signed_in, words

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 9, 0, 10, tzinfo=UTC)
OLD, NEW = (base64.urlsafe_b64encode(bytes([n]) * 32).decode() for n in (1, 2))
ON = "/accounts/second-step/on/"
CODES = "/accounts/second-step/recovery-codes/"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def demanded(settings) -> None:
    settings.REQUIRE_MFA = True


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("admin@example.test", "pass-phrase-9", name="Admin")


def code_now(user: User) -> str:
    app = second_step.authenticator_of(user)
    assert app is not None
    secret = second_step.encryption.decrypt(app.data["secret"])
    return totp.code_at(secret, int(datetime.now(UTC).timestamp()) // totp.STEP_S)


def turned_on(user: User, client: Client | None = None) -> Client:
    """This person with the second step on, in the browser that did it."""
    client = client or signed_in(user)
    key = re.search(r'class="key">(\w+)<', client.get(ON).content.decode())
    assert key
    code = totp.code_at(key.group(1), int(datetime.now(UTC).timestamp()) // totp.STEP_S)
    answer = client.post(ON, {"code": code})
    assert (answer.status_code, answer["Location"]) == (302, CODES)
    return client


def sign_in(user: User, *, next_page: str = "/") -> tuple[Client, Any]:
    client = Client()
    form = {"login": user.email, "password": "pass-phrase-9", "next": next_page}
    return client, client.post("/accounts/login/", form)


def is_in(client: Client) -> bool:
    return bool(client.get("/settings/").status_code == 200)


# --- Codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()  # RFC 6238, appendix B, the last six digits

    assert totp.code_at(secret, moment // 30) == code


def test_a_code_may_be_half_a_minute_early_or_late_and_no_more() -> None:
    secret = totp.new_secret()
    step = int(NOW.timestamp()) // 30

    accepted = [way for way in range(-3, 4) if totp.step_of(secret, totp.code_at(secret, step + way), at=NOW)]

    assert accepted == [-1, 0, 1]
    assert totp.step_of(secret, "", at=NOW) is totp.step_of(secret, "é12345", at=NOW) is None


# --- Turning it on and signing in ----------------------------------------------------------------


def test_signing_in_takes_password_and_code_once_it_is_on(clock) -> None:
    user = make_user()
    turned_on(user)
    clock.shift(timedelta(minutes=1))

    client, answer = sign_in(user, next_page="/shifts/")

    assert answer["Location"] == "/accounts/second-step/code/"
    assert not is_in(client)
    answer = client.post("/accounts/second-step/code/", {"code": code_now(user)})
    assert answer["Location"] == "/shifts/"
    assert is_in(client)


def test_a_wrong_code_turns_nothing_on_and_lets_nobody_in(clock) -> None:
    user = make_user()
    client = signed_in(user)
    client.get(ON)

    assert "This code is wrong" in words(client.post(ON, {"code": "12 34"}))
    assert second_step.authenticator_of(user) is None

    turned_on(user, client)
    other, _ = sign_in(user)
    assert "This code is wrong" in words(other.post("/accounts/second-step/code/", {"code": "000000"}))
    assert not is_in(other)


def test_looking_at_the_page_again_keeps_the_key_that_was_scanned(clock) -> None:
    client = signed_in(make_user())

    first, second = (re.search(r'class="key">(\w+)<', words(client.get(ON))) for _ in range(2))

    assert first and second and first.group(1) == second.group(1)  # noqa: PT018  narrows both for the reader


@pytest.mark.parametrize("wiped", [False, True], ids=["cache kept", "cache lost"])
def test_a_code_works_once_also_when_the_cache_is_lost(clock, wiped: bool) -> None:
    user = make_user()
    turned_on(user)
    clock.shift(timedelta(minutes=1))
    code = code_now(user)
    first, _ = sign_in(user)
    first.post("/accounts/second-step/code/", {"code": code})
    if wiped:
        cache.clear()

    second, _ = sign_in(user)
    second.post("/accounts/second-step/code/", {"code": code})

    assert is_in(first)
    assert not is_in(second)


def test_the_code_that_turned_it_on_does_not_sign_in(clock) -> None:
    user = make_user()
    turned_on(user)
    code = code_now(user)
    cache.clear()

    client, _ = sign_in(user)
    client.post("/accounts/second-step/code/", {"code": code})

    assert not is_in(client)


def test_a_code_is_used_up_when_it_is_a_step_old_and_outlives_what_the_cache_remembers(clock) -> None:
    user = make_user()
    turned_on(user)
    clock.shift(timedelta(minutes=1))
    code = code_now(user)
    first, _ = sign_in(user)
    first.post("/accounts/second-step/code/", {"code": code})
    clock.shift(timedelta(seconds=45))

    second, _ = sign_in(user)
    second.post("/accounts/second-step/code/", {"code": code})

    assert is_in(first)
    assert not is_in(second)


def test_a_recovery_code_stands_in_for_the_phone_once(clock) -> None:
    user = make_user()
    client = turned_on(user)
    codes = re.findall(r'class="key">(\d{4} \d{4})<', words(client.get(CODES)))

    first, _ = sign_in(user)
    first.post("/accounts/second-step/code/", {"code": codes[0]})
    second, _ = sign_in(user)
    second.post("/accounts/second-step/code/", {"code": codes[0]})

    assert len(set(codes)) == 10
    assert is_in(first)
    assert not is_in(second)
    assert codes[0] not in words(first.get(CODES))


def test_new_recovery_codes_end_the_old_ones(clock) -> None:
    user = make_user()
    client = turned_on(user)
    before = set(re.findall(r"\d{4} \d{4}", words(client.get(CODES))))

    client.post(CODES)

    after = set(re.findall(r"\d{4} \d{4}", words(client.get(CODES))))
    assert len(after) == 10
    assert not before & after


def test_guessing_codes_ends_after_five_tries(clock) -> None:
    user = make_user()
    turned_on(user)
    clock.shift(timedelta(minutes=1))
    client, _ = sign_in(user)
    for _ in range(5):
        client.post("/accounts/second-step/code/", {"code": "000000"})

    answer = client.post("/accounts/second-step/code/", {"code": code_now(user)})

    assert "At most 5 codes in five minutes for each person. Try again in" in words(answer)
    assert not is_in(client)
    clock.shift(timedelta(minutes=5))
    client.post("/accounts/second-step/code/", {"code": code_now(user)})
    assert is_in(client)


def test_turning_it_on_signs_out_browsers_that_only_gave_a_password(clock) -> None:
    user = make_user()
    elsewhere, here = signed_in(user), signed_in(user)
    elsewhere.get("/")

    turned_on(user, here)

    assert is_in(here)
    assert not is_in(elsewhere)


def test_turning_it_off_needs_a_fresh_proof_and_ends_the_codes(clock) -> None:
    user = make_user()
    client = turned_on(user)
    clock.shift(timedelta(minutes=6))

    answer = client.post("/accounts/second-step/off/")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert second_step.authenticator_of(user)

    client.post(answer["Location"], {"password": "pass-phrase-9"})
    assert not Authenticator.objects.exists()
    assert is_in(client)


def test_changing_the_second_step_later_asks_for_the_password_again(clock) -> None:
    client = signed_in(make_user())
    client.get("/")
    clock.shift(timedelta(minutes=6))

    assert client.get(ON)["Location"].startswith("/accounts/reauthenticate/?next=")


def test_a_token_is_made_after_a_fresh_proof_and_what_was_typed_is_kept(clock) -> None:
    user = make_user()
    client = signed_in(user)
    client.get("/")
    clock.shift(timedelta(minutes=6))

    answer = client.post("/settings/tokens/", {"name": "Script"})
    assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
    assert not ApiToken.objects.exists()

    page = client.post(answer["Location"], {"password": "pass-phrase-9"})
    assert ApiToken.objects.get().name == "Script"
    assert "It is shown this once." in words(page)


# --- Who must have it ----------------------------------------------------------------------------


def owner_of(status: str) -> User:
    return make_period(status).lead


@pytest.mark.parametrize(
    ("who", "must"),
    [
        (lambda: User.objects.create_superuser("root@example.test", "x", name="Root"), True),
        (lambda: make_user(may_plan=True), True),
        (lambda: owner_of(Period.Status.DRAFT), True),
        (lambda: owner_of(Period.Status.ACTIVE), True),
        (lambda: owner_of(Period.Status.CLOSED), False),
        (lambda: make_member(make_period(), right="support").user, False),
        (make_user, False),
    ],
    ids=[
        "administrator",
        "may open periods",
        "owner of a draft",
        "owner of a live one",
        "owner of a closed one",
        "support",
        "anybody",
    ],
)
def test_administrators_and_whoever_runs_periods_must_have_it(demanded, who, must: bool) -> None:
    user = who()

    answer = signed_in(user).get("/")

    assert (answer.status_code == 302 and answer["Location"] == ON) is must


def test_until_it_is_on_no_page_opens_by_any_way_and_then_all_do(demanded, clock, admin: User) -> None:
    lead = make_user("Maja", may_plan=True)
    live_period(lead)
    client = signed_in(lead)

    assert client.get("/p/BILL/")["Location"] == ON
    assert client.post("/settings/tokens/", {"name": "Script"})["Location"] == ON
    assert not ApiToken.objects.exists()
    api = client.get("/api/v1/periods/BILL/status/")
    assert (api.status_code, api["Content-Type"]) == (403, "application/problem+json")
    assert ON in api.json()["detail"]
    part = client.get("/", headers={"HX-Request": "true"})
    assert (part.status_code, part["HX-Redirect"]) == (204, ON)
    assert "everything else opens as soon as this is done" in words(client.get(ON))
    assert client.get("/accounts/logout/").status_code == 200

    turned_on(lead, client)
    assert client.get("/p/BILL/").status_code == 200


def test_a_session_without_a_code_asks_for_it_when_the_app_is_known(demanded, clock, admin: User) -> None:
    turned_on(admin)
    clock.shift(timedelta(minutes=1))
    client = signed_in(User.objects.get(pk=admin.pk))

    asked = client.get("/")["Location"]
    client.post(asked, {"code": code_now(admin)})

    assert asked == "/accounts/second-step/confirm/"
    assert client.get("/").status_code == 200


def test_whoever_must_have_it_and_turns_it_off_is_led_back(demanded, clock, admin: User) -> None:
    client = turned_on(admin)

    assert "Your part here needs it" in words(client.get("/accounts/second-step/off/"))
    client.post("/accounts/second-step/off/")

    assert client.get("/")["Location"] == ON


def test_tokens_and_one_tap_links_do_not_ask_for_it(demanded) -> None:
    lead = make_user("Maja", may_plan=True)
    live_period(lead)
    ApiToken.objects.create(user=lead, name="S", prefix="hc", token_hash=hash_token("hc_text"), created_at=NOW)

    answer = Client().get("/api/v1/periods/BILL/status/", headers={"Authorization": "Bearer hc_text"})

    assert answer.status_code == 200
    assert signed_in(lead).get("/a/none/").status_code == 410


def test_there_is_no_other_door(demanded, admin: User) -> None:
    client, answer = sign_in(admin)

    assert is_in(client) is False
    assert client.get("/admin/").status_code in (302, 404)
    assert answer.status_code == 302


# --- What the database holds ---------------------------------------------------------------------


def test_neither_secret_nor_codes_are_readable_in_the_database(clock) -> None:
    user = make_user()
    client = signed_in(user)
    secret = re.search(r'class="key">(\w+)<', words(client.get(ON))).group(1)  # type: ignore[union-attr]
    waiting = client.session.get(second_step.PENDING)
    turned_on(user, client)
    codes = re.findall(r"\d{4} \d{4}", words(client.get(CODES)))

    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator")
        rows = " ".join(str(row[0]) for row in cursor.fetchall())

    assert waiting
    for plain in (secret, *codes, *(code.replace(" ", "") for code in codes)):
        assert plain not in rows
        assert plain not in str(waiting)
    assert "mfa.totp.secret" not in client.session


def test_after_a_rotation_of_keys_the_app_still_works(clock, settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    user = make_user()
    turned_on(user)
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    counts = {count.column: count.renewed for count in key_rotation.rotate_secrets()}

    settings.ENCRYPTION_KEYS = [NEW]
    clock.shift(timedelta(minutes=1))
    client, _ = sign_in(user)
    client.post("/accounts/second-step/code/", {"code": code_now(user)})
    assert counts["mfa.Authenticator.data"] == 2
    assert is_in(client)


def test_a_step_whose_key_is_lost_says_what_to_do(clock, settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    user = make_user()
    turned_on(user)
    code = code_now(user)
    settings.ENCRYPTION_KEYS = [NEW]

    client, _ = sign_in(user)
    page = words(client.post("/accounts/second-step/code/", {"code": code}))

    assert "Ask whoever runs this installation to reset it" in page
    with pytest.raises(CommandError, match="2 could not be read"):
        call_command("rotate_secrets", stdout=StringIO())


# --- A lost device -------------------------------------------------------------------------------


def test_an_administrator_takes_it_away_from_somebody_who_lost_phone_and_codes(clock, caplog) -> None:
    user = make_user()
    before = turned_on(user)
    out = StringIO()

    call_command("reset_second_step", user.email.upper(), stdout=out)

    assert "signs in with the password alone" in out.getvalue()
    assert f"The second step of person {user.pk} was taken away by" in caplog.text
    assert not is_in(before)
    after, _ = sign_in(user)
    assert is_in(after)


def test_the_command_says_when_there_is_nothing_to_do() -> None:
    out = StringIO()
    call_command("reset_second_step", make_user().email, stdout=out)

    assert "had no second step" in out.getvalue()
    with pytest.raises(CommandError, match="Nobody has the address"):
        call_command("reset_second_step", "nobody@example.test")
