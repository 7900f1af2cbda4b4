"""The stakeholder report: drafted every day at four on the period's clocks, edited, approved and sent by a person.

What is in it: docs/domain.md section 4, Stakeholder update. A draft nobody sends is drafted anew the next day; what
was sent stays as it was.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db import transaction

from contributors.messaging import outbox
from contributors.models import Delivery
from contributors.people import members
from contributors.shifts import coverage
from hypercare.engine import timers
from hypercare.exceptions import AlreadyDone, Invalid, Refused, TransitionRefused
from hypercare.models import User
from incidents.models import Incident, KnownError, StakeholderReport
from incidents.paging import rollback
from incidents.paging.sla import clocks_of
from incidents.reporting import exit_measures, period_health
from incidents.shared.phrases import moment_phrase
from periods.calendar.wallclock import instant, local_day
from periods.exit import criteria
from periods.journal import journal
from periods.models import JournalEntry, Period

Colour = StakeholderReport.Colour
KIND: Final = "stakeholder.report"
DRAFTED_AT: Final = time(16, 0)
TOP: Final = 3
LONGEST: Final = {"reason": 200, "impact": 1000, "issues": 2000, "decisions": 2000}
EDITED: Final = ("colour", *LONGEST)
CALM: Final = "Nothing is late, and no P1 is open."


def on_entry(entry: JournalEntry, *, at: datetime) -> None:
    """Journal consumer: a period that goes live has its next draft set. Repeats change nothing."""
    if entry.kind.startswith("period.") and entry.period.is_live:
        _arm(entry.period, at)


def on_due(args: dict[str, Any], *, due_at: datetime, at: datetime) -> None:  # noqa: ARG001  one shape
    """Timer: draft the day's report, tell the lead, and set the next day."""
    period = Period.objects.locked().select_related("lead").get(pk=args["period"])
    if not period.is_live:
        return
    report, is_new = _drafted(period, at)
    if is_new:
        journal.record(period, "report.drafted", by=None, at=at, via="timer", title=_title(report))
        outbox.notify(
            user=period.lead,
            kind="report_drafted",
            period=period,
            subject="",
            at=at,
            key=f"report_drafted:{report.pk}",
            context={**snapshot_report(report)},
            urgency=Delivery.Urgency.NORMAL,
            not_after=at + timedelta(days=1),
        )
    _arm(period, at)


def _arm(period: Period, at: datetime) -> None:
    today = local_day(at, period.zone)
    moments = (instant(today + timedelta(days=n), DRAFTED_AT, period.zone) for n in range(2))
    moment = next(one for one in moments if one > at)
    key = f"{KIND}:{period.pk}:{local_day(moment, period.zone)}"
    timers.arm(key, kind=KIND, due_at=moment, args={"period": period.pk})


@transaction.atomic
def draft(period_id: int, *, by: User, at: datetime, via: str = "") -> StakeholderReport:
    """Today's report now; one that is drafted already stays as it is. Raises TransitionRefused unless it is live."""
    period = Period.objects.locked().select_related("lead").get(pk=period_id)
    if not period.is_live:
        raise TransitionRefused(f"{period.name} is not live. There is no day to report about.")
    report, is_new = _drafted(period, at)
    if is_new:
        journal.record(period, "report.drafted", by=by, at=at, via=via, title=_title(report))
    return report


def _drafted(period: Period, at: datetime) -> tuple[StakeholderReport, bool]:
    """Today's row, and whether it is new. The period must be locked."""
    on = local_day(at, period.zone)
    known = StakeholderReport.objects.filter(period=period, on=on).first()
    if known is not None:
        return known, False
    return StakeholderReport.objects.create(period=period, on=on, drafted_at=at, **compose_report(period, at=at)), True


@transaction.atomic
def edit(pk: int, *, version: int, by: User, at: datetime, via: str = "", **texts: str) -> StakeholderReport:
    """Say it differently. Raises AlreadyDone when it was sent, Refused when somebody else edited it since `version`."""
    report = _held(pk)
    if report.version != version:
        raise Refused(f"{report.edited_by} changed it meanwhile. Look at their words before you save yours.")
    wanted = {name: texts[name].strip() for name in EDITED if name in texts}
    _check(wanted)
    said = {**wanted, "edited_at": at, "edited_by": by, "version": report.version + 1}
    StakeholderReport.objects.filter(pk=pk).update(**said)
    report.refresh_from_db()
    journal.record(report.period, "report.edited", by=by, at=at, via=via, title=_title(report))
    return report


@transaction.atomic
def send(
    pk: int, *, by: User, at: datetime, version: int | None = None, via: str = "", **texts: str
) -> StakeholderReport:
    """Approve it: it goes to everybody named for the period and to its viewers. Texts are saved first, as by `edit`.

    Raises AlreadyDone when it was sent, and what `edit` raises.
    """
    if version is not None:
        edit(pk, version=version, by=by, at=at, via=via, **texts)
    report = _held(pk)
    report.sent_at, report.sent_by = at, by
    report.version += 1
    report.save(update_fields=["sent_at", "sent_by", "version"])
    journal.record(report.period, "report.sent", by=by, at=at, via=via, title=_title(report), report=report.pk)
    for person in readers_of(report.period):
        outbox.notify(
            user=person,
            kind="stakeholder_report",
            period=report.period,
            subject="",
            at=at,
            context={**snapshot_report(report), "by": by.name},
            urgency=Delivery.Urgency.NORMAL,
            key=f"stakeholder_report:{report.pk}:{person.pk}",
        )
    return report


def readers_of(period: Period) -> list[User]:
    """Who gets it: lead, sponsor, BAU owner and rollback authority, and members who only watch."""
    named = [period.lead, period.sponsor, period.bau_owner, period.rollback_authority]
    watching = [member.user for member in members.members_of(period.pk) if member.right == member.Right.VIEWER]
    return list({person.pk: person for person in (*named, *watching) if person}.values())


def snapshot_report(report: StakeholderReport) -> dict[str, Any]:
    """What a message or a page says of it."""
    names = ("colour", "reason", "impact", "issues", "decisions", "figures")
    return {**{name: getattr(report, name) for name in names}, "drafted_at": report.drafted_at.isoformat()}


def _held(pk: int) -> StakeholderReport:
    period_id = StakeholderReport.objects.values_list("period_id", flat=True).get(pk=pk)
    people = ("lead", "sponsor", "bau_owner", "rollback_authority")
    period = Period.objects.locked().select_related(*people).get(pk=period_id)
    report: StakeholderReport = StakeholderReport.objects.select_related("edited_by", "sent_by").get(pk=pk)
    report.period = period
    if report.sent_at is not None:
        raise AlreadyDone(f"{report.sent_by} sent it at {moment_phrase(report.sent_at, period)}. It stays as it was.")
    return report


def _check(texts: dict[str, str]) -> None:
    complaints = {
        name: f"Shorten it to {most:,} characters." for name, most in LONGEST.items() if len(texts.get(name, "")) > most
    }
    if texts.get("colour", Colour.RED) not in Colour:
        complaints["colour"] = f"Choose {', '.join(Colour.values)}."
    if texts.get("reason") == "":
        complaints["reason"] = "Say in a sentence why it has this colour."
    if complaints:
        raise Invalid(complaints)


def _title(report: StakeholderReport) -> str:
    return f"{report.on:%-d %b}, {report.get_colour_display().lower()}"


# --- From the data ------------------------------------------------------------------------------


def compose_report(period: Period, *, at: datetime) -> dict[str, Any]:
    """A report's words and figures as the data has them. A constant number of queries."""
    counts, before = (
        exit_measures.count_incidents(period, at=at),
        exit_measures.count_incidents(period, at=at - timedelta(days=1)),
    )
    gap = coverage.gap_minutes(period, start=at, end=at + timedelta(hours=72))
    colour, reasons = period_health.judge_health(period, counts, gap, at=at)
    return {
        "colour": colour,
        "reason": f"{'; '.join(reasons)}."[: LONGEST["reason"]] if reasons else CALM,
        "issues": "\n".join(_issues(period, at)),
        "decisions": "\n".join(_decisions(period)),
        "figures": _figures(period, counts, before, at),
    }


def _figures(period: Period, counts: dict[str, Any], before: dict[str, Any], at: datetime) -> dict[str, Any]:
    scored = criteria.scorecard(period, at=at)
    return {
        "day": period.window_day(at).number,
        "days": period.days,
        "open": counts["open_total"],
        "open_before": before["open_total"],
        "p1": counts["open"]["P1"],
        "p2": counts["open"]["P2"],
        "arrived": counts["arrived_24h"],
        "resolved": counts["resolved_24h"],
        "met": sum(row.reading.verdict == "pass" for row in scored),
        "criteria": len(scored),
        "ends_at": period.ends_at.isoformat(),
    }


def _issues(period: Period, at: datetime) -> list[str]:
    """The worst three, each with how far it is, its way around and when it should be solved."""
    rows = Incident.objects.open().filter(period=period).order_by("severity", "reported_at", "id")[:TOP]
    found = list(rows)
    around = dict(
        KnownError.objects.filter(incident__in=found, ended_at__isnull=True).values_list("incident_id", "workaround")
    )
    return [_issue(row, period, around.get(row.pk, ""), at) for row in found]


def _issue(incident: Incident, period: Period, workaround: str, at: datetime) -> str:
    incident.period = period
    due = [clock.due_at for clock in clocks_of(incident, at) if clock.kind == "resolve" and clock.is_open]
    parts = [f"{incident.severity} {incident.key} {incident.title}", incident.get_status_display().lower()]
    if workaround:
        parts.append(f"way around: {' '.join(workaround.split())[:160]}")
    if due:
        parts.append(
            f"to be solved by {moment_phrase(due[0], period)}" if due[0] > at else "its time to be solved is over"
        )
    return "; ".join(parts)


def _decisions(period: Period) -> list[str]:
    found = [
        f"Roll back because of {period.key}-{one.incident.number}, or go on: {one.asked or 'the sponsor'} "
        f"by {moment_phrase(one.due_at, period)}"
        for one in rollback.open_decisions_in(period)[:TOP]
    ]
    if period.status == Period.Status.EXIT_REVIEW:
        found.append(f"Close or extend: {period.sponsor or 'the sponsor'} and {period.bau_owner or 'the BAU owner'}")
    return found


def report_of_day(period: Period, on: date) -> StakeholderReport | None:
    """The report of a day. One query."""
    rows = StakeholderReport.objects.select_related("edited_by", "sent_by")
    return rows.filter(period=period, on=on).first()
