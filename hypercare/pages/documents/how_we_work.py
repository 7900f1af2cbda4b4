"""How we work: the parts that follow from the data. Who decides, who is called when, the rhythm, what severity means.

Computed, so that they are never out of date; what people add in words stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hypercare.models import User
from hypercare.ui import time_words
from incidents.paging import escalation_policies, escalation_targets, sla_clock
from incidents.shared.severity import MEANINGS, SEVERITIES
from periods.documents import documents
from periods.models import Debrief, DocumentVersion, Period
from periods.template_files.rhythm import RHYTHM

COMING = 3
WORKING_DAY = sla_clock.WORKING_DAY
CADENCES = {
    "twice daily": "twice a day",
    "daily": "every day",
    "alternate": "every second working day",
    "3/wk": "Monday, Wednesday and Friday",
}
ICONS = {"war_room": "video", "chat": "chat", "mailbox": "mail", "bridge": "phone", "bridge_code": "key"}


@dataclass(frozen=True)
class ContactChannel:
    """Where to talk: what it is, its value to copy, and the address it opens, if any."""

    label: str
    value: str
    url: str
    icon: str


def page_parts(period: Period, saved: DocumentVersion | None, *, at: datetime) -> dict[str, Any]:
    """Context of the page. Two queries."""
    return {
        "channels": channels(period, saved),
        "deciders": _deciders(period),
        "ladders": _ladders(period),
        "severities": _severities(period),
        "rhythm": _rhythm(period),
        "coming": _coming(period, at),
    }


def channels(period: Period, saved: DocumentVersion | None) -> list[ContactChannel]:
    """The war room of the plan, then the channels of the page, as far as they are given."""
    given = saved.channels if saved else {}
    found = [ContactChannel("War room", period.war_room_url, period.war_room_url, ICONS["war_room"])]
    found += [
        ContactChannel(words, str(given.get(name, "")), _url(name, str(given.get(name, ""))), ICONS[name])
        for name, words in documents.CHANNELS.items()
    ]
    return [channel for channel in found if channel.value]


def _url(name: str, value: str) -> str:
    if name == "chat":
        return value if value.startswith(("https://", "http://")) else ""
    if name == "mailbox":
        return f"mailto:{value}"
    if name == "bridge":
        return "tel:" + "".join(char for char in value if char.isdigit() or char == "+")
    return ""


def _deciders(period: Period) -> list[tuple[str, User | None]]:
    return [
        ("Leads, and decides day to day", period.lead),
        ("Go or no-go, more time, the exit", period.sponsor),
        ("Ordering a rollback", period.rollback_authority),
        ("Taking over at the end", period.bau_owner),
    ]


def _ladders(period: Period) -> list[tuple[str, list[tuple[str, str]]]]:
    """Severity → who is paged in this period, and after how many minutes."""
    found = {severity: escalation_targets.ladder_for_severity(period, severity).steps for severity in SEVERITIES}
    return [
        (severity, [(escalation_targets.step_label(step, period), _after(step.after)) for step in steps])
        for severity, steps in found.items()
        if steps
    ]


def _after(minutes: int) -> str:
    return f"after {minutes} min" if minutes else "at once"


def _severities(period: Period) -> list[dict[str, str]]:
    return [
        {
            "severity": severity,
            "meaning": MEANINGS[severity],
            **{
                kind: _target(escalation_policies.policy_of(period).targets[severity][kind]) for kind in sla_clock.KINDS
            },
        }
        for severity in SEVERITIES
    ]


def _target(target: sla_clock.SlaTarget) -> str:
    """`15 min`, `4 h`, or working days where business hours count."""
    if target.measure != "business":
        return time_words.duration(target.seconds)
    days, rest = divmod(target.seconds, WORKING_DAY)
    if rest:
        return f"{time_words.duration(target.seconds)} of working time"
    return "1 working day" if days == 1 else f"{days} working days"


def _rhythm(period: Period) -> list[tuple[str, str]]:
    """(`Days 1 to 5`, `twice a day`) for each stretch of the band; none before the risk is known."""
    return [
        (_days(stretch.first_day, stretch.last_day), CADENCES[stretch.cadence])
        for stretch in RHYTHM.get(period.band, ())
        if stretch.first_day <= period.days
    ]


def _days(first: int, last: int | None) -> str:
    if last is None:
        return f"From day {first}" if first > 1 else "Every day of the period"
    return f"Days {first} to {last}"


def _coming(period: Period, at: datetime) -> list[Debrief]:
    found = Debrief.objects.filter(period=period, status="scheduled", starts_at__gt=at).select_related("period")
    return list(found.order_by("starts_at", "id")[:COMING])
