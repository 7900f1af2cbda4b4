"""What may be said about an incident. Each check raises Invalid with what to do about each field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from contributors.models import Membership, Role
from hypercare.exceptions import Invalid
from hypercare.models import User
from incidents.models import Comment, Incident
from incidents.shared.severity import severity_for
from periods.models import Period

Status = Incident.Status

WORKED: Final[tuple[str, ...]] = (Status.ACKNOWLEDGED, Status.INVESTIGATING, Status.MITIGATED, Status.MONITORING)
LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 20_000
TOO_LONG: Final = f"Shorten it to {LONGEST_TEXT:,} characters."
TELL: Final = ("reporter", "everyone")
COMMENT_EMPTY: Final = "Write something first; an empty entry tells nobody anything."
RESOLUTION_EMPTY: Final = "Say in a sentence what fixed it, or why nothing had to be."


def checked_severity(impact: str, urgency: str) -> str:
    """The severity of two levels that were said, not left open."""
    levels = {"impact": impact, "urgency": urgency}
    _refuse({name: "Choose high, medium or low." for name, level in levels.items() if level not in Incident.Level})
    return severity_for(impact, urgency)


def check_report(period: Period, title: str, description: str, component: str, team: Role | None) -> None:
    """Title, description, system and role of a new incident."""
    stranger = team is not None and team.period_id != period.pk
    _refuse(
        {
            "title": _title(title),
            "description": TOO_LONG if len(description) > LONGEST_TEXT else "",
            "component": _unknown_system(period, component),
            "team": "Choose a role of this period." if stranger else "",
        }
    )


def check_owner(incident: Incident, owner: User | None) -> None:
    """Nobody, or somebody who works in the period."""
    workers = Membership.objects.filter(period_id=incident.period_id, left_at__isnull=True)
    if owner is None or workers.filter(user=owner).exclude(right=Membership.Right.VIEWER).exists():
        return
    raise Invalid({"owner": f"{owner} does not work in {incident.period}. Add them under Contributors first."})


def check_status(status: str) -> None:
    """A step of the work; new and ended have their own functions."""
    if status == Status.NEW:
        raise Invalid({"status": "An incident somebody has looked at can't be new again."})
    if status not in WORKED:
        raise Invalid({"status": f"Choose {', '.join(WORKED)}. To end it, resolve it."})


def check_comment(body: str, kind: str) -> None:
    """Words of a known kind."""
    _refuse(
        {
            "body": COMMENT_EMPTY if not body else TOO_LONG if len(body) > LONGEST_TEXT else "",
            "kind": "" if kind in Comment.Kind else f"Choose {', '.join(Comment.Kind.values)}.",
        }
    )


def check_resolution(ending: str, resolution: str, cause: str, workaround: str, tell: Collection[str]) -> None:
    """How it ended, in a word and a sentence, and who is to hear of it."""
    endings = ", ".join(Incident.Ending.values)
    _refuse(
        {
            "ending": "" if ending in Incident.Ending else f"Choose {endings}.",
            "resolution": RESOLUTION_EMPTY if not resolution else TOO_LONG if len(resolution) > LONGEST_TEXT else "",
            "cause": "Shorten the cause to 200 characters." if len(cause) > 200 else "",
            "workaround": "Shorten the workaround to 500 characters." if len(workaround) > 500 else "",
            "tell": f"Choose from {', '.join(TELL)}." if set(tell) - set(TELL) else "",
        }
    )


def check_verdict(verdict: str) -> None:
    """A verdict against the release, or none."""
    if verdict and verdict not in Incident.Verdict:
        raise Invalid({"verdict": f"Choose {', '.join(Incident.Verdict.values)}, or leave it empty."})


def check_kind(kind: str) -> None:
    """A type, or none."""
    if kind and kind not in Incident.Kind:
        raise Invalid({"kind": f"Choose {', '.join(Incident.Kind.values)}, or leave it empty."})


def check_queue(queue: str, note: str) -> None:
    """A queue, or none; whoever it is sent back to is told what is awaited."""
    _refuse(
        {
            "queue": "" if not queue or queue in Incident.Queue else f"Choose {', '.join(Incident.Queue.values)}.",
            "note": "Say in a sentence what the reporter is to answer."
            if queue == "returned" and not note
            else "Shorten the note to 200 characters."
            if len(note) > 200
            else "",
        }
    )


def _title(title: str) -> str:
    if not title:
        return "Say in one line what is wrong."
    room = f"Shorten the title to {LONGEST_TITLE} characters; the description has room for more."
    return room if len(title) > LONGEST_TITLE else ""


def _unknown_system(period: Period, component: str) -> str:
    if not component or component in period.systems:
        return ""
    known = ", ".join(period.systems)
    return f"Choose one of {known}, or leave it empty." if known else "Leave it empty."


def _refuse(complaints: Mapping[str, str]) -> None:
    """Raise Invalid for the fields that have a complaint."""
    if any(complaints.values()):
        raise Invalid({field: text for field, text in complaints.items() if text})
