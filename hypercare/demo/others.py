"""Two smaller periods beside the cut-over: one getting ready, one in exit review."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from contributors import coverage, readiness, renewal, roster
from contributors.models import Acknowledgement, Membership, Role
from hypercare.demo import checks, decisions, library, texts
from hypercare.demo.people import CPH, NYC
from hypercare.models import User
from incidents import triage
from periods import checklist, criteria, documents, gonogo, lifecycle, planning, wallclock
from periods.models import Document, ExitCriterion, Period

DAY = timedelta(days=1)
ANSWERS = {
    "reach": 2, "criticality": 2, "novelty": 1, "integrations": 1, "data_migration": 0, "reversibility": 1,
    "test_gap": 1, "work_practice": 1, "vendor_dependency": 0,
}  # fmt: skip


def getting_ready(people: dict[str, User], *, now: datetime) -> None:
    """Mobile app 7.0: live in 13 days, a third of the checks open, two answers waiting."""
    zone, maja = ZoneInfo(CPH), people["maja"]
    go_live = wallclock.instant(now.astimezone(zone).date() + 13 * DAY, time(8), zone)
    at = now - 6 * DAY
    period = _plan("MOB70", "Mobile app 7.0", ["Mobile app", "Push gateway"], CPH, go_live, 10, people, at)
    role = Role.objects.create(period=period, position=1, name="App engineering", code="EN", cover="business",
                               answers_pages=True)  # fmt: skip
    for key in ("tomasz", "daniel"):
        roster.add_member(period.pk, user=people[key], right="contributor", role=role, by=maja, at=at)
    text = documents.Text("Runbook", texts.MOBILE_RUNBOOK)
    page = documents.create(period.pk, kind="runbook", text=text, by=people["daniel"], at=at)
    lifecycle.plan(period.pk, by=maja, at=at)
    roster.invite_all(period.pk, by=maja, at=at + timedelta(hours=1))
    lifecycle.invite(period.pk, by=maja, at=at + timedelta(hours=2))
    member = Membership.objects.get(period=period, user=people["tomasz"])
    readiness.acknowledge(member.pk, statements=list(Acknowledgement.STATEMENTS), note="", state="ready",
                          by=people["tomasz"], at=at + DAY, via="link")  # fmt: skip
    _learn(period, page, people, at + 3 * DAY)
    left = period.checklist.filter(category="Rollback", blocking=True).order_by("position").first()
    for item in period.checklist.order_by("position", "id"):
        checklist.assign(
            item.pk, owner=people["daniel"] if item.position % 3 == 0 else maja, by=maja, at=at + DAY
        )
        if item != left and (item.position % 3 or item.blocking):
            checklist.complete(
                item.pk, by=maja, at=at + 2 * DAY, evidence="https://wiki.northlane.example/mobile"
            )
    library.learn("MOB70", people, now=now)
    checks.tell(period, people, now=now)
    _meet(period, role, people, at + 3 * DAY)


def _meet(period: Period, role: Role, people: dict[str, User], at: datetime) -> None:
    """The go/no-go has begun: cover is planned, risks are named, the lead goes, Kavya holds, Tomasz has not voted."""
    end = period.go_live_at + 7 * DAY
    for gap in coverage.gaps(period, start=period.go_live_at, end=end):
        roster.assign_shift(role.pk, user=people["tomasz"], starts_at=gap.start, ends_at=gap.end, by=people["maja"],
                            at=at)  # fmt: skip
    decisions.name_risks(period.pk, by=people["maja"], at=at)
    gonogo.vote(period.pk, choice="go", flip="A failed rollback rehearsal.", by=people["maja"], at=at)
    gonogo.vote(period.pk, choice="hold", reason="Support has not seen the new log-in yet. Training is on Thursday.",
                by=people["kavya"], at=at + timedelta(minutes=20))  # fmt: skip


def _learn(period: Period, page: Document, people: dict[str, User], at: datetime) -> None:
    """The runbook changes after Tomasz said he had read it: he is asked again. Daniel misses something."""
    text = documents.Text(
        "Runbook", texts.MOBILE_RUNBOOK_LATER, "Who holds the store keys; the switch was renamed"
    )
    documents.write(page.pk, based_on=1, text=text, by=people["daniel"], at=at)
    renewal.review(period.pk, by=people["daniel"], at=at)
    member = Membership.objects.get(period=period, user=people["daniel"])
    readiness.acknowledge(member.pk, statements=["runbook", "reachable", "shifts"], state="problem",
                          note="No access to the crash reports of the new app yet.", by=people["daniel"],
                          at=at + timedelta(hours=5), via="link")  # fmt: skip


def in_review(people: dict[str, User], *, now: datetime) -> None:
    """Warehouse scanners: ten days are over, two small incidents stay, signatures are waited for."""
    zone, maja = ZoneInfo(NYC), people["maja"]
    go_live = wallclock.instant(now.astimezone(zone).date() - 10 * DAY, time(6), zone)
    at = go_live - 20 * DAY
    period = _plan(
        "SCAN26", "Warehouse scanners", ["Scanner app", "Stock service"], NYC, go_live, 10, people, at
    )
    _run(period, people, go_live)
    for n, title in enumerate(
        ("Scanner sleeps after 30 s", "Label shows the old dock", "Stock count lags", "Beep is off")
    ):
        _incident(period, people, title, go_live + timedelta(days=2, hours=3 * n), solved=n > 1)
    library.learn("SCAN26", people, now=now)
    lifecycle.review(period.pk, by=None, at=period.ends_at, via="timer")
    row = ExitCriterion.objects.get(period=period, code="data_reconciled")
    criteria.set_manual(
        row.pk, verdict="pass", evidence="Stock totals agree.", by=maja, at=max(period.ends_at, at)
    )


def _plan(
    key: str, name: str, systems: list[str], zone: str, go_live: datetime, days: int, people: dict[str, User],
    at: datetime,
) -> Period:  # fmt: skip
    period = planning.create(
        key=key, name=name, systems=systems, timezone=zone, go_live_at=go_live, ends_at=go_live + days * DAY,
        lead=people["maja"], sponsor=people["rachel"], bau_owner=people["kavya"], rollback_authority=people["rachel"],
        baseline_issues=28, baseline_days=28, point_of_no_return="When the old version is withdrawn.",
        days_override_reason="Two full working weeks, so that every shift pattern is seen once.",
        by=people["maja"], at=at,
    )  # fmt: skip
    planning.answer(period.pk, ANSWERS, by=people["maja"], at=at)
    return period


def _run(period: Period, people: dict[str, User], go_live: datetime) -> None:
    """From plan to live, with every check done and the sponsor's go."""
    maja, planned = people["maja"], go_live - 19 * DAY
    role = Role.objects.create(period=period, position=1, name="Site support", code="EN", cover="none",
                               required=False, answers_pages=True)  # fmt: skip
    roster.add_member(period.pk, user=people["marcus"], right="contributor", role=role, by=maja, at=planned)
    lifecycle.plan(period.pk, by=maja, at=planned)
    roster.invite_all(period.pk, by=maja, at=go_live - 15 * DAY)
    lifecycle.invite(period.pk, by=maja, at=go_live - 14 * DAY)
    for item in period.checklist.order_by("position", "id"):
        checklist.complete(
            item.pk, by=maja, at=go_live - 3 * DAY, evidence="https://wiki.northlane.example/scanners"
        )
    _decide(period, people, go_live - DAY)
    lifecycle.start(period.pk, by=maja, at=go_live, smoke_test="One pallet scanned in and out.")


def _decide(period: Period, people: dict[str, User], at: datetime) -> None:
    decisions.name_risks(period.pk, by=people["maja"], at=at)
    decisions.all_vote_go(period.pk, at=at)
    decisions.go(
        period.pk, reason="Two docks ran the pilot for a week.", owner=people["marcus"], by=people["rachel"],
        due_at=at + timedelta(hours=20), texts={"": "Every dock has ten charged scanners at 05:00"},
        at=at + timedelta(hours=1),
    )  # fmt: skip
    decisions.meet_all(period.pk, evidence="Counted on all six docks at 04:40.", at=at + timedelta(hours=18))


def _incident(period: Period, people: dict[str, User], title: str, at: datetime, *, solved: bool) -> None:
    row = triage.report(period.pk, title=title, impact="low", urgency="medium", by=people["kavya"], at=at)
    triage.acknowledge(row.pk, by=people["kavya"], at=at + timedelta(minutes=30))
    if solved:
        triage.resolve(row.pk, ending="fixed", resolution="Setting corrected.", by=people["kavya"],
                       at=at + timedelta(hours=6))  # fmt: skip
