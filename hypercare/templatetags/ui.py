"""The visual vocabulary as template tags: icons, states, people, times and form fields.

Tags only turn values into markup; they never query. Times are shown in Django's active
time zone, which is the viewer's. `now` comes from the tag, else from the context's `now`,
else from the clock (templates are an edge).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, Field, RadioSelect
from django.forms.widgets import ChoiceWidget
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from hypercare.ui import charts_svg, region_colours, time_words, verdicts
from hypercare.ui.form_key import FIELD, new_form_key

register = template.Library()

SEVERITY_WORDS = {"P1": "Critical", "P2": "Major", "P3": "Minor", "P4": "Trivial"}
INCIDENT_WORDS = {
    "new": "New",
    "acknowledged": "Acknowledged",
    "investigating": "Investigating",
    "mitigated": "Mitigated",
    "monitoring": "Monitoring",
    "resolved": "Resolved",
    "closed": "Closed",
    "duplicate": "Duplicate",
}
PERIOD_PILLS = {  # status: (word, icon, tone)
    "draft": ("Draft", "pencil", "neutral"),
    "planned": ("Planned", "clock", "neutral"),
    "readiness": ("Getting ready", "clock", "warn"),
    "ready": ("Ready", "ok", "ok"),
    "active": ("Live", "play", "ok"),
    "stabilising": ("Stabilising", "eye", "info"),
    "exit_review": ("Exit review", "flag", "accent"),
    "closed": ("Closed", "lock", "neutral"),
    "cancelled": ("Cancelled", "no", "neutral"),
    "rolled_back": ("Rolled back", "undo", "danger"),
}
TONE_ICONS = {"ok": "ok", "warn": "warn", "danger": "late", "info": "eye", "accent": "clock", "neutral": "none"}
UNDO_PREFIX = "undo:"


@register.simple_tag
def form_key() -> SafeString:
    """The hidden field by which a form that is sent twice is done once; for forms that make something."""
    return format_html('<input type="hidden" name="{}" value="{}">', FIELD, new_form_key())


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """One icon of the sprite; decoration unless `label` gives it a meaning of its own."""
    meaning = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    classes = f"icon {css}".strip()
    sprite = static("icons/sprite.svg")
    return format_html('<svg class="{}" {}><use href="{}#{}"/></svg>', classes, meaning, sprite, name)


@register.simple_block_tag
def empty_state(
    content: str, *, title: str, icon_name: str = "", first: bool = False, action: str = "", action_url: str = ""
) -> SafeString:
    """What stands where there is nothing yet: the sentence between the tags says why, or what to do.

    `icon_name="ok"` is green; `first` where no `<h2>` stands above it.
    """
    shown = {"title": title, "text": content.strip(), "icon_name": icon_name, "first": first}
    return SafeString(render_to_string("components/empty.html", {**shown, "action": action, "action_url": action_url}))


@register.simple_tag
def severity(value: Any, size: str = "") -> SafeString:
    """The P1 to P4 badge. Accepts "P1", "p1", "1" or 1."""
    level = str(value).upper().removeprefix("P")
    css = f" badge-p--{size}" if size else ""
    word = SEVERITY_WORDS.get(f"P{level}", "")
    return format_html('<span class="badge-p badge-p--{}{}" title="{}">P{}</span>', level, css, word, level)


@register.simple_tag
def incident_status(value: str) -> SafeString:
    """Glyph and word: the shape carries the state, colour only repeats it."""
    return format_html(
        '<span class="status status--{}">{} {}</span>', value, icon(f"st-{value}"), INCIDENT_WORDS.get(value, value)
    )


@register.simple_tag
def state_pill(tone: str, text: Any, icon_name: str = "") -> SafeString:
    """A tinted pill. Tones: ok, warn, danger, info, accent, neutral."""
    glyph = icon(icon_name or TONE_ICONS.get(tone, "none"))
    return format_html('<span class="pill pill--{}">{} {}</span>', tone, glyph, text)


@register.simple_tag
def state(tone: str, text: Any, icon_name: str = "") -> SafeString:
    """Icon and word without the tint, for table cells."""
    glyph = icon(icon_name or TONE_ICONS.get(tone, "none"))
    return format_html('<span class="state state--{}">{} {}</span>', tone, glyph, text)


@register.simple_tag
def verdict(value: str) -> SafeString:
    """Where an exit criterion stands, icon and word."""
    shown = verdicts.SHOWN[value]
    return state(shown.tone, shown.word)


@register.simple_tag
def period_pill(status: str) -> SafeString:
    """Where a period stands, as a pill."""
    word, glyph, tone = PERIOD_PILLS.get(status, (status, "none", "neutral"))
    return state_pill(tone, word, glyph)


def initials(name: str) -> str:
    """First and last initial: "Maja Lindqvist" gives ML."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.simple_tag
def avatar(person: Any, size: str = "") -> SafeString:
    """Initials on the tint of the person's site; a dashed circle for nobody. Always beside words."""
    css = f" avatar--{size}" if size else ""
    if not person:
        return format_html('<span class="avatar avatar--nobody{}" aria-hidden="true"></span>', css)
    tint = region_colours.tint_of(getattr(person, "timezone", ""))
    return format_html(
        '<span class="avatar avatar--{}{}" aria-hidden="true" title="{}">{}</span>',
        tint,
        css,
        person.name,
        initials(person.name),
    )


@register.simple_tag
def person(someone: Any, nobody: str = "No owner", size: str = "") -> SafeString:
    """Avatar and name, or the words for nobody."""
    css = "" if someone else " person--nobody"
    name = someone.name if someone else nobody
    return format_html('<span class="person{}">{} <span>{}</span></span>', css, avatar(someone, size), name)


@register.filter
def short_name(someone: Any) -> str:
    """ "Tomasz Wójcik" gives "Tomasz W."; one word stays as it is."""
    first, _, last = someone.name.partition(" ")
    return f"{first} {last.split()[-1][0]}." if last.strip() else first


def _now(context: Context, now: datetime | None) -> datetime:
    """The moment the page shows: the tag's, the view's, or the clock's."""
    found = now or context.get("now")
    return found if isinstance(found, datetime) else timezone.now()


def _time(dt: datetime, text: str, *, tick: str = "", css: str = "") -> SafeString:
    """A <time> whose tooltip gives the local and the UTC moment."""
    extra = format_html(' data-tick="{}"', tick) if tick else ""
    klass = format_html(' class="{}"', css) if css else ""
    title = time_words.absolute_time(dt, timezone.get_current_timezone())
    return format_html('<time datetime="{}" title="{}"{}{}>{}</time>', dt.isoformat(), title, klass, extra, text)


@register.simple_tag(takes_context=True)
def when(context: Context, dt: datetime | None, now: datetime | None = None) -> SafeString | str:
    """ "5 m ago", "in 14 m", "Tue 16:00": how far away, exact on hover."""
    if dt is None:
        return ""
    return _time(dt, time_words.relative_time(dt, _now(context, now), timezone.get_current_timezone()), tick="when")


@register.simple_tag(takes_context=True)
def deadline(context: Context, dt: datetime | None, now: datetime | None = None) -> SafeString | str:
    """ "8 m left, by 14:20" or "6 m late"."""
    if dt is None:
        return ""
    at = _now(context, now)
    text = time_words.deadline(dt, at, timezone.get_current_timezone())
    return _time(dt, text, tick="deadline", css="late" if dt < at else "")


@register.simple_tag(takes_context=True)
def daytime(context: Context, dt: datetime | None, now: datetime | None = None) -> SafeString | str:
    """ "Wed 18 Nov 16:00", with the year when it is not this one."""
    if dt is None:
        return ""
    return _time(dt, time_words.day_and_time(dt, _now(context, now), timezone.get_current_timezone()))


@register.simple_tag(takes_context=True)
def till(context: Context, start: datetime, end: datetime, now: datetime | None = None) -> SafeString | str:
    """The end of a span whose start stands before it: "17:00" on the same day, else as `daytime`."""
    zone = timezone.get_current_timezone()
    same_day = start.astimezone(zone).date() == end.astimezone(zone).date()
    return clocktime(end) if same_day else daytime(context, end, now)


@register.simple_tag
def clocktime(dt: datetime | None) -> SafeString | str:
    """ "14:12" in the viewer's zone."""
    return "" if dt is None else _time(dt, time_words.clock_time(dt, timezone.get_current_timezone()))


@register.simple_tag
def duration(seconds: float | timedelta | None, precise: bool = False) -> str:
    """ "3 h 32 m", "9 d 16 h"; `precise` adds seconds under five minutes."""
    if seconds is None:
        return ""
    total = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
    return time_words.duration(total, precise=precise)


@register.simple_tag
def zone_line(zone: Any, now: datetime | None = None) -> str:
    """ "Copenhagen · UTC+1"; a zone that is called like its offset is named once."""
    place = zone if isinstance(zone, tzinfo) else ZoneInfo(str(zone or "UTC"))
    names = (time_words.city_of(place), time_words.utc_offset(place, now or timezone.now()))
    return " · ".join(dict.fromkeys(names))


@register.simple_tag
def pieces(of_line: Sequence[Any], tag: str) -> SafeString:
    """A line of a comparison, what differs in `<del>` or `<ins>`; nothing but its own text stands between."""
    marked = format_html("<{0}>{{}}</{0}>", tag)
    shown = (format_html(marked if piece.differs else "{}", piece.text) for piece in of_line)
    return format_html_join("", "{}", ((piece,) for piece in shown))


@register.simple_tag(takes_context=True)
def clock_face(context: Context, face: Any) -> SafeString:
    """The clock that a list shows of an incident: the face of its next promise (`incidents.lists.presenters`)."""
    return clock(context, state=face.state, due=face.due_at, total_s=face.total_s, label=face.label, note=face.note)


@register.simple_tag(takes_context=True)
def clock(
    context: Context,
    *,
    state: str,
    due: datetime | None = None,
    total_s: float | None = None,
    now: datetime | None = None,
    label: str = "",
    note: str = "",
    announce: bool = False,
) -> SafeString:
    """One promise and how it stands: running, soon, late, paused or met.

    `label` names the promise ("Ack"); `note` explains a pause ("mitigated") or gives the
    time a met promise took ("In 3 m"). `announce` says 10 min, 2 min and late aloud.
    """
    at = _now(context, now)
    if state in ("paused", "met") or due is None:
        return _stopped_clock(state, note)
    left = (due - at).total_seconds()
    if left < 0:
        state = "late"
    text = f"{label} {time_words.time_left(left)}".strip()
    shown = text[:1].upper() + text[1:]
    return format_html(
        '<span class="clock clock--{}" role="timer" data-clock="{}" data-label="{}" data-total="{}" title="{}"{}>'
        "{} <span data-clock-text>{}</span></span>",
        state,
        due.isoformat(),
        label,
        int(total_s or 0),
        time_words.absolute_time(due, timezone.get_current_timezone()),
        SafeString(" data-announce" if announce else ""),
        _clock_face(state, left, total_s),
        shown,
    )


def _clock_face(state: str, left: float, total_s: float | None) -> SafeString:
    if state == "late":
        return icon("late")
    share = 100 if not total_s else max(3, min(100, round(100 * left / total_s)))
    return format_html(
        '<svg class="clock__ring" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6"/>'
        '<circle cx="8" cy="8" r="6" pathLength="100" stroke-dasharray="{} 100"/></svg>',
        share,
    )


def _stopped_clock(state: str, note: str) -> SafeString:
    if state == "met":
        return format_html('<span class="clock clock--met">{} {}</span>', icon("check"), note or "Met")
    if state == "paused":
        return format_html(
            '<span class="clock clock--paused">{} Paused{}</span>', icon("pause"), f", {note}" if note else ""
        )
    return format_html('<span class="clock">{} {}</span>', icon("pause"), note or "No deadline")


@register.inclusion_tag("components/ring.html")
def ring(percent: float | None, tone: str = "") -> dict[str, Any]:
    """A ring with the percentage inside; green from 95 %."""
    share = max(0, min(100, round(percent or 0)))
    return {"percent": share, "tone": tone or ("ok" if share >= 95 else "accent")}


@register.inclusion_tag("components/sparkline.html")
def sparkline(values: Sequence[float], target: float | None = None) -> dict[str, Any]:
    """One line with an end dot; `target` is drawn dashed."""
    return {"spark": charts_svg.draw_sparkline(values, target=target)}


@register.inclusion_tag("components/day_ruler.html")
def day_ruler(day: int, days: int, label: object, part: float = 0.5) -> dict[str, Any]:
    """Days of a window as segments; `day` counts from 1, `part` is how much of it is gone, `label` says it in words."""
    return {"ruler": charts_svg.draw_day_ruler(day, days, part=part), "label": str(label)}


@register.inclusion_tag("components/segments.html")
def segments(states: Sequence[str], label: str = "") -> dict[str, Any]:
    """Small blocks, one per item: "ok", "warn" (striped) or anything else for not met."""
    return {"blocks": charts_svg.draw_segments(states), "label": label}


def _problems(bound: BoundField) -> list[str]:
    """A field's errors; the bare "required" names what is missing, so a list of them can be read."""
    missing = str(bound.field.error_messages.get("required", ""))
    verb = "Choose" if isinstance(bound.field.widget, ChoiceWidget) else "Fill in"
    generic = missing == str(Field.default_error_messages["required"])
    return [f"{verb}: {bound.label}" if generic and text == missing else str(text) for text in bound.errors]


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField, columns: int = 1, label: str = "", hint: str | None = None, *, either: bool = False
) -> dict[str, Any]:
    """Label, hint, error and control of one form field, tied together for screen readers.

    `hint=""` leaves the form's help text out. `either`: one of several of which one is needed, so not optional.
    A placeholder that only repeats the label is dropped.
    """
    widget = bound.field.widget
    kind = "choices" if isinstance(widget, RadioSelect | CheckboxSelectMultiple) else "text"
    if isinstance(widget, CheckboxInput):
        kind = "check"
    # Django ties the control to the field's own help text, so that must be what is shown.
    help_text = bound.help_text = bound.help_text if hint is None else hint
    described = [f"{bound.auto_id}_helptext"] * bool(help_text) + [f"{bound.auto_id}_error"] * bool(bound.errors)
    attrs: dict[str, str | bool] = {"aria-describedby": " ".join(described)} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if label or str(widget.attrs.get("placeholder", "")).lower() == str(bound.label).lower():
        widget.attrs.pop("placeholder", None)
    return {
        "bound": bound,
        "kind": kind,
        "label": label or bound.label,
        "hint": help_text,
        "columns": columns,
        "problems": _problems(bound),
        "control": bound.as_widget(attrs=attrs) if kind != "choices" else "",
        "described": " ".join(described),
        "optional": not (bound.field.required or either) and kind != "check",
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """The list of what is wrong, each linked to its field. Empty when the form is fine."""
    found = [("", text) for text in form.non_field_errors()]
    for bound in form:
        grouped = isinstance(bound.field.widget, RadioSelect | CheckboxSelectMultiple)
        anchor = f"{bound.auto_id}_0" if grouped else bound.auto_id
        found += [(anchor, text) for text in _problems(bound)]
    return {"errors": found}


@register.filter
def undo_url(message: Message) -> str:
    """Where a toast's Undo posts to: the part of `extra_tags` that starts with "undo:"."""
    tags = (message.extra_tags or "").split()
    return next((tag.removeprefix(UNDO_PREFIX) for tag in tags if tag.startswith(UNDO_PREFIX)), "")


@register.filter
def marked(text: str, words: Sequence[str]) -> SafeString:
    """The text with every place where one of the words stands marked."""
    if not words:
        return escape(text)
    pattern = re.compile("|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)), re.IGNORECASE)
    parts: list[str] = []
    last = 0
    for match in pattern.finditer(text):
        parts += [escape(text[last : match.start()]), format_html("<mark>{}</mark>", match[0])]
        last = match.end()
    return mark_safe("".join([*parts, escape(text[last:])]))  # noqa: S308  every part is escaped above


@register.filter
def days_from_go_live(days: int) -> str:
    """`-7` → "7 days before go-live"."""
    if days == 0:
        return "On the go-live day"
    return f"{-days} day{'' if days == -1 else 's'} before go-live"
