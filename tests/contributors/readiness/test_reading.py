"""Who is asked or paged by link can read what they have to read, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from contributors.links import links
from contributors.models import Link, Membership
from periods.documents import documents
from periods.documents.documents import PageText
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db
BEFORE = GO_LIVE - timedelta(days=2)


@pytest.fixture(autouse=True)
def _two_days_before():
    with time_machine.travel(BEFORE, tick=False):
        yield


def scene(purpose: Link.Purpose = Link.Purpose.ACKNOWLEDGE) -> tuple[Membership, str]:
    period = make_period(Period.Status.READINESS, war_room_url="https://meet.example/war")
    member = make_member(period, make_user("Priya Raman"), role=make_role(period), invited_at=BEFORE)
    for kind, text in (
        ("runbook", PageText("Runbook", "## Restart\n\nRun it.")),
        ("how_we_work", PageText("How we work", "Be kind.", channels={"chat": "#billing"})),
        ("page", PageText("Salaries", "Secret")),
    ):
        documents.create(period.pk, kind=kind, text=text, by=period.lead, at=BEFORE)
    link = links.make(purpose, user=member.user, period=period, at=BEFORE, expires_at=GO_LIVE, subject="incident:1")
    token = links.token_of(link.pk)
    return member, f"/a/{token}/read/" if purpose == Link.Purpose.ACKNOWLEDGE else f"/page/{token}/read/"


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("purpose", [Link.Purpose.ACKNOWLEDGE, Link.Purpose.PAGE])
def test_the_runbook_is_read_without_signing_in(purpose):
    _, base = scene(purpose)

    answer = Client().get(f"{base}runbook/")

    assert '<h2 id="s-restart">Restart</h2>' in text_of(answer)
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("no-referrer", "noindex")


def test_how_we_work_shows_where_to_talk():
    _, base = scene()

    page = text_of(Client().get(f"{base}how-we-work/"))

    for words in ("#billing", "https://meet.example/war", "Be kind."):
        assert words in page


def test_what_changed_since_is_shown_with_who_and_why():
    member, base = scene()
    period = member.period
    page = documents.page_of_kind(period, "runbook")
    text = PageText("Runbook", "## Restart\n\nRun it twice.", "Once was not enough")
    documents.save_version(page.pk, based_on=1, text=text, by=period.lead, at=BEFORE)

    shown = text_of(Client().get(f"{base}runbook/?since=1"))

    for words in ("What changed in “Runbook”", "Once was not enough", "<ins>", "twice"):
        assert words in shown


@pytest.mark.parametrize("slug", ["salaries", "nothing"])
def test_other_pages_are_not_there(slug):
    _, base = scene()

    assert Client().get(f"{base}{slug}/").status_code == 404


def test_a_link_that_ended_reads_nothing():
    member, base = scene()
    with time_machine.travel(GO_LIVE, tick=False):
        assert Client().get(f"{base}runbook/").status_code == 410
    Membership.objects.filter(pk=member.pk).update(left_at=BEFORE)

    assert Client().get(f"{base}runbook/").status_code == 410


def test_a_link_for_one_purpose_is_none_for_another():
    _, base = scene()

    assert Client().get(f"{base.replace('/a/', '/page/')}runbook/").status_code == 410


def test_reading_changes_nothing():
    _, base = scene()
    before = JournalEntry.objects.count()

    Client().get(f"{base}runbook/")

    assert JournalEntry.objects.count() == before
    assert Link.objects.get().used_at is None
    assert Client().post(f"{base}runbook/").status_code == 405
