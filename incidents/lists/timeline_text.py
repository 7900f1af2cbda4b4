"""What an entry of an incident's story says: its words, its icon and its tone, by its kind.

Each teller takes the data of an entry, with the id of whoever did it, and names the parts of a line that are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from incidents.models import Incident, IncidentRole
from incidents.shared.phrases import duration_phrase

UPDATES, DECISIONS, NOTES, SYSTEM = "updates", "decisions", "notes", "system"
NAMED: Final = 3  # alerts in one sentence


def _reported(data: dict[str, Any]) -> dict[str, Any]:
    if data.get("source") == Incident.Source.ALERT:
        return {
            "icon": "pulse",
            "who": "",
            "words": "Opened by alert",
            "code": data.get("alert", data["title"]),
            "text": " ".join(_of_alert(data)),
        }
    return {"icon": "plus", "words": f"logged it as {data['severity']}"}


def _of_alert(data: dict[str, Any]) -> Iterator[str]:
    """What is odd about an alert."""
    if mark := data.get("unknown_severity"):
        yield f"{mark.capitalize()}. It counts as P2 until the alert source says what it means."
    if left_out := data.get("left_out"):
        yield f"{left_out:,} more alerts of its group were cut off by the sender."


def _acknowledged(data: dict[str, Any]) -> dict[str, Any]:
    took = "too" if data.get("again") else "and took it" if data.get("took") else ""
    missing = data.get("missing", 0)
    paging = f"Paging goes on until {missing} more answer." if missing else "Paging stopped."
    after = f"{duration_phrase(data['after_s'])} after the report. {paging}" if "after_s" in data else ""
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
    return {"icon": "arrow-up" if up else "arrow-down", "tone": "danger" if up else "", "words": words, "text": text}


def _status(data: dict[str, Any]) -> dict[str, Any]:
    label = Incident.Status(data["after"]).label
    by_itself = {"icon": "refresh", "tone": "danger"} if data["by_id"] is None else {"icon": "check", "tone": "ok"}
    return {**by_itself, "words": f"set status to {label}", "text": data.get("note", "")}


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
    firing = describe_still_firing(data.get("still_fires", ()))
    text = " ".join(part for part in (data.get("resolution", ""), cause, workaround, firing) if part)
    return {"icon": "check", "tone": "ok", "words": f"resolved it, {ending}".rstrip(", "), "text": text}


def describe_still_firing(names: Sequence[str]) -> str:
    """`Its alert still fires: InvoiceRateHigh.` Empty for none."""
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    verb = "alert still fires" if len(names) == 1 else "alerts still fire"
    return f"Its {verb}: {', '.join(names[:NAMED])}{more}."


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
    "returned": "sent it back to the reporter",
    "retest": "asked for a retest",
    "planned_fix": "put it down for a planned fix",
    "": "took it out of the queue",
}
CLOCKS: Final = {
    "acknowledge": "acknowledging",
    "update": "the next update",
    "mitigate": "mitigating",
    "resolve": "resolving",
}
RUNGS: Final = {
    "soon": "A quarter of the time is left for {}",
    "late": "Late with {}",
    "silent": "Still no update, paged again",
    "old": "Two hours without mitigation, told the sponsor",
    "too_old": "Still not mitigated, asked for a decision on rolling back",
}


def _queued(data: dict[str, Any]) -> dict[str, Any]:
    waited = f"after {duration_phrase(data['waited_s'])}" if data.get("waited_s") else ""
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
    words = f"made it part of {data['parent']}" if data.get("parent") else f"took it out of {data.get('before', '')}"
    return {"icon": "branch", "words": words, "text": data.get("parent_title", "")}


def _rung(data: dict[str, Any]) -> dict[str, Any]:
    said = [RUNGS[rung["rung"]].format(CLOCKS.get(rung["kind"], "")) for rung in data["rungs"]]
    late = any(rung["rung"] != "soon" for rung in data["rungs"])
    return {"icon": "late" if late else "warn", "tone": "danger" if late else "warn", "words": "; ".join(said)}


def _plainly(icon: str, words: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _: {"icon": icon, "words": words}


def _alert(words: str, icon: str, tone: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def tell(data: dict[str, Any]) -> dict[str, Any]:
        name = data.get("alert") or data.get("name") or ""
        return {"icon": icon, "tone": tone, "who": "", "words": words, "code": name, "text": data.get("summary", "")}

    return tell


def _attached(data: dict[str, Any]) -> dict[str, Any]:
    """Fired anew, who was told, and how often it did lately."""
    often = f"Fired {data['times']} times in {data['minutes']} min." if data.get("times", 1) > 1 else ""
    told = TOLD.get(data.get("told", ""), "")
    if often and "told" in data and not data["told"]:
        told = "Nobody is told again so soon."
    text = " ".join(part for part in (data.get("summary", ""), often, told, *_of_alert(data)) if part)
    return {**_alert("Alert fired again", "pulse", "warn")(data), "text": text}


TOLD: Final = {"owner": "Its owner was told.", "paged": "People are paged again."}


def _untold(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "icon": "late",
        "tone": "danger",
        "who": "",
        "words": f"Could not tell {data.get('who', '')}",
        "text": data.get("error", ""),
    }


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
    "action.added": lambda data: {"icon": "list", "words": f"gave {data['owner']} a task", "text": data["title"]},
    "action.done": lambda data: {"icon": "check", "tone": "ok", "words": "finished a task", "text": data["title"]},
    "action.reopened": lambda data: {"icon": "refresh", "words": "opened a task again", "text": data["title"]},
    "incident.related": lambda data: {"icon": "branch", "words": f"related it to {data['other']}"},
    "incident.unrelated": lambda data: {"icon": "branch", "words": f"no longer relates it to {data['other']}"},
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
    "alert.attached": _attached,
    "alert.linked": _alert("Alert joined", "pulse", "warn"),
    "alert.cleared": _alert("Alert cleared", "pulse", "ok"),
}
