"""The page that asks whether somebody is ready: what it shows, takes, and does not take."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contributors.links import links
from contributors.models import Acknowledgement, Link, Membership
from contributors.readiness import acknowledgements
from hypercare.models import User
from periods.documents import documents
from periods.documents.documents import PageText
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_check, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=5)


@pytest.fixture(autouse=True)
def _five_days_before():
    with time_machine.travel(BEFORE, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def asked() -> tuple[Membership, str]:
    """Priya, asked by link, with a runbook to read and one shift."""
    period = make_period(Period.Status.READINESS, key="BILL")
    role = make_role(period, required=True)
    member = make_member(period, make_user("Priya Raman"), role=role, invited_at=BEFORE - timedelta(days=1))
    make_shift(role, member.user, starts_at=GO_LIVE)
    body = "## Restart\n\n" + "word " * 1200
    documents.create(period.pk, kind="runbook", text=PageText("Runbook", body), by=period.lead, at=BEFORE)
    link = links.make(Link.Purpose.ACKNOWLEDGE, user=member.user, period=period, at=BEFORE, expires_at=GO_LIVE)
    return member, f"/a/{links.token_of(link.pk)}/"


def change_runbook(member: Membership) -> None:
    page = documents.page_of_kind(member.period, "runbook")
    text = PageText("Runbook", "## Restart\n\nOther words.", "Shorter")
    documents.save_version(page.pk, based_on=page.version, text=text, by=member.period.lead, at=BEFORE)


def answer(member: Membership, state: str = "ready", **fields: Any) -> Acknowledgement:
    fields = {"statements": ALL if state == "ready" else [], "note": "", **fields}
    return acknowledgements.acknowledge(member.pk, state=state, by=member.user, at=BEFORE, **fields)


def seen_in(page: str) -> str:
    return re.search(r'name="seen" value="([^"]+)"', page)[1]


def test_it_says_what_there_is_to_read_and_how_long_it_takes():
    _, path = asked()

    page = text_of(Client().get(path))

    assert f'<a href="{path}read/runbook/">Runbook</a>' in page
    assert "by Lead, 6 min read" in page
    assert "see what changed" not in page


def test_after_a_change_it_says_what_changed_and_keeps_the_other_ticks():
    member, path = asked()
    answer(member)
    change_runbook(member)
    journal.dispatch_entries(at=BEFORE)

    page = text_of(Client().get(path))

    assert "Priya, are you still ready for Billing cut-over?" in page
    assert "Runbook changed on 9 Nov by Lead." in page
    assert f'href="{path}read/runbook/?since=1"' in page
    assert re.findall(r'value="(\w+)" checked', page) == ["access", "reachable", "shifts"]


def test_what_changed_while_answering_is_shown_and_nothing_is_saved():
    member, path = asked()
    seen = seen_in(text_of(Client().get(path)))
    change_runbook(member)

    late = Client().post(path, {"state": "ready", "statements": ALL, "seen": seen})

    page = text_of(late)
    assert late.status_code == 409
    assert "The runbook changed while you were answering, Priya." in page
    assert re.findall(r'value="(\w+)" checked', page) == ["access", "reachable", "shifts"]
    assert not Acknowledgement.objects.exists()

    again = Client().post(path, {"state": "ready", "statements": ALL, "seen": seen_in(page)})
    assert again.status_code == 302
    assert Acknowledgement.objects.get().versions["pages"] == {"runbook": 2}


@pytest.mark.parametrize("seen", ["", "rubbish", "a:b:c", "\x00", "é" * 50])
def test_a_form_without_what_was_shown_is_taken_as_of_now(seen):
    member, path = asked()

    assert Client().post(path, {"state": "ready", "statements": ALL, "seen": seen}).status_code == 302
    assert Acknowledgement.objects.get().membership == member


def test_impossible_shifts_are_kept_and_shown_to_the_lead():
    member, path = asked()
    shift = member.user.shifts.get()
    Client().post(path, {"state": "problem", "note": "Surgery", "cannot": [shift.pk]})

    page = text_of(signed_in(member.period.lead).get("/p/BILL/readiness/"))

    assert Acknowledgement.objects.get().cannot == [shift.pk]
    assert "1 shift to cover" in page
    assert f"/p/BILL/readiness/problems/{member.pk}/" in page


def test_the_lead_answers_and_the_person_reads_it_beside_the_question():
    member, path = asked()
    answer(member, "problem", note="No prod access")
    lead = signed_in(member.period.lead)

    shown = text_of(lead.get(f"/p/BILL/readiness/problems/{member.pk}/"))
    sent = lead.post(f"/p/BILL/readiness/problems/{member.pk}/", {"text": "Arjun gave you access."})

    assert "No prod access" in shown
    assert sent["Location"] == f"/p/BILL/readiness/#member-{member.pk}"
    assert "Arjun gave you access." in text_of(Client().get(f"{path}?again=1"))
    assert "Lead answered" in text_of(lead.get("/p/BILL/readiness/"))


def test_a_reply_without_words_comes_back():
    member, _ = asked()
    answer(member, "problem", note="No prod access")

    sent = signed_in(member.period.lead).post(f"/p/BILL/readiness/problems/{member.pk}/", {"text": " "})

    assert sent.status_code == 422
    assert "Say what was done about it." in text_of(sent)


@pytest.mark.parametrize(("right", "status"), [("contributor", 403), ("viewer", 403), ("", 404)])
def test_who_may_not_reply(right, status):
    member, _ = asked()
    answer(member, "problem", note="No prod access")
    client = signed_in(make_member(member.period, right=right).user if right else make_user())

    assert client.post(f"/p/BILL/readiness/problems/{member.pk}/", {"text": "Fine"}).status_code == status
    assert Acknowledgement.objects.get().reply == ""


def test_a_problem_that_is_settled_has_no_page():
    member, _ = asked()
    answer(member)

    assert signed_in(member.period.lead).get(f"/p/BILL/readiness/problems/{member.pk}/").status_code == 409


def test_readiness_says_why_somebody_is_asked_again():
    member, _ = asked()
    answer(member)
    change_runbook(member)
    journal.dispatch_entries(at=BEFORE)

    page = text_of(signed_in(member.period.lead).get("/p/BILL/readiness/"))

    assert "Runbook changed on 9 Nov by Lead" in page
    assert "Asked again" in page


def test_the_overview_names_who_misses_something():
    member, _ = asked()
    answer(member, "problem", note="No prod access")

    assert "Priya Raman says something is missing" in text_of(signed_in(member.period.lead).get("/p/BILL/"))


def test_reminding_twice_is_refused_with_the_time():
    member, _ = asked()
    lead = signed_in(member.period.lead)

    first, second = (lead.post("/p/BILL/people/remind/") for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 409)
    assert "Ask again from 11:00, or call." in text_of(second)
    assert "Asked in the last 4 h" in text_of(lead.get("/p/BILL/readiness/"))


def test_the_page_costs_the_same_for_one_person_and_for_many():
    member, _ = asked()
    make_check(member.period)
    lead = signed_in(member.period.lead)

    def cost() -> int:
        lead.get("/p/BILL/readiness/")
        with CaptureQueriesContext(connection) as found:
            lead.get("/p/BILL/readiness/")
        return len(found)

    answer(member, "problem", note="No", cannot=[member.user.shifts.get().pk])
    before = cost()
    for n in range(10):
        other = make_member(member.period, make_user(f"Other {n}"), role=member.role, invited_at=BEFORE)
        shift = make_shift(member.role, other.user, starts_at=GO_LIVE + timedelta(hours=n))
        answer(other, "problem", note="No", cannot=[shift.pk])

    assert cost() == before


def test_opening_the_page_changes_nothing():
    member, path = asked()
    before = JournalEntry.objects.count()

    Client().get(path)
    Client().head(path)

    assert JournalEntry.objects.count() == before
    assert not Acknowledgement.objects.filter(membership=member).exists()
