"""Home: what one person does now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contributors.handoffs import handoffs
from contributors.readiness import acknowledgements, invitations
from contributors.shifts import coverage
from contributors.swaps import cover_requests
from hypercare.models import User
from hypercare.pages.home import todo
from hypercare.pages.home.home import PANELS, people_who_owe, running_duties
from incidents.triage import war_room
from periods.go import gonogo
from periods.journal import journal
from periods.models import GoCondition, GoDecision, Period
from tests.factories import make_check, make_debrief, make_incident, make_member, make_role, make_shift, make_user
from tests.hypercare.scene import coming_period, fill, live_period, signed_in, words
from tests.incidents.outdoors import posted

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def lead() -> User:
    return make_user("Maja Lindqvist")


def test_who_has_no_period_is_shown_how_it_works(lead: User) -> None:
    lead.may_plan = True
    lead.save(update_fields=["may_plan"])

    page = words(signed_in(lead).get("/"))

    assert "Plan your first hypercare period" in page
    assert "Nothing needs you" in page
    assert "No shifts planned" in page


def test_a_vote_that_waits_stands_on_home_until_the_seat_has_spoken(lead: User) -> None:
    period = coming_period(lead)
    deputy = make_member(period, make_user("Deputy"), role=make_role(period, "Incident lead")).user
    period.memberships.filter(user=lead).update(role=period.roles.get(name="Incident lead"))
    now = timezone.now()

    asked = [need for need in todo.todo_of(lead, at=now).needs if need.button == "Vote"]
    gonogo.vote(period.pk, choice="go", by=lead, at=now)

    assert [(need.title, need.note, need.due_at) for need in asked] == [
        (f"Vote go or no-go for {period}", "As Lead, Incident lead", period.go_live_at)
    ]
    for person in (lead, deputy, period.sponsor):
        assert not [need for need in todo.todo_of(person, at=now).needs if need.button == "Vote"], person


def test_a_condition_of_a_go_stands_on_home_of_who_answers_for_it(lead: User) -> None:
    period, now = coming_period(lead), timezone.now()
    decision = GoDecision.objects.create(period=period, outcome="go_with_conditions", by=period.sponsor, at=now)
    due_at = period.go_live_at - timedelta(hours=2)
    said = {"period": period, "decision": decision, "owner": lead, "due_at": due_at}
    GoCondition.objects.create(**said, position=1, text="The pager rings")
    GoCondition.objects.create(**said, position=2, text="Dropped", state="dropped", settled_at=now)
    other = {**said, "owner": period.bau_owner}
    GoCondition.objects.create(**other, position=3, text="Of somebody else")

    found = [need for need in todo.todo_of(lead, at=now).needs if need.button == "Settle"]

    assert [(need.title, need.due_at) for need in found] == [("The pager rings", due_at)]
    assert signed_in(lead).get(found[0].url).status_code == 200


def test_who_may_not_plan_is_told_whom_to_ask(lead: User) -> None:
    page = words(signed_in(lead).get("/"))

    assert "You are not part of a period yet" in page
    assert lead.email in page
    assert "Plan your first" not in page


def test_duty_says_until_when_and_who_comes_after(lead: User) -> None:
    period = live_period(lead)
    role, now = make_role(period, "Incident lead"), timezone.now()
    make_shift(role, lead, starts_at=now - timedelta(hours=2))
    make_shift(role, make_user("Rachel Kim"), starts_at=now + timedelta(hours=6))

    page = words(signed_in(lead).get("/"))

    assert "On duty now" in page
    assert "Incident lead, Billing cut-over" in page
    assert "then Rachel Kim takes over" in page


def test_a_deputy_is_followed_by_a_deputy(lead: User) -> None:
    period = live_period(lead)
    role, now = make_role(period), timezone.now()
    make_shift(role, lead, starts_at=now - timedelta(hours=2), kind="deputy")
    make_shift(role, make_user("Primary"), starts_at=now + timedelta(hours=6))
    make_shift(role, make_user("Second"), starts_at=now + timedelta(hours=7), kind="deputy")

    duty = running_duties(lead, at=now)[0]

    assert duty.percent == 25
    assert duty.left_s == 6 * 3600
    assert duty.successor is not None
    assert duty.successor.user.name == "Second"


def test_what_needs_me_comes_by_urgency_each_with_one_way_to_act(lead: User) -> None:
    period, now = live_period(lead), timezone.now()
    coming = coming_period(lead)
    make_check(coming, title="Attach the rehearsal", owner=lead, due_at=now - timedelta(days=1), evidence_wanted="Log")
    make_incident(period, title="Webhooks time out", severity="P2", reported_at=now - timedelta(minutes=5))
    make_incident(period, title="Invoices twice", severity="P1", owner=lead, reported_at=now - timedelta(minutes=1))

    response = signed_in(lead).get("/")

    groups = {name: [(need.title, need.button) for need in needs] for name, needs in response.context["groups"]}
    assert groups == {
        "Now": [("Acknowledge BILL-2", "Open"), ("Assign BILL-1", "Assign")],
        "Overdue and due today": [("Attach the rehearsal", "Attach")],
        "This week": [(f"Vote go or no-go for {coming.name}", "Vote")],
    }


def test_what_somebody_misses_needs_the_lead_until_it_is_answered(lead: User) -> None:
    period = coming_period(lead)
    role = make_role(period)
    member = make_member(period, make_user("Olga Berg"), role=role, invited_at=timezone.now())
    now = timezone.now()
    answer = acknowledgements.acknowledge(
        member.pk, statements=[], note="No access to the ledger", state="problem", by=member.user, at=now
    )

    page = words(signed_in(lead).get("/"))
    strip = words(signed_in(lead).get(f"/p/{period.key}/"))
    invitations.reply(answer.pk, text="It is on its way.", by=lead, at=now)
    later = words(signed_in(lead).get("/"))
    strip_later = words(signed_in(lead).get(f"/p/{period.key}/"))

    assert "Olga Berg says something is missing" in page
    assert "No access to the ledger" in page
    assert "<strong>Olga Berg says something is missing</strong> before going live" in strip
    assert "No access to the ledger" not in strip, "who only watches reads the strip as well"
    assert "Olga Berg says something is missing" not in later
    assert "answered, not confirmed yet" in strip_later


def test_the_exit_decision_needs_those_who_sign_it(lead: User) -> None:
    period = live_period(lead, status=Period.Status.EXIT_REVIEW)

    page = words(signed_in(period.sponsor).get("/"))

    assert "Decide how Billing cut-over ends" in page


def test_a_period_one_does_not_belong_to_is_nowhere(lead: User) -> None:
    live_period(make_user(), name="Secret merger")

    assert "Secret merger" not in words(signed_in(lead).get("/"))


def test_somebody_who_left_no_longer_sees_the_period(lead: User) -> None:
    period = live_period(make_user(), name="Secret merger")
    make_member(period, lead, left_at=timezone.now())

    assert "Secret merger" not in words(signed_in(lead).get("/"))


def test_each_period_says_how_far_it_is_and_what_is_open(lead: User) -> None:
    period, coming = live_period(lead), coming_period(lead)
    make_incident(period, severity="P1")
    make_incident(period, severity="P3")
    make_check(coming, status="done", done_at=timezone.now())
    make_check(coming, due_at=timezone.now() + timedelta(days=1))

    rows = {row["period"].key: row for row in signed_in(lead).get("/").context["periods"]}

    assert (str(rows["BILL"]["day"]), rows["BILL"]["urgent"], rows["BILL"]["others"]) == ("Day 5 of 14", [("P1", 1)], 1)
    assert rows["NEXT"]["ready"] == 50


def test_today_lists_the_debriefs_that_are_left(lead: User) -> None:
    period = live_period(lead)
    now = timezone.now()
    make_debrief(period, number=5, starts_at=now - timedelta(minutes=5))
    make_debrief(period, number=4, starts_at=now - timedelta(days=1))

    today = signed_in(lead).get("/").context["today"]

    assert [row["title"] for row in today] == ["Debrief 5"]


@time_machine.travel(datetime(2026, 11, 18, 13, 12, tzinfo=UTC), tick=False)
def test_today_lists_the_duties_i_give_and_take_and_how_far_their_notes_are(lead: User) -> None:
    period, now = live_period(lead), timezone.now()
    rachel, priya = make_user("Rachel Kim"), make_user("Priya Raman")
    for person in (rachel, priya):
        make_member(period, person)
    leads, fixes = make_role(period, "Incident lead"), make_role(period, "Billing engineering")
    mine = make_shift(leads, lead, starts_at=now - timedelta(hours=5))
    make_shift(leads, rachel, starts_at=mine.ends_at - timedelta(minutes=15))
    make_shift(fixes, priya, starts_at=now - timedelta(hours=4))
    make_shift(fixes, lead, starts_at=now + timedelta(hours=4))
    make_shift(fixes, rachel, starts_at=now + timedelta(hours=12))  # tomorrow
    browser = signed_in(lead)

    def changes() -> list[tuple[str, str]]:
        rows = browser.get("/").context["today"]
        return [(row["title"], row["note"]) for row in rows if row["title"].startswith("Hand-off")]

    before = changes()
    note = handoffs.begin(mine.pk, by=lead, at=now)
    handoffs.write(note.pk, texts={"overall": "All quiet."}, version=0, by=lead, at=now)

    assert before == [
        ("Hand-off to Rachel Kim", "Incident lead, note not written"),
        ("Hand-off from Priya Raman", "Billing engineering, note not written"),
    ]
    assert changes()[0] == ("Hand-off to Rachel Kim", "Incident lead, note sent")


def test_duty_names_the_next_person_also_when_both_meet(lead: User) -> None:
    period, now = live_period(lead), timezone.now()
    role = make_role(period, "Incident lead")
    make_shift(role, lead, starts_at=now - timedelta(hours=2))
    make_shift(role, make_user("Rachel Kim"), starts_at=now + timedelta(hours=5, minutes=45))
    make_shift(role, lead, starts_at=now + timedelta(hours=22))

    assert "then Rachel Kim takes over" in words(signed_in(lead).get("/"))


def test_a_lead_sees_for_whom_they_wait(lead: User) -> None:
    coming, now = coming_period(lead), timezone.now()
    role = make_role(coming)
    make_member(coming, make_user("Daniel Osei"), role=role, invited_at=now)
    make_member(coming, make_user("Not Asked"), role=role)
    make_check(coming, owner=make_user("Kavya Nair"), due_at=now - timedelta(hours=1))

    assert [row["person"].name for row in people_who_owe(lead, now)] == ["Daniel Osei", "Kavya Nair"]


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_answers_204_until_something_happened(lead: User, panel: str) -> None:
    period = live_period(lead)
    fill(period, 1)
    browser, url = signed_in(lead), f"/_home/{panel}/"
    first = browser.get(url, headers=HTMX)
    version = first.context["version"]

    same = browser.get(url, {"v": version}, headers=HTMX)
    journal.record(period, "period.changed", by=lead, at=timezone.now())
    changed = browser.get(url, {"v": version}, headers=HTMX)

    assert first.status_code == 200
    assert b"<html" not in first.content
    assert same.status_code == 204
    assert changed.status_code == 200


def test_home_asks_the_database_as_often_for_twenty_rows_as_for_one(lead: User) -> None:
    period, coming = live_period(lead), coming_period(lead)
    browser = signed_in(lead)

    def grow(rows: int) -> None:
        for one in (period, coming):
            fill(one, rows)
            for _ in range(min(rows, 4)):
                make_shift(
                    make_role(one, f"Mine {timezone.now().timestamp()}"),
                    lead,
                    starts_at=timezone.now() - timedelta(hours=1),
                )

    grow(1)
    browser.get("/")
    with CaptureQueriesContext(connection) as one:
        browser.get("/")
    grow(19)
    for number in range(10):
        live_period(lead, key=f"MORE{number}")
    browser.get("/")
    with CaptureQueriesContext(connection) as twenty:
        browser.get("/")

    assert len(twenty) == len(one)


def test_signing_in_comes_first() -> None:
    assert Client().get("/").status_code == 302


def test_a_promise_to_people_outside_needs_lead_comms_lead_and_who_wrote_last(lead: User) -> None:
    period, now = live_period(lead), timezone.now()
    kavya, luis, ida = make_user("Kavya Nair"), make_user("Luis Ortega"), make_user("Ida Berg")
    for person in (kavya, luis, ida):
        make_member(period, person)
    incident = make_incident(period, severity="P1", reported_at=now, acknowledged_at=now, owner=luis)
    war_room.give_part(incident.pk, part="comms", user=kavya, instead_of=None, by=lead, at=now)
    update = posted(period, now, next_by=now + timedelta(minutes=8), incident_id=incident.pk)
    posted(period, now, title="Deliveries arrive late", next_by=now + timedelta(hours=2))

    def promised(person: User) -> list[todo.Need]:
        return [need for need in todo.todo_of(person, at=now).needs if need.title.startswith("Post the promised")]

    assert [need.due_at for need in promised(kavya)] == [now + timedelta(minutes=8)]
    assert promised(lead) == promised(kavya)
    assert promised(kavya)[0].severity == "P1"
    assert signed_in(kavya).get(promised(kavya)[0].url).status_code == 200
    assert promised(luis) == promised(ida) == []
    posted(period, now, notice_id=update.notice_id, title="", next_by=now + timedelta(hours=1))
    assert promised(kavya) == []


def test_cover_that_lacks_and_swaps_that_are_agreed_need_the_lead(lead: User) -> None:
    period, now = live_period(lead), timezone.now()
    role = make_role(period, "Platform", swaps_need_lead=True, on_call=True)
    daniel, luis = make_user("Daniel Osei"), make_user("Luis Ortega")
    for person in (daniel, luis):
        make_member(period, person, role=role)
    covered = [make_shift(role, daniel, starts_at=now + timedelta(hours=24 * n), hours=24) for n in range(-1, 8)]
    covered[3].delete()
    shift = covered[5]
    request = cover_requests.ask(
        cover_requests.WantedCover(role, shift.starts_at, shift.ends_at, shift=shift), users=[luis], by=daniel, at=now
    )
    asked = [need.title for need in todo.todo_of(luis, at=now).needs]
    cover_requests.accept(request.pk, by=luis, at=now)

    mine = {need.title: need for need in todo.todo_of(lead, at=now).needs}

    assert asked == ["Can you take Platform for Daniel Osei?"]
    assert "Platform has nobody" in mine["Find cover for Platform"].note
    assert "Approve that Luis Ortega takes Platform for Daniel Osei" in mine
    assert not todo.todo_of(luis, at=now).needs


def test_gaps_of_many_periods_are_found_with_three_queries(lead: User, django_assert_num_queries) -> None:
    periods = [live_period(lead, key=f"P{n}") for n in range(4)]
    for period in periods:
        make_role(period)
        make_role(period, "Open", cover="none")

    with django_assert_num_queries(3):
        found = coverage.upcoming_gaps_of_all(periods, at=timezone.now())

    assert [gap.role.period.key for gap in found] == ["P0", "P1", "P2", "P3"]
