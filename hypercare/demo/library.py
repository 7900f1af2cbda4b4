"""What Northlane has learnt: lessons of its periods and of older changes, two of them made checks, and a template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from hypercare.demo.script import Act, Timeline
from hypercare.models import User
from periods.lessons import lessons
from periods.models import Debrief, Lesson, Period, PeriodTemplate
from periods.planning import templates
from periods.template_files.content import TemplateCheck
from periods.template_files.kinds import BUILT_IN

DAY: Final = timedelta(days=1)
TEMPLATE: Final = "Northlane billing cut-over"
ABOUT: Final = "Invoices, payments and the ledger behind them. Month-end is never inside the first three days."
PAUSED, WEEKENDS, ZONES = "Paused, not removed", "Missing cover at weekends", "Time zone mix-ups"
# Period (or none), days ago, by, published, then what it says.
SHELF: Final[tuple[tuple[str, int, str, bool, dict[str, Any]], ...]] = (
    (
        "BILL26",
        2,
        "tomasz",
        True,
        {
            "title": "Delete replaced jobs, don’t pause them",
            "phase": "go_live",
            "theme": "Cut-over steps",
            "component": "Billing engine",
            "tags": [PAUSED],
            "happened": "The old scheduler was paused until noon and then ran too. Invoices went out twice.",
            "learnt": "Make “job no longer exists” the check, not “job is paused”.",
        },
    ),
    (
        "SCAN26",
        4,
        "marcus",
        True,
        {
            "title": "Alert when a nightly job does not start",
            "phase": "live",
            "theme": "Monitoring",
            "component": "Stock service",
            "tags": ["Silence is not success"],
            "happened": "Failures were alerted, absence was not. The scheduler lost its lock for two nights.",
            "learnt": "Alert on the missing start of every scheduled job, not only on its failure.",
        },
    ),
    (
        "SCAN26",
        5,
        "marcus",
        True,
        {
            "title": "Staff the first Sunday like a weekday",
            "phase": "live",
            "theme": "Cover and people",
            "component": "Scanner app",
            "tags": [WEEKENDS],
            "happened": "Two docks opened on Sunday with nobody on call who knew the new labels.",
            "learnt": "Plan cover from the sites’ opening hours, not from the office’s.",
        },
    ),
    (
        "BILL26",
        3,
        "priya",
        True,
        {
            "title": "Write times with a zone in every cut-over step",
            "phase": "go_live",
            "theme": "Cover and people",
            "component": "Billing engine",
            "tags": [ZONES],
            "happened": "“Start scheduler at 06:00” was read in two zones. Bengaluru started four hours early.",
            "learnt": "Give each step its time in UTC and in the zone of whoever does it.",
        },
    ),
    (
        "MOB70",
        3,
        "daniel",
        True,
        {
            "title": "Ask the stores for a phased release before the freeze",
            "phase": "preparation",
            "theme": "Vendor",
            "component": "Mobile app",
            "tags": [ZONES],
            "happened": "The review team sits eight hours away, and its queue closed the day before ours opened.",
            "learnt": "Book the review slot a fortnight ahead, in the store’s own time zone.",
        },
    ),
    (
        "",
        40,
        "maja",
        True,
        {
            "title": "Freeze the scheduler calendar two days before go-live",
            "phase": "go_live",
            "theme": "Cut-over steps",
            "component": "CRM",
            "tags": [],
            "happened": "A planned re-index started 20 minutes into the cut-over and doubled its length.",
            "learnt": "Name an owner of the shared calendar and freeze it two days before.",
        },
    ),
    (
        "",
        90,
        "maja",
        True,
        {
            "title": "Let support accept the runbook before the code freeze",
            "phase": "exit",
            "theme": "Communication",
            "component": "Tax engine",
            "tags": ["Runbook not accepted"],
            "happened": "The runbook was handed over on the last day and sent back with 31 questions.",
            "learnt": "Have the receiving team rehearse from it, and sign it, two weeks before the end.",
        },
    ),
    (
        "SCAN26",
        2,
        "kavya",
        True,
        {
            "title": "Remove the old label printer queue",
            "phase": "exit",
            "theme": "Cut-over steps",
            "component": "Scanner app",
            "tags": [PAUSED],
            "happened": "The paused queue came back with a reboot and printed 400 labels of the week before.",
            "learnt": "Count a thing as gone when it is deleted, and look after the next reboot.",
        },
    ),
    (
        "BILL26",
        1,
        "kavya",
        False,
        {
            "title": "Ask Support before the notice goes out",
            "phase": "live",
            "theme": "Communication",
            "component": "Customer portal",
            "tags": [],
            "happened": "The notice named a phone line that was closed that evening.",
            "learnt": "Support reads every notice before it is sent, with a quarter of an hour to object.",
        },
    ),
    (
        "BILL26",
        1,
        "tomasz",
        False,
        {
            "title": "Hold card runs during a P1",
            "phase": "live",
            "theme": "Data",
            "component": "Payments",
            "tags": [WEEKENDS],
            "happened": "The evening run charged cards whose invoices were in doubt.",
            "learnt": "Name who may hold the run, and put the number to call into the runbook.",
        },
    ),
)
CHECKS: Final[dict[str, dict[str, Any]]] = {
    "Delete replaced jobs, don’t pause them": {
        "check_title": "Every replaced job is deleted",
        "check_category": "Rollback",
        "check_due_days": -2,
        "check_blocking": True,
    },
    "Alert when a nightly job does not start": {
        "check_title": "A missing start of each scheduled job alerts",
        "check_category": "Monitoring",
    },
}


def add_story(script: Timeline, people: dict[str, User], *, now: datetime) -> None:
    """Add to the story what the cut-over taught, what older changes had taught, and a template of one's own."""
    maja = people["maja"]
    for key in ("", "BILL26", "MOB70", "SCAN26"):
        for moment, act in _lessons(key, people, now):
            script.at(moment, act)
    script.at(now - timedelta(hours=20), partial(_take_over, maja))
    script.at(now - 60 * DAY, partial(_first_template, maja))
    script.at(now - 3 * DAY, partial(_mended_template, maja))


def _lessons(key: str, people: dict[str, User], now: datetime) -> Iterator[tuple[datetime, Act]]:
    for period, days, who, published, said in SHELF:
        if period != key:
            continue
        title, moment = said["title"], now - days * DAY
        yield moment, partial(_write, key, people[who], said)
        if published:
            yield moment + timedelta(hours=2), partial(_publish, title, people["maja"])
        if title in CHECKS:
            yield now - DAY, partial(_make_check, title, people["maja"])


def _write(key: str, by: User, said: dict[str, Any], at: datetime) -> None:
    period = Period.objects.filter(key=key).first()
    debrief = Debrief.objects.filter(period=period, status="finished", starts_at__lt=at).order_by("-number").first()
    lessons.write(period=period, debrief=debrief if period else None, by=by, at=at, **said)


def _publish(title: str, by: User, at: datetime) -> None:
    lessons.publish(_found(title), by=by, at=at)


def _make_check(title: str, by: User, at: datetime) -> None:
    lessons.suggest_as_check(_found(title), by=by, at=at)
    lessons.edit(_found(title), **CHECKS[title], by=by, at=at)


def _take_over(by: User, at: datetime) -> None:
    taken = _found("Alert when a nightly job does not start")
    lessons.add_to_plan(taken, Period.objects.get(key="MOB70").pk, by=by, at=at)


def _found(title: str) -> int:
    return Lesson.objects.get(title=title).pk


def _first_template(by: User, at: datetime) -> None:
    """Northlane's own cut-over."""
    templates.save_version(
        replace(BUILT_IN["erp-cut-over"], name=TEMPLATE, summary=ABOUT), by=by, at=at, note="From the tax engine’s move"
    )


def _mended_template(by: User, at: datetime) -> None:
    """The same after the first time."""
    first = replace(BUILT_IN["erp-cut-over"], name=TEMPLATE, summary=ABOUT)
    learnt = (
        TemplateCheck("Every replaced job is deleted", "Rollback", "EN", -2, "job list", "link", True),
        TemplateCheck("Card runs can be held by whoever leads a P1", "Data", "BO", -3, "procedure", "note", True),
    )
    early = [replace(item, due_days=-5) if item.title == "Smoke script ready" else item for item in first.checklist]
    dropped = [item for item in early if item.title != "Number ranges and printed documents checked per company"]
    templates.save_version(
        replace(first, checklist=(*dropped, *learnt)),
        by=by,
        at=at,
        into=PeriodTemplate.objects.get(name=TEMPLATE),
        note="Jobs are deleted, card runs can be held",
    )
