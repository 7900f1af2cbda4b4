"""The plan wizard: a draft from the first step, bad input said field by field, nobody told before readiness."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contributors.models import Delivery, Membership, Role
from hypercare.models import User
from periods.models import Period
from periods.planning import complexity, planning, scoring, scoring_model, workdays
from tests.factories import GO_LIVE, make_incident, make_member, make_period, make_user
from tests.hypercare.scene import words

pytestmark = pytest.mark.django_db
ANSWERS = {factor.key: "2" for factor in complexity.FACTORS}


@pytest.fixture
def planner() -> User:
    return make_user("Maja Lindqvist", may_plan=True, timezone="Europe/Copenhagen")


@pytest.fixture
def browser(planner: User) -> Client:
    client = Client()
    client.force_login(planner)
    return client


def change(**other: Any) -> dict[str, Any]:
    day = timezone.now() + timedelta(days=40)
    return {
        "name": "Billing cut-over",
        "key": "bill26",
        "systems": "Billing engine, Payments, Payments",
        "go_live_on": f"{day:%Y-%m-%d}",
        "go_live_time": "07:00",
        "timezone": "Europe/Copenhagen",
        "summary": "",
        **other,
    }


@pytest.fixture
def draft(browser: Client) -> Period:
    assert browser.post("/periods/new/", change()).status_code == 302
    return Period.objects.get(key="BILL26")


def people(lead: User) -> dict[str, Any]:
    return {
        "lead": lead.pk,
        "sponsor": make_user("Rachel Kim").pk,
        "bau_owner": make_user("Marcus Bell").pk,
        "rollback_authority": lead.pk,
        "point_of_no_return": "Old system switched off",
    }


def test_the_first_step_makes_a_draft_and_goes_on_to_risk(browser: Client, planner: User) -> None:
    answer = browser.post("/periods/new/", change())
    period = Period.objects.get()
    assert answer["Location"] == "/p/BILL26/plan/risk/"
    assert (period.status, period.lead, period.systems) == ("draft", planner, ["Billing engine", "Payments"])
    assert period.go_live_at.astimezone(period.zone).hour == 7


def test_somebody_who_may_not_plan_gets_a_page_that_says_so() -> None:
    client = Client()
    client.force_login(make_user("Ana"))
    answer = client.get("/periods/new/")
    assert answer.status_code == 403
    assert "may plan" in answer.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("go_live_on", "2020-01-01", "Go-live is in the past"),
        ("go_live_on", "soon", "Give a day like"),
        ("timezone", "Mars/Olympus", "is not a time zone"),
        ("key", "1!", "Use 2 to 12 capital letters"),
        ("name", "", "Fill in: Name"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_kept(browser: Client, field: str, value: str, sentence: str) -> None:
    answer = browser.post("/periods/new/", change(summary="Kept text", **{field: value}))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is a problem" in page
    assert " ".join(page.split("<title>")[1].split()).startswith("Error: ")
    assert page.count(sentence) >= 2  # in the summary and beside the field
    assert "Kept text" in page
    assert not Period.objects.exists()


def test_a_key_that_is_taken_is_refused(browser: Client, draft: Period) -> None:
    answer = browser.post("/periods/new/", change(name="Another"))
    assert answer.status_code == 422
    assert "BILL26 is taken" in answer.content.decode()
    assert Period.objects.count() == 1


def test_the_suggestion_is_rendered_for_the_answers_on_the_page_and_saves_nothing(
    browser: Client, draft: Period
) -> None:
    answer = browser.post("/p/BILL26/plan/risk/_live/", {**ANSWERS, "criticality": "4"})
    page = answer.content.decode()
    assert "High risk" in page
    assert "28 days" in page
    assert "Not enough history yet" in page
    assert 'hx-swap-oob="innerHTML:#suggested-said"' in page
    draft.refresh_from_db()
    assert draft.answers == {}


def test_half_the_answers_give_the_points_so_far(browser: Client, draft: Period) -> None:
    page = browser.post("/p/BILL26/plan/risk/_live/", {"reach": "2", "emergency": "on"}).content.decode()
    assert "1 of 9 answered" in page
    assert "+8" in page


def test_risk_keeps_answers_dates_and_moves_the_end(browser: Client, draft: Period) -> None:
    payday = (draft.go_live_at + timedelta(days=20)).date()
    answer = browser.post(
        "/p/BILL26/plan/risk/",
        {**ANSWERS, "emergency": "on", "cycle_name": ["Payroll", ""], "cycle_on": [f"{payday}", ""]},
    )
    draft.refresh_from_db()
    assert answer["Location"] == "/p/BILL26/plan/window/"
    assert draft.score == 50
    assert draft.band == "high"
    assert draft.critical_cycles == [{"name": "Payroll", "on": f"{payday}"}]
    assert (draft.ends_at - draft.go_live_at).days in (28, 27)
    assert 'id="id_emergency" checked' in browser.get("/p/BILL26/plan/risk/").content.decode()


def test_an_unanswered_question_and_a_date_without_a_day_are_named(browser: Client, draft: Period) -> None:
    answers = {key: value for key, value in ANSWERS.items() if key != "novelty"}
    answer = browser.post("/p/BILL26/plan/risk/", {**answers, "cycle_name": ["Payroll"], "cycle_on": [""]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "How new is it?" in page
    assert "#id_novelty_0" in page
    assert "Give “Payroll” a day" in page
    assert 'value="Payroll"' in page


@pytest.mark.parametrize("days", ["0", "-3", "367", "many"])
def test_a_window_that_cannot_be_is_refused(browser: Client, draft: Period, days: str) -> None:
    answer = browser.post("/p/BILL26/plan/window/", {"days": days})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "1 to 366 days after go-live" in page
    assert f'value="{days}"' in page


def test_another_length_than_suggested_needs_a_reason(browser: Client, draft: Period) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    wanted = {"days": "10", "baseline_issues": "84", "baseline_days": "28"}
    assert "28 days are suggested" in (answer := browser.post("/p/BILL26/plan/window/", wanted)).content.decode()
    assert answer.status_code == 422
    assert browser.post("/p/BILL26/plan/window/", {**wanted, "reason": "Season ends"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.ends_at - draft.go_live_at).days in (9, 10)
    assert (draft.baseline_issues, draft.days_override_reason) == (84, "Season ends")


def test_no_two_fields_of_the_step_for_people_share_an_id(browser: Client, draft: Period) -> None:
    ids = re.findall(r' id="([^"]+)"', browser.get(f"/p/{draft.key}/plan/people/").content.decode())

    assert len(ids) == len(set(ids))
    assert {"id_name", "id_duty_name"} <= set(ids)


def test_people_are_added_by_address_with_zone_and_duty(browser: Client, draft: Period) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    browser.post("/p/BILL26/plan/roles/new/", {"suggested": "1"})
    role = Role.objects.get(period=draft, answers_pages=True)
    new = {
        "name": "Arjun Mehta",
        "email": "Arjun@example.test",
        "timezone": "Asia/Kolkata",
        "right": "support",
        "role": role.pk,
    }
    assert browser.post("/p/BILL26/plan/people/new/", new).status_code == 302
    member = Membership.objects.get(period=draft, user__email="arjun@example.test")
    assert (member.role, member.right, member.user.timezone) == (role, "support", "Asia/Kolkata")
    again = browser.post("/p/BILL26/plan/people/new/", new)
    assert again.status_code == 409
    assert "already part of" in again.content.decode()


def test_adding_somebody_known_leaves_their_zone_alone(browser: Client, draft: Period) -> None:
    known = make_user("Ana", timezone="America/Lima")
    browser.post(
        "/p/BILL26/plan/people/new/", {"name": "Ana", "email": known.email, "timezone": "UTC", "right": "viewer"}
    )
    known.refresh_from_db()
    assert known.timezone == "America/Lima"


def test_sponsor_and_receiving_owner_are_two_people(browser: Client, draft: Period, planner: User) -> None:
    same = {**people(planner), "sponsor": planner.pk, "bau_owner": planner.pk}
    answer = browser.post("/p/BILL26/plan/people/", same)
    assert answer.status_code == 422
    assert "Closing takes two people" in answer.content.decode()


def test_review_names_what_is_missing_and_where_to_put_it_right(browser: Client, draft: Period) -> None:
    page = browser.get("/p/BILL26/plan/review/").content.decode()
    assert "The risk questions are not answered" in page
    assert "Nobody sponsors the period" in page
    assert "/p/BILL26/plan/risk/" in page
    assert "/p/BILL26/plan/people/" in page
    answer = browser.post("/p/BILL26/plan/review/")
    assert answer.status_code == 409
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_the_whole_way_ends_in_a_plan_that_told_nobody(browser: Client, draft: Period, planner: User) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    browser.post("/p/BILL26/plan/window/", {"days": "28", "baseline_issues": "84", "baseline_days": "28"})
    browser.post("/p/BILL26/plan/people/", people(planner))
    for _ in range(2):  # sent twice makes one checklist
        assert browser.post("/p/BILL26/plan/checks/").status_code == 302
    answer = browser.post("/p/BILL26/plan/review/")
    draft.refresh_from_db()
    assert (answer.status_code, answer["Location"], draft.status) == (302, "/p/BILL26/settings/", "planned")
    assert draft.checklist.count() == 54
    assert not Delivery.objects.exists()
    assert "Open readiness and invite 3 people" in browser.get("/p/BILL26/settings/").content.decode()


def test_every_step_is_shown(browser: Client, draft: Period) -> None:
    for step in ("change", "risk", "window", "people", "checks", "review"):
        assert browser.get(f"/p/BILL26/plan/{step}/").status_code == 200, step
    assert browser.get("/p/BILL26/plan/nothing/").status_code == 404


def test_a_member_who_does_not_own_the_period_cannot_open_its_plan(draft: Period) -> None:
    client, member, stranger = Client(), make_user(), make_user()
    make_member(draft, member)
    client.force_login(member)
    assert client.get("/p/BILL26/plan/risk/").status_code == 403
    client.force_login(stranger)
    assert client.get("/p/BILL26/plan/risk/").status_code == 404


# --- Drafts, choices, holidays, history


def test_what_is_typed_is_there_again_and_is_nobody_elses(browser: Client, draft: Period, planner: User) -> None:
    answer = browser.post("/p/BILL26/plan/risk/_live/", {"reach": "3", "cycle_name": ["Payr"], "cycle_on": [""]})
    assert "Draft saved" in answer.content.decode()
    page = browser.get("/p/BILL26/plan/risk/").content.decode()
    assert 'id="id_reach_3" required checked' in page or 'id="id_reach_3" checked' in page
    assert 'value="Payr"' in page
    assert "did not continue" in page
    assert "1 of 9 answered" in page

    other = make_user()
    make_member(draft, other, right="owner")
    client = Client()
    client.force_login(other)
    assert "did not continue" not in client.get("/p/BILL26/plan/risk/").content.decode()

    browser.post("/p/BILL26/plan/risk/discard/")
    assert "did not continue" not in browser.get("/p/BILL26/plan/risk/").content.decode()


def test_a_plan_that_is_not_there_yet_has_a_draft_too_until_it_is_made(browser: Client) -> None:
    browser.post("/periods/new/_live/", change(name="Half a na", go_live_on=""))
    assert "Half a na" in browser.get("/periods/new/").content.decode()
    assert not Period.objects.exists()
    browser.post("/periods/new/", change())
    assert "Half a na" not in browser.get("/periods/new/").content.decode()


def test_a_draft_that_is_too_long_says_so_and_the_panel_answers_all_the_same(browser: Client, draft: Period) -> None:
    page = browser.post("/p/BILL26/plan/risk/_live/", {**ANSWERS, "cycle_name": ["x" * 30_000]}).content.decode()
    assert "too long to keep as a draft" in page
    assert "High risk" in page


@pytest.mark.parametrize("path", ["/p/BILL26/plan/risk/_live/", "/p/BILL26/plan/risk/discard/"])
def test_a_stranger_keeps_no_draft(draft: Period, path: str) -> None:
    client = Client()
    client.force_login(make_user())
    assert client.post(path, ANSWERS).status_code == 404
    assert client.get(path).status_code in (404, 405)


def test_continuing_takes_the_draft_over(browser: Client, draft: Period) -> None:
    browser.post("/p/BILL26/plan/risk/_live/", {"reach": "3"})
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    assert "did not continue" not in browser.get("/p/BILL26/plan/risk/").content.decode()


def test_a_draft_that_was_overtaken_by_its_own_sending_is_none(browser: Client, draft: Period) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    browser.post("/p/BILL26/plan/risk/_live/", ANSWERS)
    assert "did not continue" not in browser.get("/p/BILL26/plan/risk/").content.decode()
    browser.post("/p/BILL26/plan/risk/_live/", {**ANSWERS, "cycle_name": ["Payroll"], "cycle_on": [""]})
    assert "did not continue" in browser.get("/p/BILL26/plan/risk/").content.decode()


def test_other_debriefs_and_cover_need_a_reason_that_is_kept_with_who(
    browser: Client, draft: Period, planner: User
) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    wanted = {
        "days": "28",
        "debrief_cadence": "low",
        "cover": "very_high",
        "baseline_issues": "8",
        "baseline_days": "28",
    }
    page = browser.post("/p/BILL26/plan/window/", wanted)
    assert page.status_code == 422
    assert page.content.decode().count("Say why you choose otherwise.") == 4  # beside each, and in the summary
    sent = {**wanted, "cadence_override_reason": "One team.", "cover_override_reason": "Shops at night."}
    assert browser.post("/p/BILL26/plan/window/", sent).status_code == 302
    draft.refresh_from_db()
    assert (draft.debrief_cadence, draft.cadence_override_by, draft.cover) == ("low", planner, "very_high")
    for address in ("/p/BILL26/plan/review/", "/p/BILL26/settings/"):
        page_text = browser.get(address).content.decode()
        assert "One team." in page_text, address
        assert "Shops at night." in page_text, address
        assert "Maja Lindqvist" in page_text, address


def test_the_country_is_suggested_by_the_zone_and_its_holiday_moves_the_end(browser: Client) -> None:
    assert '<option value="DK" selected>' in browser.get("/periods/new/").content.decode()
    year = timezone.now().year + 1
    browser.post("/periods/new/", change(go_live_on=f"{year}-01-20", country="DE", subdivision="bayern"))
    period = Period.objects.get()
    assert (period.country, period.subdivision) == ("DE", "BY")
    named = workdays.holidays_between("DE", "BY", year, year)
    eve = next(day for day, name in named.items() if name == "Good Friday") - timedelta(days=1)
    sent = {**ANSWERS, "cycle_name": ["Quarter close"], "cycle_on": [f"{eve}"]}
    page = browser.post("/p/BILL26/plan/risk/_live/", sent).content.decode()
    assert "Good Friday on" in page
    assert "are no working days" in page


def test_a_region_that_is_none_is_refused_with_some_that_are(browser: Client) -> None:
    answer = browser.post("/periods/new/", change(country="GB", subdivision="Bayern"))
    assert answer.status_code == 422
    assert "United Kingdom has no region “Bayern”" in answer.content.decode()
    assert "Scotland" in answer.content.decode()
    assert "Bayern" in browser.get("/periods/new/_regions/?country=DE").content.decode()


def test_a_moved_go_live_takes_the_end_along(browser: Client, draft: Period) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    later = draft.go_live_at + timedelta(days=7)
    assert browser.post("/p/BILL26/plan/change/", change(go_live_on=f"{later:%Y-%m-%d}")).status_code == 302
    before, draft = draft, Period.objects.get()
    assert (draft.go_live_at - before.go_live_at).days in (6, 7)
    assert (draft.ends_at - draft.go_live_at).days in (27, 28)
    assert "did not say why" not in browser.get("/p/BILL26/plan/review/").content.decode()


def test_three_closed_periods_are_history_with_their_first_incidents(
    browser: Client, draft: Period, planner: User
) -> None:
    twos = dict.fromkeys(ANSWERS, 2)
    for n in range(3):
        past = make_period(
            Period.Status.CLOSED,
            name=f"Wave {n}",
            went_live_at=GO_LIVE,
            ended_at=GO_LIVE + timedelta(days=9 + n),
            answers=twos,
            score=50,
            extensions=n,
        )
        make_member(past, planner)
        make_incident(past, title=f"First trouble {n}", severity="P2")
    page = browser.post("/p/BILL26/plan/risk/_live/", ANSWERS).content.decode()
    assert "3 past periods like this one" in page
    assert "Half ended by day 10, the longest took 11; 2 of 3 were extended" in page
    assert "First trouble 2" in page
    assert "100 % alike" in page


def test_a_draft_scored_by_an_older_version_is_told_so(browser: Client, draft: Period) -> None:
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    data = scoring_model.to_data(scoring_model.STANDARD)
    data["cycle_days"] = 4
    scoring.make_version(data, reason="Banks.", based_on=1, by=make_user(is_staff=True), at=timezone.now())
    page = words(browser.get("/p/BILL26/plan/risk/"))
    assert "scored with model version 1; version 2 is in use now" in page
    browser.post("/p/BILL26/plan/risk/", ANSWERS)
    draft.refresh_from_db()
    assert draft.scoring_version == 2


# --- Browser and API are one plan -----------------------------------------------------------------


def scored(lead: User, key: str) -> Period:
    """A draft whose answers suggest four weeks, and which ends where it was first said to."""
    go_live = (timezone.now() + timedelta(days=40)).replace(minute=0, second=0, microsecond=0)
    period = make_period(
        key=key,
        status="draft",
        lead=lead,
        timezone="Europe/Copenhagen",
        go_live_at=go_live,
        ends_at=go_live + timedelta(days=14),
    )
    planning.answer_questions(period.pk, dict.fromkeys(ANSWERS, 2), by=lead, at=timezone.now())
    period.refresh_from_db()
    return period


def test_a_go_live_moved_in_the_browser_and_by_the_api_gives_the_same_window(browser: Client, planner: User) -> None:
    pages, api = scored(planner, "PAGES"), scored(planner, "API")
    moved = pages.go_live_at + timedelta(days=3)
    local = moved.astimezone(pages.zone)

    saved = browser.post(
        "/p/PAGES/plan/change/",
        {
            **change(name=pages.name),
            "systems": ", ".join(pages.systems),
            "go_live_on": f"{local:%Y-%m-%d}",
            "go_live_time": f"{local:%H:%M}",
        },
    )
    patched = browser.patch("/api/v1/periods/API/", {"go_live_at": moved.isoformat()}, content_type="application/json")
    pages.refresh_from_db()
    api.refresh_from_db()

    assert (saved.status_code, patched.status_code) == (302, 200)
    assert pages.ends_at == api.ends_at
    assert (api.ends_at - api.go_live_at).days in (27, 28)


def test_answers_given_in_the_browser_and_by_the_api_move_the_end_alike(browser: Client, planner: User) -> None:
    pages, api = scored(planner, "PAGES"), scored(planner, "API")
    answers = dict.fromkeys(ANSWERS, 1)

    browser.post("/p/PAGES/plan/risk/", answers)
    browser.patch("/api/v1/periods/API/", {"answers": answers}, content_type="application/json")
    pages.refresh_from_db()
    api.refresh_from_db()

    assert pages.recommended_days == api.recommended_days
    assert pages.ends_at == api.ends_at
