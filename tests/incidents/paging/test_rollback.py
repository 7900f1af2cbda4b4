"""A P1 past its limit asks whether to roll back, by a time; many incidents of one system suggest one cause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contributors.models import Delivery
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from hypercare.models import User
from hypercare.pages.home import todo
from incidents.models import Incident, PatternDismissal, RollbackDecision
from incidents.paging import escalation_policies, rollback
from incidents.reporting import exit_measures
from incidents.triage import problems, relations, triage
from periods.models import JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user
from tests.incidents.browsing import HTMX, reported, text

pytestmark = pytest.mark.django_db

HIGH = {"impact": "high", "urgency": "high"}
LIMIT = NOW + timedelta(hours=4)
HOUR = timedelta(hours=1)


@pytest.fixture
def daniel() -> User:
    return make_user("Daniel Osei")


@pytest.fixture
def cutover(daniel: User) -> Period:
    period = make_period(key="CUT", rollback_authority=daniel)
    make_member(period, daniel, right="viewer")
    return period


def p1(period: Period, **fields) -> Incident:
    said = {"title": "Payments down", **HIGH, "by": period.lead, "at": NOW, **fields}
    return triage.report(period.pk, **said)


def asked() -> RollbackDecision:
    return RollbackDecision.objects.get(answered_at=None)


def hold(incident: Incident, by: User, *, at=LIMIT, hours: float = 1) -> RollbackDecision:
    return rollback.answer_decision(
        incident.pk, answer="hold", reason="The fix is tested", look_again_at=at + hours * HOUR, by=by, at=at
    )


def letters() -> list[tuple[str, bool]]:
    rows = Delivery.objects.filter(kind="rollback_asked").order_by("created_at")
    return [(row.recipient.name, row.context["escalated"]) for row in rows]


def test_a_p1_past_its_limit_asks_whoever_may_roll_back(cutover, daniel):
    incident = p1(cutover)

    timers.fire_due(at=LIMIT - timedelta(seconds=1))
    assert not RollbackDecision.objects.exists()
    timers.fire_due(at=LIMIT)

    decision = asked()
    assert (decision.asked, decision.due_at) == (daniel, LIMIT + HOUR / 2)
    assert letters() == [("Daniel Osei", False)]
    timers.fire_due(at=LIMIT)
    assert RollbackDecision.objects.filter(incident=incident).count() == 1


def test_without_an_answer_in_time_the_sponsor_is_asked_too(cutover, daniel):
    p1(cutover)
    timers.fire_due(at=LIMIT)

    timers.fire_due(at=LIMIT + HOUR / 2)

    assert asked().escalated_at == LIMIT + HOUR / 2
    assert letters() == [("Daniel Osei", False), ("Sponsor", True)]
    assert JournalEntry.objects.get(kind="incident.rollback_escalated").data["who"] == "Sponsor"


def test_a_hold_asks_again_when_it_is_over(cutover, daniel):
    incident = p1(cutover)
    timers.fire_due(at=LIMIT)

    hold(incident, daniel)
    timers.fire_due(at=LIMIT + HOUR / 2)
    assert not RollbackDecision.objects.filter(answered_at=None).exists()
    timers.fire_due(at=LIMIT + HOUR)

    assert asked().opened_at == LIMIT + HOUR
    assert [row[0] for row in letters()] == ["Daniel Osei", "Daniel Osei"]


def test_the_answer_is_given_once_and_by_those_who_may(cutover, daniel):
    incident = p1(cutover)
    with pytest.raises(Refused, match="Nobody asks"):
        hold(incident, daniel)
    timers.fire_due(at=LIMIT)

    with pytest.raises(NotAllowed, match="decided by Daniel Osei or Sponsor"):
        hold(incident, cutover.lead)
    for bad in (
        {"answer": "perhaps", "reason": "x"},
        {"answer": "hold", "reason": "x"},
        {"answer": "roll_back", "reason": " "},
    ):
        with pytest.raises(Invalid):
            rollback.answer_decision(incident.pk, **bad, by=daniel, at=LIMIT)
    with pytest.raises(Invalid):
        hold(incident, daniel, hours=25)
    rollback.answer_decision(incident.pk, answer="roll_back", reason="It costs money", by=cutover.sponsor, at=LIMIT)
    with pytest.raises(AlreadyDone, match="Sponsor answered: roll back"):
        hold(incident, daniel)
    assert JournalEntry.objects.filter(kind="incident.rollback_decided").count() == 1


@pytest.mark.parametrize("ending", ["mitigate", "resolve", "regrade"])
def test_the_question_ends_when_it_no_longer_hurts(cutover, daniel, ending):
    incident, lead = p1(cutover), cutover.lead
    timers.fire_due(at=LIMIT)
    acts = {
        "mitigate": lambda: triage.set_status(incident.pk, status="mitigated", by=lead, at=LIMIT),
        "resolve": lambda: triage.resolve(incident.pk, ending="fixed", resolution="x", by=lead, at=LIMIT),
        "regrade": lambda: triage.regrade(incident.pk, impact="low", urgency="low", by=lead, at=LIMIT),
    }

    acts[ending]()
    timers.fire_due(at=LIMIT + 3 * HOUR)

    assert RollbackDecision.objects.get().answer == "not_needed"
    assert [row[1] for row in letters()] == [False]


def test_it_is_asked_again_when_it_hurts_again(cutover):
    incident, lead = p1(cutover), cutover.lead
    timers.fire_due(at=LIMIT)
    triage.set_status(incident.pk, status="mitigated", by=lead, at=LIMIT)
    triage.set_status(incident.pk, status="investigating", by=lead, at=LIMIT + HOUR)

    assert asked().opened_at == LIMIT + HOUR


def test_a_period_chooses_its_own_limit(cutover, daniel):
    rule = escalation_policies.RollbackTimes(HOUR, timedelta(minutes=10))
    escalation_policies.set_rollback(cutover.pk, rollback=rule, by=cutover.lead, at=NOW)
    p1(cutover)

    timers.fire_due(at=NOW + HOUR)

    assert asked().due_at == NOW + HOUR + timedelta(minutes=10)
    with pytest.raises(Invalid):
        escalation_policies.set_rollback(
            cutover.pk, rollback=escalation_policies.RollbackTimes(HOUR, 13 * HOUR), by=cutover.lead, at=NOW
        )


# --- Pages ----------------------------------------------------------------------------------------


def test_the_question_stands_on_the_incident_the_overview_and_at_home(
    browser: Client, period: Period, lead: User
) -> None:
    incident = reported(period, "Payments down", minutes=241, **HIGH)
    timers.fire_due(at=timezone.now())
    sponsor = Client()
    sponsor.force_login(period.sponsor)

    page, overview = text(browser.get("/i/BILL-1/")), text(browser.get("/p/BILL/"))
    assert "Roll back or hold?" in page
    assert "Sponsor decides" in page
    assert "rollback-dialog" not in page
    assert "Roll back or hold by" in overview
    assert "Decide: roll back for BILL-1?" in {
        need.title for need in todo.todo_of(period.sponsor, at=timezone.now()).needs
    }
    assert browser.post("/i/BILL-1/rollback/", {"answer": "hold", "reason": "x", "look_again": "60"}).status_code == 403
    missing = sponsor.post("/i/BILL-1/rollback/", {"answer": "hold", "reason": "", "look_again": "60"}, **HTMX)
    assert missing.status_code == 422
    sponsor.post("/i/BILL-1/rollback/", {"answer": "hold", "reason": "Fix in test", "look_again": "60"})
    page = text(sponsor.get("/i/BILL-1/"))
    assert "decided to hold, not to roll back" in page
    assert "Roll back or hold?" not in page
    assert incident.rollbacks.get().answered_by == period.sponsor


def test_the_limit_is_changed_in_the_period_s_settings(browser: Client, period: Period) -> None:
    address = "/p/BILL/incidents/policy/rollback/"

    assert browser.post(address, {"rollback-after": "2 h", "rollback-answer": "15 m"}).status_code == 302
    bad = browser.post(address, {"rollback-after": "1 m", "rollback-answer": "soon"})

    assert bad.status_code == 422
    assert "Say how long with a unit" in text(bad)
    period = Period.objects.get(key="BILL")
    assert escalation_policies.policy_of(period).rollback == escalation_policies.RollbackTimes(
        2 * HOUR, timedelta(minutes=15)
    )


# --- One cause ------------------------------------------------------------------------------------


def three(period: Period) -> list[Incident]:
    return [p1(period, title=f"No {n}", component="Payments", impact="medium", urgency="medium") for n in range(3)]


def test_three_incidents_on_one_system_in_a_day_suggest_a_problem(cutover):
    three(cutover)
    p1(cutover, title="Old", component="Billing engine", at=NOW)

    found = problems.suggest_problems(cutover, at=NOW)

    assert found == [problems.Pattern("Payments", 3)]
    assert problems.suggest_problems(cutover, at=NOW + timedelta(hours=24)) == []


def test_a_problem_lists_its_parts_counts_nowhere_and_pages_nobody(cutover):
    incidents, before = three(cutover), exit_measures.count_incidents(cutover, at=NOW)

    problem = problems.make_problem(cutover.pk, component="Payments", by=cutover.lead, at=NOW)

    assert problem.kind == "problem"
    assert {part.pk for part in relations.children_of(problem)} == {incident.pk for incident in incidents}
    assert exit_measures.count_incidents(cutover, at=NOW) == before
    assert problem.paging_since is None
    assert problems.suggest_problems(Period.objects.get(pk=cutover.pk), at=NOW) == []
    with pytest.raises(Refused, match="no 3 incidents on Payments"):
        problems.make_problem(cutover.pk, component="Payments", by=cutover.lead, at=NOW)


def test_dismissed_with_a_reason_only_later_ones_count_anew(cutover):
    three(cutover)
    with pytest.raises(Invalid):
        problems.dismiss(cutover.pk, component="Payments", reason=" ", by=cutover.lead, at=NOW)

    problems.dismiss(cutover.pk, component="Payments", reason="Three banks", by=cutover.lead, at=NOW)

    later = NOW + timedelta(minutes=1)
    assert problems.suggest_problems(Period.objects.get(pk=cutover.pk), at=later) == []
    for n in range(3):
        p1(cutover, title=f"Later {n}", component="Payments", at=later)
    assert problems.suggest_problems(Period.objects.get(pk=cutover.pk), at=later) == [problems.Pattern("Payments", 3)]


def test_the_pattern_is_seen_and_answered_in_the_browser(browser: Client, period: Period) -> None:
    for n in range(3):
        reported(period, f"No {n}", component="Payments")

    overview = text(browser.get("/p/BILL/"))
    assert "3 incidents on Payments in 24 h" in overview
    assert "No 1" in text(browser.get("/p/BILL/incidents/pattern/?system=Payments"))
    assert browser.post("/p/BILL/incidents/pattern/", {"system": "Payments", "reason": ""}).status_code == 422
    made = browser.post("/p/BILL/incidents/pattern/", {"system": "Payments", "make": "1"}, follow=True)
    assert "Parts and duplicates" in text(made)
    assert "No pattern here" in text(browser.get("/p/BILL/incidents/pattern/?system=Payments"))
    assert browser.post("/p/BILL/incidents/pattern/", {"system": "Payments", "make": "1"}).status_code == 409
    assert "one cause?" in text(browser.get("/p/BILL/incidents/?status=problems"))


def test_only_who_triages_answers_a_pattern(period: Period) -> None:
    for n in range(3):
        reported(period, f"No {n}", component="Payments")
    client = Client()
    client.force_login(make_member(period, make_user("Viewer"), right="viewer").user)

    assert client.get("/p/BILL/incidents/pattern/?system=Payments").status_code == 200
    assert client.post("/p/BILL/incidents/pattern/", {"system": "Payments", "make": "1"}).status_code == 403
    assert not PatternDismissal.objects.exists()
    client.force_login(make_user("Stranger"))
    assert client.get("/p/BILL/incidents/pattern/?system=Payments").status_code == 404
