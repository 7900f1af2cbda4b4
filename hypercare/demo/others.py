"""Two smaller periods beside the cut-over: one getting ready, one in exit review."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from contributors.models import Acknowledgement, Membership, Role
from contributors.people import members
from contributors.readiness import acknowledgements, reconfirmation
from contributors.shifts import coverage, roster
from hypercare.demo import checks, decisions, texts
from hypercare.demo.people import CPH, NYC
from hypercare.demo.script import Timeline
from hypercare.models import User
from incidents.models import Incident
from incidents.triage import triage
from periods import checklist
from periods.calendar import wallclock
from periods.documents import documents
from periods.exit import criteria
from periods.go import gonogo
from periods.lifecycle import lifecycle
from periods.models import Document, ExitCriterion, Period
from periods.planning import planning

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ANSWERS = {
    "reach": 2,
    "criticality": 2,
    "novelty": 1,
    "integrations": 1,
    "data_migration": 0,
    "reversibility": 1,
    "test_gap": 1,
    "work_practice": 1,
    "vendor_dependency": 0,
}


def add_period_getting_ready(script: Timeline, people: dict[str, User]) -> None:
    """Mobile app 7.0: live in 13 days, a third of the checks open, two answers waiting."""
    zone, maja, at = ZoneInfo(CPH), people["maja"], script.now - 6 * DAY
    go_live = wallclock.instant(script.now.astimezone(zone).date() + 13 * DAY, time(8), zone)
    script.at(at, partial(_begin, people, go_live))
    script.at(at + HOUR, lambda when: members.invite_all(_period("MOB70").pk, by=maja, at=when))
    script.at(at + 2 * HOUR, lambda when: lifecycle.invite(_period("MOB70").pk, by=maja, at=when))
    script.at(at + DAY, partial(_share_out, people))
    script.at(at + 2 * DAY, partial(_complete, maja))
    script.at(at + 3 * DAY, partial(_learn, people))
    script.at(at + 3 * DAY + 5 * HOUR, partial(_misses_something, people["daniel"]))
    checks.add_story(script, people)
    script.at(at + 3 * DAY, partial(_meet, people))
    script.at(at + 3 * DAY + timedelta(minutes=20), partial(_hold, people["kavya"]))


def _period(key: str) -> Period:
    return Period.objects.get(key=key)


def _begin(people: dict[str, User], go_live: datetime, at: datetime) -> None:
    maja = people["maja"]
    period = _plan("MOB70", "Mobile app 7.0", ["Mobile app", "Push gateway"], CPH, go_live, 10, people, at)
    role = Role.objects.create(
        period=period, position=1, name="App engineering", code="EN", cover="business", answers_pages=True
    )
    for key in ("tomasz", "daniel"):
        members.add_member(period.pk, user=people[key], right="contributor", role=role, by=maja, at=at)
    text = documents.PageText("Runbook", texts.MOBILE_RUNBOOK)
    documents.create(period.pk, kind="runbook", text=text, by=people["daniel"], at=at)
    lifecycle.plan(period.pk, by=maja, at=at)


def _share_out(people: dict[str, User], at: datetime) -> None:
    """Tomasz is ready, and every check has somebody."""
    period, maja = _period("MOB70"), people["maja"]
    member = Membership.objects.get(period=period, user=people["tomasz"])
    acknowledgements.acknowledge(
        member.pk,
        statements=list(Acknowledgement.STATEMENTS),
        note="",
        state="ready",
        by=people["tomasz"],
        at=at,
        via="link",
    )
    for item in period.checklist.order_by("position", "id"):
        checklist.assign(item.pk, owner=people["daniel"] if item.position % 3 == 0 else maja, by=maja, at=at)


def _complete(maja: User, at: datetime) -> None:
    """Two thirds of the checks, and all that block but one."""
    period = _period("MOB70")
    left = period.checklist.filter(category="Rollback", blocking=True).order_by("position").first()
    for item in period.checklist.order_by("position", "id"):
        if item != left and (item.position % 3 or item.blocking):
            checklist.complete(item.pk, by=maja, at=at, evidence="https://wiki.northlane.example/mobile")


def _meet(people: dict[str, User], at: datetime) -> None:
    """The go/no-go has begun: cover is planned, risks are named, and the lead goes. Tomasz has not voted."""
    period = _period("MOB70")
    role, end = period.roles.get(), period.go_live_at + 7 * DAY
    for gap in coverage.find_gaps(period, start=period.go_live_at, end=end):
        roster.assign_shift(
            role.pk, user=people["tomasz"], starts_at=gap.start, ends_at=gap.end, by=people["maja"], at=at
        )
    decisions.name_risks(period.pk, by=people["maja"], at=at)
    gonogo.vote(period.pk, choice="go", flip="A failed rollback rehearsal.", by=people["maja"], at=at)


def _hold(kavya: User, at: datetime) -> None:
    gonogo.vote(
        _period("MOB70").pk,
        choice="hold",
        by=kavya,
        at=at,
        reason="Support has not seen the new log-in yet. Training is on Thursday.",
    )


def _learn(people: dict[str, User], at: datetime) -> None:
    """The runbook changes after Tomasz said he had read it: he is asked again."""
    period = _period("MOB70")
    page = Document.objects.get(period=period, kind="runbook")
    text = documents.PageText("Runbook", texts.MOBILE_RUNBOOK_LATER, "Who holds the store keys; the switch was renamed")
    documents.save_version(page.pk, based_on=1, text=text, by=people["daniel"], at=at)
    reconfirmation.void_outdated_answers(period.pk, by=people["daniel"], at=at)


def _misses_something(daniel: User, at: datetime) -> None:
    member = Membership.objects.get(period=_period("MOB70"), user=daniel)
    acknowledgements.acknowledge(
        member.pk,
        statements=["runbook", "reachable", "shifts"],
        state="problem",
        by=daniel,
        at=at,
        note="No access to the crash reports of the new app yet.",
        via="link",
    )


def add_period_in_review(script: Timeline, people: dict[str, User]) -> None:
    """Warehouse scanners: ten days are over, two small incidents stay, signatures are waited for."""
    zone, maja = ZoneInfo(NYC), people["maja"]
    today = script.now.astimezone(zone).date()
    # The tenth day has ended: before six in the morning that is yesterday's.
    early = wallclock.instant(today, time(6), zone) > script.now
    go_live = wallclock.instant(today - (11 if early else 10) * DAY, time(6), zone)
    script.at(
        go_live - 20 * DAY,
        lambda at: _plan(
            "SCAN26", "Warehouse scanners", ["Scanner app", "Stock service"], NYC, go_live, 10, people, at
        ),
    )
    _run(script, people, go_live)
    for n, title in enumerate(
        ("Scanner sleeps after 30 s", "Label shows the old dock", "Stock count lags", "Beep is off")
    ):
        _incident(script, people["kavya"], title, go_live + 2 * DAY + 3 * n * HOUR, solved=n > 1)
    ends_at = go_live + 10 * DAY
    script.at(ends_at, lambda at: lifecycle.review(_period("SCAN26").pk, by=None, at=at, via="timer"))
    script.at(
        ends_at,
        lambda at: criteria.decide_manually(
            ExitCriterion.objects.get(period__key="SCAN26", code="data_reconciled").pk,
            verdict="pass",
            evidence="Stock totals agree.",
            by=maja,
            at=at,
        ),
    )


def _plan(
    key: str,
    name: str,
    systems: list[str],
    zone: str,
    go_live: datetime,
    days: int,
    people: dict[str, User],
    at: datetime,
) -> Period:
    period = planning.create_period(
        key=key,
        name=name,
        systems=systems,
        timezone=zone,
        go_live_at=go_live,
        ends_at=go_live + days * DAY,
        lead=people["maja"],
        sponsor=people["rachel"],
        bau_owner=people["kavya"],
        rollback_authority=people["rachel"],
        baseline_issues=28,
        baseline_days=28,
        point_of_no_return="When the old version is withdrawn.",
        days_override_reason="Two full working weeks, so that every shift pattern is seen once.",
        by=people["maja"],
        at=at,
    )
    planning.answer_questions(period.pk, ANSWERS, by=people["maja"], at=at)
    return period


def _run(script: Timeline, people: dict[str, User], go_live: datetime) -> None:
    """From plan to live, with every check done and the sponsor's go."""
    maja = people["maja"]
    script.at(go_live - 19 * DAY, partial(_staff, people))
    script.at(go_live - 15 * DAY, lambda at: members.invite_all(_period("SCAN26").pk, by=maja, at=at))
    script.at(go_live - 14 * DAY, lambda at: lifecycle.invite(_period("SCAN26").pk, by=maja, at=at))
    script.at(go_live - 3 * DAY, partial(_check_all, maja))
    script.at(go_live - DAY, partial(_decide, people))
    script.at(
        go_live - DAY + 18 * HOUR,
        lambda at: decisions.meet_all_conditions(
            _period("SCAN26").pk, evidence="Counted on all six docks at 04:40.", at=at
        ),
    )
    script.at(
        go_live,
        lambda at: lifecycle.start(_period("SCAN26").pk, by=maja, at=at, smoke_test="One pallet scanned in and out."),
    )


def _staff(people: dict[str, User], at: datetime) -> None:
    period, maja = _period("SCAN26"), people["maja"]
    role = Role.objects.create(
        period=period, position=1, name="Site support", code="EN", cover="none", required=False, answers_pages=True
    )
    members.add_member(period.pk, user=people["marcus"], right="contributor", role=role, by=maja, at=at)
    lifecycle.plan(period.pk, by=maja, at=at)


def _check_all(maja: User, at: datetime) -> None:
    for item in _period("SCAN26").checklist.order_by("position", "id"):
        checklist.complete(item.pk, by=maja, at=at, evidence="https://wiki.northlane.example/scanners")


def _decide(people: dict[str, User], at: datetime) -> None:
    period = _period("SCAN26")
    decisions.name_risks(period.pk, by=people["maja"], at=at)
    decisions.all_vote_go(period.pk, at=at)
    decisions.give_go(
        period.pk,
        reason="Two docks ran the pilot for a week.",
        owner=people["marcus"],
        by=people["rachel"],
        due_at=at + 20 * HOUR,
        texts={"": "Every dock has ten charged scanners at 05:00"},
        at=at + HOUR,
    )


def _incident(script: Timeline, by: User, title: str, at: datetime, *, solved: bool) -> None:
    def found() -> int:
        return int(Incident.objects.get(period__key="SCAN26", title=title).pk)

    script.at(
        at,
        lambda when: triage.report(_period("SCAN26").pk, title=title, impact="low", urgency="medium", by=by, at=when),
    )
    script.at(at + HOUR / 2, lambda when: triage.acknowledge(found(), by=by, at=when))
    if solved:
        script.at(
            at + 6 * HOUR,
            lambda when: triage.resolve(found(), ending="fixed", resolution="Setting corrected.", by=by, at=when),
        )
