"""Billing platform cut-over: day 5 of 14, two P1s, one gap in cover, a debrief ahead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from contributors.models import Acknowledgement, Membership, Role
from contributors.people import members
from contributors.readiness import acknowledgements
from contributors.shifts import release, roster
from hypercare.demo import decisions, duty, handing_over, library, outside, sorting, texts, together, turns
from hypercare.demo.people import CPH
from hypercare.demo.script import Timeline
from hypercare.demo.words import DEBRIEFS, FIXES, LEVELS, OPEN_BIG, SOLVED
from hypercare.models import User
from incidents.intake import alert_sources, ingest
from incidents.intake.sources import ReportedAlert
from incidents.models import Incident
from incidents.triage import triage
from periods import checklist
from periods.calendar import wallclock
from periods.debriefs import actions, debriefs
from periods.documents import documents
from periods.exit import criteria
from periods.lifecycle import lifecycle
from periods.models import Action, Debrief, ExitCriterion, Period
from periods.planning import planning

ZONE = ZoneInfo(CPH)
DAY, DEBRIEF = timedelta(days=1), timedelta(minutes=16)
ANSWERS = {
    "reach": 2,
    "criticality": 3,
    "novelty": 2,
    "integrations": 1,
    "data_migration": 2,
    "reversibility": 2,
    "test_gap": 1,
    "work_practice": 1,
    "vendor_dependency": 1,
}
ROLES = (  # name, code, cover, required, answers pages
    ("Incident lead", "HL", "24x7", True, False),
    ("Billing engineering", "EN", "24x7", True, True),
    ("Platform", "EN", "24x7", True, False),
    ("Support desk", "SU", "12x7", True, False),
    ("Database", "EN", "business", True, False),
    ("Finance ops", "BO", "none", False, False),
)
ON_CALL = {"Finance ops"}
HELD_BY = {
    "maja": "Incident lead",
    "rachel": "Incident lead",
    "tomasz": "Billing engineering",
    "priya": "Billing engineering",
    "marcus": "Billing engineering",
    "arjun": "Platform",
    "daniel": "Platform",
    "kavya": "Support desk",
    "ingrid": "Database",
    "freja": "Billing engineering",
    "nikhil": "Billing engineering",
    "dana": "Billing engineering",
    "devika": "Platform",
    "luis": "Platform",
    "meera": "Support desk",
}


def add_story(script: Timeline, people: dict[str, User]) -> None:
    """Add the whole story so far."""
    _Story(script, people)


class _Story:
    """Writes the script; each act looks its rows up when it happens."""

    def __init__(self, script: Timeline, people: dict[str, User]) -> None:
        self.people, self.now, self.script = people, script.now, script
        now = script.now
        self.today = now.astimezone(ZONE).date()
        self.go_live = wallclock.instant(self.today - 4 * DAY, time(7), ZONE)
        self.ends = wallclock.instant(self.today + 10 * DAY, time(7), ZONE)
        self.period_id = 0
        self._before()
        self._live()
        self._solved()
        self._open_incidents()
        self._debriefs()
        handing_over.add_story(self.script, lambda: self.period_id, today=self.today, zone=ZONE)
        outside.add_story(self.script, people, now=now)
        library.add_story(self.script, people, now=now)

    # --- before go-live

    def _before(self) -> None:
        to = self.script.at
        to(self.go_live - 26 * DAY, self.make_plan)
        to(self.go_live - 26 * DAY + timedelta(hours=2), self.write_pages)
        to(self.go_live - 9 * DAY, self.learn_from_the_rehearsal)
        to(self.go_live - 25 * DAY, lambda at: lifecycle.plan(self.period_id, by=self.people["maja"], at=at))
        to(self.go_live - 15 * DAY, lambda at: members.invite_all(self.period_id, by=self.people["maja"], at=at))
        to(self.go_live - 14 * DAY, lambda at: lifecycle.invite(self.period_id, by=self.people["maja"], at=at))
        for n, key in enumerate(HELD_BY):
            to(self.go_live - 6 * DAY + timedelta(hours=3 * n), partial(self.acknowledge, key))
        to(self.go_live - 2 * DAY, self.finish_checks)
        to(self.go_live - timedelta(hours=15), self.vote)
        to(self.go_live - timedelta(hours=14), self.decide)
        to(self.go_live, self.start)
        to(self.go_live + timedelta(hours=30), self.meet_conditions)

    def make_plan(self, at: datetime) -> None:
        people = self.people
        period = planning.create_period(
            key="BILL26",
            name="Billing platform cut-over",
            systems=["Billing engine", "Payments", "ERP connector", "Customer portal"],
            timezone=CPH,
            country="DK",
            go_live_at=self.go_live,
            ends_at=self.ends,
            lead=people["maja"],
            sponsor=people["rachel"],
            bau_owner=people["kavya"],
            rollback_authority=people["rachel"],
            baseline_issues=56,
            baseline_days=28,
            point_of_no_return="When card runs start on the new engine.",
            war_room_url="https://meet.northlane.example/billing",
            by=people["maja"],
            at=at,
            runbook_url="https://wiki.northlane.example/billing-runbook",
            summary="Invoices, payments and dunning move to the new billing engine.",
        )
        self.period_id = period.pk
        planning.answer_questions(period.pk, ANSWERS, by=people["maja"], at=at)
        self.staff(period, at)

    def write_pages(self, at: datetime) -> None:
        written = (
            ("runbook", "Runbook", texts.RUNBOOK, "tomasz", None),
            ("rollback", "Rollback plan", texts.ROLLBACK, "ingrid", None),
            ("how_we_work", "How we work", texts.HOW_WE_WORK, "maja", texts.CHANNELS),
        )
        for n, (kind, title, body, by, channels) in enumerate(written):
            text = documents.PageText(title, body, channels=channels)
            documents.create(
                self.period_id, kind=kind, text=text, by=self.people[by], at=at + timedelta(minutes=40 * n)
            )

    def learn_from_the_rehearsal(self, at: datetime) -> None:
        page = documents.page_of_kind(Period.objects.get(pk=self.period_id), "runbook")
        assert page is not None  # noqa: S101  written above
        text = documents.PageText("Runbook", texts.RUNBOOK_LATER, "Learned in the rehearsal: new host, ask finance")
        documents.save_version(page.pk, based_on=1, text=text, by=self.people["tomasz"], at=at)

    def staff(self, period: Period, at: datetime) -> None:
        for position, (name, code, cover, required, pages) in enumerate(ROLES, 1):
            Role.objects.create(
                period=period,
                position=position,
                name=name,
                code=code,
                cover=cover,
                required=required,
                answers_pages=pages,
                on_call=name in ON_CALL,
            )
        roles = {role.name: role for role in period.roles.all()}
        rights = {"maja": "owner", "kavya": "support"}
        for key, role_name in HELD_BY.items():
            self._join(period, self.people[key], rights.get(key, "contributor"), roles[role_name], at)
        self._assign_checks(period, at)
        turns.plan_rotations(period, people=self.people, first_on=self.today - 4 * DAY, until=self.ends, at=at)

    def _join(self, period: Period, user: User, right: str, role: Role, at: datetime) -> None:
        standing = Membership.objects.filter(period=period, user=user, left_at__isnull=True).first()
        act = (
            partial(release.change_member, standing.pk)
            if standing
            else partial(members.add_member, period.pk, user=user)
        )
        act(right=right, role=role, by=self.people["maja"], at=at)

    def _assign_checks(self, period: Period, at: datetime) -> None:
        by_code = {"EN": "tomasz", "SU": "kavya", "BO": "rachel", "SP": "rachel", "VN": "daniel", "SE": "arjun"}
        for item in period.checklist.order_by("position", "id"):
            owner = self.people[by_code.get(item.owner_role, "maja")]
            checklist.assign(item.pk, owner=owner, by=self.people["maja"], at=at)

    def acknowledge(self, key: str, at: datetime) -> None:
        member = Membership.objects.get(period=self.period_id, user=self.people[key])
        acknowledgements.acknowledge(
            member.pk,
            statements=list(Acknowledgement.STATEMENTS),
            note="",
            state="ready",
            by=self.people[key],
            at=at,
            via="link",
        )

    def finish_checks(self, at: datetime) -> None:
        items = list(Period.objects.get(pk=self.period_id).checklist.order_by("position", "id"))
        left_open = {"Known errors published", "Data-correction procedure approved"}
        for n, item in enumerate(items):
            if item.title not in left_open:
                checklist.complete(
                    item.pk,
                    by=item.owner or self.people["maja"],
                    at=at + timedelta(minutes=n),
                    evidence=f"https://wiki.northlane.example/evidence/{item.position}",
                )

    def vote(self, at: datetime) -> None:
        decisions.name_risks(self.period_id, by=self.people["maja"], at=at)
        decisions.all_vote_go(self.period_id, at=at)

    def decide(self, at: datetime) -> None:
        decisions.give_go(
            self.period_id,
            reason="Rehearsed twice, and the way back is open until Saturday night.",
            at=at,
            by=self.people["rachel"],
            texts={"": "Known errors are published before the first full business day ends"},
            owner=self.people["kavya"],
            due_at=wallclock.instant(self.today - 2 * DAY, time(12), ZONE),
        )

    def meet_conditions(self, at: datetime) -> None:
        decisions.meet_all_conditions(
            self.period_id, evidence="https://wiki.northlane.example/billing-known-errors", at=at
        )

    def start(self, at: datetime) -> None:
        lifecycle.start(
            self.period_id,
            by=self.people["maja"],
            at=at,
            smoke_test="Test invoice, card payment and ERP posting passed at 06:40.",
        )

    # --- live

    def _live(self) -> None:
        """Daniel is away in three days: his shifts go, half of one is covered, eight hours are not."""
        for hours, act in ((20, duty.lose_cover), (5, duty.ask_for_cover)):
            self.script.at(self.now - timedelta(hours=hours), partial(self._on_duty, act))

    def _on_duty(self, act: Callable[..., None], at: datetime) -> None:
        act(self.script, self.period_id, self.people, self.today, at)

    def _solved(self) -> None:
        workers = [self.people[key] for key in ("tomasz", "priya", "marcus", "arjun", "ingrid", "kavya")]
        for ago, rows in zip(range(4, -1, -1), SOLVED, strict=True):
            for n, row in enumerate(rows):
                self._solved_one(row, self._moment(ago, n, len(rows)), workers[(n + ago) % len(workers)], n)

    def _moment(self, ago: int, n: int, of: int) -> datetime:
        """The nth of a day's reports, spread over it (or over what has passed of today)."""
        start = wallclock.instant(self.today - ago * DAY, time(8), ZONE)
        length = timedelta(hours=12)
        if ago == 0:
            start = wallclock.instant(self.today, time(0), ZONE)
            length = max(self.now - start, timedelta(minutes=30)) * 0.6
        return min(start + length * (n + 0.5) / of, self.now - timedelta(minutes=2))

    def _solved_one(self, row: tuple[str, str, str], at: datetime, worker: User, n: int) -> None:
        title, component, severity = row
        waits = {"P2": (9, 5), "P3": (40, 7), "P4": (90, 6)}[severity]
        ack = min(at + timedelta(minutes=waits[0] + n), self.now)
        end = min(at + timedelta(hours=waits[1], minutes=17 * n), self.now - timedelta(minutes=1))
        name = f"solved-{title}"
        self.script.at(at, partial(self.report, name, title, component, severity, "kavya"))
        self.script.at(
            max(at, min(ack, end)), lambda when: triage.acknowledge(self.found(title).pk, by=worker, at=when)
        )
        self.script.at(
            max(at, end),
            lambda when: triage.resolve(
                self.found(title).pk,
                ending="fixed",
                resolution=FIXES[n % len(FIXES)],
                by=worker,
                at=when,
                cause="Configuration" if n % 2 else "Code",
                verdict="caused" if n % 3 else "unrelated",
            ),
        )

    def report(self, _name: str, title: str, component: str, severity: str, by: str, at: datetime) -> None:
        impact, urgency = LEVELS[severity]
        triage.report(
            self.period_id, title=title, impact=impact, urgency=urgency, component=component, by=self.people[by], at=at
        )

    def found(self, title: str) -> Incident:
        incident: Incident = Incident.objects.get(period=self.period_id, title=title)
        return incident

    def _open_incidents(self) -> None:
        self._annual(self.now - timedelta(minutes=51))
        self._worked(
            OPEN_BIG["cards"],
            "Payments",
            "P1",
            timedelta(hours=4, minutes=24),
            "priya",
            ("investigating", "mitigated", "monitoring"),
        )
        self._worked(OPEN_BIG["webhook"], "ERP connector", "P2", timedelta(minutes=16), "", ())
        self._worked(
            OPEN_BIG["dunning"], "Billing engine", "P2", timedelta(hours=3, minutes=32), "ingrid", ("investigating",)
        )
        self._worked("VAT rounded differently on Danish invoices", "Billing engine", "P3", timedelta(minutes=5), "", ())
        self._worked(
            "Usage meters lag 40 min in EU-West",
            "ERP connector",
            "P3",
            timedelta(hours=5, minutes=7),
            "arjun",
            ("investigating",),
        )
        self._worked(
            "CSV export lacks the cost-centre column",
            "Customer portal",
            "P3",
            timedelta(hours=25),
            "marcus",
            ("investigating",),
        )
        self._worked("Credit-note PDF shows the old address", "Billing engine", "P3", timedelta(hours=28), "marcus", ())
        self._worked("Typo in the payment-reminder subject", "Billing engine", "P4", timedelta(hours=50), "", ())
        sorting.add_story(self.script, self.people, now=self.now)
        together.add_story(self.script, self.people, now=self.now)

    def _worked(
        self, title: str, component: str, severity: str, age: timedelta, owner: str, steps: tuple[str, ...]
    ) -> None:
        at = self.now - age
        self.script.at(at, partial(self.report, title, title, component, severity, "kavya"))
        if severity in ("P1", "P2"):
            sorting.page_until_taken(self.script, title, at)
        if not owner:
            return
        paged = severity == "P1"
        self.script.at(at + age * 0.05, partial(self.take, title, None if paged else self.people[owner]))
        for n, step in enumerate(steps, 1):
            self.script.at(at + age * 0.2 * n, partial(self.move, title, step))

    def take(self, title: str, by: User | None, at: datetime, via: str = "") -> None:
        """Somebody acknowledges it, or whoever is on shift and answers pages then."""
        triage.acknowledge(self.found(title).pk, by=by or self.on_shift(at), at=at, via=via)

    def on_shift(self, at: datetime) -> User:
        """Who answers pages at a moment, as the roster has it."""
        on = roster.shifts_on_duty(Period.objects.get(pk=self.period_id), at=at)
        return next(one.user for one in on if one.role.answers_pages and one.kind == "primary")

    def move(self, title: str, step: str, at: datetime, note: str = "") -> None:
        """Whoever owns it goes on with it."""
        incident = self.found(title)
        triage.set_status(incident.pk, status=step, by=incident.owner or self.people["maja"], at=at, note=note)

    def _annual(self, at: datetime) -> None:
        """The P1 everybody talks about: opened by an alert, mitigated; `outside.py` tells people about it."""
        title, minute = OPEN_BIG["annual"], timedelta(minutes=1)
        maja, rachel = (self.people[key] for key in ("maja", "rachel"))
        self.script.at(at, self.fire_alert)
        sorting.page_until_taken(self.script, title, at)
        write = self._write
        for wait, act in (
            (3, partial(self.take, title, None, via="link")),
            (8, partial(write, title, "note", maja, "Confirmed P1: customers see it, and money is involved.")),
            (12, partial(self.move, title, "investigating")),
            (
                17,
                partial(
                    write,
                    title,
                    "decision",
                    maja,
                    "Pause the legacy scheduler, do not roll back the new one. Rollback would lose 9 h of usage data.",
                ),
            ),
            (23, partial(self.move, title, "mitigated", note="Legacy scheduler paused. New duplicates stopped.")),
            (
                43,
                partial(
                    write,
                    title,
                    "note",
                    rachel,
                    "1,284 invoices issued twice, 312 emailed. Nobody "
                    "charged: card runs start at 20:00, and they are on hold.",
                ),
            ),
        ):
            self.script.at(at + wait * minute, act)

    def _write(self, title: str, kind: str, by: User, body: str, at: datetime) -> None:
        triage.comment(self.found(title).pk, body=body, kind=kind, by=by, at=at)

    def fire_alert(self, at: datetime) -> None:
        source, _token = alert_sources.create(
            self.period_id, name="Production Alertmanager", kind="alertmanager", by=self.people["maja"], at=at
        )
        ingest.receive_alerts(
            source,
            [
                ReportedAlert(
                    fingerprint="5d1f2a9c4e7b8036",
                    name="InvoiceIssueRateHigh",
                    firing=True,
                    started_at=at,
                    level="critical",
                    summary=OPEN_BIG["annual"],
                    description="4.2 invoices per second, expected below 2.",
                    component="Billing engine",
                    labels={"alertname": "InvoiceIssueRateHigh", "severity": "critical"},
                )
            ],
            at=at,
        )

    # --- debriefs

    def _debriefs(self) -> None:
        for ago in range(4, -1, -1):
            for clock in (time(9, 30), time(16)):
                begins = wallclock.instant(self.today - ago * DAY, clock, ZONE)
                if begins + DEBRIEF <= self.now:  # none is going on now
                    self.script.at(begins, self.hold_debrief)
        self.script.at(self.now - timedelta(minutes=30), self.decide_criteria)

    def hold_debrief(self, at: datetime) -> None:
        """The debrief that has just taken place, if there was one."""
        debrief = (
            Debrief.objects.filter(period=self.period_id, status="scheduled", starts_at__lte=at)
            .order_by("starts_at", "id")
            .first()
        )
        if debrief is None:
            return
        maja, minute = self.people["maja"], timedelta(minutes=1)
        note, decision, action, owner, _ = DEBRIEFS[(debrief.number - 1) % len(DEBRIEFS)]
        pk, all_of_them = debrief.pk, list(self.people.values())[:7]
        for wait, act in (
            (0, lambda when: debriefs.start(pk, by=maja, at=when)),
            (1, lambda when: debriefs.write_minutes(pk, sections={"numbers": note}, by=maja, at=when)),
            (2, lambda when: debriefs.record_attendance(pk, people=all_of_them, by=maja, at=when)),
            (3, self._finish_actions),
            (6, lambda when: debriefs.record_decision(pk, text=decision, by=maja, at=when)),
            (
                8,
                lambda when: Action.objects.create(
                    period_id=self.period_id,
                    debrief_id=pk,
                    title=action,
                    owner=self.people[owner],
                    due_at=at + 2 * DAY,
                    created_by=maja,
                    created_at=when,
                ),
            ),
            (14, lambda when: debriefs.finish(pk, by=maja, at=when)),
        ):
            self.script.at(at + wait * minute, act)

    def _finish_actions(self, at: datetime) -> None:
        """What was promised in the debrief before is reported done in this one."""
        titles = [title for *_, title, _, finished in DEBRIEFS if finished]
        for action in Action.objects.filter(period=self.period_id, title__in=titles, done_at=None, created_at__lt=at):
            actions.complete(action.pk, by=action.owner, at=at)

    def decide_criteria(self, at: datetime) -> None:
        for code, evidence in (
            ("data_reconciled", "Totals agree within 0.02 %, signed by finance."),
            ("slo_met", "Invoice run success 99.71 %."),
        ):
            row = ExitCriterion.objects.filter(period=self.period_id, code=code).first()
            if row is not None:
                criteria.decide_manually(row.pk, verdict="pass", evidence=evidence, by=self.people["maja"], at=at)
