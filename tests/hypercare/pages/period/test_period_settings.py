"""Settings of a period: names, links, alert sources, and the steps that are possible now."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contributors.models import Membership
from contributors.people import permissions
from hypercare.models import User
from incidents.intake import ingest
from incidents.models import AlertSource
from periods.models import JournalEntry, Period
from tests.factories import make_check, make_member, make_period, make_role, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist", timezone="Asia/Tokyo")


@pytest.fixture
def browser(lead: User) -> Client:
    return signed_in(lead)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ahead(status: str, lead: User, **fields: object) -> Period:
    return make_period(status, key="BILL", lead=lead, go_live_at=timezone.now() + timedelta(days=20), **fields)


def running(status: str, lead: User, **fields: object) -> Period:
    return make_period(status, key="BILL", lead=lead, go_live_at=timezone.now() - timedelta(days=1), **fields)


def details(period: Period, **other: str) -> dict[str, object]:
    return {
        "name": period.name,
        "lead": period.lead_id,
        "sponsor": period.sponsor_id,
        "bau_owner": period.bau_owner_id,
        **other,
    }


def test_names_and_links_are_saved_with_times_in_the_periods_zone(browser: Client, lead: User) -> None:
    period = ahead("planned", lead)
    wanted = details(period, war_room_url="https://meet.example.test/war", point_of_no_return_at="2026-12-01T12:00")
    assert browser.post("/p/BILL/settings/", wanted).status_code == 302
    period.refresh_from_db()
    assert period.war_room_url == "https://meet.example.test/war"
    assert period.point_of_no_return_at is not None
    assert period.point_of_no_return_at.isoformat() == "2026-12-01T11:00:00+00:00"  # Copenhagen, not Tokyo
    assert 'value="2026-12-01T12:00"' in browser.get("/p/BILL/settings/").content.decode()


def test_a_bad_address_is_said_beside_its_field(browser: Client, lead: User) -> None:
    period = ahead("planned", lead)
    answer = browser.post("/p/BILL/settings/", details(period, runbook_url="ftp://files.example.test"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "starts with https://" in page
    assert 'value="ftp://files.example.test"' in page


def test_a_live_period_offers_only_what_may_still_change(browser: Client, lead: User) -> None:
    running("active", lead)
    page = browser.get("/p/BILL/settings/").content.decode()
    assert 'name="war_room_url"' in page
    assert 'name="point_of_no_return"' not in page
    assert 'name="name"' not in page
    assert 'name="source-name"' in page


def test_members_read_settings_and_only_owners_change_them(lead: User) -> None:
    period, member = ahead("planned", lead), make_user()
    make_member(period, member)
    client = signed_in(member)
    page = client.get("/p/BILL/settings/").content.decode()
    assert "Save settings" not in page
    assert "Alert sources" not in page
    assert "Can be done by" in page
    assert client.post("/p/BILL/settings/", details(period, name="Mine")).status_code == 403
    assert client.post("/p/BILL/settings/cancel/", {"cancel-reason": "x"}).status_code == 403
    assert signed_in(make_user()).get("/p/BILL/settings/").status_code == 404


def test_a_source_is_shown_once_and_ends_when_it_is_revoked(browser: Client, lead: User) -> None:
    ahead("planned", lead)
    page = browser.post(
        "/p/BILL/settings/sources/", {"source-name": "Prod", "source-kind": "alertmanager"}
    ).content.decode()
    found = re.search(r'id="new-token"[^>]*value="([^"]+)"', page)
    assert found is not None
    token = found.group(1)
    assert f"/hooks/alertmanager/{token}/" in page
    assert ingest.find_source("alertmanager", token) is not None
    assert token not in browser.get("/p/BILL/settings/").content.decode()
    source = AlertSource.objects.get()
    assert browser.post(f"/p/BILL/settings/sources/{source.pk}/revoke/").status_code == 302
    assert ingest.find_source("alertmanager", token) is None
    assert browser.post(f"/p/BILL/settings/sources/{source.pk}/revoke/").status_code == 409


def test_a_source_without_a_name_is_refused(browser: Client, lead: User) -> None:
    ahead("planned", lead)
    answer = browser.post("/p/BILL/settings/sources/", {"source-name": " ", "source-kind": "alertmanager"})
    assert answer.status_code == 422
    assert "Fill in: Name" in answer.content.decode()


def test_opening_readiness_invites_everybody_who_takes_part_and_no_viewer(browser: Client, lead: User) -> None:
    period = ahead("planned", lead)
    make_check(period)
    make_member(period, make_user("Arjun"), role=make_role(period))
    make_member(period, make_user("Reader"), right="viewer")
    page = browser.get("/p/BILL/settings/").content.decode()
    assert "Open readiness and invite 4 people" in page
    assert "Maja Lindqvist" in page.partition("An invitation goes to")[2][:200]
    answer = browser.post("/p/BILL/settings/invite/")
    assert answer.status_code == 302, re.findall(r"late.>(.*?)<", answer.content.decode())
    period.refresh_from_db()
    assert period.status == "readiness"
    asked = Membership.objects.filter(period=period, invited_at__isnull=False)
    assert asked.count() == 4
    assert not asked.filter(right=permissions.VIEWER).exists()


def test_readiness_without_a_checklist_is_refused_and_nobody_is_invited(browser: Client, lead: User) -> None:
    period = ahead("planned", lead)
    assert "There is no checklist" in browser.get("/p/BILL/settings/").content.decode()
    assert browser.post("/p/BILL/settings/invite/").status_code == 409
    assert not Membership.objects.filter(invited_at__isnull=False).exists()
    period.refresh_from_db()
    assert period.status == "planned"


def test_only_the_sponsor_postpones_with_reason_and_day(lead: User) -> None:
    period = ahead("readiness", lead)
    day = (period.go_live_at + timedelta(days=7)).date()
    wanted = {"postpone-go_live_on": f"{day}", "postpone-go_live_time": "09:30", "postpone-reason": "Vendor is late"}
    assert signed_in(lead).post("/p/BILL/settings/postpone/", wanted).status_code == 403
    sponsor = signed_in(period.sponsor)
    assert "Postpone go-live" in sponsor.get("/p/BILL/settings/").content.decode()
    past = sponsor.post("/p/BILL/settings/postpone/", {**wanted, "postpone-go_live_on": "2020-01-01"})
    assert past.status_code == 422
    assert "Go-live is in the past" in past.content.decode()
    assert "Vendor is late" in past.content.decode()
    assert sponsor.post("/p/BILL/settings/postpone/", wanted).status_code == 302
    period.refresh_from_db()
    assert period.status == "planned"
    assert f"{period.go_live_at.astimezone(period.zone):%F %R}" == f"{day} 09:30"


def test_cancelling_needs_a_reason(browser: Client, lead: User) -> None:
    period = ahead("planned", lead)
    answer = browser.post("/p/BILL/settings/cancel/", {"cancel-reason": ""})
    assert answer.status_code == 422
    assert "Give the reason" in answer.content.decode()
    browser.post("/p/BILL/settings/cancel/", {"cancel-reason": "Budget"})
    period.refresh_from_db()
    assert period.status == "cancelled"
    assert "it stays as it was" in browser.get("/p/BILL/settings/").content.decode()


def test_go_live_is_recorded_with_the_smoke_test_and_the_real_time(browser: Client, lead: User) -> None:
    period = running("ready", lead)
    assert browser.post("/p/BILL/settings/start/", {"start-smoke_test": ""}).status_code == 422
    went = (timezone.now() - timedelta(hours=3)).astimezone(period.zone).replace(second=0, microsecond=0)
    answer = browser.post(
        "/p/BILL/settings/start/", {"start-smoke_test": "Ten invoices", "start-went_live_at": f"{went:%Y-%m-%dT%H:%M}"}
    )
    period.refresh_from_db()
    assert (answer.status_code, period.status, period.went_live_at) == (302, "active", went)


def test_a_rollback_is_for_who_may_order_it_and_needs_the_way_back_confirmed(lead: User) -> None:
    period = running("active", lead)
    sponsor = signed_in(period.sponsor)
    said = {"roll_back-reason": "Data is wrong", "roll_back-advised_by": str(lead.pk)}
    assert "Tells 3 people." in sponsor.get("/p/BILL/settings/").content.decode()
    answer = sponsor.post("/p/BILL/settings/roll_back/", {"roll_back-reason": "Data is wrong"})
    assert "Name who commands the incident" in answer.content.decode()
    answer = sponsor.post("/p/BILL/settings/roll_back/", said)
    assert answer.status_code == 422
    assert "Confirm it is ahead" in answer.content.decode()
    sponsor.post("/p/BILL/settings/roll_back/", {**said, "roll_back-before_no_return": "on"})
    period.refresh_from_db()
    assert period.status == "rolled_back"
    assert JournalEntry.objects.filter(period=period, kind="period.rolled_back").count() == 1


def test_a_rollback_past_the_point_of_no_return_is_named_as_impossible(lead: User) -> None:
    period = running("active", lead, point_of_no_return_at=timezone.now() - timedelta(hours=1))
    sponsor = signed_in(period.sponsor)
    assert "The point of no return has passed" in sponsor.get("/p/BILL/settings/").content.decode()
    assert sponsor.post("/p/BILL/settings/roll_back/", {"roll_back-reason": "Late"}).status_code == 409


def test_an_early_review_says_what_is_missing(browser: Client, lead: User) -> None:
    running("active", lead)
    answer = browser.post("/p/BILL/settings/review/")
    assert answer.status_code == 409
    assert "Less than half of the planned window is served" in answer.content.decode()


def test_an_unknown_step_is_not_found(browser: Client, lead: User) -> None:
    ahead("planned", lead)
    assert browser.post("/p/BILL/settings/explode/").status_code == 404
