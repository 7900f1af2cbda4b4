"""Periods that live from plan to signature, with the words, names and numbers that break pages.

A life is told by the domain's own functions, each act at its moment, up to the day one wants to look at it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from contributors.links import links
from contributors.models import Acknowledgement, Link, Membership, Role
from contributors.people import members
from contributors.readiness import acknowledgements
from contributors.shifts import absences, accepted_gaps, coverage, roster, roster_generator
from contributors.shifts import roles as duties
from hypercare.models import User
from incidents.intake import alert_sources
from incidents.models import Incident
from incidents.stakeholders import known_errors, report_forms, stakeholder_reports, status_pages, subscribers, updates
from incidents.triage import triage
from periods import checklist
from periods.checklist import rehearsals
from periods.debriefs import actions, debriefs
from periods.documents import documents
from periods.exit import criteria
from periods.go import conditions, gonogo, risks
from periods.lessons import lessons
from periods.lifecycle import lifecycle
from periods.models import ChecklistItem, ExitCriterion, GoCondition, Period
from periods.models import Debrief as DebriefRow
from periods.planning import complexity, from_template, planning
from tests.factories import make_user

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3
WORD = LONG[:200]  # one word that fills a title
LINK = "https://wiki.example.test/a/very/long/path/that-never-breaks_" + "x" * 100
ARABIC = "تعذّر إرسال الفواتير إلى العملاء"
NAMES = (
    "Maximiliane Freifrau von Hohenzollern-Sigmaringen-Schwarzenberg",
    "محمد عبد الرحمن الأنصاري",
    "李小龍",
    "Bo",
    "Krzysztof Brzęczyszczykiewicz",
    "Anne-Sophie de la Rochefoucauld-Liancourt",
    "🦊 Fuchs",
    "Ólafur Þór Guðmundsson",
    "Wolfeschlegelsteinhausenbergerdorff",
    "Nguyễn Thị Minh Khai",
)
TITLES = (
    "Invoices are sent twice",
    WORD,
    f"See {LINK}",
    ARABIC,
    "🔥🔥 Payments time out 👩‍👩‍👧‍👧 for families",
    "A title of many words that goes on and on until the line it stands on has no room left for anything else at all",
    "Typo",
    "<b>Bold</b> & “quoted”",
)
LEVELS = (("high", "high"), ("high", "medium"), ("medium", "medium"), ("low", "low"))
BANDS: dict[str, int] = {"minimal": 0, "low": 1, "moderate": 2, "high": 3, "very_high": 4}


def answers_of(band: str) -> dict[str, int]:
    """Answers that score into a band: the same for every question, as low as will do."""
    for level in range(5):
        for raised in range(len(complexity.FACTORS)):
            given = {one.key: min(4, level + (n < raised)) for n, one in enumerate(complexity.FACTORS)}
            if complexity.assess(given).band == band:
                return given
    raise LookupError(band)


@dataclass
class Cast:
    """Who takes part, by what they are there."""

    lead: User
    sponsor: User
    bau_owner: User
    rollback: User
    viewer: User
    team: list[User]


def make_cast(n: int = 8, *, unhashed: bool = True) -> Cast:
    """People with names that are long, short, written from the right, and in other alphabets."""
    named = [
        make_user(name if k < len(NAMES) else f"{name} {k}", email=f"person{k}@crawl.example", may_plan=not k)
        for k, name in enumerate(NAMES[k % len(NAMES)] for k in range(n + 5))
    ]
    return Cast(*named[:5], team=named[5:])


@dataclass
class Life:
    """One period and what happens to it, day by day of the period: day 1 begins with go-live, −1 is the day before."""

    key: str
    template: str
    band: str
    cast: Cast
    go_live: datetime
    days: int
    ending: str = "closed"  # or rolled_back, cancelled, extended: twice, and then open
    every: int = 2  # days between two incidents
    name: str = "Cut-over"
    pk: int = 0
    _acts: list[tuple[datetime, int, Callable[[datetime], Any]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        """Lay out the whole life."""
        self.ends_at = self.go_live + self.days * DAY
        self._before()
        self._live()
        getattr(self, f"_{self.ending}")()
        heapify(self._acts)

    def on(self, day: float) -> datetime:
        """An hour of a day of the period; there is no day 0."""
        return self.go_live + (day - (day > 0)) * DAY + 5 * HOUR

    def until(self, at: datetime) -> Period:
        """Let everything happen that happens by then."""
        while self._acts and self._acts[0][0] <= at:
            moment, _, act = heappop(self._acts)
            act(moment)
        return self.period

    @property
    def period(self) -> Period:
        """As it stands."""
        return Period.objects.get(pk=self.pk)

    def _to(self, moment: datetime, act: Callable[[datetime], Any]) -> None:
        heappush(self._acts, (moment, next(self._numbers), act))

    # --- before go-live

    def _before(self) -> None:
        for days, act in (
            (-30, self._plan),
            (-29, self._staff),
            (-28, self._write),
            (-27, self._finish_plan),
            (-26, self._invite),
            (-23, self._answer),
            (-22, self._check_some),
            (-3, self._check_rest),
            (-2, self._decide),
        ):
            self._to(self.go_live + days * DAY, act)
        self._to(self.go_live, self._start)

    def _plan(self, at: datetime) -> None:
        cast = self.cast
        period = from_template.create_period(
            start=from_template.start_from_template(self.template),
            key=self.key,
            name=self.name,
            with_checklist=False,
            systems=["Billing", LONG[:80], ARABIC],
            timezone="Europe/Copenhagen",
            country="DK",
            go_live_at=self.go_live,
            ends_at=self.ends_at,
            lead=cast.lead,
            sponsor=cast.sponsor,
            bau_owner=cast.bau_owner,
            rollback_authority=cast.rollback,
            baseline_issues=28,
            baseline_days=28,
            point_of_no_return="When the old version is withdrawn.",
            by=cast.lead,
            at=at,
            days_override_reason="Every shift pattern is seen once.",
            critical_cycles=[{"name": "Month end", "on": (self.go_live + DAY).date().isoformat()}],
        )
        self.pk = period.pk
        planning.answer_questions(period.pk, answers_of(self.band), by=cast.lead, at=at)

    def _staff(self, at: datetime) -> None:
        lead, period = self.cast.lead, self.period
        if not period.roles.exists():
            duties.add_suggested_roles(period.pk, by=lead, at=at)
        duties.add_role(period.pk, name=LONG[:60], cover="none", required=False, by=lead, at=at)
        roles = list(Role.objects.filter(period=period).order_by("position"))
        inside = set(period.memberships.values_list("user_id", flat=True))
        for n, person in enumerate(self.cast.team):
            if person.pk not in inside:
                members.add_member(
                    period.pk,
                    user=person,
                    right="contributor",
                    role=roles[n % len(roles)],
                    is_deputy=n >= len(roles),
                    by=lead,
                    at=at,
                )
        members.add_member(period.pk, user=self.cast.viewer, right="viewer", role=None, by=lead, at=at)
        found_plan = roster_generator.propose(self.period, at=at)
        if found_plan.shifts:
            roster_generator.accept(self.pk, version=found_plan.version, by=lead, at=at)

    def _write(self, at: datetime) -> None:
        by = self.cast.team[0]
        for kind, title in (("runbook", "Runbook"), ("rollback", "Rollback plan"), ("page", WORD[:80])):
            body = f"# {title}\n\n{WORD}\n\n1. {LINK}\n2. `{LONG}`\n\n| a | b |\n|---|---|\n| {LONG} | {ARABIC} |\n"
            documents.create(self.pk, kind=kind, text=documents.PageText(title, body), by=by, at=at)
        from_template.make_checks(self.pk, by=self.cast.lead, at=at)
        for title in TITLES[1:5]:
            checklist.add_check(self.pk, title=title[:200], owner=by, by=self.cast.lead, at=at)

    def _finish_plan(self, at: datetime) -> None:
        lifecycle.plan(self.pk, by=self.cast.lead, at=at)

    def _invite(self, at: datetime) -> None:
        members.invite_all(self.pk, by=self.cast.lead, at=at)
        lifecycle.invite(self.pk, by=self.cast.lead, at=at)
        for purpose, until in ((Link.Purpose.ACKNOWLEDGE, self.ends_at), (Link.Purpose.CALENDAR, None)):
            links.make(purpose, user=self.cast.team[0], period=self.period, at=at, expires_at=until)

    def _answer(self, at: datetime) -> None:
        asked = (
            Membership.objects.filter(period=self.pk, invited_at__isnull=False).select_related("user").order_by("pk")
        )
        for n, member in enumerate(asked):
            how = ("ready", "problem", "")[n % 3]
            if how:
                acknowledgements.acknowledge(
                    member.pk,
                    statements=list(Acknowledgement.STATEMENTS),
                    note=WORD if how == "problem" else "",
                    state=how,
                    by=member.user,
                    at=at,
                )
        away = self.cast.team[-1]
        if not absences.upcoming_absences(away, at=at):  # people of several lives are away once
            absences.add(away, starts_at=self.on(2), ends_at=self.on(4), note=LONG, at=at)

    def _check_some(self, at: datetime) -> None:
        lead = self.cast.lead
        for n, item in enumerate(self._open_checks()):
            act = n % 6
            if act == 0:
                checklist.complete(item.pk, by=lead, at=at, evidence=LINK)
            elif act == 1:
                checklist.assign(item.pk, owner=self.cast.team[n % len(self.cast.team)], by=lead, at=at)
            elif n == 2:
                checklist.fail(item.pk, note=WORD, by=lead, at=at)
            elif n == 3 and item.blocking:
                checklist.waive(item.pk, reason=WORD, expires_at=self.on(2), by=lead, at=at)

    def _open_checks(self) -> list[ChecklistItem]:
        left = ChecklistItem.objects.filter(period=self.pk).exclude(status__in=("done", "waived"))
        return list(left.order_by("position", "pk"))

    def _check_rest(self, at: datetime) -> None:
        for item in self._open_checks()[:-1]:
            checklist.complete(item.pk, by=self.cast.lead, at=at, evidence=LINK)
        rehearsals.record(
            self.pk,
            kind="rollback",
            box_minutes=60,
            took_minutes=48,
            outcome="passed",
            notes=WORD,
            by=self.cast.lead,
            at=at,
        )

    def _decide(self, at: datetime) -> None:
        risks.add(self.pk, risk=WORD, detection=LINK, response=ARABIC, by=self.cast.lead, at=at)
        for voter in {seat.user.pk: seat.user for seat in gonogo.seats_of(self.period)}.values():
            gonogo.vote(self.pk, choice="go", by=voter, at=at)
        due = {"owner": self.cast.lead.pk, "due_at": self.go_live + DAY}
        rows = [{"text": one.text, "objection": one.key, **due} for one in gonogo.find_blockers(self.period, at=at)]
        gonogo.decide(
            self.pk,
            outcome="go_with_conditions",
            reason=WORD,
            by=self.cast.sponsor,
            at=at,
            conditions=rows or [{"text": WORD, **due}],
        )
        for row in GoCondition.objects.filter(period=self.pk, state="open"):
            conditions.meet_condition(row.pk, evidence=LINK, by=row.owner, at=at)

    # --- live

    def _start(self, at: datetime) -> None:
        lifecycle.start(self.pk, smoke_test=WORD, by=self.cast.lead, at=at)

    def _live(self) -> None:
        to = self._to
        to(self.go_live + HOUR, self._open_outside)
        for n, day in enumerate(range(0, self.days - 1, self.every)):
            to(self.go_live + day * DAY + (1 + n % 4) * HOUR, lambda at, n=n: self._report(n, at))  # type: ignore[misc]
        for day in range(0, self.days, 3):
            to(self.go_live + day * DAY + 30 * HOUR, self._meet)
        to(self.go_live + 3 * HOUR, self._let_stand)

    def _open_outside(self, at: datetime) -> None:
        lead, slug = self.cast.lead, self.key.lower()
        status_pages.configure(self.pk, visibility="public", slug=slug, title=WORD[:80], about=LINK, by=lead, at=at)
        report_forms.configure(
            self.pk, is_open=True, title=WORD[:80], answer_within="2 hours", data_note=LINK, by=lead, at=at
        )
        words = updates.UpdateText(WORD, "investigating", WORD[:120], ("Billing",))
        updates.post(self.pk, words, by=lead, at=at)
        known_errors.add(
            self.pk, title=WORD[:120], component="Billing", workaround=LINK, shown_outside=True, by=lead, at=at
        )
        subscribers.add(self.period, None, f"somebody@{'a' * 60}.example", at=at, confirmed=True)
        alert_sources.create(self.pk, name=LONG[:60], kind="alertmanager", by=lead, at=at)
        stakeholder_reports.draft(self.pk, by=lead, at=at)
        actions.add(self.pk, title=WORD, owner=self.cast.team[0], due_at=at + DAY, by=lead, at=at)
        lessons.write(
            period=self.period,
            by=lead,
            at=at,
            title=WORD[:120],
            phase="live",
            theme="Vendor",
            happened=WORD,
            learnt=LINK,
            component="Billing",
            tags=(),
        )

    def _let_stand(self, at: datetime) -> None:
        period = self.period
        begin, end = roster.roster_window(period)
        found = coverage.find_gaps(period, start=begin, end=end)
        for gap in [one for one in found if one.end > at][:1]:
            accepted_gaps.accept(
                self.pk, role_id=gap.role.pk, kind=gap.duty, starts_at=gap.start, reason=WORD, by=self.cast.lead, at=at
            )

    def _report(self, n: int, at: datetime) -> None:
        impact, urgency = LEVELS[(n + 2) % 4]
        team, reporter = self.cast.team, self.cast.bau_owner
        made = triage.report(
            self.pk,
            title=TITLES[n % len(TITLES)][:200],
            impact=impact,
            urgency=urgency,
            by=reporter,
            at=at,
            component=("Billing", LONG[:80], "")[n % 3],
            description=f"{LINK}\n{WORD}",
        )
        if n % 4 == 3:
            return
        worker = team[n % len(team)]
        triage.acknowledge(made.pk, by=worker, at=at + timedelta(minutes=9))
        triage.comment(made.pk, body=f"{WORD}\n{LINK}", kind="note", by=worker, at=at + timedelta(minutes=20))
        if n % 3:
            self._to(at + 3 * HOUR, lambda when: self._solve(made, worker, when))

    def _solve(self, incident: Incident, worker: User, at: datetime) -> None:
        triage.resolve(incident.pk, ending="fixed", resolution=WORD, cause="Code", verdict="caused", by=worker, at=at)

    def _meet(self, at: datetime) -> None:
        due = DebriefRow.objects.filter(period=self.pk, status="scheduled", starts_at__lte=at).order_by("starts_at")
        for n, row in enumerate(due):
            if n:
                debriefs.skip(row.pk, reason="Quiet", by=self.cast.lead, at=at)
                continue
            debriefs.start(row.pk, by=self.cast.lead, at=at)
            debriefs.record_decision(row.pk, text=WORD, by=self.cast.lead, at=at)
            debriefs.record_attendance(row.pk, people=self.cast.team[:3], by=self.cast.lead, at=at)
            debriefs.finish(row.pk, by=self.cast.lead, at=at + HOUR / 2)

    # --- how it ends

    def _closed(self) -> None:
        self._to(self.ends_at - HOUR, self._solve_all)
        self._to(self.ends_at, lambda at: lifecycle.review(self.pk, by=None, at=at, via="timer"))
        self._to(self.ends_at + HOUR, self._judge)
        self._to(self.ends_at + 2 * HOUR, self._sign)
        self._to(self.ends_at + 26 * HOUR, lambda at: lifecycle.close(self.pk, by=self.cast.lead, at=at, summary=WORD))

    def _extended(self) -> None:
        for n in (0, 1):
            end = self.ends_at + n * 14 * DAY
            self._to(end, lambda at: lifecycle.review(self.pk, by=None, at=at, via="timer"))
            self._to(
                end + HOUR,
                lambda at, end=end: lifecycle.extend(  # type: ignore[misc]
                    self.pk, ends_at=end + 14 * DAY, reason=WORD, by=self.cast.sponsor, at=at
                ),
            )
        self._to(self.ends_at + 28 * DAY, lambda at: lifecycle.review(self.pk, by=None, at=at, via="timer"))

    def _rolled_back(self) -> None:
        self._to(
            self.go_live + 40 * HOUR,
            lambda at: lifecycle.roll_back(
                self.pk, reason=WORD, advised_by=self.cast.lead, before_no_return=True, by=self.cast.rollback, at=at
            ),
        )
        self._acts = [one for one in self._acts if one[0] <= self.go_live + 40 * HOUR]

    def _cancelled(self) -> None:
        self._to(self.go_live - HOUR, lambda at: lifecycle.cancel(self.pk, reason=WORD, by=self.cast.lead, at=at))
        self._acts = [one for one in self._acts if one[0] < self.go_live]

    def _solve_all(self, at: datetime) -> None:
        for row in Incident.objects.open().filter(period=self.pk):
            triage.resolve(row.pk, ending="fixed", resolution=WORD, by=self.cast.lead, at=at)
        for action in self.period.actions.filter(done_at__isnull=True):
            actions.complete(action.pk, by=self.cast.lead, at=at)

    def _judge(self, at: datetime) -> None:
        for row in ExitCriterion.objects.filter(period=self.pk, automatic=False):
            criteria.decide_manually(row.pk, verdict="pass", evidence=LINK, by=self.cast.bau_owner, at=at)

    def _sign(self, at: datetime) -> None:
        for role in ("sponsor", "bau_owner"):
            lifecycle.sign(self.pk, role=role, by=getattr(self.cast, role), at=at, comment=WORD)
