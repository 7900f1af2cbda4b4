"""What messages about incidents say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors.stationery import Case, Fact, Letter, place_time, zone_words


def _page(case: Case) -> Letter:
    severity, goes_at = case.get("severity"), case.time("goes_at")
    goes_to = case.get("goes_to")
    next_ = (
        f" Goes to {goes_to} at {goes_at.astimezone(case.zone):%H:%M} {place_time(goes_at, case.zone)}."
        if goes_to and goes_at
        else ""
    )
    what = case.get("description") or case.get("title")
    return Letter(
        subject=_incident_subject(case),
        headline=f"{severity} page for you.{next_}".strip(),
        paragraphs=(case.get("note"),) if case.get("note") else (),
        facts=(Fact("What", what), *_system(case), *case.fact("Since", "reported_at")),
        button=("Acknowledge", case.link()),
        note="Opens a page with one button. Opening this email does nothing by itself.",
        footer=f"Hypercare paged you because nobody has acknowledged this yet. {case.link_life()}",
        is_alarm=True,
    )


def _incident_subject(case: Case, prefix: str = "") -> str:
    return f"{prefix}[{case.get('severity')}] {case.get('key')} {case.get('title')}"


def _system(case: Case) -> tuple[Fact, ...]:
    return (Fact("System", case.get("component")),) if case.get("component") else ()


def _incident_assigned(case: Case) -> Letter:
    return Letter(
        subject=_incident_subject(case),
        headline=f"{case.name}, this is yours now",
        facts=(Fact("What", case.get("title")), *_system(case), *case.fact("Since", "reported_at")),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer=f"{case.get('by') or 'Hypercare'} assigned it to you.",
    )


def _incident_resolved(case: Case) -> Letter:
    return Letter(
        subject=_incident_subject(case, "Resolved: "),
        headline=f"{case.get('key')} is resolved",
        facts=(
            Fact("What", case.get("title")),
            *((Fact("How", case.get("resolution")),) if case.get("resolution") else ()),
            *case.fact("When", "at"),
        ),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer=f"{case.get('by') or 'Hypercare'} resolved it in {case.period.name}.",
    )


PARTS: Mapping[str, str] = {
    "commander": "incident commander", "comms": "comms lead", "scribe": "scribe",
}  # fmt: skip


def _incident_role(case: Case) -> Letter:
    part = PARTS.get(case.get("part"), "part of the war room")
    return Letter(
        subject=_incident_subject(case),
        headline=f"{case.name}, you are {part} now",
        facts=(Fact("What", case.get("title")),),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer=f"{case.get('by') or 'Hypercare'} gave it to you. Hand it over on the same page.",
    )


def _incident_followed(case: Case) -> Letter:
    return Letter(
        subject=_incident_subject(case),
        headline=f"{case.get('key')} {case.get('news')}",
        facts=(
            Fact("What", case.get("title")),
            *((Fact("News", case.get("said")),) if case.get("said") else ()),
            *case.fact("When", "at"),
        ),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer=f"{case.get('by') or 'Hypercare'} wrote this. You follow {case.get('key')}.",
    )


CLOCK_WORDS: Mapping[str, str] = {
    "acknowledge": "acknowledge it",
    "update": "post the next update",
    "mitigate": "mitigate it",
    "resolve": "resolve it",
}


def _incident_rung(case: Case) -> Letter:
    due_at, clock = case.time("due_at"), CLOCK_WORDS.get(case.get("clock"), "")
    time = f"{due_at.astimezone(case.zone):%H:%M} {place_time(due_at, case.zone)}" if due_at else ""
    headlines = {
        "soon": f"Three quarters of the time to {clock} are used. Due {time}.",
        "late": f"The time to {clock} is over. It was due {time}.",
        "silent": f"No update since {time}. People are paged again.",
        "old": "A P1 has hurt for two hours.",
        "too_old": "A P1 still hurts. Whether to roll back is to be decided.",
        "woken": "The snooze is over. It is back in the open list.",
    }
    rung = case.get("rung")
    return Letter(
        subject=_incident_subject(case, {"late": "Late: ", "too_old": "Too long: "}.get(rung, "")),
        headline=headlines.get(rung, headlines["late"]),
        facts=(
            Fact("What", case.get("title")), *_system(case), Fact("Owner", case.get("owner") or "Nobody"),
            *case.fact("Since", "reported_at"),
        ),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer=f"You get this once a deadline. Times are {zone_words(case)}.",
    )  # fmt: skip


def _rollback_asked(case: Case) -> Letter:
    due_at, asked = case.time("due_at"), case.get("asked")
    by = f"{due_at.astimezone(case.zone):%H:%M} {place_time(due_at, case.zone)}" if due_at else ""
    headline = (
        f"{asked} has not answered: roll back?"
        if case.get("escalated")
        else f"Roll back or hold? Decide by {by}."
    )
    return Letter(
        subject=_incident_subject(case, "Decide: "),
        headline=headline,
        paragraphs=(
            "It is a P1 and not mitigated. Rolling back, or holding with a reason until another look, is yours.",
        ),
        facts=(
            Fact("What", case.get("title")),
            *_system(case),
            *case.fact("Since", "reported_at"),
            Fact("Answer by", by),
        ),
        button=("Decide", case.page("incident", number=case.get("number"))),
        footer=f"You may decide on rolling back {case.period.name}. Times are {zone_words(case)}.",
        is_alarm=True,
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "rollback_asked": _rollback_asked,
    "page": _page,
    "incident_assigned": _incident_assigned,
    "incident_resolved": _incident_resolved,
    "incident_rung": _incident_rung,
    "incident_followed": _incident_followed,
    "incident_role": _incident_role,
}
