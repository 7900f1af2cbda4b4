"""The page on which people say how they are reached."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contributors import contact_points
from contributors.contact_points import RuleStep
from contributors.models import ContactPoint, Delivery, QuietHours
from hypercare.models import User
from incidents.paging import escalation_policies
from incidents.paging.escalation_policies import EscalationLadder, EscalationStep
from periods.models import Period
from tests.factories import make_member, make_period, make_user
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db
URL = "/settings/contact/"
PHONE = {"kind": "chat", "label": "My phone", "target": "ntfys://ntfy.example.com/on-call"}


@pytest.fixture
def person() -> User:
    return make_user("Maja Lindqvist")


def code_for(point: ContactPoint) -> str:
    return str(Delivery.objects.filter(point=point).latest("created_at").context["code"])


def test_a_way_is_added_verified_and_then_paged(person):
    browser = signed_in(person)
    page = words(browser.post(f"{URL}add/", PHONE, follow=True))
    point = person.contact_points.get()
    assert "A code is on its way there." in page
    assert "Not verified" in page
    assert "on-call" not in page or point.shown in page

    page = words(browser.post(f"{URL}{point.pk}/verify/", {"code": code_for(point)}, follow=True))

    assert "“My phone” works." in page
    assert [route.channel for route in contact_points.routes_in_force(person, "page")] == ["email", "chat"]


def test_a_refused_address_comes_back_with_what_was_typed_and_the_reason(person):
    response = signed_in(person).post(f"{URL}add/", {**PHONE, "target": "ftp://example.com"})

    assert response.status_code == 422
    page = words(response)
    assert "“ftp” is not a service messages can go to." in page
    assert 'value="My phone"' in page
    assert not person.contact_points.exists()


def test_a_wrong_code_says_so_beside_its_field(person):
    browser = signed_in(person)
    browser.post(f"{URL}add/", PHONE)
    point = person.contact_points.get()

    response = browser.post(f"{URL}{point.pk}/verify/", {"code": "1"})

    assert response.status_code == 422
    assert "That is not the code." in words(response)


def test_a_rule_is_kept_and_shown_again(person):
    browser = signed_in(person)
    browser.post(f"{URL}add/", PHONE)
    point = person.contact_points.get()
    contact_points.verify(point.pk, code=code_for(point), by=person, at=point.created_at)

    page = words(browser.post(f"{URL}rules/page/", {"way-account": "10", f"way-{point.pk}": "0"}, follow=True))

    assert [route.channel for route in contact_points.routes_in_force(person, "page")] == ["chat", "email"]
    assert "1 of your ways is tried after 5 minutes" in page


@pytest.mark.parametrize(
    ("data", "says"), [({"way-account": "5"}, "must not wait"), ({"way-account": "7"}, "times offered")]
)
def test_a_rule_that_cannot_be_says_why(person, data, says):
    response = signed_in(person).post(f"{URL}rules/page/", data)

    assert response.status_code == 422
    assert says in words(response)


def test_a_rule_for_something_unknown_does_not_exist(person):
    assert signed_in(person).post(f"{URL}rules/often/", {}).status_code == 404


def test_quiet_hours_are_set_and_ended(person):
    browser = signed_in(person)
    browser.post(f"{URL}quiet/", {"starts": "22:00", "ends": "07:00"})
    assert str(QuietHours.objects.get(user=person)) == "22:00 to 07:00"

    assert browser.post(f"{URL}quiet/", {"starts": "22:00", "ends": ""}).status_code == 422
    browser.post(f"{URL}quiet/", {"starts": "", "ends": ""})

    assert not QuietHours.objects.exists()


def test_a_new_signing_key_is_shown_once(person):
    browser = signed_in(person)
    browser.post(f"{URL}add/", {"kind": "webhook", "label": "Bridge", "target": "https://hook.example.com/"})
    point = person.contact_points.get()
    contact_points.verify(point.pk, code=code_for(point), by=person, at=point.created_at)

    page = words(browser.post(f"{URL}{point.pk}/key/"))

    point.refresh_from_db()
    assert point.signing_key in page
    assert point.signing_key not in words(browser.get(URL))


@pytest.mark.parametrize("action", ["verify", "resend", "remove", "key"])
def test_somebody_elses_way_does_not_exist(person, action):
    browser = signed_in(person)
    browser.post(f"{URL}add/", PHONE)
    point = person.contact_points.get()

    assert signed_in(make_user("Stranger")).post(f"{URL}{point.pk}/{action}/").status_code == 404


def test_looking_changes_nothing_and_strangers_sign_in_first(person, client):
    assert signed_in(person).get(f"{URL}add/").status_code == 405
    assert client.get(URL).status_code == 302


def test_the_page_costs_the_same_with_one_way_and_with_five(person):
    browser = signed_in(person)

    def cost(ways: int) -> int:
        for n in range(person.contact_points.count(), ways):
            browser.post(f"{URL}add/", {**PHONE, "label": f"Phone {n}"})
        browser.get(URL)  # the frame counts once
        with CaptureQueriesContext(connection) as queries:
            browser.get(URL)
        return len(queries)

    assert cost(1) == cost(5)


def test_own_waits_are_measured_against_the_ladders_of_ones_periods(person):
    browser = signed_in(person)
    browser.post(f"{URL}add/", PHONE)
    point = person.contact_points.get()
    browser.post(f"{URL}{point.pk}/verify/", {"code": code_for(point)})
    contact_points.set_rule(person, "page", [RuleStep(None), RuleStep(point.pk, timedelta(minutes=15))])
    period = make_member(make_period(Period.Status.ACTIVE), person).period

    def page_with(minutes: int) -> str:
        ladder = EscalationLadder((EscalationStep("on_shift", 0), EscalationStep("lead", minutes)))
        escalation_policies.set_ladder(period.pk, severity="P1", ladder=ladder, by=period.lead, at=timezone.now())
        return words(browser.get(URL))

    assert "tried after 10 minutes or more" in page_with(10)
    assert "By then the next person has been paged" not in page_with(20)
