"""Importing shifts in the browser, without a script."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from contributors.models import CalendarImport, Shift
from tests.contributors.calendar_files import PAGERDUTY, export
from tests.factories import NOW, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db
PEOPLE = {"tomasz": "tomasz@northlane.test", "priya": "elsewhere@vendor.test"}


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def place(client) -> Any:
    """The lead is signed in; Tomasz is in the period, Priya is not."""

    class Place:
        period = make_period()
        role = make_role(period, "Billing")
        tomasz = make_member(period, make_user("Tomasz Wójcik", email=PEOPLE["tomasz"])).user
        maja = make_member(period, make_user("Maja Lindqvist")).user
        start = f"/p/{period.key}/calendars/import/"

        def send(self, data: bytes = export(PAGERDUTY, **PEOPLE), **more: Any) -> Any:
            file = SimpleUploadedFile("rota.ics", data, content_type="text/calendar")
            return client.post(self.start, {"role": self.role.pk, "kind": "primary", "file": file, **more})

    client.force_login(Place.period.lead)
    return Place()


def test_a_file_is_shown_mapped_accepted_and_undone(client, place):
    page = place.send()["Location"]
    shown = client.get(page).content.decode()
    assert "PagerDuty · On Call Schedule for Billing" in shown
    assert "nobody here has this name" in shown
    assert "Put 1 shift in the plan" in shown

    choice = {"name": "elsewhere@vendor.test", "person": place.maja.pk}
    client.post(page, {"look": "1", **choice})
    shown = client.get(page)
    assert "Put 2 shifts in the plan" in shown.content.decode()
    assert not Shift.objects.exists()

    done = client.post(page, {"version": shown.context["plan"].version}, follow=True)
    assert "2 shifts from PagerDuty" in done.content.decode()
    assert {shift.user for shift in Shift.objects.all()} == {place.tomasz, place.maja}

    client.post(f"{page}undo/")
    assert not Shift.objects.filter(cancelled_at=None).exists()
    assert "and undone" in client.get(page).content.decode()


def test_a_choice_that_was_not_shown_yet_is_shown_before_anything_is_planned(client, place):
    page = place.send()["Location"]
    version = client.get(page).context["plan"].version

    answer = client.post(page, {"version": version, "name": "elsewhere@vendor.test", "person": place.maja.pk})

    assert (answer.status_code, answer["Location"]) == (302, page)
    assert not Shift.objects.exists()


@pytest.mark.parametrize(
    ("data", "words"), [(b"x" * 1_000_001, "more than 1 MB"), (b"hello", "This is not a calendar")]
)
def test_a_file_that_cannot_be_read_leaves_the_form_with_its_choices(place, data, words):
    answer = place.send(data)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert f'value="{place.role.pk}" selected' in answer.content.decode()


def test_a_file_or_an_address_is_needed_and_not_both(client, place):
    nothing = client.post(place.start, {"role": place.role.pk, "kind": "primary"})
    both = place.send(url="https://calendar.example.test/x.ics")

    assert [answer.status_code for answer in (nothing, both)] == [422, 422]
    assert "one of both" in nothing.content.decode()


def test_an_address_inside_the_network_is_refused(client, place):
    answer = client.post(place.start, {"role": place.role.pk, "kind": "primary", "url": "http://127.0.0.1/rota.ics"})

    assert answer.status_code == 422
    assert "not on the public internet" in answer.content.decode()


def test_members_without_the_right_and_strangers_do_not_import(client, place):
    page = place.send()["Location"]

    for user, status in ((place.tomasz, 403), (make_user(), 404)):
        client.force_login(user)
        assert client.get(place.start).status_code == status
        assert client.get(page).status_code == status
        assert client.post(page, {"version": 0}).status_code == status


def test_an_import_of_another_period_is_not_there(client, place):
    pk = place.send()["Location"].split("/")[-2]
    other = make_period(lead=place.period.lead)

    assert client.get(f"/p/{other.key}/calendars/imports/{pk}/").status_code == 404


def test_previews_that_nobody_accepted_go_after_a_day(client, place):
    place.send()
    with time_machine.travel(NOW.replace(day=20), tick=False):
        client.force_login(place.period.lead)
        place.send()

    assert CalendarImport.objects.count() == 1


def test_twenty_megabytes_are_refused_unread_on_a_page_that_says_the_most(client, place):
    client.force_login(place.period.lead)
    url = f"/p/{place.period.key}/calendars/import/"

    answer = client.generic("POST", url, b"", content_type="multipart/form-data", CONTENT_LENGTH="20000000")

    assert answer.status_code == 413
    assert "<h1>Too large</h1>" in answer.content.decode()
    assert "at most 15 MB" in answer.content.decode()
