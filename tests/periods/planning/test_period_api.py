"""The period API: each resource by the right person, for a stranger, and with bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hypercare.models import User
from periods.debriefs import actions, debriefs
from periods.models import Action, ChecklistItem, Debrief, JournalEntry, Period
from tests.factories import GO_LIVE, NOW, make_check, make_debrief, make_member, make_period, make_role, make_user
from tests.periods.story import ANSWERS, DURING_READINESS, PLANNED_ON, finish_checks, make_criterion, on_duty

pytestmark = pytest.mark.django_db

BASE = "/api/v1/"
ONE = f"{BASE}periods/BILL26/"
END = GO_LIVE + timedelta(days=14)


class Caller(Client):
    """A signed-in program that speaks JSON."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user

    def call(self, path: str, body: Any = None, *, method: str = "POST", at: datetime = NOW, **headers: Any) -> Any:
        """Send JSON at a moment."""
        with time_machine.travel(at, tick=False):
            self.force_login(self.user)
            content = "" if method == "GET" else json.dumps({} if body is None else body)
            return self.generic(method, path, content, content_type="application/json", **headers)

    def read(self, path: str, *, at: datetime = NOW, **headers: Any) -> Any:
        """GET at a moment."""
        return self.call(path, method="GET", at=at, **headers)


@pytest.fixture
def maja() -> User:
    return make_user("Maja Lindqvist", may_plan=True)


@pytest.fixture
def period(maja: User) -> Period:
    return make_period(key="BILL26", lead=maja)


def body(**changes: Any) -> dict[str, Any]:
    """A plan that is right in every field."""
    made = {
        "key": "BILL26",
        "name": "Billing cut-over",
        "systems": ["Billing engine"],
        "timezone": "Europe/Copenhagen",
        "go_live_at": "2026-11-14T06:00:00Z",
        "ends_at": "2026-11-28T06:00:00Z",
        "baseline_issues": 56,
        "baseline_days": 28,
        "answers": ANSWERS,
        "point_of_no_return": "When the old engine is off.",
        "days_override_reason": "Month-end is over by then.",
    }
    return {**made, **changes}


def _raw(user: User, text: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.generic("POST", f"{BASE}periods/", text, content_type="application/json")


def pointers(answer: Any) -> dict[str, str]:
    """Pointer → sentence of a 422."""
    assert answer.status_code == 422, answer.content
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return {error["pointer"]: error["detail"] for error in answer.json()["errors"]}


# --- One period from plan to close ----------------------------------------------------------------


def test_a_program_runs_a_period_from_plan_to_close(maja: User) -> None:
    rachel, kavya = make_user("Rachel Kim"), make_user("Kavya Nair")
    lead, sponsor, receiver = Caller(maja), Caller(rachel), Caller(kavya)
    people = {"lead": maja.email, "sponsor": rachel.pk, "bau_owner": kavya.email, "rollback_authority": maja.pk}

    made = lead.call(f"{BASE}periods/", body(**people), at=PLANNED_ON)
    assert made.status_code == 201, made.content
    assert (made.json()["score"], made.json()["band"], made.json()["status"]) == (53, "high", "draft")
    assert lead.call(f"{ONE}plan/", at=PLANNED_ON).json()["status"] == "planned"
    on_duty(Period.objects.get(key="BILL26"), PLANNED_ON)
    assert lead.call(f"{ONE}invite/", at=PLANNED_ON).json()["status"] == "readiness"

    refused = sponsor.call(f"{ONE}go/", at=DURING_READINESS)
    assert refused.status_code == 409
    assert "“Alerts reach on-call” is not done." in refused.json()["reasons"]
    finish_checks(Period.objects.get(key="BILL26"))
    for voter in (lead, receiver):
        assert voter.call(f"{ONE}go-no-go/vote/", {"choice": "go"}, at=DURING_READINESS).status_code == 200
    decided = sponsor.call(f"{ONE}go-no-go/decide/", {"outcome": "go"}, at=DURING_READINESS)
    assert decided.json()["decision"]["outcome"] == "go"

    started = lead.call(f"{ONE}start/", {"smoke_test": "12 of 12"}, at=GO_LIVE)
    assert (started.json()["status"], started.json()["day"]) == ("active", 1)
    assert lead.call(f"{ONE}review/", at=END).json()["status"] == "exit_review"
    assert lead.call(f"{ONE}close/", at=END).status_code == 409
    for signer, role in ((sponsor, "sponsor"), (receiver, "bau_owner")):
        signed = signer.call(f"{ONE}exit-review/sign/", {"role": role, "comment": "Accepted"}, at=END)
        assert signed.status_code == 200, signed.content
    assert lead.call(f"{ONE}close/", {"summary": "Calm"}, at=END).json()["status"] == "closed"

    again = lead.call(f"{ONE}close/", at=END)
    assert (again.status_code, again.json()["reasons"]) == (
        409,
        ["Billing cut-over is already closed, since 28 Nov 2026 06:00 UTC."],
    )
    assert set(JournalEntry.objects.exclude(kind__startswith="contributor").values_list("via", flat=True)) == {"api"}


# --- Bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "pointer", "sentence"),
    [
        ({"ends_at": "2026-11-13T06:00:00Z"}, "/ends_at", "End must be after go-live."),
        ({"ends_at": "2027-11-16T06:00:00Z"}, "/ends_at", "A period lasts at most 366 days."),
        (
            {"timezone": "Mars/Olympus"},
            "/timezone",
            "“Mars/Olympus” is not a time zone. Use a name such as Europe/Copenhagen or UTC.",
        ),
        ({"go_live_at": "2026-10-01T06:00:00Z"}, "/go_live_at", "Go-live is in the past. Choose a later time."),
        ({"lead": "nobody@example.test"}, "/lead", "There is no such person. Give an id or an e-mail address."),
        ({"answers": {"reach": 9}}, "/answers/reach", "9 is not an answer. Choose from 0 to 4."),
        ({"status": "active"}, "/status", "This can't be set here."),
        ({"key": "bill 26"}, "/key", "Use 2 to 12 capital letters or digits, starting with a letter."),
    ],
)
def test_a_bad_plan_answers_422_with_a_pointer_and_makes_nothing(
    maja: User, changes: dict[str, Any], pointer: str, sentence: str
) -> None:
    answer = Caller(maja).call(f"{BASE}periods/", body(**changes), at=PLANNED_ON)

    assert pointers(answer)[pointer] == sentence
    assert not Period.objects.exists()


def test_a_key_that_is_taken_answers_422(maja: User) -> None:
    caller = Caller(maja)
    caller.call(f"{BASE}periods/", body(), at=PLANNED_ON)

    answer = caller.call(f"{BASE}periods/", body(name="Other"), at=PLANNED_ON)

    assert pointers(answer) == {"/key": "BILL26 is taken by Billing cut-over. Choose another key."}


def test_a_body_that_is_not_json_answers_400(maja: User) -> None:
    answer = _raw(maja, "{key: ")

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize("sent", [[], "text", 7, None])
def test_json_that_is_no_object_answers_422(maja: User, sent: Any) -> None:
    answer = _raw(maja, json.dumps(sent))

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("action", "given", "pointer"),
    [
        ("extend", {"ends_at": "2026-12-31T06:00:00Z", "reason": "Why"}, "/ends_at"),
        ("extend", {"ends_at": "2026-12-01T06:00:00Z"}, "/reason"),
        ("extend", {"ends_at": "soon", "reason": "Why"}, "/ends_at"),
        ("exit-review/sign", {"role": "lead"}, "/role"),
    ],
)
def test_a_bad_step_answers_422_and_changes_nothing(
    maja: User, action: str, given: dict[str, Any], pointer: str
) -> None:
    period = make_period(Period.Status.EXIT_REVIEW, key="BILL26", lead=maja, sponsor=maja)

    answer = Caller(maja).call(f"{ONE}{action}/", given, at=END)

    assert pointer in pointers(answer)
    period.refresh_from_db()
    assert (period.status, period.journal_seq) == ("exit_review", 0)


# --- Who sees and who may -------------------------------------------------------------------------

READS = ["", "checklist/", "go-no-go/", "exit-review/", "debriefs/", "actions/", "journal/"]
WRITES = [
    "plan/",
    "invite/",
    "go/",
    "postpone/",
    "start/",
    "stabilise/",
    "review/",
    "extend/",
    "close/",
    "roll-back/",
    "reopen/",
    "cancel/",
    "checklist/",
    "go-no-go/vote/",
    "go-no-go/decide/",
    "exit-review/sign/",
    "exit-review/extend/",
    "exit-review/close/",
    "debriefs/",
    "actions/",
]


@pytest.mark.parametrize("path", READS)
def test_a_stranger_reads_nothing(period: Period, path: str) -> None:
    stranger = Caller(make_user("Stranger", may_plan=True))

    assert stranger.read(f"{ONE}{path}").status_code == 404


@pytest.mark.parametrize("path", WRITES)
def test_a_stranger_writes_nothing(period: Period, path: str) -> None:
    stranger = Caller(make_user("Stranger", may_plan=True))

    assert stranger.call(f"{ONE}{path}").status_code == 404
    assert not JournalEntry.objects.exists()


def test_without_token_or_session_nothing_is_read(period: Period) -> None:
    answer = Client().get(ONE)

    assert (answer.status_code, answer.json()["status"]) == (401, 401)


def test_a_viewer_reads_the_period_but_not_the_notes_in_its_journal(period: Period) -> None:
    viewer = Caller(make_member(period, right="viewer").user)

    found = {path: viewer.read(f"{ONE}{path}").status_code for path in READS}

    assert found == {
        "": 200,
        "checklist/": 200,
        "go-no-go/": 200,
        "exit-review/": 200,
        "debriefs/": 200,
        "actions/": 200,
        "journal/": 403,
    }


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("plan/", {}),
        ("cancel/", {"reason": "No"}),
        ("checklist/", {"title": "New"}),
        ("debriefs/", {"starts_at": "2026-11-20T10:00:00Z"}),
    ],
)
def test_a_contributor_without_the_right_gets_403(maja: User, path: str, given: dict[str, Any]) -> None:
    period = make_period(Period.Status.DRAFT, key="BILL26", lead=maja)

    answer = Caller(make_member(period).user).call(f"{ONE}{path}", given)

    assert answer.status_code == 403
    assert not JournalEntry.objects.exists()


def test_a_person_without_the_right_to_plan_opens_no_period() -> None:
    assert Caller(make_user("Contributor")).call(f"{BASE}periods/", body(), at=PLANNED_ON).status_code == 403


# --- Periods ------------------------------------------------------------------------------------


def test_the_list_holds_one_s_own_periods_by_status_and_change(maja: User, period: Period) -> None:
    draft = make_period(Period.Status.DRAFT, key="NEXT", lead=maja)
    make_period(key="OTHER")
    actions.add(period.pk, title="Do", owner=maja, due_at=NOW + timedelta(days=1), by=maja, at=NOW)
    caller = Caller(maja)

    def keys(query: str) -> list[str]:
        return [row["key"] for row in caller.read(f"{BASE}periods/{query}").json()["results"]]

    assert sorted(keys("")) == ["BILL26", "NEXT"]
    assert keys("?status=live") == ["BILL26"]
    assert keys("?status=draft,planned") == [draft.key]
    assert keys("?updated_since=2026-11-18T13:12:00Z&ordering=updated_at") == ["BILL26"]
    assert caller.read(f"{BASE}periods/?status=alive").status_code == 422
    assert caller.read(f"{BASE}periods/?ordering=name").status_code == 422
    assert caller.read(f"{BASE}periods/?updated_since=yesterday").status_code == 422


def test_a_list_is_paged_by_cursor(maja: User) -> None:
    for number in range(3):
        make_period(key=f"P{number}X", lead=maja)
    caller = Caller(maja)

    first = caller.read(f"{BASE}periods/?page_size=2").json()
    second = caller.read(first["next"]).json()

    assert (len(first["results"]), len(second["results"]), second["next"]) == (2, 1, None)


def test_a_period_is_read_with_an_etag_that_follows_its_journal(maja: User, period: Period) -> None:
    caller = Caller(maja)
    etag = caller.read(ONE).headers["ETag"]

    same = caller.read(ONE, HTTP_IF_NONE_MATCH=etag)
    caller.call(ONE, {"summary": "New words"}, method="PATCH")
    changed = caller.read(ONE, HTTP_IF_NONE_MATCH=etag)

    assert (same.status_code, changed.status_code) == (304, 200)
    assert (changed.json()["summary"], changed.json()["version"], changed.json()["day"]) == ("New words", 1, 5)


def test_a_change_on_top_of_somebody_elses_is_refused(maja: User, period: Period) -> None:
    caller = Caller(maja)
    etag = caller.read(ONE).headers["ETag"]
    caller.call(ONE, {"summary": "First"}, method="PATCH", HTTP_IF_MATCH=etag)

    answer = caller.call(ONE, {"summary": "Second"}, method="PATCH", HTTP_IF_MATCH=etag)

    assert answer.status_code == 412
    period.refresh_from_db()
    assert period.summary == "First"


def test_a_change_of_the_plan_while_live_answers_409(maja: User, period: Period) -> None:
    answer = Caller(maja).call(ONE, {"name": "Other"}, method="PATCH")

    assert answer.status_code == 409
    assert answer.json()["reasons"] == ["Billing cut-over is live, so its plan no longer changes: name."]


def test_answers_sent_later_are_scored(maja: User) -> None:
    caller = Caller(maja)
    sent = body()
    del sent["answers"]
    caller.call(f"{BASE}periods/", sent, at=PLANNED_ON)

    answer = caller.call(ONE, {"answers": ANSWERS}, method="PATCH", at=PLANNED_ON)

    assert (answer.json()["score"], answer.json()["recommended_days"]) == (53, 28)


def test_the_same_idempotency_key_makes_one_period(maja: User) -> None:
    caller = Caller(maja)

    first = caller.call(f"{BASE}periods/", body(), at=PLANNED_ON, HTTP_IDEMPOTENCY_KEY="plan-1")
    again = caller.call(f"{BASE}periods/", body(), at=PLANNED_ON, HTTP_IDEMPOTENCY_KEY="plan-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Period.objects.count() == 1


def test_a_step_by_the_wrong_person_says_who_can(maja: User) -> None:
    make_period(Period.Status.EXIT_REVIEW, key="BILL26", lead=maja, sponsor=make_user("Rachel Kim"))

    answer = Caller(maja).call(f"{ONE}extend/", {"ends_at": "2026-12-01T06:00:00Z", "reason": "Month-end"}, at=END)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "Billing cut-over can be extended by the sponsor (Rachel Kim)."


def test_the_complexity_of_answers_is_explained_and_not_stored(maja: User) -> None:
    given = {"answers": ANSWERS, "go_live_on": "2026-03-02", "critical_cycles": [{"name": "Q", "on": "2026-04-10"}]}

    answer = Caller(maja).call(f"{BASE}complexity/", given).json()

    assert (answer["score"], answer["band"], answer["days"], answer["ends_on"]) == (53, "high", 28, "2026-04-15")
    assert sum(row["points"] for row in answer["contributions"]) == 53
    assert answer["coverage"][0]["pattern"] == "24x7"
    assert not Period.objects.exists()


def test_missing_answers_are_named(maja: User) -> None:
    answer = Caller(maja).call(f"{BASE}complexity/", {"answers": {"reach": 1, "luck": 4}})

    found = pointers(answer)
    assert found["/answers/luck"] == "This is not a question of the assessment."
    assert found["/answers/novelty"] == "Answer this question."


def test_the_built_in_template_is_readable(maja: User) -> None:
    template = Caller(maja).read(f"{BASE}templates/").json()["results"][0]

    assert (len(template["questions"]), len(template["checklist"]), len(template["criteria"])) == (9, 54, 15)


def test_the_journal_is_paged_and_verifiable(maja: User, period: Period) -> None:
    for number in range(3):
        actions.add(period.pk, title=f"Do {number}", owner=maja, due_at=NOW + timedelta(days=1), by=maja, at=NOW)

    page = Caller(maja).read(f"{ONE}journal/?ordering=seq&page_size=2").json()

    assert [row["seq"] for row in page["results"]] == [1, 2]
    assert page["results"][1]["prev_hash"] == page["results"][0]["hash"]
    assert page["next"]


# --- Checks and the decision ----------------------------------------------------------------------


@pytest.fixture
def preparing(maja: User) -> Period:
    return make_period(Period.Status.READINESS, key="BILL26", lead=maja)


def test_checks_are_added_completed_waived_and_reopened(maja: User, preparing: Period) -> None:
    caller = Caller(maja)

    made = caller.call(f"{ONE}checklist/", {"title": "Alerts fire", "blocking": True}, at=DURING_READINESS)
    one = f"{ONE}checklist/{made.json()['id']}/"
    done = caller.call(f"{one}complete/", {"evidence": "Drill log"}, at=DURING_READINESS).json()
    twice = caller.call(f"{one}complete/", at=DURING_READINESS)
    opened = caller.call(f"{one}reopen/", at=DURING_READINESS).json()
    waived = caller.call(f"{one}waive/", {"reason": "Later", "expires_at": "2026-11-14T05:00:00Z"}, at=DURING_READINESS)

    assert made.status_code == 201
    assert (done["status"], done["done_by"]["name"], done["evidence"][0]["text"]) == (
        "done",
        "Maja Lindqvist",
        "Drill log",
    )
    assert (twice.status_code, opened["status"], waived.json()["status"]) == (409, "open", "waived")


def test_a_waiver_without_an_end_answers_422(maja: User, preparing: Period) -> None:
    item = make_check(preparing)

    answer = Caller(maja).call(f"{ONE}checklist/{item.pk}/waive/", {"reason": "Later"})

    assert "/expires_at" in pointers(answer)
    assert ChecklistItem.objects.get().status == "open"


def test_a_check_of_another_period_is_not_found(maja: User, preparing: Period) -> None:
    item = make_check(make_period())

    assert Caller(maja).call(f"{ONE}checklist/{item.pk}/complete/").status_code == 404


def test_checks_are_filtered_and_patched(maja: User, preparing: Period) -> None:
    make_check(preparing, status="done", done_at=NOW)
    mine = make_check(preparing, owner=maja, blocking=False)
    daniel = make_member(preparing, make_user("Daniel Osei")).user
    caller = Caller(maja)

    found = caller.read(f"{ONE}checklist/?status=open&owner=me&blocking=false").json()["results"]
    patched = caller.call(
        f"{ONE}checklist/{mine.pk}/", {"owner": daniel.email, "due_days": -3}, method="PATCH", at=DURING_READINESS
    )

    assert [row["id"] for row in found] == [mine.pk]
    assert (patched.json()["owner"]["name"], patched.json()["due_at"]) == ("Daniel Osei", "2026-11-11T16:00:00Z")


def test_go_no_go_shows_votes_objections_and_refuses_with_reasons(maja: User, preparing: Period) -> None:
    check = make_check(preparing, title="Alerts fire")
    caller = Caller(preparing.sponsor)

    shown = caller.read(f"{ONE}go-no-go/", at=DURING_READINESS).json()
    refused = caller.call(f"{ONE}go-no-go/decide/", {"outcome": "go"}, at=DURING_READINESS)

    assert [row["role"] for row in shown["votes"]] == ["Lead", "Sponsor", "BAU owner"]
    assert shown["objections"][0] == {
        "code": "go.check_open",
        "key": f"go.check_open:check:{check.pk}",
        "text": "“Alerts fire” is not done.",
        "url": f"/p/BILL26/readiness/#check-{check.pk}",
        "owner": None,
    }
    assert refused.status_code == 409
    assert refused.json()["reasons"] == [row["text"] for row in shown["objections"]]
    assert refused.json()["codes"] == [row["code"] for row in shown["objections"]]


def test_a_conditional_go_names_each_objection(maja: User, preparing: Period) -> None:
    make_check(preparing, title="Alerts fire")
    caller = Caller(preparing.sponsor)
    reasons = [row["text"] for row in caller.read(f"{ONE}go-no-go/", at=DURING_READINESS).json()["objections"]]
    for person in (maja, preparing.bau_owner):
        Caller(person).call(f"{ONE}go-no-go/vote/", {"choice": "go"}, at=DURING_READINESS)
    conditions = [
        {"text": "Seen in the drill", "owner": maja.email, "due_at": "2026-11-13T12:00:00Z", "objection": reason}
        for reason in reasons
        if "has not voted" not in reason
    ]

    vague = caller.call(f"{ONE}go/", {"conditions": [{"text": "x"}]}, at=DURING_READINESS)
    decided = caller.call(f"{ONE}go/", {"conditions": conditions}, at=DURING_READINESS)

    assert vague.status_code == 422
    assert decided.json()["status"] == "ready"


def test_a_hold_without_reason_answers_422(maja: User, preparing: Period) -> None:
    answer = Caller(maja).call(f"{ONE}go-no-go/vote/", {"choice": "hold"}, at=DURING_READINESS)

    assert pointers(answer) == {"/reason": "Say what must change before you would go."}


# --- Debriefs, actions and the exit -----------------------------------------------------------------


def test_a_debrief_is_started_written_and_finished(maja: User, period: Period) -> None:
    caller = Caller(maja)
    made = caller.call(f"{ONE}debriefs/", {"starts_at": "2026-11-18T14:00:00Z"})
    one = f"{ONE}debriefs/{made.json()['number']}/"

    assert caller.call(f"{one}write/", {"section": "p1", "text": "x"}).status_code == 409
    caller.call(f"{one}start/")
    caller.call(f"{one}attend/", {"people": [maja.pk]})
    caller.call(f"{one}write/", {"section": "p1", "text": "/d Keep watching\n/a Tell users"})
    finished = caller.call(f"{one}finish/").json()

    assert (finished["status"], [row["text"] for row in finished["decisions"]]) == ("finished", ["Keep watching"])
    assert [row["title"] for row in finished["actions"]] == ["Tell users"]
    assert {"numbers", "criteria"} <= {section["key"] for section in finished["agenda"]}
    assert [row["name"] for row in finished["attended"]] == ["Maja Lindqvist"]


def test_debriefs_are_listed_by_time_and_skipped_with_a_reason(maja: User, period: Period) -> None:
    debrief = make_debrief(period)
    caller = Caller(maja)

    assert "/reason" in pointers(caller.call(f"{ONE}debriefs/{debrief.number}/skip/"))
    caller.call(f"{ONE}debriefs/{debrief.number}/skip/", {"reason": "Nothing changed"})

    rows = caller.read(f"{ONE}debriefs/?status=skipped").json()["results"]
    assert [row["number"] for row in rows] == [debrief.number]


def test_actions_are_added_done_and_filtered(maja: User, period: Period) -> None:
    caller = Caller(maja)
    made = caller.call(f"{ONE}actions/", {"title": "Do it", "owner": maja.pk, "due_at": "2026-11-19T12:00:00Z"})
    one = f"{ONE}actions/{made.json()['id']}/"

    assert made.status_code == 201
    assert caller.call(f"{one}done/").json()["done_by"]["name"] == "Maja Lindqvist"
    assert caller.call(f"{one}done/").status_code == 409
    assert caller.read(f"{ONE}actions/?state=open").json()["results"] == []
    assert caller.call(f"{one}reopen/").json()["done_at"] is None
    late = caller.call(f"{ONE}actions/", {"title": "Do it", "owner": maja.pk, "due_at": "2026-11-01T12:00:00Z"})
    assert "/due_at" in pointers(late)


def test_the_exit_review_shows_the_scorecard_and_who_signed(maja: User) -> None:
    period = make_period(Period.Status.EXIT_REVIEW, key="BILL26", lead=maja)
    make_criterion(period)
    receiver = Caller(period.bau_owner)

    unsaid = receiver.call(f"{ONE}exit-review/sign/", {"role": "bau_owner"}, at=END)
    receiver.call(
        f"{ONE}exit-review/criteria/data_reconciled/", {"verdict": "pass", "evidence": "https://wiki.example/r"}, at=END
    )
    signed = receiver.call(f"{ONE}exit-review/sign/", {"role": "bau_owner"}, at=END).json()

    assert "/comment" in pointers(unsaid)
    assert (signed["verdict"], signed["met"], signed["total"]) == ("met", 1, 1)
    assert signed["criteria"][0]["evidence_url"] == "https://wiki.example/r"
    assert [row["role"] for row in signed["signatures"]] == ["bau_owner"]
    assert [row["text"] for row in signed["objections"]] == ["The Sponsor has not signed."]


# --- Invariant 7 --------------------------------------------------------------------------------


def _more_periods(period: Period) -> None:
    make_period(lead=period.lead)


def _more_checks(period: Period) -> None:
    make_check(period, owner=make_user())


def _more_debriefs(period: Period) -> None:
    make_debrief(period, chair=make_user())


def _more_actions(period: Period) -> None:
    owner = make_user()
    Action.objects.create(
        period=period,
        title="Do",
        owner=owner,
        due_at=NOW,
        created_by=owner,
        created_at=NOW,
        debrief=make_debrief(period),
    )


def _more_entries(period: Period) -> None:
    debriefs.add(period.pk, starts_at=NOW + timedelta(minutes=10 + Debrief.objects.count()), by=period.lead, at=NOW)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (f"{BASE}periods/", _more_periods),
        (f"{ONE}checklist/", _more_checks),
        (f"{ONE}debriefs/", _more_debriefs),
        (f"{ONE}actions/", _more_actions),
        (f"{ONE}journal/", _more_entries),
    ],
)
def test_invariant_7_a_list_costs_the_same_queries_with_1_and_with_12_rows(
    period: Period, path: str, more: Callable[[Period], None]
) -> None:
    caller = Caller(period.lead)
    make_role(period)
    more(period)
    assert len(caller.read(path).json()["results"]) >= 1  # and the session exists before anything is counted

    with CaptureQueriesContext(connection) as one:
        caller.read(path)
    for _ in range(11):
        more(period)
    with CaptureQueriesContext(connection) as twelve:
        caller.read(path)

    assert len(twelve) == len(one)


def test_a_critical_date_without_its_day_is_422_when_a_period_is_changed(maja: User, period: Period) -> None:
    answer = Caller(maja).call(ONE, {"critical_cycles": [{"name": "Month-end"}]}, method="PATCH")

    assert answer.status_code == 422
    assert "on" in answer.content.decode()
