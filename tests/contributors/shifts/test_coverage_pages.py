"""What the pages of cover, people and readiness show and do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contributors.models import Acknowledgement, Membership, Shift
from contributors.readiness import acknowledgements
from contributors.shifts import candidates, coverage, gantt, roster
from hypercare.models import User
from periods.go import gonogo
from periods.models import ChecklistItem, JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_check, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db
BEFORE = GO_LIVE - timedelta(days=2)
ALL = list(Acknowledgement.STATEMENTS)


@pytest.fixture(autouse=True)
def _on_day_5():
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def running() -> tuple[Period, Client]:
    """A live period and its lead, signed in."""
    period = make_period()
    return period, signed_in(period.lead)


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


def covered(role: Any, user: User, days: int = 14) -> None:
    """Somebody on a role day and night."""
    for day in range(days):
        make_shift(role, user, starts_at=GO_LIVE + timedelta(days=day), hours=24)


# --- Coverage


def test_coverage_shows_who_is_on_and_names_the_gap():
    period, client = running()
    role = make_role(period, "Platform")
    make_shift(role, make_member(period, make_user("Arjun Mehta")).user, starts_at=NOW - timedelta(hours=1))

    page = text_of(client.get(f"/p/{period.key}/coverage/"))

    assert "Nobody on Platform" in page
    assert "Arjun Mehta" in page
    assert "Show as table" in page


def test_a_period_without_a_gap_says_so():
    period, client = running()
    covered(make_role(period), make_member(period).user)

    page = text_of(client.get(f"/p/{period.key}/coverage/"))

    assert "No gap ahead" in page
    assert "Nobody on" not in page


def test_a_period_without_roles_says_what_is_missing():
    period, client = running()

    assert "No duty roles yet" in text_of(client.get(f"/p/{period.key}/coverage/"))


@pytest.mark.parametrize(
    "query",
    [
        "?view=day",
        "?view=5",
        "?view=all",
        "?zone=utc",
        "?zone=each",
        "?from=2026-11-21",
        "?from=1999-01-01",
        "?from=2999-01-01",
        "?from=nonsense&view=99&zone=moon",
        "?gap=1-1",
        "?gap=x",
        "?gap=1-" + "9" * 11,
        "?shift=x",
        "?shift=" + "9" * 30,
        "?gap=9-99999999999",
    ],
)
def test_any_address_shows_something(query):
    period, client = running()
    make_shift(make_role(period), make_member(period).user)

    assert client.get(f"/p/{period.key}/coverage/{query}").status_code == 200


@pytest.mark.parametrize("view", ["day", "5", "all"])
@pytest.mark.parametrize("nth", [0, 1, -1])
def test_a_role_that_asks_for_nobody_has_an_empty_lane_on_every_day(view, nth):
    period, client = running()
    make_role(period, "Vendor contact", cover="none")
    busy = make_role(period, "Platform", cover="none")
    make_shift(busy, make_member(period).user, starts_at=NOW)
    begin, end = roster.roster_window(period)
    day = (begin + timedelta(days=nth) if nth >= 0 else end - timedelta(seconds=1)).date()

    answer = client.get(f"/p/{period.key}/coverage/?view={view}&from={day.isoformat()}")

    assert answer.status_code == 200
    assert [lane.bars for lane in answer.context["gantt"].lanes if lane.name == "Vendor contact"] == [[]]


def test_times_follow_the_zone_that_is_chosen():
    period, client = running()
    period.lead.timezone = "Europe/Copenhagen"
    period.lead.save(update_fields=["timezone"])
    make_shift(make_role(period), make_member(period).user, starts_at=NOW.replace(hour=16, minute=0))

    assert "17:00" in text_of(client.get(f"/p/{period.key}/coverage/"))
    assert "16:00" in text_of(client.get(f"/p/{period.key}/coverage/?zone=utc"))


def test_each_persons_own_hours_stand_on_their_bars():
    period, client = running()
    priya = make_member(period, make_user("Priya Raman", timezone="Asia/Kolkata")).user
    make_shift(make_role(period), priya, starts_at=NOW.replace(hour=0, minute=0), hours=12)

    assert "Priya 05:30" in text_of(client.get(f"/p/{period.key}/coverage/?zone=each"))


def test_bars_say_what_fits_on_them():
    period, client = running()
    me, role, other = (
        make_member(period, make_user("Priya Raman")).user,
        make_role(period, "One"),
        make_role(period, "Two"),
    )
    make_shift(role, me, hours=12)
    make_shift(other, me, hours=12)
    path = f"/p/{period.key}/coverage/"

    def bars(query: str) -> set[tuple[str, bool]]:
        lanes = client.get(path + query).context["gantt"].lanes
        return {
            (placed.bar.label, placed.bar.double) for lane in lanes for placed in lane.bars if placed.bar.kind == "duty"
        }

    assert bars("?view=5") == {("Priya", True)}
    assert bars("?view=all") == {("PR", False)}


def test_a_gap_that_began_before_the_view_says_what_fits_in_its_rest():
    period, client = running()
    role, person = make_role(period, "Platform"), make_member(period).user
    evening = NOW.replace(hour=20, minute=0)
    make_shift(role, person, starts_at=evening - timedelta(hours=24), hours=24)
    make_shift(role, person, starts_at=evening + timedelta(hours=8), hours=24)

    def gap_shown_from(day: datetime) -> str:
        page = client.get(f"/p/{period.key}/coverage/?view=5&zone=utc&from={day:%Y-%m-%d}")
        bars = (placed.bar for placed in page.context["gantt"].lanes[0].bars)
        return next(bar.label for bar in bars if bar.kind == "gap" and bar.ends_at == evening + timedelta(hours=8))

    assert gap_shown_from(evening) == "8 h"
    assert gap_shown_from(evening + timedelta(days=1)) == ""


def test_the_address_of_an_objection_opens_its_gap():
    period, client = running()
    make_role(period, "Platform")
    gap = coverage.find_gaps(period, start=NOW, end=NOW + timedelta(days=1))[0]

    page = text_of(client.get(f"/p/{period.key}/coverage/?gap={gantt.gap_key(gap)}"))

    assert "Nobody on Platform" in page


def test_lanes_answer_204_until_something_happens():
    period, client = running()
    role = make_role(period)
    page = client.get(f"/p/{period.key}/_coverage/", headers={"HX-Request": "true"})
    version = page.context["version"]

    same = client.get(f"/p/{period.key}/_coverage/?v={version}", headers={"HX-Request": "true"})
    person = make_member(period).user
    roster.assign_shift(role.pk, user=person, starts_at=NOW, ends_at=NOW + timedelta(hours=1), by=period.lead, at=NOW)
    changed = client.get(f"/p/{period.key}/_coverage/?v={version}", headers={"HX-Request": "true"})

    assert same.status_code == 204
    assert changed.status_code == 200
    assert "<html" not in text_of(changed)


def test_the_lanes_work_as_a_page_without_scripts():
    period, client = running()

    assert "<html" in text_of(client.get(f"/p/{period.key}/_coverage/"))


def test_coverage_costs_the_same_with_1_and_50_shifts():
    costs = []
    for count in (1, 50):
        period, client = running()
        role = make_role(period)
        for n in range(count):
            make_shift(role, make_member(period, role=role).user, starts_at=GO_LIVE + timedelta(hours=n), hours=1)
        costs.append(queries(client, f"/p/{period.key}/coverage/"))

    assert costs[0] == costs[1]


def test_adding_a_shift_puts_somebody_on_and_offers_undo():
    period, client = running()
    role, arjun = make_role(period, "Platform"), make_member(period, make_user("Arjun Mehta")).user
    body = {
        "role": role.pk,
        "user": arjun.pk,
        "kind": "primary",
        "starts_at": "2026-11-21T16:00",
        "ends_at": "2026-11-22T00:00",
    }

    answer = client.post(f"/p/{period.key}/coverage/shifts/", body, follow=True)

    shift = Shift.objects.get()
    assert (shift.user, shift.starts_at.hour) == (arjun, 16)
    assert "Arjun Mehta is on Platform" in text_of(answer)
    assert f"/coverage/shifts/{shift.pk}/cancel/" in text_of(answer)


def test_times_are_typed_in_the_viewers_zone():
    period, client = running()
    period.lead.timezone = "America/New_York"
    period.lead.save(update_fields=["timezone"])
    role, arjun = make_role(period), make_member(period).user
    body = {
        "role": role.pk,
        "user": arjun.pk,
        "kind": "primary",
        "starts_at": "2026-11-21T16:00",
        "ends_at": "2026-11-21T20:00",
    }

    client.post(f"/p/{period.key}/coverage/shifts/", body)

    assert Shift.objects.get().starts_at.hour == 21


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ends_at": "2026-11-21T15:00"}, "The shift must end after it starts."),
        ({"ends_at": "2026-11-23T16:00"}, "24 hours at most"),
        ({"starts_at": "2026-11-01T16:00", "ends_at": "2026-11-01T18:00"}, "day of go-live"),
        ({"user": "999999"}, "Select a valid choice"),
        ({"role": ""}, "Choose a role."),
        ({"starts_at": "soon"}, "Give a date and a time"),
    ],
)
def test_a_shift_that_cannot_stand_comes_back_with_the_reason(change, words):
    period, client = running()
    role, arjun = make_role(period), make_member(period).user
    body = {
        "role": role.pk,
        "user": arjun.pk,
        "kind": "primary",
        "starts_at": "2026-11-21T16:00",
        "ends_at": "2026-11-22T00:00",
        **change,
    }

    answer = client.post(f"/p/{period.key}/coverage/shifts/", body)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert "There is a problem" in text_of(answer)
    assert not Shift.objects.exists()


def test_the_form_for_a_gap_is_filled_in():
    period, client = running()
    make_role(period, "Platform", cover_until=NOW + timedelta(hours=8))
    gap = coverage.find_gaps(period, start=NOW - timedelta(hours=1), end=NOW + timedelta(days=1))[0]

    page = text_of(client.get(f"/p/{period.key}/coverage/shifts/?gap={gantt.gap_key(gap)}"))

    assert 'value="2026-11-18T21:12"' in page


def test_cancelling_a_shift_takes_it_off_the_plan():
    period, client = running()
    shift = make_shift(make_role(period), make_member(period).user)

    answer = client.post(f"/p/{period.key}/coverage/shifts/{shift.pk}/cancel/", follow=True)

    shift.refresh_from_db()
    assert shift.cancelled_at == NOW
    assert "cancelled" in text_of(answer)


def test_somebody_who_may_not_plan_is_told_who_can():
    period = make_period(lead=make_user("Maja Lindqvist"))
    make_role(period)
    client = signed_in(make_member(period).user)

    page = text_of(client.get(f"/p/{period.key}/coverage/"))

    assert "Maja Lindqvist can put somebody on." in page
    assert "Add shift" not in page


# --- Candidates


def gap_of(period: Period, hours: float = 8) -> coverage.RoleGap:
    found = coverage.find_gaps(period, start=NOW, end=NOW + timedelta(hours=hours))
    return found[0]


def test_candidates_know_the_role_first_and_say_what_speaks_against_them():
    period = make_period()
    role = make_role(period, "Platform")
    other = make_role(period, "Billing", cover="none")
    rested = make_member(period, make_user("Rested Person"), role=role).user
    tired = make_member(period, make_user("Tired Person"), role=role).user
    busy = make_member(period, make_user("Busy Person"), role=other).user
    make_member(period, make_user("Watching Person"), role=role, right="viewer")
    make_shift(other, tired, starts_at=NOW - timedelta(hours=12), hours=8)
    make_shift(other, busy, starts_at=NOW + timedelta(hours=1), hours=4)

    found = candidates.for_gap(period, gap_of(period))

    assert [(one.user, one.knows, one.warnings[:1]) for one in found] == [
        (rested, True, ()),
        (busy, False, ("On Billing then",)),
        (tired, True, ("Only 4 h rest before Wed 18 Nov 13:12, 11 h is the least",)),
    ]


def test_a_long_week_is_said():
    period = make_period()
    role = make_role(period)
    person = make_member(period, role=role).user
    for day in range(1, 4):
        make_shift(role, person, starts_at=NOW - timedelta(days=day), hours=14)

    (one,) = candidates.for_gap(period, gap_of(period))

    assert "50 h in the seven days from Sun 15 Nov" in one.warnings


def test_a_long_gap_is_offered_in_pieces_of_eight_hours():
    period = make_period()
    make_role(period)

    start, end = candidates.span_to_offer(gap_of(period, hours=24))

    assert (start, end - start) == (NOW, timedelta(hours=8))


def test_assigning_from_the_gap_closes_it():
    period, client = running()
    role = make_role(period, "Platform", cover_until=NOW + timedelta(hours=8))
    covered(role, make_member(period).user, days=4)
    person = make_member(period, role=role).user
    gap = coverage.find_gaps(period, start=NOW, end=NOW + timedelta(days=1))[0]
    body = {
        "role": role.pk,
        "user": person.pk,
        "kind": "primary",
        "starts_at": gap.start.isoformat(),
        "ends_at": gap.end.isoformat(),
        "next": f"/p/{period.key}/coverage/?view=day",
    }

    answer = client.post(f"/p/{period.key}/coverage/shifts/", body)

    assert answer["Location"] == f"/p/{period.key}/coverage/?view=day"
    assert coverage.find_gaps(period, start=NOW, end=NOW + timedelta(days=1)) == []


def test_a_foreign_address_is_not_followed_afterwards():
    period, client = running()
    shift = make_shift(make_role(period), make_member(period).user)

    answer = client.post(f"/p/{period.key}/coverage/shifts/{shift.pk}/cancel/", {"next": "//evil.example/"})

    assert answer["Location"].startswith(f"/p/{period.key}/coverage/")


# --- My shifts


def test_my_shifts_are_mine_across_periods():
    me = make_user("Priya Raman")
    for name in ("Billing cut-over", "Warehouse"):
        period = make_period(name=name)
        make_member(period, me)
        make_shift(make_role(period), me, starts_at=NOW + timedelta(days=1))
        make_shift(make_role(period, "Other"), make_member(period, make_user("Somebody Else")).user)

    page = text_of(signed_in(me).get("/shifts/"))

    assert "Billing cut-over" in page
    assert "Warehouse" in page
    assert "Somebody Else" not in page


def test_no_shifts_is_said_kindly():
    assert "No shifts ahead" in text_of(signed_in(make_user()).get("/shifts/"))


def test_a_feed_is_made_replaced_and_ended():
    client = signed_in(make_user())

    first = client.post("/shifts/feed/", follow=True).context["feed_url"]
    second = client.post("/shifts/feed/", follow=True).context["feed_url"]
    ended = client.post("/shifts/feed/end/", follow=True).context["feed_url"]

    assert first != second
    assert ended == ""
    assert client.get(first).status_code == 410


def test_my_shifts_cost_the_same_with_1_and_50():
    costs = []
    for count in (1, 50):
        period = make_period()
        me = make_member(period).user
        for n in range(count):
            make_shift(make_role(period, f"Role {n}"), me, starts_at=NOW + timedelta(hours=n))
        costs.append(queries(signed_in(me), "/shifts/"))

    assert costs[0] == costs[1]


# --- People


def test_adding_somebody_by_address_makes_them_a_member_and_tells_nobody():
    period, client = running()
    role = make_role(period, "Platform")
    body = {"name": "Daniel Osei", "email": "Daniel@Example.test", "right": "contributor", "role": role.pk}

    answer = client.post(f"/p/{period.key}/people/", body, follow=True)

    member = Membership.objects.get(user__email="daniel@example.test")
    assert (member.role, member.invited_at) == (role, None)
    assert "Nobody is told before you invite" in text_of(answer)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "", "email": "a@example.test", "right": "viewer"}, "Give their name."),
        ({"name": "A", "email": "nonsense", "right": "viewer"}, "Give an address such as"),
        ({"name": "A", "email": "a@example.test", "right": "boss"}, "Select a valid choice"),
    ],
)
def test_somebody_who_cannot_be_added_comes_back_with_the_reason(body, words):
    period, client = running()

    answer = client.post(f"/p/{period.key}/people/", body)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not User.objects.filter(email="a@example.test").exists()


def test_somebody_who_is_a_member_already_is_named():
    period, client = running()
    priya = make_member(period, make_user("Priya Raman")).user

    answer = client.post(f"/p/{period.key}/people/", {"name": "P", "email": priya.email, "right": "viewer"})

    assert answer.status_code == 422
    assert "Priya Raman is already part of" in text_of(answer)


def test_everybody_with_a_duty_is_invited_at_once():
    period, client = running()
    role = make_role(period)
    members = [make_member(period, role=role) for _ in range(2)]

    answer = client.post(f"/p/{period.key}/people/invite/", follow=True)

    assert "2 people invited" in text_of(answer)
    assert Membership.objects.filter(pk__in=[member.pk for member in members], invited_at=NOW).count() == 2


def test_reminding_asks_those_who_were_asked_and_have_not_answered():
    period, client = running()
    role = make_role(period)
    waiting = make_member(period, role=role, invited_at=BEFORE)
    answered = make_member(period, role=role, invited_at=BEFORE)
    acknowledgements.acknowledge(
        answered.pk, statements=ALL, note="", state="ready", by=answered.user, at=BEFORE, via=""
    )

    client.post(f"/p/{period.key}/people/remind/")

    asked = JournalEntry.objects.filter(period=period, kind="contributor.invited")
    assert [entry.data["user"] for entry in asked] == [waiting.user_id]


def test_a_right_and_a_duty_can_be_changed():
    period, client = running()
    role, member = make_role(period), make_member(period)

    client.post(f"/p/{period.key}/people/{member.pk}/", {"right": "support", "role": role.pk, "is_deputy": "on"})

    member.refresh_from_db()
    assert (member.right, member.role, member.is_deputy) == ("support", role, True)


def test_releasing_the_lead_is_refused_with_the_way_out():
    period, client = running()
    lead = Membership.objects.get(period=period, user=period.lead)

    answer = client.post(f"/p/{period.key}/people/{lead.pk}/remove/")

    assert answer.status_code == 409
    assert "Name somebody else in the plan first" in text_of(answer)


def test_people_cost_the_same_with_1_and_50():
    costs = []
    for count in (1, 50):
        period, client = running()
        role = make_role(period)
        for _ in range(count):
            make_member(period, role=role, invited_at=BEFORE)
        costs.append(queries(client, f"/p/{period.key}/people/"))

    assert costs[0] == costs[1]


# --- Readiness


def getting_ready(**fields: Any) -> tuple[Period, Client]:
    """A period that gets ready, go-live in a week, and its lead, signed in."""
    go_live = NOW + timedelta(days=7)
    period = make_period(
        Period.Status.READINESS,
        go_live_at=go_live,
        ends_at=go_live + timedelta(days=14),
        planned_ends_at=go_live + timedelta(days=14),
        **fields,
    )
    return period, signed_in(period.lead)


def test_readiness_shows_checks_answers_and_what_blocks_a_go():
    period, client = getting_ready()
    make_check(period, title="Alert on duplicate invoices", due_at=NOW - timedelta(days=1))
    make_member(period, make_user("Daniel Osei"), role=make_role(period, "Platform"), invited_at=BEFORE)

    page = text_of(client.get(f"/p/{period.key}/readiness/"))

    assert "Alert on duplicate invoices" in page
    assert "Blocks go" in page
    assert "Daniel Osei (Platform) has not answered." in page
    assert "Platform has nobody" in page


def test_readiness_costs_the_same_with_1_and_50_checks_and_people():
    costs = []
    for count in (1, 50):
        period, client = getting_ready()
        role = make_role(period)
        for _ in range(count):
            make_check(period, owner=make_member(period, role=role, invited_at=BEFORE).user)
        costs.append(queries(client, f"/p/{period.key}/readiness/?show=all"))

    assert costs[0] == costs[1]


def test_readiness_shows_a_page_of_many_checks_and_every_category():
    period, client = getting_ready()
    for n in range(130):
        make_check(period, title=f"Check <{n:03}>", category=("Monitoring", "Support", "Data")[n // 50], blocking=False)

    pages = [client.get(f"/p/{period.key}/readiness/?show=all&page={n}") for n in ("", 2, 3, 99, "x")]

    shown = [[row["check"].title for group in page.context["groups"] for row in group["rows"]] for page in pages]
    assert [len(titles) for titles in shown] == [50, 50, 30, 30, 50]
    assert sorted(title for titles in shown[:3] for title in titles) == [f"Check <{n:03}>" for n in range(130)]
    assert [group["name"] for group in pages[2].context["groups"]] == ["Monitoring", "Support", "Data"]
    assert "101 to 130 of 130" in text_of(pages[2])
    assert 'rel="prev" href="?show=all&amp;page=2#checks"' in text_of(pages[2])


def test_another_filter_begins_on_its_first_page_and_a_refresh_stays():
    period, client = getting_ready()
    for _ in range(60):
        make_check(period, category="Monitoring", owner=period.lead)

    answer = client.get(f"/p/{period.key}/readiness/?show=all&page=2")

    assert answer.context["fragment"].endswith("/_readiness/?show=all&page=2")
    assert not [query for query, *_ in answer.context["segments"] if "page=" in query]
    assert not [query for query, *_ in answer.context["categories"] if "page=" in query]
    assert f'action="/p/{period.key}/readiness/checks/bulk/?show=all&amp;page=2"' in text_of(answer)


def test_readiness_of_a_thousand_checks_costs_the_queries_of_one_and_stays_small():
    costs, sizes = [], []
    for count in (1, 1000):
        period, client = getting_ready()
        checks = [make_check(period, owner=period.lead) for _ in range(min(count, 1))]
        ChecklistItem.objects.bulk_create(
            ChecklistItem(
                period=period,
                position=checks[0].position + 1 + n,
                category=f"Category {n % 10}",
                title=f"{n} " + "long title " * 9,
                due_at=GO_LIVE,
                due_days=0,
                owner=checks[0].owner,
                evidence_wanted="A picture of the dashboard",
            )
            for n in range(count - 1)
        )
        costs.append(queries(client, f"/p/{period.key}/readiness/?show=all"))
        sizes.append(len(client.get(f"/p/{period.key}/readiness/?show=all").content))

    assert costs[0] == costs[1]
    assert sizes[1] < 300_000


def test_the_readiness_panel_answers_204_until_something_happens():
    period, client = getting_ready()
    check = make_check(period)
    path, headers = f"/p/{period.key}/_readiness/", {"HX-Request": "true"}
    version = client.get(path, headers=headers).context["version"]

    same = client.get(f"{path}?v={version}", headers=headers)
    client.post(f"/p/{period.key}/readiness/checks/{check.pk}/complete/")
    changed = client.get(f"{path}?v={version}", headers=headers)

    assert (same.status_code, changed.status_code) == (204, 200)


@pytest.mark.parametrize(
    ("part", "words"), [("", "Acknowledgements"), ("go", "Go or no-go"), ("stats", "Without evidence")]
)
def test_each_part_of_readiness_refreshes_alone(part, words):
    period, client = getting_ready()

    answer = client.get(f"/p/{period.key}/_readiness/?part={part}", headers={"HX-Request": "true"})

    assert words in text_of(answer)
    assert "<html" not in text_of(answer)


def test_an_empty_list_offers_the_built_in_checklist():
    period, client = getting_ready()

    assert "Use the built-in checklist" in text_of(client.get(f"/p/{period.key}/readiness/"))
    client.post(f"/p/{period.key}/readiness/checks/template/")

    assert period.checklist.count() > 40


def test_a_check_is_completed_with_one_press_and_undone_with_another():
    period, client = getting_ready()
    check = make_check(period)

    answer = client.post(f"/p/{period.key}/readiness/checks/{check.pk}/complete/", follow=True)
    client.post(f"/p/{period.key}/readiness/undo/{period.journal.latest('seq').seq}/")

    check.refresh_from_db()
    assert f"/p/{period.key}/readiness/undo/1/" in text_of(answer)
    assert check.status == ChecklistItem.Status.OPEN


def test_completing_twice_says_who_was_first():
    period, client = getting_ready()
    check = make_check(period, title="Smoke script ready")
    client.post(f"/p/{period.key}/readiness/checks/{check.pk}/complete/", {"evidence": "https://example.test/run"})

    answer = client.post(f"/p/{period.key}/readiness/checks/{check.pk}/complete/")

    assert answer.status_code == 409
    assert "was completed by Lead" in text_of(answer)


def test_evidence_that_is_a_script_is_not_a_link():
    period, client = getting_ready()
    make_check(period, evidence="javascript:alert(1)", status="done", done_at=NOW)

    page = text_of(client.get(f"/p/{period.key}/readiness/?show=all"))

    assert 'href="javascript:' not in page


def test_a_waiver_needs_a_reason_and_an_end():
    period, client = getting_ready()
    check = make_check(period)
    path = f"/p/{period.key}/readiness/checks/{check.pk}/waive/"

    empty = client.post(path, {})
    past = client.post(path, {"reason": "Later", "expires_at": "2026-11-01T12:00"})
    client.post(path, {"reason": "Fallback rehearsed", "expires_at": "2026-12-01T12:00"})

    check.refresh_from_db()
    assert (empty.status_code, past.status_code) == (422, 422)
    assert "must end later than now" in text_of(past)
    assert check.status == ChecklistItem.Status.WAIVED


def test_checks_are_added_assigned_and_set_aside():
    period, client = getting_ready()
    owner = make_member(period).user
    base = f"/p/{period.key}/readiness/checks/"

    client.post(base, {"title": "Break-glass access tested", "category": "Security", "blocking": "on"})
    check = period.checklist.get()
    client.post(f"{base}{check.pk}/assign/", {"owner": owner.pk, "due_at": ""})
    client.post(f"{base}{check.pk}/set-aside/", {"reason": "No such access here"})

    check.refresh_from_db()
    assert (check.owner, check.blocking, check.status) == (owner, True, ChecklistItem.Status.NOT_APPLICABLE)


def test_a_check_without_a_title_is_asked_for_one():
    period, client = getting_ready()

    answer = client.post(f"/p/{period.key}/readiness/checks/", {"category": "Security"})

    assert answer.status_code == 422
    assert "Say what is to be checked." in text_of(answer)


def test_somebody_completes_their_own_check_and_no_other():
    period, _ = getting_ready()
    me = make_member(period).user
    mine, other = make_check(period, owner=me), make_check(period, owner=period.lead)
    client = signed_in(me)

    own = client.post(f"/p/{period.key}/readiness/checks/{mine.pk}/complete/")
    foreign = client.post(f"/p/{period.key}/readiness/checks/{other.pk}/complete/")

    assert (own.status_code, foreign.status_code) == (302, 403)


def test_the_go_panel_shows_votes_and_leads_to_the_meeting():
    period, client = getting_ready()
    gonogo.vote(period.pk, choice="hold", reason="Rehearsal took 5 h 10", by=period.bau_owner, at=NOW)

    page = text_of(client.get(f"/p/{period.key}/readiness/"))

    assert "Rehearsal took 5 h 10" in page
    assert "Open the meeting and vote" in page
    assert f"/p/{period.key}/go-no-go/#vote" in page
    assert "Record the decision" in text_of(signed_in(period.sponsor).get(f"/p/{period.key}/readiness/"))


def test_signed_in_one_answers_on_the_same_page():
    period, _ = getting_ready()
    member = make_member(period, role=make_role(period), invited_at=BEFORE)
    client, path = signed_in(member.user), f"/p/{period.key}/readiness/acknowledge/"

    incomplete = client.post(path, {"state": "ready", "statements": ALL[:3]})
    answer = client.post(path, {"state": "ready", "statements": ALL}, follow=True)

    assert incomplete.status_code == 422
    assert "You’re set" in text_of(answer)
    assert JournalEntry.objects.filter(period=period, kind="readiness.acknowledged").count() == 1


def test_a_problem_shows_to_those_who_work_and_not_to_those_who_watch():
    period, client = getting_ready()
    member = make_member(period, role=make_role(period), invited_at=BEFORE)
    acknowledgements.acknowledge(
        member.pk, statements=[], note="My mother is ill", state="problem", by=member.user, at=NOW, via=""
    )
    Membership.objects.filter(period=period, user=period.bau_owner).update(right="viewer")
    path = f"/p/{period.key}/readiness/"

    assert "My mother is ill" in text_of(client.get(path))
    assert "My mother is ill" not in text_of(signed_in(period.bau_owner).get(path))


@pytest.mark.parametrize("path", ["coverage/", "readiness/", "people/", "coverage/shifts/", "readiness/checks/"])
def test_no_page_carries_inline_style_or_script(path):
    period, client = getting_ready()
    make_check(period)
    make_shift(make_role(period), make_member(period).user, starts_at=period.go_live_at)

    page = client.get(f"/p/{period.key}/{path}").content.decode()

    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page
    assert "<script>" not in page


# --- Checks: in place, several at once, evidence ------------------------------------------------

IN_ROW = {"HX-Request": "true"}


def base_of(period, check=None):
    return f"/p/{period.key}/readiness/" + (f"checks/{check.pk}/" if check else "")


def test_an_owner_and_a_due_time_are_changed_in_their_row_with_an_undo():
    period, client = getting_ready()
    check, owner = make_check(period), make_member(period).user
    headers = {**IN_ROW, "HX-Target": f"check-{check.pk}"}
    path = f"{base_of(period, check)}assign/"

    form = client.get(f"{path}?part=due", headers=headers)
    bad = client.post(f"{path}?part=due", {"due": "someday"}, headers=headers)
    due = client.post(f"{path}?part=due", {"due": "3 days before go-live"}, headers=headers)
    given = client.post(f"{path}?part=owner", {"owner": owner.pk}, headers=headers)

    check.refresh_from_db()
    assert "data-in-place" in text_of(form)
    assert (bad.status_code, "someday" in text_of(bad)) == (422, True)
    assert (check.due_days, check.owner) == (-3, owner)
    assert text_of(given).strip().startswith(f'<tr id="check-{check.pk}"')
    assert "3 days before go-live" in due.headers["HX-Trigger"]
    assert "/undo/1/" in due.headers["HX-Trigger"]


def test_the_list_leads_to_the_form_where_evidence_is_asked_for_and_a_press_without_says_so_in_the_row():
    period, client = getting_ready()
    check = make_check(period, evidence_wanted="Signed report")
    headers = {**IN_ROW, "HX-Target": f"check-{check.pk}"}

    listed = text_of(client.get(base_of(period)))
    answer = client.post(f"{base_of(period, check)}complete/", headers=headers)

    assert f'href="{base_of(period, check)}complete/"' in listed
    assert f'hx-post="{base_of(period, check)}complete/"' not in listed
    assert text_of(answer).strip().startswith(f'<tr id="check-{check.pk}"')
    assert "asks for evidence (signed report)" in text_of(answer)
    check.refresh_from_db()
    assert check.status == "open"


def test_a_refusal_in_a_row_is_that_row_with_the_sentence():
    period, client = getting_ready()
    check = make_check(period, status="done", done_by=make_user("Priya Raman"), done_at=NOW)
    headers = {**IN_ROW, "HX-Target": f"check-{check.pk}"}

    answer = client.post(f"{base_of(period, check)}complete/", headers=headers)
    page = client.post(f"{base_of(period, check)}complete/")

    assert (answer.status_code, page.status_code) == (409, 409)
    assert text_of(answer).strip().startswith(f'<tr id="check-{check.pk}"')
    assert "Nothing changed." in text_of(answer)
    assert "Priya Raman" in text_of(answer)
    assert "This was not done" in text_of(page)


def test_without_scripts_the_same_is_a_page_with_both_fields():
    period, client = getting_ready()
    check = make_check(period, owner=period.lead)

    client.post(f"{base_of(period, check)}assign/", {"owner": "", "due": "at go-live"})

    check.refresh_from_db()
    assert (check.owner, check.due_at) == (None, period.go_live_at)


def test_several_checks_change_at_once_and_are_undone_as_one():
    period, client = getting_ready()
    one, two = make_check(period), make_check(period)
    owner = make_member(period).user
    path = f"{base_of(period)}checks/bulk/"

    empty = client.post(path, {"checks": [one.pk], "action": "assign"})
    done = client.post(path, {"checks": [one.pk, two.pk], "action": "assign", "owner": owner.pk}, follow=True)
    assert period.checklist.filter(owner=owner).count() == 2
    client.post(f"{base_of(period)}undo/2/")

    assert (empty.status_code, "Choose an owner" in text_of(empty)) == (422, True)
    assert "2 checks changed" in text_of(done)
    assert not period.checklist.filter(owner=owner).exists()


def test_a_contributor_changes_no_several_checks():
    period, _ = getting_ready()
    client = signed_in(make_member(period).user)

    assert client.post(f"{base_of(period)}checks/bulk/", {"action": "reopen"}).status_code == 403


def test_undo_of_something_changed_since_says_by_whom():
    period, client = getting_ready()
    check = make_check(period)
    client.post(f"{base_of(period, check)}complete/")
    client.post(f"{base_of(period, check)}reopen/")

    answer = client.post(f"{base_of(period)}undo/1/")

    assert answer.status_code == 409
    assert "was changed by Lead" in text_of(answer)


@pytest.mark.parametrize("show", ["open", "mine", "late", "blocking", "all", "nonsense"])
def test_checks_are_filtered_by_the_address(show):
    period, client = getting_ready()
    make_check(period, title="Mine and blocking", owner=period.lead)
    make_check(period, title="Minor", blocking=False, category="Comms", due_at=NOW - timedelta(days=40))

    groups = client.get(f"{base_of(period)}?show={show}&category=Comms").context["groups"]

    shown = [row["check"].title for group in groups for row in group["rows"]]
    assert shown == ([] if show in ("mine", "blocking") else ["Minor"])


def test_a_file_is_given_back_to_members_as_an_attachment_that_nothing_runs():
    period, client = getting_ready()
    check = make_check(period)
    page = SimpleUploadedFile("evil.html", b"<script>alert(1)</script>", content_type="text/html")

    client.post(f"{base_of(period, check)}evidence/", {"file": page, "evidence": "What they sent"})
    row = check.evidence.get()
    path = f"{base_of(period, check)}files/{row.pk}/"
    answer = client.get(path)

    assert b"".join(answer.streaming_content) == b"<script>alert(1)</script>"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="evil.html.txt"'
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert signed_in(make_user()).get(path).status_code == 404
    viewed = signed_in(make_member(period, right="viewer").user).get(path)
    assert (viewed.status_code, b"".join(viewed.streaming_content)) == (200, b"<script>alert(1)</script>")
    other = make_check(make_period("readiness", lead=period.lead))
    assert client.get(f"{base_of(other.period, other)}files/{row.pk}/").status_code == 404


def test_a_file_that_is_not_accepted_comes_back_with_what_was_typed():
    period, client = getting_ready()
    check = make_check(period)
    program = SimpleUploadedFile("run.exe", b"MZ\x90\x00")

    answer = client.post(f"{base_of(period, check)}complete/", {"file": program, "evidence": "Second run"})

    check.refresh_from_db()
    assert answer.status_code == 422
    assert "is not accepted" in text_of(answer)
    assert "Second run" in text_of(answer)
    assert check.status == "open"


def test_failing_tests_ask_before_the_check_is_done():
    period, client = getting_ready()
    check = make_check(period, title="Integration passed")
    report = SimpleUploadedFile("r.xml", b'<testsuite><testcase name="pays twice"><failure/></testcase></testsuite>')

    client.post(f"{base_of(period, check)}evidence/", {"file": report, "next": "check"})
    page, ask = (text_of(client.get(base_of(period, check))), text_of(client.get(f"{base_of(period, check)}complete/")))
    client.post(f"{base_of(period, check)}fail/", {"note": "It pays twice"})

    check.refresh_from_db()
    assert "pays twice" in page
    assert "Mark the check failed" in page
    assert "Completing says that is accepted" in ask
    assert check.status == "failed"


def test_the_history_of_a_check_is_paged():
    period, client = getting_ready()
    check = make_check(period)
    for _ in range(12):
        client.post(f"{base_of(period, check)}complete/")
        client.post(f"{base_of(period, check)}reopen/")

    page = client.get(base_of(period, check))
    older = client.get(f"{base_of(period, check)}?before={page.context['older']}")

    assert (len(page.context["history"]), len(older.context["history"])) == (20, 4)
    assert "Lead completed it" in text_of(older)


def test_removed_evidence_stays_on_record_and_is_no_longer_served():
    period, client = getting_ready()
    check = make_check(period)
    client.post(f"{base_of(period, check)}evidence/", {"file": SimpleUploadedFile("a.log", b"fine")})
    row = check.evidence.get()

    client.post(f"{base_of(period, check)}files/{row.pk}/remove/")

    assert client.get(f"{base_of(period, check)}files/{row.pk}/").status_code == 404
    assert "1 removed" in text_of(client.get(base_of(period, check)))


def test_a_rehearsal_is_started_stopped_and_recorded():
    period, client = getting_ready()
    base = f"{base_of(period)}rehearsals/"

    bad = client.post(f"{base}record/", {"kind": "rollback", "box_minutes": "4 h", "took_minutes": "long"})
    client.post(
        f"{base}record/", {"kind": "rollback", "box_minutes": "4 h", "took_minutes": "5 h 10 min", "outcome": "passed"}
    )
    page = text_of(client.get(base_of(period)))
    client.post(f"{base}start/", {"kind": "cutover", "box_minutes": "90"})
    running = period.rehearsals.get(kind="cutover")
    client.post(f"{base}{running.pk}/cancel/")

    assert (bad.status_code, "Give a length" in text_of(bad)) == (422, True)
    assert "over its box of" in page
    assert not period.rehearsals.filter(kind="cutover").exists()
    assert signed_in(make_member(period, right="viewer").user).get(f"{base}start/").status_code == 403
    assert signed_in(make_user()).get(f"{base}start/").status_code == 404


def test_a_request_larger_than_anything_we_take_is_refused_before_it_is_read():
    period, client = getting_ready()

    answer = client.post(base_of(period), b"", content_type="text/plain", CONTENT_LENGTH=str(16_000_000))

    assert answer.status_code == 413
