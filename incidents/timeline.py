"""An incident's story in sentences, newest first: its journal entries as people would tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any, Final

from django.db.models import Q

from contributors.models import Delivery
from hypercare.models import User
from incidents.models import Incident, IncidentRole
from incidents.words import minutes
from periods.models import JournalEntry

UPDATES, DECISIONS, NOTES, SYSTEM = "updates", "decisions", "notes", "system"
FILTERS: Final = (("all", "All"), (UPDATES, "Updates"), (DECISIONS, "Decisions"), (SYSTEM, "System"))
THROUGH: Final = {
    "link": "by link",
    "api": "through the API",
    "alert": "",
    "timer": "",
    "form": "",
    "mail": "",
}
DELIVERED: Final = {
    "due": "message waiting", "sending": "message being sent", "sent": "message sent", "delivered": "message delivered",
    "bounced": "message came back", "dead": "message could not be sent", "cancelled": "message no longer needed",
    "expired": "message too late to matter", "bundled": "sent with another message",
}  # fmt: skip
MOST: Final = 200
FROM_DUPLICATES: Final = ("incident.merged", "incident.commented")
NOBODY: Final = {"alert": "An alert", "form": "Somebody outside", "mail": "Somebody by mail"}
FAILED: Final = (Delivery.State.BOUNCED, Delivery.State.DEAD)


@dataclass(frozen=True, slots=True)
class Moment:
    """One line: who, what they did, what they said."""

    at: datetime
    group: str
    icon: str
    tone: str
    who: str
    words: str
    text: str = ""
    quote: str = ""
    failed: str = ""
    code: str = ""
    day: str = ""


def read(incident: Incident, *, viewer: User, notes: bool, at: datetime, zone: tzinfo) -> list[Moment]:
    """The story as this person may read it. Four queries; at most the newest 200 entries.

    Notes are left out for those who may not read them. Days before today in `zone` are named.
    """
    entries = _entries(incident)
    pages, news = _deliveries(incident)
    told = [
        _with_news(moment(_seen_from(incident, entry), viewer, pages), news.get(entry.pk, ()))
        for entry in entries
    ]
    return [replace(line, day=_day(line.at, at, zone)) for line in told if notes or line.group != NOTES]


def _entries(incident: Incident) -> list[JournalEntry]:
    """Its own entries, those of its tasks, and what was said on incidents that were merged into it."""
    tasks = incident.tasks.values_list("action_id", flat=True)
    merged = [f"incident:{number}" for number in incident.duplicates.values_list("number", flat=True)]
    own = Q(subject__in=[incident.subject, *(f"action:{pk}" for pk in tasks)])
    found = JournalEntry.objects.filter(
        own | Q(subject__in=merged, kind__in=FROM_DUPLICATES), period=incident.period_id
    )
    return list(found.select_related("actor", "period").order_by("-seq")[:MOST])


def _seen_from(incident: Incident, entry: JournalEntry) -> JournalEntry:
    """What was said on a duplicate names where; the entry itself is never saved again."""
    if entry.subject != incident.subject and entry.subject.startswith("incident:"):
        entry.data = {**entry.data, "from": entry.data.get("key", "")}
    return entry


def _day(moment: datetime, at: datetime, zone: tzinfo) -> str:
    local, today = moment.astimezone(zone), at.astimezone(zone)
    if local.date() == today.date():
        return ""
    return f"{local:%a %-d %b}" if local.year == today.year else f"{local:%a %-d %b %Y}"


def actors(incident: Incident) -> list[User]:
    """Who did something here, the owner first, then in order of appearance. One query."""
    entries = JournalEntry.objects.filter(
        period=incident.period_id, subject=incident.subject, actor__isnull=False
    )
    found = {incident.owner.pk: incident.owner} if incident.owner else {}
    for entry in entries.select_related("actor").order_by("seq")[:200]:
        if entry.actor:
            found.setdefault(entry.actor.pk, entry.actor)
    return list(found.values())


def _deliveries(incident: Incident) -> tuple[dict[int, list[Delivery]], dict[int, list[Delivery]]]:
    """What became of the pages, by recipient, and of the other messages, by the entry they tell of. One query."""
    pages: dict[int, list[Delivery]] = {}
    news: dict[int, list[Delivery]] = {}
    sent = Delivery.objects.filter(period=incident.period_id, subject=incident.subject)
    for delivery in sent.select_related("recipient").order_by("-created_at", "id")[:200]:
        entry = delivery.dedupe_key.partition(":")[0]
        if delivery.kind == "page" and delivery.recipient_id:
            pages.setdefault(delivery.recipient_id, []).append(delivery)
        elif entry.isdecimal():
            news.setdefault(int(entry), []).append(delivery)
    return pages, news


def _with_news(line: Moment, sent: Iterable[Delivery]) -> Moment:
    """The line with who was told of it, and what became of the messages."""
    told = [row for row in sent if row.recipient]
    said = [(row.state in FAILED, f"{row.recipient}: {DELIVERED.get(row.state, row.state)}.") for row in told]
    text = " ".join(part for part in (line.text, *(words for bad, words in said if not bad)) if part)
    return replace(
        line, text=text, failed=" ".join([line.failed, *(words for bad, words in said if bad)]).strip()
    )


def moment(entry: JournalEntry, viewer: User, pages: dict[int, list[Delivery]] | None = None) -> Moment:
    """One entry as a line; its actor must be loaded."""
    if entry.kind in ("incident.paged", "incident.escalated"):
        return _paged(entry, viewer, pages or {})
    teller = TELLERS.get(entry.kind)
    plain = {"words": entry.kind.replace(".", " ").replace("_", " ")}
    told = teller({**entry.data, "by_id": entry.actor_id}) if teller else plain
    through = THROUGH.get(entry.via, "")
    parts: dict[str, Any] = {
        "group": SYSTEM,
        "icon": "dot",
        "tone": "",
        "text": "",
        "who": _who(entry, viewer),
        **told,
    }
    words = f"{parts.pop('words')} {through}".strip()
    return Moment(at=entry.at, words=words, **parts)


def _who(entry: JournalEntry, viewer: User) -> str:
    if entry.actor is None:
        return NOBODY.get(entry.via, "")
    return "You" if entry.actor_id == viewer.pk else entry.actor.name


def _reported(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("source") == Incident.Source.ALERT:
        return {
            "icon": "pulse",
            "who": "",
            "words": "Opened by alert",
            "code": data.get("alert", data["title"]),
        }
    return {"icon": "plus", "words": f"logged it as {data['severity']}"}


def _acknowledged(data: dict[str, Any]) -> dict[str, Any]:
    took = "too" if data.get("again") else "and took it" if data.get("took") else ""
    missing = data.get("missing", 0)
    paging = f"Paging goes on until {missing} more answer." if missing else "Paging stopped."
    after = f"{minutes(data['after_s'])} after the report. {paging}" if "after_s" in data else ""
    return {"icon": "check", "tone": "ok", "words": f"acknowledged {took}".strip(), "text": after}


def _assigned(data: dict[str, Any]) -> dict[str, Any]:
    before = f"was {data['before']}" if data.get("before") else ""
    took = data.get("owner_id") is not None and data["owner_id"] == data["by_id"]
    gave = f"gave it to {data['owner']}" if data.get("owner") else "took the owner off"
    return {"icon": "user", "words": "took it" if took else gave, "text": before}


def _regraded(data: dict[str, Any]) -> dict[str, Any]:
    up = data["severity"] < data.get("before", "")
    text = ". ".join(part for part in (f"was {data.get('before', '')}", data.get("reason")) if part)
    words = f"set it to {data['severity']}"
    return {
        "icon": "arrow-up" if up else "arrow-down",
        "tone": "danger" if up else "",
        "words": words,
        "text": text,
    }


def _status(data: dict[str, Any]) -> dict[str, Any]:
    label = Incident.Status(data["after"]).label
    return {"icon": "check", "tone": "ok", "words": f"set status to {label}", "text": data.get("note", "")}


def _commented(data: dict[str, Any]) -> dict[str, Any]:
    body = data.get("body", "")
    if data.get("comment_kind") == "update":
        told = {"words": "posted an update", "quote": body}
        return {"group": UPDATES, "icon": "megaphone", "tone": "accent", **told}
    if data.get("comment_kind") == "decision":
        return {"group": DECISIONS, "icon": "branch", "tone": "warn", "words": "decided", "text": body}
    words = f"on {data['from']}" if data.get("from") else ""
    return {"group": NOTES, "icon": "chat", "words": words, "text": body}


def _replied(data: dict[str, Any]) -> dict[str, Any]:
    wait = ", which ends the wait" if data.get("ended_wait") else ""
    told = {"who": "The reporter", "words": f"wrote{wait}", "quote": data.get("body", "")}
    return {"icon": "chat", "tone": "accent", **told}


def _resolved(data: dict[str, Any]) -> dict[str, Any]:
    ending = Incident.Ending(data["ending"]).label.lower() if data.get("ending") else ""
    cause = f"Cause: {data['cause']}" if data.get("cause") else ""
    workaround = f"Workaround: {data['workaround']}" if data.get("workaround") else ""
    text = " ".join(part for part in (data.get("resolution", ""), cause, workaround) if part)
    return {"icon": "check", "tone": "ok", "words": f"resolved it, {ending}".rstrip(", "), "text": text}


def _reopened(data: dict[str, Any]) -> dict[str, Any]:
    return {"icon": "refresh", "tone": "danger", "words": "reopened it", "text": data.get("reason", "")}


def _handed_over(data: dict[str, Any]) -> dict[str, Any]:
    return {"icon": "swap", "words": f"handed it to {data.get('team', '')}", "text": ""}


def _corrected(data: dict[str, Any]) -> dict[str, Any]:
    after = data.get("after", {})
    if after and not set(after) - {"kind", "verdict", "component"}:
        return {"icon": "pencil", "words": " and ".join(_judged(name, after[name]) for name in after)}
    changed = " and ".join(FACTS.get(name, name) for name in after)
    return {"icon": "pencil", "words": f"changed the {changed}", "text": after.get("title", "")}


FACTS: Final = {"component": "system", "kind": "type", "verdict": "verdict"}


def _judged(name: str, value: str) -> str:
    labels = {"kind": Incident.Kind, "verdict": Incident.Verdict}
    said = labels[name](value).label.lower() if value and name in labels else value
    return f"set the {FACTS[name]} to {said}" if value else f"took the {FACTS[name]} off"


QUEUED: Final = {
    "returned": "sent it back to the reporter", "retest": "asked for a retest",
    "planned_fix": "put it down for a planned fix", "": "took it out of the queue",
}  # fmt: skip
CLOCKS: Final = {
    "acknowledge": "acknowledging", "update": "the next update", "mitigate": "mitigating", "resolve": "resolving",
}  # fmt: skip
RUNGS: Final = {
    "soon": "A quarter of the time is left for {}", "late": "Late with {}", "silent": "Still no update, paged again",
    "old": "Two hours without mitigation, told the sponsor",
    "too_old": "Still not mitigated, asked for a decision on rolling back",
}  # fmt: skip


def _queued(data: dict[str, Any]) -> dict[str, Any]:
    waited = f"after {minutes(data['waited_s'])}" if data.get("waited_s") else ""
    text = data.get("note", "") or (waited if not data.get("after") else "")
    return {"icon": "clock", "words": QUEUED[data.get("after", "")], "text": text}


def _snoozed(data: dict[str, Any]) -> dict[str, Any]:
    if not data.get("until"):
        return {"icon": "clock", "words": "ended the snooze"}
    until = datetime.fromisoformat(data["until"])
    return {"icon": "clock", "words": "snoozed it", "text": f"until {until:%H:%M on %-d %b} UTC"}


def _merged(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("from"):
        return {"icon": "branch", "words": f"merged {data['from']} into this", "text": data.get("title", "")}
    return {"icon": "branch", "words": f"merged it into {data['into']}", "text": data.get("into_title", "")}


def _role(data: dict[str, Any]) -> dict[str, Any]:
    part = IncidentRole.Part(data["part"]).label.lower()
    before = f"was {data['before']}" if data.get("before") else ""
    if not data.get("user"):
        return {"icon": "users", "words": f"gave the part of {part} back", "text": before}
    took = data.get("user_id") == data["by_id"]
    words = f"took the part of {part}" if took else f"made {data['user']} {part}"
    return {"icon": "users", "words": words, "text": before}


def _rollback(data: dict[str, Any]) -> dict[str, Any]:
    again = data.get("look_again_at")
    until = f"Next look at {datetime.fromisoformat(again):%H:%M on %-d %b} UTC." if again else ""
    words = "decided to roll back" if data["answer"] == "roll_back" else "decided to hold, not to roll back"
    text = " ".join(part for part in (data.get("reason", ""), until) if part)
    return {"group": DECISIONS, "icon": "flag", "tone": "warn", "words": words, "text": text}


def _parented(data: dict[str, Any]) -> dict[str, Any]:
    words = (
        f"made it part of {data['parent']}"
        if data.get("parent")
        else f"took it out of {data.get('before', '')}"
    )
    return {"icon": "branch", "words": words, "text": data.get("parent_title", "")}


def _rung(data: dict[str, Any]) -> dict[str, Any]:
    said = [RUNGS[rung["rung"]].format(CLOCKS.get(rung["kind"], "")) for rung in data["rungs"]]
    late = any(rung["rung"] != "soon" for rung in data["rungs"])
    return {
        "icon": "late" if late else "warn",
        "tone": "danger" if late else "warn",
        "words": "; ".join(said),
    }


def _plainly(icon: str, words: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _: {"icon": icon, "words": words}


def _alert(words: str, icon: str, tone: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def tell(data: dict[str, Any]) -> dict[str, Any]:
        name = data.get("alert") or data.get("name") or ""
        return {
            "icon": icon,
            "tone": tone,
            "who": "",
            "words": words,
            "code": name,
            "text": data.get("summary", ""),
        }

    return tell


def _untold(data: dict[str, Any]) -> dict[str, Any]:
    return {"icon": "late", "tone": "danger", "who": "", "words": f"Could not tell {data.get('who', '')}",
            "text": data.get("error", "")}  # fmt: skip


def _retold(data: dict[str, Any]) -> dict[str, Any]:
    return {"icon": "refresh", "words": f"sent the message to {data.get('who', '')} again"}


TELLERS: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "incident.reported": _reported,
    "incident.acknowledged": _acknowledged,
    "incident.assigned": _assigned,
    "incident.regraded": _regraded,
    "incident.status": _status,
    "incident.commented": _commented,
    "incident.replied": _replied,
    "known_error.added": _plainly("book", "wrote it down as a known error"),
    "incident.resolved": _resolved,
    "incident.reopened": _reopened,
    "incident.handed_over": _handed_over,
    "incident.corrected": _corrected,
    "message.failed": _untold,
    "message.retried": _retold,
    "incident.queued": _queued,
    "incident.snoozed": _snoozed,
    "incident.woken": _plainly("clock", "The snooze is over"),
    "incident.undone": _plainly("undo", "undid what they did before"),
    "incident.merged": _merged,
    "incident.closed": lambda _: {"icon": "check", "tone": "ok", "words": "checked the result and closed it"},
    "incident.role": _role,
    "incident.link_added": lambda data: {"icon": "link", "words": "added a link", "text": data["label"]},
    "incident.link_removed": lambda data: {"icon": "link", "words": "removed a link", "text": data["label"]},
    "action.added": lambda data: {
        "icon": "list",
        "words": f"gave {data['owner']} a task",
        "text": data["title"],
    },
    "action.done": lambda data: {
        "icon": "check",
        "tone": "ok",
        "words": "finished a task",
        "text": data["title"],
    },
    "action.reopened": lambda data: {
        "icon": "refresh",
        "words": "opened a task again",
        "text": data["title"],
    },
    "incident.related": lambda data: {"icon": "branch", "words": f"related it to {data['other']}"},
    "incident.unrelated": lambda data: {
        "icon": "branch",
        "words": f"no longer relates it to {data['other']}",
    },
    "incident.parented": _parented,
    "incident.rollback_decided": _rollback,
    "incident.rollback_asked": lambda data: {
        "icon": "flag",
        "tone": "danger",
        "words": "Asked again for a decision on rolling back",
        "text": data["reason"],
    },
    "incident.rollback_escalated": lambda data: {
        "icon": "late",
        "tone": "danger",
        "words": f"No decision on rolling back, asked {data['who']}",
    },
    "incident.late": _rung,
    "incident.due": _rung,
    "alert.fired": _alert("Alert fired", "pulse", "warn"),
    "alert.firing": _alert("Alert fired", "pulse", "warn"),
    "alert.attached": _alert("Alert joined", "pulse", "warn"),
    "alert.linked": _alert("Alert joined", "pulse", "warn"),
    "alert.cleared": _alert("Alert cleared", "pulse", "ok"),
}


def _paged(entry: JournalEntry, viewer: User, pages: dict[int, list[Delivery]]) -> Moment:
    """Who was paged, by whom or by the clock, and what became of the message."""
    data = entry.data
    name = "you" if data.get("who_id") == viewer.pk else data.get("who", "")
    asked = entry.kind == "incident.escalated"
    words = f"escalated, pages {name}" if asked else (f"Paged {name}" if name else "Nobody was there to page")
    state, failed = _became(entry, pages.get(data.get("who_id") or 0, []))
    return Moment(
        at=entry.at, group=SYSTEM, icon="arrow-up" if asked else "bell", tone="danger" if asked else "warn",
        who=_who(entry, viewer) if asked else "", words=words, failed=failed,
        text=" ".join(part for part in (data.get("reason", ""), state) if part),
    )  # fmt: skip


def _became(entry: JournalEntry, deliveries: list[Delivery]) -> tuple[str, str]:
    """The state of the page made with this entry: calm words, or words of failure."""
    made = next((delivery for delivery in deliveries if delivery.created_at == entry.at), None)
    if made is None:
        return "", ""
    said = DELIVERED.get(made.state, "").capitalize()
    return ("", f"{said}.") if made.state in FAILED else (f"{said}.", "")
