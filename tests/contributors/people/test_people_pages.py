"""The people of a period, somebody's page, who can't be reached, and one's own ways over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contributors import contact_points
from contributors.contact_points import RuleStep
from contributors.models import ContactPoint, Delivery
from contributors.people.web import directory
from contributors.readiness import acknowledgements
from hypercare.models import User
from incidents.paging import escalation_policies
from periods.models import Period
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def lose(user: User) -> None:
    """The newest message to the account failed."""
    at = timezone.now()
    Delivery.objects.create(
        dedupe_key=f"lost:{user.pk}",
        recipient=user,
        kind="test",
        channel="email",
        address=user.email,
        state="dead",
        last_error="550 no such person",
        intended_at=at,
        next_at=at,
        created_at=at,
        settled_at=at,
    )


def test_somebody_required_whom_nothing_reaches_stands_in_the_way_of_a_go():
    period = make_period(Period.Status.READINESS)
    ingrid = make_member(period, make_user("Ingrid"), role=make_role(period, "Payments"))
    watcher = make_member(period, make_user("Watcher"), right="viewer", role=ingrid.role)
    for member in (ingrid, watcher):
        lose(member.user)

    found = [one for one in acknowledgements.find_blockers(period, "go", at=NOW) if one.code == "go.person_unreachable"]

    assert [one.text for one in found] == [
        "Nothing reaches Ingrid (Payments): the last message failed, and no other way works."
    ]
    assert found[0].url.endswith(f"/people/#member-{ingrid.pk}")
    assert found[0].owner == ingrid.user
    ContactPoint.objects.create(
        user=ingrid.user, kind="chat", label="Phone", target="x", shown="x", created_at=NOW, verified_at=NOW
    )
    assert not [
        one for one in acknowledgements.find_blockers(period, "go", at=NOW) if one.code == "go.person_unreachable"
    ]


def test_the_page_shows_who_cannot_be_reached_and_leads_see_slow_rules():
    period = make_period()
    member = make_member(period, make_user("Ingrid"))
    lose(member.user)
    slow = make_member(period, make_user("Slow")).user
    point = ContactPoint.objects.create(
        user=slow, kind="chat", label="Phone", target="x", shown="x", created_at=NOW, verified_at=NOW
    )
    contact_points.set_rule(slow, "page", [RuleStep(None), RuleStep(point.pk, timedelta(minutes=10))])
    path = f"/p/{period.key}/people/"

    lead, other = signed_in(period.lead).get(path), signed_in(member.user).get(path)

    assert b"1 way is tried after 5 minutes or more" in lead.content
    assert b"1 way is tried" not in other.content
    assert b"Can\xe2\x80\x99t be reached 1" in lead.content
    only = signed_in(period.lead).get(f"{path}?show=unreachable").content
    assert b"Ingrid" in only
    assert b"1 of 5" in only


def test_people_are_searched_by_name_duty_and_place():
    period = make_period()
    make_member(period, make_user("Kavya", timezone="Asia/Kolkata"), role=make_role(period, "Support desk"))
    make_member(period, make_user("Daniel", timezone="America/New_York"))
    client, path = signed_in(period.lead), f"/p/{period.key}/people/"

    assert b"Kavya" in client.get(f"{path}?q=support+kolkata").content
    assert b'<a class="cover" href="/people/' not in client.get(f"{path}?q=nobody+here").content
    daniel = client.get(f"{path}?q=new+york").content
    assert b"Daniel" in daniel
    assert b">Kavya<" not in daniel


def test_the_list_costs_the_same_however_many_people(django_assert_num_queries):
    period = make_period()
    client, path = signed_in(period.lead), f"/p/{period.key}/people/"
    client.get(path)
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for _ in range(20):
        make_shift(make_role(period, f"Role {_}"), make_member(period).user)
    with django_assert_num_queries(len(few)):
        client.get(path)


def test_a_profile_is_for_those_who_share_a_period():
    period = make_period()
    role = make_role(period, "Support desk")
    kavya = make_member(period, make_user("Kavya", phone="+91 80 4417"), role=role).user
    make_shift(role, kavya, starts_at=timezone.now() + timedelta(hours=3))
    path = f"/people/{kavya.pk}/"

    seen = signed_in(period.lead).get(path).content
    assert b"Support desk" in seen
    assert b"+91 80 4417" in seen
    assert signed_in(make_user()).get(path).status_code == 404
    assert signed_in(period.lead).get("/people/99999999999999999999/").status_code == 404
    assert signed_in(kavya).get(path).status_code == 200


def test_who_only_watches_sees_no_contact_details():
    period = make_period()
    kavya = make_member(period, make_user("Kavya", phone="+91 80 4417")).user
    viewer = make_member(period, right="viewer").user

    seen = signed_in(viewer).get(f"/people/{kavya.pk}/").content
    assert b"+91 80 4417" not in seen
    assert kavya.email.encode() not in seen
    listed = signed_in(viewer).get(f"/api/v1/periods/{period.key}/contributors/").json()["results"]
    assert {one["phone"] for one in listed} == {None}
    for_lead = signed_in(period.lead).get(f"/api/v1/periods/{period.key}/contributors/").json()["results"]
    assert "+91 80 4417" in {one["phone"] for one in for_lead}


def test_an_address_added_over_the_api_is_masked_and_counts_after_its_code():
    user = make_user()
    client = signed_in(user)
    made = client.post(
        "/api/v1/me/contact-points/",
        {"kind": "email", "label": "Private", "target": "me@example.test"},
        content_type="application/json",
    )
    assert made.status_code == 201
    pk = made.json()["id"]
    assert made.json()["works"] is False
    assert "target" not in made.json()

    wrong = client.post(f"/api/v1/me/contact-points/{pk}/verify/", {"code": "x"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/code")
    code = Delivery.objects.get(kind="contact_code").context["code"]
    good = client.post(f"/api/v1/me/contact-points/{pk}/verify/", {"code": code}, content_type="application/json")
    assert good.json()["works"] is True
    assert client.post(f"/api/v1/me/contact-points/{pk}/resend/").status_code == 409
    assert signed_in(make_user()).post(f"/api/v1/me/contact-points/{pk}/remove/").status_code == 404
    assert client.post(f"/api/v1/me/contact-points/{pk}/rotate-key/").status_code == 409
    assert client.post(f"/api/v1/me/contact-points/{pk}/remove/").status_code == 204
    assert client.get("/api/v1/me/contact-points/").json() == []


def test_rules_and_quiet_hours_over_the_api():
    client = signed_in(make_user())
    rules = client.get("/api/v1/me/contact-rules/").json()
    assert rules[0] == {"urgency": "page", "steps": [{"point": None, "wait_s": 0}]}
    bad = client.put(
        "/api/v1/me/contact-rules/page/", {"steps": [{"point": 4, "wait_s": 0}]}, content_type="application/json"
    )
    assert (bad.status_code, bad.json()["errors"][0]["pointer"]) == (422, "/steps/0/point")
    assert (
        client.put("/api/v1/me/contact-rules/never/", {"steps": []}, content_type="application/json").status_code == 422
    )
    hours = {"starts": "22:00", "ends": "07:00"}
    assert client.put("/api/v1/me/quiet-hours/", hours, content_type="application/json").json() == hours
    assert client.get("/api/v1/me/quiet-hours/").json() == hours
    assert Client().get("/api/v1/me/quiet-hours/").status_code in (401, 403)


def test_waits_are_held_against_the_ladder_of_the_period_itself():
    scene = period_with_slow_rule(minutes=10)

    def words() -> list[str]:
        return [one.slow for one in directory.people_of(Period.objects.get(pk=scene.pk), at=NOW) if one.slow]

    usual = words()
    patient = escalation_policies.EscalationLadder(
        (escalation_policies.EscalationStep("on_shift", 0), escalation_policies.EscalationStep("lead", 20))
    )
    escalation_policies.set_ladder(scene.pk, severity="P1", ladder=patient, by=scene.lead, at=NOW)

    assert len(usual) == 1
    assert words() == []


def period_with_slow_rule(*, minutes: int) -> Period:
    period = make_period()
    user = make_member(period, make_user("Slow")).user
    point = ContactPoint.objects.create(
        user=user, kind="chat", label="Phone", target="x", shown="x", created_at=NOW, verified_at=NOW
    )
    contact_points.set_rule(user, "page", [RuleStep(None), RuleStep(point.pk, timedelta(minutes=minutes))])
    return period


def test_a_right_that_was_not_chosen_is_asked_for_in_words():
    period = make_period(key="BILL")
    member = make_member(period)

    answer = signed_in(period.lead).post(f"/p/BILL/people/{member.pk}/", {"role": ""})

    assert "Choose what they may do." in answer.content.decode()
