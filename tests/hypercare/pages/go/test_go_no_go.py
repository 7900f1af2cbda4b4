"""The go/no-go meeting, its decisions on record, and the conditions of a go."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from periods.go import gonogo, risks
from periods.models import GoCondition, GoDecision, GoVote, Period
from tests.factories import make_check, make_member, make_period, make_role, make_user
from tests.hypercare.scene import signed_in

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def getting_ready(**fields: Any) -> Period:
    """A period that gets ready, go-live in a week, where nothing but votes is missing."""
    go_live = timezone.now() + 7 * DAY
    period = make_period(
        Period.Status.READINESS,
        key="MOB70",
        go_live_at=go_live,
        ends_at=go_live + 14 * DAY,
        planned_ends_at=go_live + 14 * DAY,
        point_of_no_return="When the old app is withdrawn.",
        **{"summary": "The app moves to the new log-in.", **fields},
    )
    make_check(
        period,
        category="Rollback",
        title="Rollback rehearsed",
        status="done",
        done_at=timezone.now(),
        evidence="48 minutes",
    )
    return period


def everybody_votes(period: Period) -> None:
    for person in (period.lead, period.bau_owner):
        gonogo.vote(period.pk, choice="go", by=person, at=timezone.now())


def words(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def conditional(period: Period, **changes: str) -> dict[str, str]:
    """What the sponsor's form sends for a go on one condition that answers the open check."""
    check = period.checklist.get(title="Alerts reach on-call")
    return {
        "outcome": "go_with_conditions",
        "reason": "Fixed tonight",
        "c0-objection": f"go.check_open:check:{check.pk}",
        "c0-text": "A test alert rings",
        "c0-owner": str(period.lead_id),
        "c0-due_at": f"{timezone.now() + DAY:%Y-%m-%dT%H:%M}",
        "c1-objection": "",
        "c1-text": "",
        "c1-owner": "",
        "c1-due_at": "",
        **changes,
    }


# --- The meeting ----------------------------------------------------------------------------------


def test_the_meeting_shows_everything_a_decision_rests_on() -> None:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")
    now = timezone.now()
    make_check(period, title="Load test", status="waived", waiver_reason="Below 50 users", waiver_expires_at=now + DAY)
    make_role(period, "Platform", cover="24x7", required=False)
    risk = {"risk": "Push fails", "detection": "Canary, 2 min", "response": "Flag off"}
    risks.add(period.pk, **risk, by=period.lead, at=now)
    hold = {"choice": "hold", "reason": "No training yet", "flip": "Trained agents"}
    gonogo.vote(period.pk, **hold, by=period.bau_owner, at=now)

    page = words(signed_in(period.lead).get("/p/MOB70/go-no-go/"))

    for said in (
        "The app moves to the new log-in.",
        "“Alerts reach on-call” is not done.",
        "Below 50 users",
        "Platform has nobody",
        "No incident is open in this period.",
        "When the old app is withdrawn.",
        "Rollback rehearsed",
        "Canary, 2 min",
        "“No training yet”",
        "Would change it: Trained agents",
        "Lead (Lead) has not voted.",
        "1 of 2 seats",
    ):
        assert said in page


def test_a_stranger_meets_nobody() -> None:
    period = getting_ready()
    check = Client()
    check.force_login(make_user())

    assert check.get("/p/MOB70/go-no-go/").status_code == 404
    assert check.post("/p/MOB70/go-no-go/vote/", {"choice": "go"}).status_code == 404
    assert check.post("/p/MOB70/go-no-go/decide/", {"outcome": "no_go", "reason": "x"}).status_code == 404
    assert not GoDecision.objects.filter(period=period).exists()


def test_everybody_in_the_meeting_sees_a_vote_as_it_is_cast() -> None:
    period = getting_ready()
    watching, headers = signed_in(period.sponsor), {"HX-Request": "true"}
    path = "/p/MOB70/go-no-go/_votes/"
    version = watching.get(path, headers=headers).context["version"]

    same = watching.get(f"{path}?v={version}", headers=headers)
    signed_in(period.lead).post("/p/MOB70/go-no-go/vote/", {"choice": "go", "flip": "A failed rehearsal"})
    changed = watching.get(f"{path}?v={version}", headers=headers)

    assert (same.status_code, changed.status_code) == (204, 200)
    assert "Would change it: A failed rehearsal" in words(changed)
    assert "<html" not in words(changed)


def test_a_hold_without_reason_comes_back_with_what_was_typed() -> None:
    period = getting_ready()

    answer = signed_in(period.lead).post("/p/MOB70/go-no-go/vote/", {"choice": "hold", "flip": "Green rehearsal"})

    assert answer.status_code == 422
    assert "Say what must change before you would go." in words(answer)
    assert "Green rehearsal" in words(answer)
    assert not GoVote.objects.exists()


def test_somebody_without_a_seat_watches_and_is_told_why() -> None:
    period = getting_ready()
    client = signed_in(make_member(period, right="support").user)

    assert "You have no seat here" in words(client.get("/p/MOB70/go-no-go/"))
    assert client.post("/p/MOB70/go-no-go/vote/", {"choice": "go"}).status_code == 403
    assert client.post("/p/MOB70/go-no-go/decide/", {"outcome": "no_go", "reason": "x"}).status_code == 403


def test_risks_are_added_and_taken_off_by_who_may() -> None:
    period = getting_ready()
    lead, watcher = signed_in(period.lead), signed_in(make_member(period, right="viewer").user)
    risk = {"risk": "Push fails", "detection": "Canary", "response": "Flag off"}

    assert lead.post("/p/MOB70/go-no-go/risks/", {**risk, "response": ""}).status_code == 422
    assert watcher.post("/p/MOB70/go-no-go/risks/", risk).status_code == 403
    lead.post("/p/MOB70/go-no-go/risks/", risk)
    [row] = risks.standing_risks(period)
    lead.post(f"/p/MOB70/go-no-go/risks/{row.pk}/remove/")

    assert risks.standing_risks(period) == []


def test_the_meeting_costs_the_same_with_2_and_40_objections() -> None:
    costs = []
    for count in (2, 40):
        Period.objects.filter(key="MOB70").update(key=f"OLD{count}")
        period = getting_ready()
        everybody_votes(period)
        for _ in range(count):
            make_check(period, owner=period.lead)
        client = signed_in(period.sponsor)
        client.get("/p/MOB70/go-no-go/")
        with CaptureQueriesContext(connection) as seen:
            client.get("/p/MOB70/go-no-go/")
        costs.append(len(seen))

    assert costs[0] == costs[1]


# --- Deciding -------------------------------------------------------------------------------------


def test_a_plain_go_is_refused_on_the_same_page_with_everything_that_stands() -> None:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")

    answer = signed_in(period.sponsor).post("/p/MOB70/go-no-go/decide/", {"outcome": "go", "reason": "We are done"})

    assert answer.status_code == 409
    assert "Bau Owner (BAU owner) has not voted." in words(answer)
    assert "We are done" in words(answer)
    assert not GoDecision.objects.exists()


def test_a_condition_proposes_what_would_be_seen_of_the_very_thing_it_answers() -> None:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")
    gonogo.vote(period.pk, choice="hold", reason="Not seen yet", by=period.bau_owner, at=timezone.now())

    page = words(signed_in(period.sponsor).get("/p/MOB70/go-no-go/"))

    assert 'value="“Alerts reach on-call” is done, with its evidence"' in page
    assert f'value="What {period.bau_owner} holds for is settled"' in page


def test_each_condition_has_its_own_owner_and_deadline() -> None:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")
    everybody_votes(period)
    later = f"{timezone.now() + 2 * DAY:%Y-%m-%dT%H:%M}"
    own = {"c1-text": "Support is trained", "c1-owner": str(period.bau_owner_id), "c1-due_at": later}

    answer = signed_in(period.sponsor).post("/p/MOB70/go-no-go/decide/", conditional(period, **own))

    first, second = GoCondition.objects.order_by("position")
    assert answer.url == f"/p/MOB70/go-no-go/decisions/{first.decision_id}/"
    assert (first.owner, first.answers) == (period.lead, "“Alerts reach on-call” is not done.")
    assert (second.owner, second.text, second.answers) == (period.bau_owner, "Support is trained", "")
    assert second.due_at > first.due_at


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"c0-owner": ""}, "Name an owner from the period."),
        ({"c0-due_at": "2020-01-01T10:00"}, "Give a deadline that is ahead."),
        ({"c0-text": ""}, "Say what must be seen to be true."),
        ({"c1-text": "Also this"}, "Name an owner from the period."),
        ({"c0-due_at": "soon"}, "Enter a valid date/time."),
    ],
)
def test_a_condition_that_lacks_something_comes_back_with_the_rest(changes: dict[str, str], said: str) -> None:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")
    everybody_votes(period)

    answer = signed_in(period.sponsor).post("/p/MOB70/go-no-go/decide/", conditional(period, **changes))

    assert answer.status_code == 422
    assert said in words(answer)
    assert "Fixed tonight" in words(answer)
    assert not GoDecision.objects.exists()


def test_what_came_up_while_the_sponsor_typed_gets_a_row_of_its_own() -> None:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")
    everybody_votes(period)
    sent = conditional(period)
    make_check(period, title="Restore proven")

    answer = signed_in(period.sponsor).post("/p/MOB70/go-no-go/decide/", sent)

    assert answer.status_code == 422
    assert "“Restore proven” is not done." in words(answer)
    assert "A test alert rings" in words(answer)


def test_postponing_asks_for_a_reason_and_a_date() -> None:
    period = getting_ready()
    client, path = signed_in(period.sponsor), "/p/MOB70/go-no-go/decide/"
    later = timezone.now() + 30 * DAY

    unexplained = client.post(path, {"outcome": "postpone"})
    undated = client.post(path, {"outcome": "postpone", "reason": "Rehearsal failed"})
    client.post(path, {"outcome": "postpone", "reason": "Rehearsal failed", "go_live_at": f"{later:%Y-%m-%dT%H:%M}"})

    period.refresh_from_db()
    assert (unexplained.status_code, undated.status_code) == (422, 422)
    assert (period.status, period.go_live_at.date()) == (Period.Status.PLANNED, later.date())


# --- The record and the conditions ----------------------------------------------------------------


def decided() -> tuple[Period, GoCondition]:
    period = getting_ready()
    make_check(period, title="Alerts reach on-call")
    everybody_votes(period)
    signed_in(period.sponsor).post("/p/MOB70/go-no-go/decide/", conditional(period))
    period.refresh_from_db()
    return period, GoCondition.objects.get()


def test_the_record_keeps_what_the_decision_rested_on() -> None:
    period, row = decided()
    period.checklist.update(status="done", done_at=timezone.now())

    page = words(signed_in(period.lead).get(f"/p/MOB70/go-no-go/decisions/{row.decision_id}/"))

    for said in (
        "Go with conditions",
        "Fixed tonight",
        "A test alert rings",
        "“Alerts reach on-call” is not done.",
        "1 open, 0 waived",
        "When the old app is withdrawn.",
        "Sponsor",
    ):
        assert said in page


def test_a_condition_is_met_by_its_owner_with_evidence() -> None:
    period, row = decided()
    client, path = signed_in(period.lead), f"/p/MOB70/go-no-go/conditions/{row.pk}/"

    empty = client.post(path, {"evidence": " "})
    client.post(path, {"evidence": "Rang at 02:10"})
    again = client.post(path, {"evidence": "Rang twice"})

    row.refresh_from_db()
    assert (empty.status_code, again.status_code) == (422, 409)
    assert "Give a link, or say what was seen." in words(empty)
    assert (row.state, row.evidence) == ("met", "Rang at 02:10")
    assert "Rang at 02:10" in words(client.get("/p/MOB70/go-no-go/"))


def test_past_its_deadline_the_page_says_that_it_is_too_late() -> None:
    period, row = decided()
    GoCondition.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    client, path = signed_in(period.lead), f"/p/MOB70/go-no-go/conditions/{row.pk}/"

    late = client.post(path, {"evidence": "Rang"})

    assert late.status_code == 409
    assert "ends the go; the sponsor decides again" in words(late)
    assert "it can’t be met any more" in words(client.get(path))


def test_somebody_else_is_told_who_says_whether_it_is_met() -> None:
    period, row = decided()
    client = signed_in(period.bau_owner)
    path = f"/p/MOB70/go-no-go/conditions/{row.pk}/"

    assert "Lead, Lead (lead) or Sponsor (sponsor) says whether it is met." in words(client.get(path))
    assert client.post(path, {"evidence": "Rang"}).status_code == 403


@pytest.mark.parametrize("path", ["", "decisions/{d}/", "conditions/{c}/"])
def test_no_page_carries_inline_style_or_script(path: str) -> None:
    period, row = decided()

    page = words(signed_in(period.lead).get(f"/p/MOB70/go-no-go/{path.format(d=row.decision_id, c=row.pk)}"))

    assert " style=" not in page
    assert "onclick" not in page
    assert "<script>" not in page
