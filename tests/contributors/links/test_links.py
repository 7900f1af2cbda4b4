"""One-tap links: looking changes nothing, pressing works once, a dead one says what was saved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.test import Client

from contributors.calendars import feed_links
from contributors.links import links
from contributors.models import Acknowledgement, Link, Membership
from contributors.readiness import acknowledgements
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
BEFORE = GO_LIVE - timedelta(days=2)
ALL = list(Acknowledgement.STATEMENTS)


@pytest.fixture(autouse=True)
def _before_go_live():
    with time_machine.travel(BEFORE, tick=False):
        yield


def asked(**fields: Any) -> tuple[Membership, str]:
    """Priya, asked whether she is ready, and the path of her link."""
    period = make_period(Period.Status.READINESS)
    role = make_role(period)
    priya = make_user("Priya Raman", timezone="Asia/Kolkata", phone="+91 98765 44417")
    member = make_member(period, priya, role=role, invited_at=BEFORE - timedelta(days=1), **fields)
    make_shift(role, priya, starts_at=GO_LIVE)
    return member, path_of(make_link(member))


def make_link(member: Membership, **fields: Any) -> Link:
    defaults = {"user": member.user, "period": member.period, "at": BEFORE, "expires_at": GO_LIVE - timedelta(days=1)}
    return links.make(Link.Purpose.ACKNOWLEDGE, **{**defaults, **fields})


def path_of(link: Link) -> str:
    return f"/a/{links.token_of(link.pk)}/"


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in apps.get_models()}


@pytest.mark.parametrize("query", ["", "?again=1", "?state=ready&statements=runbook"])
def test_a_scanner_that_opens_the_link_changes_nothing(query):
    _, path = asked()
    before = everything()

    for _ in range(3):
        assert Client().get(path + query).status_code == 200
        assert Client().head(path + query).status_code == 200

    assert everything() == before


def test_a_scanner_that_opens_the_feed_changes_nothing():
    member, _ = asked()
    path = f"/calendar/{links.token_of(feed_links.ensure_link(member.user, at=BEFORE).pk)}.ics"
    before = everything()

    assert Client().get(path).status_code == 200
    assert Client().head(path).status_code == 200

    assert everything() == before


def test_the_page_is_for_one_person_in_their_own_time(client):
    _, path = asked()

    page = client.get(path)

    assert "Priya, are you ready for Billing cut-over?" in page.content.decode()
    assert "Saturday 14 November, 11:30" in page.content.decode()
    assert "+91 ••• ••4417" in page.content.decode()
    assert "98765" not in page.content.decode()


def test_it_is_not_indexed_nor_leaked_nor_kept(client):
    _, path = asked()

    page = client.get(path)

    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert "noindex" in page["X-Robots-Tag"]


def test_pressing_ready_saves_the_answer_and_shows_it(client):
    member, path = asked()

    page = client.post(path, {"state": "ready", "statements": ALL}, follow=True)

    assert acknowledgements.standing_answer(member).state == "ready"
    assert "You’re set, Priya" in page.content.decode()
    assert "/calendar/" in page.content.decode()
    assert JournalEntry.objects.get(period=member.period).via == "link"


def test_no_cookie_is_needed_to_press():
    member, path = asked()

    answer = Client(enforce_csrf_checks=True).post(path, {"state": "ready", "statements": ALL})

    assert answer.status_code == 302
    assert acknowledgements.standing_answer(member) is not None


def test_pressing_again_changes_nothing_and_says_what_was_said(client):
    member, path = asked()
    client.post(path, {"state": "ready", "statements": ALL})

    page = client.post(path, {"state": "ready", "statements": ALL}, follow=True)

    assert "You’re set" in page.content.decode()
    assert Acknowledgement.objects.count() == 1
    assert JournalEntry.objects.filter(period=member.period).count() == 1


@pytest.mark.parametrize("missing", ALL)
def test_a_missing_tick_is_named_and_the_others_are_kept(client, missing):
    member, path = asked()
    ticked = [key for key in ALL if key != missing]

    page = client.post(path, {"state": "ready", "statements": ticked})

    text = page.content.decode()
    assert page.status_code == 422
    assert f"Tick “{Acknowledgement.STATEMENTS[missing]}”" in text
    assert text.count("checked>") == 3
    assert "Error:" in text
    assert acknowledgements.standing_answer(member) is None


def test_something_is_missing_asks_what_and_keeps_the_ticks(client):
    member, path = asked()

    page = client.post(path, {"state": "problem", "statements": ["runbook"]})

    text = page.content.decode()
    assert page.status_code == 200
    assert "What is missing?" in text
    assert text.count("checked>") == 1
    assert acknowledgements.standing_answer(member) is None


def test_a_problem_without_words_is_asked_for_them(client):
    member, path = asked()

    page = client.post(path, {"state": "problem", "statements": [], "note": " "})

    assert page.status_code == 422
    assert "Say what is missing" in page.content.decode()
    assert acknowledgements.standing_answer(member) is None


def test_a_problem_may_name_the_shifts_one_cannot_work(client):
    member, path = asked()
    shift = member.user.shifts.get()

    client.post(path, {"state": "problem", "note": "Wedding", "cannot": [str(shift.pk)]})

    assert acknowledgements.standing_answer(member).note == "Wedding\nCan't work Sat 14 Nov 11:30 to 19:30."


def test_an_answer_that_cannot_be_meant_is_refused(client):
    member, path = asked()

    assert client.post(path, {"state": "maybe"}).status_code == 422
    assert client.post(path, {}).status_code == 422
    assert acknowledgements.standing_answer(member) is None


def test_one_can_change_ones_mind_while_the_link_lives(client):
    member, path = asked()
    client.post(path, {"state": "ready", "statements": ALL})

    client.post(path, {"state": "problem", "note": "My laptop died", "statements": []})

    assert acknowledgements.standing_answer(member).note == "My laptop died"
    assert Acknowledgement.objects.filter(voided_at__isnull=False).count() == 1


def test_an_expired_link_says_what_was_saved(client):
    member, path = asked()
    client.post(path, {"state": "ready", "statements": ALL})
    Link.objects.update(expires_at=BEFORE)

    page = client.get(path)

    assert page.status_code == 410
    assert "This link has ended" in page.content.decode()
    assert "you are ready" in page.content.decode()
    assert member.user.name not in page.content.decode()


@pytest.mark.parametrize("how", ["expired", "revoked", "unknown", "another kind", "left", "inactive", "ended"])
def test_a_dead_link_answers_410_and_takes_no_answer(client, how):
    member, path = asked()
    match how:
        case "expired":
            Link.objects.update(expires_at=BEFORE)
        case "revoked":
            Link.objects.update(revoked_at=BEFORE)
        case "unknown":
            path = "/a/" + "x" * 32 + "/"
        case "another kind":
            path = path_of(make_link(member)).replace("/a/", "/a/x")
        case "left":
            Membership.objects.filter(pk=member.pk).update(left_at=BEFORE)
        case "inactive":
            member.user.is_active = False
            member.user.save(update_fields=["is_active"])
        case "ended":
            Period.objects.filter(pk=member.period_id).update(status="cancelled")

    assert client.get(path).status_code == 410
    assert client.post(path, {"state": "ready", "statements": ALL}).status_code == 410
    assert not Acknowledgement.objects.exists()


def test_the_link_answers_for_its_own_person_whoever_is_signed_in(client):
    member, path = asked()
    client.force_login(member.period.lead)

    client.post(path, {"state": "ready", "statements": ALL})

    entry = JournalEntry.objects.get(period=member.period)
    assert entry.actor == member.user


def test_other_methods_are_not_taken(client):
    _, path = asked()

    assert client.put(path).status_code == 405
    assert client.delete(path).status_code == 405
