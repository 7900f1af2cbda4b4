"""What people outside are told. No names, no keys: they know neither."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from contributors import outsiders
from contributors.stationery import Case, Fact, Letter, local, zone_words


def _button(case: Case) -> tuple[str, str] | None:
    url = outsiders.status_url(case.delivery.context)
    return ("Open the status page", url) if url else None


def _confirm(case: Case) -> Letter:
    about = case.get("about") or case.get("page")
    return Letter(
        subject=f"Confirm: updates about {about}",
        headline=f"Do you want updates about {about}?",
        paragraphs=("Somebody, most likely you, asked for them with this address. Confirm it to get them.",),
        button=("Confirm", outsiders.subscription_url(case.delivery.context)),
        note="Opening this email does nothing by itself.",
        footer="If it wasn’t you, do nothing: you get no more mail, and the address is deleted in 3 days.",
    )


def _update(case: Case) -> Letter:
    next_by = case.time("next_by")
    return Letter(
        subject=f"{case.get('page')}: {case.get('title')} ({case.get('state').lower()})",
        headline=case.get("title"),
        paragraphs=(case.get("text"),),
        facts=(
            Fact("Now", case.get("state")),
            *((Fact("Concerns", ", ".join(case.get("components"))),) if case.get("components") else ()),
            *((Fact("Next update", f"by {local(next_by, case.zone)}"),) if next_by else ()),
        ),
        button=_button(case),
        footer=f"You get this because you asked for updates about {case.get('about') or case.get('page')}.",
    )


def _received(case: Case) -> Letter:
    reference = case.get("reference")
    return Letter(
        subject=f"We have your report {reference}",
        headline="We have your report",
        paragraphs=("A person reads it. You hear when somebody works on it and when it is solved.",),
        facts=(Fact("Reference", reference), Fact("You wrote", case.get("text"))),
        button=("See where it stands", outsiders.receipt_url(case.delivery.context)),
        footer=_because(case),
    )


def _progress(case: Case) -> Letter:
    reference = case.get("reference")
    return Letter(
        subject=f"{case.get('words')}: your report {reference}",
        headline=case.get("words"),
        paragraphs=(case.get("sentence"),) if case.get("sentence") else (),
        facts=(Fact("Reference", reference), Fact("You wrote", case.get("text"))),
        button=("Open your report", outsiders.receipt_url(case.delivery.context)),
        footer=_because(case),
    )


def _because(case: Case) -> str:
    why = f"You get this because you reported a problem with {case.get('page')}."
    return f"{why} The link is only for you: please don’t forward it."


def _replied(case: Case) -> Letter:
    return Letter(
        subject=f"[{case.get('severity')}] {case.get('key')} {case.get('title')}",
        headline=f"The reporter of {case.get('key')} wrote",
        paragraphs=(case.get("text"),),
        facts=(Fact("What", case.get("title")),),
        button=(f"Open {case.get('key')}", case.page("incident", number=case.get("number"))),
        footer="You get this because it is yours, or because you lead the period and it is nobody’s.",
    )


def _promised(case: Case) -> Letter:
    due_at, late = case.time("next_by"), case.get("how") == "late"
    time = f"{due_at.astimezone(case.zone):%H:%M} {zone_words(case)}" if due_at else ""
    return Letter(
        subject=f"{'Late: ' if late else ''}update promised by {time}: {case.get('title')}",
        headline=f"The next update was promised by {time}."
        if late
        else f"The next update is promised by {time}.",
        paragraphs=("People outside are waiting. A short word that the work goes on is an update too.",),
        facts=(Fact("What", case.get("title")), *case.fact("Promised by", "next_by")),
        button=("Write the update", case.page("period_comms")),
        footer="You get this once before a promised time and once after it, because you lead or wrote the last one.",
    )


KINDS: Mapping[str, Callable[[Case], Letter]] = {
    "subscriber_confirm": _confirm,
    "notice_update": _update,
    "update_promised": _promised,
    "report_received": _received,
    "report_progress": _progress,
    "incident_replied": _replied,
}
OUTSIDE = frozenset({"subscriber_confirm", "notice_update", "report_received", "report_progress"})
