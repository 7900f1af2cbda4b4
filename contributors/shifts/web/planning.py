"""Planning: rotations, a roster generated from the plan, and the limits on duty."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.models import Role, Rotation, Shift
from contributors.shifts import (
    cover_text,
    coverage,
    gantt,
    roster,
    roster_generator,
    rotation_checks,
    rotation_rules,
    rotation_store,
    row_packing,
    work_time_limits,
)
from contributors.shifts import roles as duty_roles
from contributors.shifts.web.duty_forms import CoverForm, LimitsForm, RotationForm
from contributors.web.loading import page_url, tab_counts
from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid
from hypercare.ui import gantt as drawing
from hypercare.ui import region_colours
from hypercare.ui.gantt import Bar, Gantt, Lane
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.access.access import is_allowed, period_or_404
from periods.models import Period

PREVIEW = timedelta(days=14)
SHOWN_UNMET = 12


@login_required
@require_safe
def list_rotations(request: SignedInRequest, key: str) -> HttpResponse:
    """The rotations of a period, and who is next in each."""
    period, now = period_or_404(request.user, key), timezone.now()
    found = rotation_store.standing_rotations(period)
    rows = [{"rotation": one, "hours": cover_text.write_week(one.hours), **_turns(one, period, now)} for one in found]
    return _page(
        request,
        period,
        "contributors/shifts/rotations.html",
        {
            "rows": rows,
            "may_manage": is_allowed(request.user, period, "shifts.manage"),
            "roles": (roles := coverage.roles_of(period)),
            "has_roles": bool(roles),
        },
    )


def _turns(rotation: Rotation, period: Period, now: datetime) -> dict[str, Any]:
    """The turn that runs and the next one, by this rotation alone."""
    begin, end = roster.roster_window(period)
    people = {turn.user_id: turn.user for turn in rotation.turns.all()}
    start = max(begin, now)
    found = rotation_rules.expand_turns(rotation_store.layer_of_row(rotation), start, end) if start < end else []
    rows: list[dict[str, Any]] = [
        {"user": people[turn.person], "start": turn.start, "end": turn.end} for turn in found[:2]
    ]
    on = next((row for row in rows[:1] if row["start"] <= now), None)
    return {"on": on, "next": next((row for row in rows if row is not on), None)}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, key: str, pk: int | None = None) -> HttpResponse:
    """Make a rotation or change one; Preview shows the turns without saving anything."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    rotation = _rotation_or_404(period, pk) if pk is not None else None
    form = RotationForm(request.POST or None, period=period, rotation=rotation)
    if request.method != "POST" or not form.is_valid():
        return _edit_page(request, period, form, rotation)
    spec = form.spec()
    try:
        if "preview" in request.POST:
            return _edit_page(request, period, form, rotation, preview=_preview(spec, period, rotation))
        saved = rotation_store.save(spec, by=request.user, at=now, rotation_id=rotation.pk if rotation else None)
    except Invalid as error:
        # People and hours are several fields: what is wrong with them stands beside the first.
        add_errors(form, error, people="person_1", hours="days", until="until_at")
        return _edit_page(request, period, form, rotation)
    return confirm_done(request, f"{saved} is in the plan", url=page_url(period, "contributors:rotations"))


def _preview(spec: rotation_store.RotationSpec, period: Period, rotation: Rotation | None) -> dict[str, Any]:
    begin, end = roster.roster_window(period)
    first = max(begin, timezone.now())
    found = rotation_store.preview_turns(spec, period, start=first, end=min(end, first + PREVIEW))
    people = {user.pk: user for user in spec.people}
    changed = [turn for turn in found if _odd(turn, spec)]
    rows = [
        {
            "user": people[turn.person],
            "start": turn.start,
            "end": turn.end,
            "odd": turn in changed,
            "seconds": (turn.end - turn.start).total_seconds(),
        }
        for turn in found[:60]
    ]
    against = rotation_checks.find_violations(
        period, spec.role, spec.kind, spec.people, found, without=rotation.pk if rotation else None
    )
    return {"rows": rows, "count": len(found), "strain": against}


def _odd(turn: rotation_rules.Turn, spec: rotation_store.RotationSpec) -> bool:
    """Whether a change of the clocks makes this turn longer or shorter."""
    zone = rotation_store.layer_of(spec).zone
    wall = turn.end.astimezone(zone).replace(tzinfo=None) - turn.start.astimezone(zone).replace(tzinfo=None)
    return wall != turn.end - turn.start


@login_required
@require_POST
def end(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Take a rotation out of the plan."""
    period = period_or_404(request.user, key, may="shifts.manage")
    ended = rotation_store.end(_rotation_or_404(period, pk).pk, by=request.user, at=timezone.now())
    return confirm_done(
        request, f"{ended} ended; its coming shifts are cancelled", url=page_url(period, "contributors:rotations")
    )


def _rotation_or_404(period: Period, pk: int) -> Rotation:
    found = Rotation.objects.select_related("role").prefetch_related("turns__user")
    return get_object_or_404(found, role__period=period, pk=pk, ended_at__isnull=True)


def _edit_page(
    request: SignedInRequest, period: Period, form: RotationForm, rotation: Rotation | None, **more: Any
) -> HttpResponse:
    context = {"form": form, "rotation": rotation, **more}
    return _page(request, period, "contributors/shifts/edit_rotation.html", context, status=422 if form.errors else 200)


# --- Generate from the plan ---------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def generate(request: SignedInRequest, key: str) -> HttpResponse:
    """A proposed roster; a POST accepts the one that was shown."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    if request.method == "POST":
        shown = number_of(request.POST.get("version", ""))
        version = -1 if shown is None else shown
        batch, many = roster_generator.accept(period.pk, version=version, by=request.user, at=now)
        undo = page_url(period, "contributors:undo_roster", batch=batch)
        return confirm_done(request, f"{_shifts(many)} in the plan", url=page_url(period, "period_coverage"), undo=undo)
    found = roster_generator.propose(period, at=now)
    return _page(
        request,
        period,
        "contributors/shifts/generate.html",
        {
            "proposal": found,
            "gantt": _gantt(found, request.user.pk, now),
            "unmet": [
                (one, gantt.gap_key_from(one.piece.role.pk, one.piece.duty, one.piece.start))
                for one in found.unmet[:SHOWN_UNMET]
            ],
            "unmet_more": max(0, len(found.unmet) - SHOWN_UNMET),
        },
    )


@login_required
@require_POST
def undo_roster(request: SignedInRequest, key: str, batch: uuid.UUID) -> HttpResponse:
    """Take an accepted roster out again."""
    period = period_or_404(request.user, key, may="shifts.manage")
    many = roster_generator.undo(period.pk, batch, by=request.user, at=timezone.now())
    return confirm_done(request, f"{_shifts(many)} taken out again", url=page_url(period, "period_coverage"))


def _shifts(many: int) -> str:
    return f"{many} shift{'' if many == 1 else 's'}"


def _gantt(found: roster_generator.RosterProposal, viewer: int, now: datetime) -> Gantt | None:
    """The first five days of the proposal."""
    if not found.shifts:
        return None
    first = timezone.localtime(found.shifts[0].starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
    window = (first, first + timedelta(days=5))
    held: dict[tuple[int, str], list[Shift]] = {}
    for shift in found.shifts:
        if shift.starts_at < window[1]:
            held.setdefault((shift.role.position, f"{shift.role_id}{shift.kind}"), []).append(shift)
    drawn = [
        Lane(
            row[0].role.name,
            "deputy" if row[0].kind == Shift.Kind.DEPUTY else "",
            [_bar(one, viewer) for one in packed],
        )
        for _, row in sorted(held.items())
        for packed in row_packing.pack_rows(row)
    ]
    return drawing.draw_gantt(drawn, window=window, now=now)


def _bar(shift: Shift, viewer: int) -> Bar:
    kind = "oncall" if shift.kind == Shift.Kind.DEPUTY else "duty"
    start, finish = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    words = f"{shift.user.name}, {start:%H:%M} to {finish:%H:%M}"
    tint = region_colours.tint_of(shift.user.timezone)
    mine = shift.user_id == viewer
    return Bar(shift.starts_at, shift.ends_at, shift.user.first_name, kind, tint, mine, title=words)


# --- The cover of a role ------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def role_cover(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """When a role must be covered and by how many people."""
    period, now = period_or_404(request.user, key, may="members.manage"), timezone.now()
    role = get_object_or_404(Role, period=period, pk=pk)
    form = CoverForm(request.POST or None, role=role, period=period)
    if request.method == "POST" and form.is_valid():
        try:
            duty_roles.change_cover(role.pk, form.wanted(), by=request.user, at=now)
        except Invalid as error:
            add_errors(form, error)
        else:
            return confirm_done(request, f"Cover of {role} saved", url=page_url(period, "period_coverage"))
    context = {"form": form, "role": role}
    return _page(request, period, "contributors/shifts/edit_cover.html", context, status=422 if form.errors else 200)


# --- Limits -------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: SignedInRequest, key: str) -> HttpResponse:
    """The fatigue limits of a period."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    form = LimitsForm(request.POST or None, limits=work_time_limits.limits_of(period))
    if request.method == "POST" and form.is_valid():
        work_time_limits.set_limits(period.pk, form.limits(), by=request.user, at=now)
        return confirm_done(request, "Limits saved", url=page_url(period, "period_coverage"))
    return _page(request, period, "contributors/shifts/limits.html", {"form": form}, status=422 if form.errors else 200)


def _page(
    request: SignedInRequest, period: Period, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    frame = {"period": period, "tab": "coverage", "tab_counts": tab_counts(request, period, at=timezone.now())}
    return render(request, template, {**frame, **context}, status=status)
