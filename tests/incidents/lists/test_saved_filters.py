"""Views of a list kept under a name: each person's own, found again by their address."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from hypercare.exceptions import Invalid
from hypercare.models import User
from incidents.lists import saved_filters
from incidents.lists.listing import IncidentFilters
from incidents.models import SavedView
from periods.models import JournalEntry, Period
from tests.factories import make_member, make_user
from tests.incidents.browsing import text

pytestmark = pytest.mark.django_db

LIST = "/p/BILL/incidents/"
SAVE = "/p/BILL/incidents/views/"
BAD_P1 = {"sev": "P1", "status": "no-owner"}


def keep(period: Period, by: User, name: str, **asked: str) -> SavedView:
    return saved_filters.save(period.pk, name=name, filters=IncidentFilters.read(asked), by=by, at=timezone.now())


def test_what_the_list_shows_is_kept_under_a_name_and_found_in_the_menu(
    browser: Client, period: Period, lead: User
) -> None:
    answer = browser.post(SAVE, {"name": " Critical,  nobody ", "query": "?status=no-owner&sev=P1&after=x&junk=1"})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"{LIST}?status=no-owner&sev=P1")
    page = text(browser.get(LIST))
    assert "Critical, nobody" in page
    assert "?status=no-owner&amp;sev=P1" in page


def test_the_view_that_is_shown_names_the_menu_and_offers_no_second_name(
    browser: Client, period: Period, lead: User
) -> None:
    keep(period, lead, "Critical, nobody", **BAD_P1)

    page = text(browser.get(f"{LIST}?status=no-owner&sev=P1"))

    assert '<span class="clip">Critical, nobody</span> </summary>' in page
    assert "Keep these filters as" not in page
    assert "Keep these filters as" in text(browser.get(f"{LIST}?sev=P2"))


def test_the_plain_list_needs_no_name(browser: Client, period: Period) -> None:
    assert "Keep these filters as" not in text(browser.get(LIST))


def test_a_name_used_again_shows_the_new_filters(period: Period, lead: User) -> None:
    first = keep(period, lead, "Mine", status="mine")

    again = keep(period, lead, "MINE", sev="P2")

    assert (again.pk, SavedView.objects.get().query) == (first.pk, "?sev=P2")


@pytest.mark.parametrize(
    ("name", "query", "said"),
    [
        ("", "?sev=P1", "Give the view a name"),
        (" ", "?sev=P1", "Give the view a name"),
        ("n" * 41, "?sev=P1", "1 to 40 characters"),
        ("a\x00b", "?sev=P1", "1 to 40 characters"),
        ("Long", "?q=" + "%F0%9F%92%A5" * 100, "too long to be kept"),
    ],
)
def test_what_can_not_be_kept_comes_back_with_the_list_as_typed(
    browser: Client, period: Period, name: str, query: str, said: str
) -> None:
    answer = browser.post(SAVE, {"name": name, "query": query})

    page = text(answer)
    assert (answer.status_code, SavedView.objects.count()) == (422, 0)
    assert said in page
    assert f'value="{name}"' in page
    assert '<details class="menu views" open>' in page


def test_twenty_are_enough(period: Period, lead: User) -> None:
    for number in range(saved_filters.MOST):
        keep(period, lead, f"View {number}", sev="P1")

    with pytest.raises(Invalid, match="Delete one first"):
        keep(period, lead, "One more", sev="P1")
    keep(period, lead, "View 3", sev="P2")


def test_a_view_is_its_owners_alone(browser: Client, period: Period, lead: User) -> None:
    other = make_user("Tomasz Wójcik")
    make_member(period, other, right="support")
    theirs = keep(period, other, "Theirs", sev="P1")

    assert "Theirs" not in text(browser.get(f"{LIST}?sev=P1"))
    assert browser.post(f"{SAVE}{theirs.pk}/delete/").status_code == 404
    assert browser.post(f"{SAVE}{2**63}/delete/").status_code == 404
    assert SavedView.objects.filter(pk=theirs.pk).exists()


def test_a_view_is_deleted_where_one_stands(browser: Client, period: Period, lead: User) -> None:
    mine = keep(period, lead, "Mine", status="mine")

    answer = browser.post(f"{SAVE}{mine.pk}/delete/", {"next": f"{LIST}?sev=P1"})

    assert (answer.headers["Location"], SavedView.objects.count()) == (f"{LIST}?sev=P1", 0)


def test_strangers_find_nothing_and_a_get_keeps_nothing(browser: Client, period: Period, lead: User) -> None:
    mine = keep(period, lead, "Mine", status="mine")
    stranger = Client()
    stranger.force_login(make_user())

    for address in (SAVE, f"{SAVE}{mine.pk}/delete/"):
        assert stranger.post(address, {"name": "x", "query": "?sev=P1"}).status_code == 404
        assert browser.get(address).status_code == 405
    assert SavedView.objects.count() == 1


def test_a_view_is_no_fact_of_the_period(period: Period, lead: User) -> None:
    before = JournalEntry.objects.count()
    keep(period, lead, "Mine", status="mine")
    assert JournalEntry.objects.count() == before


def test_views_cost_one_query_however_many(
    period: Period, lead: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(9):
        keep(period, lead, f"View {number}", sev="P1")
    with django_assert_num_queries(1):
        assert len(saved_filters.filters_of(period, lead)) == 9
