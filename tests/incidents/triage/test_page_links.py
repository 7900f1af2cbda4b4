"""The page somebody who was paged opens: nothing by opening, one effect by pressing."""

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.urls import reverse

from contributors.links import links
from contributors.models import Delivery, Link
from hypercare.engine import timers
from hypercare.models import Timer
from incidents.models import Incident
from incidents.triage import triage
from periods.models import JournalEntry
from tests.factories import NOW
from tests.incidents.paging.test_escalation import Cast

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def cast() -> Cast:
    """Tomasz has been paged about a P1 a minute ago."""
    made = Cast()
    made.incident = made.report(description="4.2 invoices per second, expected below 2", component="Billing engine")
    timers.fire_due(at=NOW)
    return made


@pytest.fixture
def soon():
    with time_machine.travel(NOW + MINUTE, tick=False) as moved:
        yield moved


def address(person) -> str:
    link = Link.objects.filter(user=person, purpose=Link.Purpose.PAGE).latest("created_at")
    return reverse("paged", kwargs={"token": links.token_of(link.pk)})


def words(response) -> str:
    return " ".join(response.content.decode().split())


def everything() -> list:
    tables = (Incident, JournalEntry, Timer, Link, Delivery)
    return [list(table.objects.order_by("pk").values()) for table in tables]


@pytest.mark.usefixtures("soon")
def test_the_page_says_what_it_is_who_is_next_and_whom_to_call(cast, client):
    text = words(client.get(address(cast.tomasz)))

    assert "P1 page for you" in text
    assert "Invoices issued twice" in text
    assert "4.2 invoices per second, expected below 2" in text
    assert "Goes to Ingrid Solheim in" in text
    assert "4 m 00 s" in text
    assert "Pass to Ingrid" in text
    assert 'href="tel:+4520202020"' in text
    assert "Not sent. Try again, or call +45 20 20 20 20." in text


@pytest.mark.usefixtures("soon")
def test_invariant_5_opening_the_page_changes_nothing(cast, client):
    before = everything()

    for _ in range(2):
        client.get(address(cast.tomasz))
        client.head(address(cast.tomasz))
        client.get(address(cast.tomasz) + "_state/?part=foot")

    assert everything() == before


@pytest.mark.usefixtures("soon")
def test_the_page_needs_no_cookie_no_form_token_and_sets_none(cast, client):
    strict = type(client)(enforce_csrf_checks=True)

    answer = strict.post(address(cast.tomasz), {"action": "acknowledge"})

    assert answer.status_code == 302
    assert Incident.objects.get().acknowledged_by == cast.tomasz
    assert not strict.cookies


@pytest.mark.usefixtures("soon")
def test_pressing_acknowledges_by_link_and_ends_paging(cast, client):
    answer = client.post(address(cast.tomasz), {"action": "acknowledge"}, follow=True)

    entry = JournalEntry.objects.get(kind="incident.acknowledged")
    assert (entry.actor, entry.via, entry.at) == (cast.tomasz, "link", NOW + MINUTE)
    assert not Timer.objects.filter(kind="incident.escalation", fired_at__isnull=True, cleared_at__isnull=True).exists()
    assert "You acknowledged it" in words(answer)
    assert "Acknowledge</button>" not in words(answer)


def test_pressing_again_says_when_and_does_nothing(cast, client, soon):
    client.post(address(cast.tomasz), {"action": "acknowledge"})
    soon.shift(MINUTE)
    before = everything()

    answer = client.post(address(cast.tomasz), {"action": "acknowledge"}, follow=True)

    assert everything() == before
    assert "You acknowledged it <time" in words(answer)


@pytest.mark.usefixtures("soon")
def test_when_somebody_else_took_it_their_name_stands_where_the_button_was(cast, client):
    triage.acknowledge(cast.incident.pk, by=cast.maja, at=NOW + MINUTE / 2)

    text = words(client.get(address(cast.tomasz)))

    assert "Maja Lindqvist acknowledged it" in text
    assert "Acknowledge</button>" not in text
    assert "Pass to" not in text


@pytest.mark.usefixtures("soon")
def test_the_open_page_learns_of_it_within_a_refresh(cast, client):
    page = client.get(address(cast.tomasz))
    state, version = address(cast.tomasz) + "_state/", page.context["version"]
    assert client.get(state, {"part": "head", "v": version}).status_code == 204

    triage.acknowledge(cast.incident.pk, by=cast.maja, at=NOW + MINUTE / 2)

    head = client.get(state, {"part": "head", "v": version})
    foot = client.get(state, {"part": "foot", "v": version})
    assert "Maja Lindqvist acknowledged it" in words(head)
    assert "Open BILL-1" in words(foot)
    assert "<html" not in words(head)


@pytest.mark.usefixtures("soon")
def test_passing_it_on_pages_the_next_person_now_and_only_once(cast, client):
    first = client.post(address(cast.tomasz), {"action": "pass"}, follow=True)
    again = client.post(address(cast.tomasz), {"action": "pass"}, follow=True)

    paged = Delivery.objects.filter(kind="page").order_by("created_at", "id").values_list("recipient__name", flat=True)
    assert list(paged) == ["Tomasz Wójcik", "Ingrid Solheim"]
    for answer in (first, again):
        assert "You passed it to Ingrid Solheim at 14:13 on 18 Nov (Copenhagen)." in words(answer)
        assert "Pass to" not in words(answer)
        assert "Acknowledge</button>" in words(answer)


@pytest.mark.usefixtures("soon")
def test_passing_on_what_somebody_has_taken_pages_nobody(cast, client):
    triage.acknowledge(cast.incident.pk, by=cast.maja, at=NOW + MINUTE / 2)

    client.post(address(cast.tomasz), {"action": "pass"})

    assert Delivery.objects.filter(kind="page").count() == 1


@pytest.mark.usefixtures("soon")
def test_a_resolved_incident_says_who_resolved_it(cast, client):
    triage.resolve(cast.incident.pk, ending="fixed", resolution="Done", by=cast.maja, at=NOW)

    text = words(client.get(address(cast.tomasz)))

    assert "Maja Lindqvist resolved it" in text
    assert "Acknowledge</button>" not in text


@pytest.mark.usefixtures("soon")
def test_an_unknown_press_changes_nothing(cast, client):
    before = everything()

    assert client.post(address(cast.tomasz), {"action": "delete"}).status_code == 302
    assert everything() == before


@pytest.mark.parametrize("token", ["x" * 32, "x"])
def test_an_unknown_link_says_that_it_does_not_work(client, token):
    answer = client.get(reverse("paged", kwargs={"token": token}))

    assert answer.status_code == 410
    assert "This link does not work" in words(answer)


def test_a_link_ends_after_a_day(cast, client):
    with time_machine.travel(NOW + timedelta(hours=24), tick=False):
        answer = client.post(address(cast.tomasz), {"action": "acknowledge"})

    assert answer.status_code == 410
    assert Incident.objects.get().acknowledged_at is None


@pytest.mark.usefixtures("soon")
def test_the_link_of_somebody_who_left_the_period_has_ended(cast, client):
    cast.period.memberships.filter(user=cast.tomasz).update(left_at=NOW)

    assert client.post(address(cast.tomasz), {"action": "acknowledge"}).status_code == 410


@pytest.mark.usefixtures("soon")
def test_times_are_those_of_the_person_paged(cast, client):
    cast.tomasz.timezone = "Asia/Kolkata"
    cast.tomasz.save(update_fields=["timezone"])

    text = words(client.get(address(cast.tomasz)))

    assert ">18:42</time>" in text  # 13:12 UTC
    assert f">{NOW + MINUTE:%H:%M}</time> in UTC" in text


@pytest.mark.usefixtures("soon")
def test_the_address_is_kept_from_other_sites_and_search_engines(cast, client):
    answer = client.get(address(cast.tomasz))

    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    assert 'name="robots" content="noindex"' in words(answer)


@pytest.mark.usefixtures("soon")
def test_the_page_with_its_styles_and_scripts_is_under_30_kilobytes(cast, client):
    static = Path(settings.BASE_DIR) / "static"
    parts = ("css/tokens.css", "css/public.css", "js/public.js", "js/time.js")

    size = len(client.get(address(cast.tomasz)).content) + sum((static / part).stat().st_size for part in parts)

    assert size < 30_000


@pytest.mark.usefixtures("soon")
def test_a_title_cannot_put_markup_into_the_page(cast, client):
    Incident.objects.update(title="<script>alert(1)</script>")

    assert "<script>alert" not in words(client.get(address(cast.tomasz)))
