"""What each kind of message says: a headline, facts, a button, who asked. One function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from contributors import duty_letters, go_letters
from contributors.stationery import Case, Fact, Letter, Part, short, span
from hypercare.timewords import city


def _page(case: Case) -> Letter:
    severity, goes_at = case.get("severity"), case.time("goes_at")
    goes_to = case.get("goes_to")
    next_ = (
        f" Goes to {goes_to} at {goes_at.astimezone(case.zone):%H:%M} {_place_time(goes_at, case.zone)}."
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


def _spans(case: Case, name: str) -> list[str]:
    pairs = (
        (datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in case.get(name, [])
    )
    return [span(start, end, case.zone) for start, end in pairs]


def _place_time(at: datetime, zone: ZoneInfo) -> str:
    return f"{city(zone)} time" if at.astimezone(zone).utcoffset() else "UTC"


def _incident_subject(case: Case, prefix: str = "") -> str:
    return f"{prefix}[{case.get('severity')}] {case.get('key')} {case.get('title')}"


def _system(case: Case) -> tuple[Fact, ...]:
    return (Fact("System", case.get("component")),) if case.get("component") else ()


def _invitation(case: Case) -> Letter:
    role = case.get("role")
    duty = f"You are on {role} for {case.period.name}." if role else f"You are part of {case.period.name}."
    shifts = _spans(case, "shifts")
    more = case.get("shifts_in_all", len(shifts)) - len(shifts)
    own = (Fact("Your shifts", "; ".join(shifts), f"and {more} more" if more else ""),) if shifts else ()
    return Letter(
        subject=f"Are you ready for {case.period.name}?",
        headline=f"{case.name}, please confirm you are ready",
        paragraphs=(f"{duty} It takes about a minute, on your phone.",),
        facts=(*case.fact("Go-live", "go_live_at"), *own),
        button=("Confirm you are ready", case.link()),
        note="Something missing, or can't make a shift? Use the same link and say so. That is a fine answer.",
        footer=f"{_asked(case)} {case.link_life()}",
    )


def _asked(case: Case) -> str:
    return (
        f"{case.get('by')} asked you."
        if case.get("by")
        else f"Hypercare asks on behalf of {case.period.name}."
    )


def _readiness_reminder(case: Case) -> Letter:
    return _own_reminder(case) if case.get("link") else _waiting_for(case)


def _own_reminder(case: Case) -> Letter:
    return Letter(
        subject=f"Still to do: are you ready for {case.period.name}?",
        headline=f"{case.name}, your answer is missing",
        paragraphs=(f"{_days(case)} to go-live, and you have not said whether you are ready.",),
        facts=case.fact("Go-live", "go_live_at"),
        parts=_waiting_part(case),
        button=("Confirm you are ready", case.link()),
        note="If something is missing, say so with the same link. That is a fine answer.",
        footer=f"{_asked(case)} {case.link_life()}",
    )


def _waiting_for(case: Case) -> Letter:
    count = len(case.get("waiting", []))
    people = "1 person has" if count == 1 else f"{count} people have"
    return Letter(
        subject=f"{people} not confirmed for {case.period.name}",
        headline=f"{people} not confirmed they are ready",
        paragraphs=(
            f"{_days(case)} to go-live. They have been reminded; a call helps more than another mail.",
        ),
        facts=case.fact("Go-live", "go_live_at"),
        parts=_waiting_part(case),
        button=("Open readiness", case.page("period_readiness")),
        footer=f"You get this because you answer for {case.period.name}.",
    )


def _days(case: Case) -> str:
    days = case.get("days", 1)
    return "1 day" if days == 1 else f"{days} days"


def _waiting_part(case: Case) -> tuple[Part, ...]:
    waiting = case.get("waiting", [])
    return (Part("No answer yet", tuple(waiting)),) if waiting else ()


def _checklist_reminder(case: Case) -> Letter:
    late, soon = _checks(case, is_late=True), _checks(case, is_late=False)
    others, more = tuple(case.get("others", [])), case.get("more", 0)
    parts = (("Late", late), ("Due by tomorrow", soon), ("Late with others", others))
    count = len(late) + len(soon)
    where = "" if case.get("several") else f" of {case.period.name}"
    return Letter(
        subject=_checks_subject(len(late), len(soon), case),
        headline=f"{case.name}, {count} {'check' if count == 1 else 'checks'} for you"
        if count
        else "Checks are late",
        parts=tuple(Part(title, lines) for title, lines in parts if lines),
        note=f"{more} more are on the lists." if more else "",
        button=(f"Open the checks of {case.period.name}", case.page("period_readiness")),
        footer=f"You get this at most once a day, while checks{where} that you answer for are due. "
        f"Times are {_zone_words(case)}.",
    )


def _checks(case: Case, *, is_late: bool) -> tuple[str, ...]:
    items = [item for item in case.get("items", []) if item["late"] == is_late]
    verb = "was due" if is_late else "due"
    return tuple(
        f"{item['title']}, {verb} {short(datetime.fromisoformat(item['due_at']), case.zone)}"
        + (" (blocks the go)" if item.get("blocking") else "")
        for item in items
    )


def _checks_subject(late: int, soon: int, case: Case) -> str:
    counts = [f"{late} late" if late else "", f"{soon} due by tomorrow" if soon else ""]
    said = ", ".join(count for count in counts if count) or "late with others"
    return f"Checks: {said}" if case.get("several") else f"Checks for {case.period.name}: {said}"


def _zone_words(case: Case) -> str:
    return "in UTC" if case.zone.key == "UTC" else f"{city(case.zone)} time"


def _debrief_soon(case: Case) -> Letter:
    number = case.get("number", 0)
    return Letter(
        subject=f"In 15 minutes: {case.period.name} debrief {number}",
        headline=f"Debrief {number} starts soon",
        facts=(*case.fact("Starts", "starts_at"), *_where(case)),
        button=("Open the agenda", case.page("debrief", number=number)),
        footer=f"You get this because you are part of {case.period.name}.",
    )


def _where(case: Case) -> tuple[Fact, ...]:
    return (Fact("Where", case.period.war_room_url),) if case.period.war_room_url else ()


def _debrief_minutes(case: Case) -> Letter:
    number, at = case.get("number", 0), case.time("starts_at")
    day = f", {at.astimezone(case.zone):%a %-d %b}" if at else ""
    lines = {
        "Decided": tuple(case.get("decisions", [])),
        f"You ({case.name})": _todo(case, "yours"),
        "Others": _todo(case, "others"),
    }
    noted = tuple(Part(item["title"], (item["text"],)) for item in case.get("minutes", []))
    return Letter(
        subject=f"Minutes: {case.period.name} debrief {number}{day}",
        headline=case.get("summary") or f"What debrief {number} decided",
        parts=(*(Part(title, text) for title, text in lines.items() if text), *noted),
        button=("Open the minutes", case.page("debrief", number=number)),
        footer=f"{case.get('by') or 'The team'} finished the debrief. Times are {_zone_words(case)}.",
    )


def _todo(case: Case, name: str) -> tuple[str, ...]:
    return tuple(
        (f"{item['owner']}: " if item.get("owner") else "")
        + f"{item['title']}, by {short(datetime.fromisoformat(item['due_at']), case.zone)}"
        for item in case.get(name, [])
    )


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
        footer=f"{case.get('by') or 'Hypercare'} resolved it. You lead {case.period.name}.",
    )


CLOCK_WORDS: Mapping[str, str] = {
    "acknowledge": "acknowledge it",
    "update": "post the next update",
    "mitigate": "mitigate it",
    "resolve": "resolve it",
}


def _incident_rung(case: Case) -> Letter:
    due_at, clock = case.time("due_at"), CLOCK_WORDS.get(case.get("clock"), "")
    time = f"{due_at.astimezone(case.zone):%H:%M} {_place_time(due_at, case.zone)}" if due_at else ""
    headlines = {
        "soon": f"Three quarters of the time to {clock} are used. Due {time}.",
        "late": f"The time to {clock} is over. It was due {time}.",
        "silent": f"No update since {time}. People are paged again.",
        "old": "A P1 has hurt for two hours.",
        "too_old": "A P1 has hurt for four hours. Decide whether to roll back.",
        "woken": "The snooze is over. It is back in the open list.",
    }
    rung = case.get("rung")
    return Letter(
        subject=_incident_subject(case, {"late": "Late: ", "too_old": "Decide: "}.get(rung, "")),
        headline=headlines.get(rung, headlines["late"]),
        facts=(
            Fact("What", case.get("title")), *_system(case), Fact("Owner", case.get("owner") or "Nobody"),
            *case.fact("Since", "reported_at"),
        ),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer=f"You get this once a deadline. Times are {_zone_words(case)}.",
    )  # fmt: skip


def _readiness_problem(case: Case) -> Letter:
    person = case.get("person", "Somebody")
    said = "is no longer ready" if case.get("withdrew") else "says something is missing"
    missed = tuple(
        f"{role}: {span(datetime.fromisoformat(start), datetime.fromisoformat(end), case.zone)}"
        for role, start, end in case.get("shifts", [])
    )
    return Letter(
        subject=f"{'No longer' if case.get('withdrew') else 'Not'} ready: {person}, {case.period.name}",
        headline=f"{person} {said}",
        facts=(Fact("What", case.get("note")), *case.fact("Go-live", "go_live_at")),
        parts=(Part("Who works these?", missed),) if missed else (),
        button=("Open readiness", case.page("period_readiness")),
        footer=f"You get this because you lead {case.period.name}.",
    )


def _waiver_ended(case: Case) -> Letter:
    reason, by = case.get("reason"), case.get("waived_by")
    return Letter(
        subject=f"Open again: {case.get('title')}, {case.period.name}",
        headline=f"The waiver of “{case.get('title')}” has ended",
        paragraphs=(
            "The check is open again" + (" and blocks the go." if case.get("blocking") else ".")
            + " Do it, or have it waived anew.",
        ),
        facts=(
            *((Fact("Waived because", reason, f"by {by}" if by else ""),) if reason else ()), *case.fact("Until", "at"),
        ),
        button=("Open the checklist", case.page("period_readiness")),
        footer=f"You get this because it is your check, or because you lead {case.period.name}.",
    )  # fmt: skip


def _readiness_replied(case: Case) -> Letter:
    by = case.get("by") or "The lead"
    return Letter(
        subject=f"{by} answered: are you ready for {case.period.name} now?",
        headline=f"{case.name}, {by} answered what you miss",
        paragraphs=(case.get("reply"),),
        facts=case.fact("Go-live", "go_live_at"),
        button=("Say whether you are ready", case.link()),
        note="Still missing? Say so with the same link.",
        footer=f"{by} asked you. {case.link_life()}",
    )


def _readiness_again(case: Case) -> Letter:
    changes = tuple(case.get("changes", []))
    return Letter(
        subject=f"Please confirm again: {case.period.name}",
        headline=f"{case.name}, something changed since you said you are ready",
        paragraphs=("It takes a moment: you are asked only about what changed.",),
        facts=case.fact("Go-live", "go_live_at"),
        parts=(Part("What changed", changes),) if changes else (),
        button=("See what changed and confirm", case.link()),
        note="If it does not suit you, say so with the same link. That is a fine answer.",
        footer=f"{_asked(case)} {case.link_life()}",
    )


def _go_decision(case: Case) -> Letter:
    outcome = case.get("outcome", "Go")
    conditions = tuple(case.get("conditions", []))
    return Letter(
        subject=f"{outcome}: {case.period.name}",
        headline=f"The decision is: {outcome.lower()}",
        paragraphs=(case.get("reason"),) if case.get("reason") else (),
        facts=case.fact("Go-live", "go_live_at"),
        parts=(Part("Conditions", conditions),) if conditions else (),
        button=("Open the go/no-go page", case.page("period_go")),
        footer=f"{case.get('by')} decided."
        if case.get("by")
        else "A condition of the go was not met in time.",
    )


def _period_started(case: Case) -> Letter:
    return Letter(
        subject=f"Live: {case.period.name}",
        headline=f"{case.period.name} is live",
        paragraphs=("Report what you see, however small: two fields are enough.",),
        facts=(*case.fact("Since", "at"), *case.fact("Planned end", "ends_at"), *_where(case)),
        button=("Open the overview", case.page("period_overview")),
        footer=f"{case.get('by') or 'Hypercare'} started the period.",
    )


def _period_closed(case: Case) -> Letter:
    how = case.get("how", "closed")
    return Letter(
        subject=f"{how.capitalize()}: {case.period.name}",
        headline=f"{case.period.name} is {how}",
        paragraphs=_what_follows(case, how),
        facts=case.fact("Since", "at"),
        button=("Open the period", case.page("period_overview")),
        footer=f"{case.get('by') or 'Hypercare'} decided. You get this because you are part of it.",
    )


def _what_follows(case: Case, how: str) -> tuple[str, ...]:
    if how != "closed" or not case.period.bau_owner:
        return ("Your shifts and checks for it no longer stand.",)
    return (f"Thank you. From now on {case.period.bau_owner} and the usual team look after it.",)


def _exit_signed(case: Case) -> Letter:
    by, role = case.get("by") or "Somebody", case.get("role")
    return Letter(
        subject=f"Signed by {by}: {case.period.name} may close",
        headline=f"{by} signed that the period may close",
        facts=(Fact("As", role), *((Fact("Comment", case.get("comment")),) if case.get("comment") else ())),
        button=("Open the exit review", case.page("period_exit")),
        footer=f"It closes once both the BAU owner and the sponsor of {case.period.name} have signed.",
    )


def _coverage_gap(case: Case) -> Letter:
    gaps = [
        (gap["role"], datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]))
        for gap in case.get("gaps", [])
    ]
    role, first, _ = gaps[0]
    return Letter(
        subject=f"Nobody on duty: {role}, {short(first, case.zone)}, {case.period.name}",
        headline="Somebody is missing on duty within the next 24 hours",
        parts=(
            Part(
                "Find somebody for",
                tuple(f"{role}: {span(start, end, case.zone)}" for role, start, end in gaps),
            ),
        ),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"You lead {case.period.name} and get this hourly until somebody is on duty. "
        f"Times are {_zone_words(case)}.",
    )


def _shift_changed(case: Case) -> Letter:
    cancelled = case.get("what") == "cancelled"
    start, end = case.time("starts_at"), case.time("ends_at")
    when = span(start, end, case.zone) if start and end else ""
    return Letter(
        subject=f"{'Shift cancelled' if cancelled else 'Your shift'}: {case.get('role')}, {when}",
        headline=f"{case.name}, you are {'no longer ' if cancelled else ''}on duty {when}",
        facts=(Fact("Duty", case.get("role")), *case.fact("From", "starts_at"), *case.fact("To", "ends_at")),
        button=("Open coverage", case.page("period_coverage")),
        footer=f"{case.get('by') or 'Hypercare'} changed the plan of {case.period.name}.",
    )


_WHAT = {"page": "A page", "invitation": "An invitation", "test": "A test page"}


def _undelivered(case: Case) -> Letter:
    who = case.get("who")
    return Letter(
        subject=f"{who} could not be told ({case.period.name})",
        headline=f"{_WHAT.get(case.get('kind'), 'A message')} did not reach {who}",
        paragraphs=("Call them, or have somebody else take it.",),
        facts=(Fact("Why", case.get("error") or "The reason is not known"),),
        button=("Open the deliveries", case.page("contributors:deliveries")),
        footer=f"You get this because you answer for {case.period.name} and Hypercare has no other way to reach {who}.",
        is_alarm=True,
    )


def _test(case: Case) -> Letter:
    by = case.get("by")
    return Letter(
        subject="Test page from Hypercare: nothing is wrong",
        headline=f"{case.name}, this is a test. Pages reach you here.",
        paragraphs=(f"{by} asked for it." if by else "You asked for it.", "There is nothing to do."),
        facts=case.fact("Asked for", "asked_at"),
        button=("Open your settings", f"{settings.BASE_URL}/settings/"),
        footer="A real page looks like this one, with a red head and a button that says you have it.",
        is_alarm=True,
    )


def _contact_code(case: Case) -> Letter:
    code = case.get("code")
    return Letter(
        subject=f"{code} is your Hypercare code",
        headline=f"{code[:3]} {code[3:]}",
        paragraphs=(
            f"Enter this code in Hypercare, so that “{case.get('label')}” counts as a way to reach you.",
        ),
        button=("Open Hypercare", case.own_page("contributors:contacts")),
        note="It works for 15 minutes. If you did not ask for it, do nothing: nobody is reached here without it.",
        footer="You get this because somebody added this address in Hypercare.",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "page": _page,
    "contact_code": _contact_code,
    "invitation": _invitation,
    "readiness_reminder": _readiness_reminder,
    "checklist_reminder": _checklist_reminder,
    "debrief_soon": _debrief_soon,
    "debrief_minutes": _debrief_minutes,
    "incident_assigned": _incident_assigned,
    "incident_resolved": _incident_resolved,
    "incident_rung": _incident_rung,
    "readiness_problem": _readiness_problem,
    "waiver_ended": _waiver_ended,
    "readiness_replied": _readiness_replied,
    "readiness_again": _readiness_again,
    "go_decision": _go_decision,
    "condition_soon": go_letters.condition_soon,
    "condition_unmet": go_letters.condition_unmet,
    "period_moved": go_letters.period_moved,
    "period_started": _period_started,
    "period_closed": _period_closed,
    "exit_signed": _exit_signed,
    "coverage_gap": _coverage_gap,
    "shift_changed": _shift_changed,
    "undelivered": _undelivered,
    "test": _test,
    **duty_letters.KINDS,
}
