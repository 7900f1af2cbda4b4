"""Planning: rotations, a roster generated from the plan, and the limits on duty."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors import (
    board,
    cover_words,
    coverage,
    duties,
    fatigue,
    lanes,
    proposal,
    roster,
    rota,
    rotations,
    strain,
)
from contributors.models import Role, Rotation, Shift
from contributors.views.duty_forms import CoverForm, LimitsForm, RotationForm
from contributors.views.loading import LARGEST_ID, done, explain, page_of, tab_counts
from hypercare import sites, timeline
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from hypercare.timeline import Bar, Gantt, Lane
from periods.access import allowed, period_or_404
from periods.models import Period

PREVIEW = timedelta(days=14)
SHOWN_UNMET = 12


@login_required
@require_safe
def every(request: SignedInRequest, key: str) -> HttpResponse:
    """The rotations of a period, and who is next in each."""
    period, now = period_or_404(request.user, key), timezone.now()
    found = rota.standing(period)
    rows = [
        {"rotation": one, "hours": cover_words.write_week(one.hours), **_turns(one, period, now)}
        for one in found
    ]
    return _page(request, period, "contributors/rotations.html", {
        "rows": rows, "may_manage": allowed(request.user, period, "shifts.manage"),
        "roles": (roles := coverage.roles(period)), "has_roles": bool(roles),
    })  # fmt: skip


def _turns(rotation: Rotation, period: Period, now: datetime) -> dict[str, Any]:
    """The turn that runs and the next one, by this rotation alone."""
    begin, end = roster.window(period)
    people = {turn.user_id: turn.user for turn in rotation.turns.all()}
    start = max(begin, now)
    found = rotations.turns(rota.layer_of_row(rotation), start, end) if start < end else []
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
        saved = rota.save(spec, by=request.user, at=now, rotation_id=rotation.pk if rotation else None)
    except Invalid as error:
        explain(form, _beside_fields(error))
        return _edit_page(request, period, form, rotation)
    return done(request, f"{saved} is in the plan", url=page_of(period, "contributors:rotations"))


def _beside_fields(error: Invalid) -> Invalid:
    """The people are several fields, and so are the hours: their complaints stand beside the first."""
    names = {"people": "person_1", "hours": "days", "until": "until_at"}
    return Invalid({names.get(field, field): texts for field, texts in error.errors.items()})


def _preview(spec: rota.Spec, period: Period, rotation: Rotation | None) -> dict[str, Any]:
    begin, end = roster.window(period)
    first = max(begin, timezone.now())
    found = rota.preview(spec, period, start=first, end=min(end, first + PREVIEW))
    people = {user.pk: user for user in spec.people}
    changed = [turn for turn in found if _odd(turn, spec)]
    rows = [{"user": people[turn.person], "start": turn.start, "end": turn.end, "odd": turn in changed,
             "seconds": (turn.end - turn.start).total_seconds()} for turn in found[:60]]  # fmt: skip
    against = strain.of(
        period, spec.role, spec.kind, spec.people, found, without=rotation.pk if rotation else None
    )
    return {"rows": rows, "count": len(found), "strain": against}


def _odd(turn: rotations.Turn, spec: rota.Spec) -> bool:
    """Whether a change of the clocks makes this turn longer or shorter."""
    zone = rota.layer_of(spec).zone
    wall = turn.end.astimezone(zone).replace(tzinfo=None) - turn.start.astimezone(zone).replace(tzinfo=None)
    return wall != turn.end - turn.start


@login_required
@require_POST
def end(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Take a rotation out of the plan."""
    period = period_or_404(request.user, key, may="shifts.manage")
    ended = rota.end(_rotation_or_404(period, pk).pk, by=request.user, at=timezone.now())
    return done(
        request,
        f"{ended} ended; its coming shifts are cancelled",
        url=page_of(period, "contributors:rotations"),
    )


def _rotation_or_404(period: Period, pk: int) -> Rotation:
    found = Rotation.objects.filter(role__period=period, pk=min(pk, LARGEST_ID), ended_at__isnull=True)
    rotation = found.select_related("role").prefetch_related("turns__user").first()
    if rotation is None:
        raise Http404("No such rotation.")
    return rotation


def _edit_page(
    request: SignedInRequest, period: Period, form: RotationForm, rotation: Rotation | None, **more: Any
) -> HttpResponse:
    context = {"form": form, "rotation": rotation, **more}
    return _page(
        request, period, "contributors/edit_rotation.html", context, status=422 if form.errors else 200
    )


# --- Generate from the plan ---------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def generate(request: SignedInRequest, key: str) -> HttpResponse:
    """A proposed roster; a POST accepts the one that was shown."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    if request.method == "POST":
        shown = request.POST.get("version", "")
        batch, many = proposal.accept(
            period.pk,
            version=int(shown) if shown.isdigit() and len(shown) < 12 else -1,
            by=request.user,
            at=now,
        )
        undo = page_of(period, "contributors:undo_roster", batch=batch)
        return done(
            request, f"{_shifts(many)} in the plan", url=page_of(period, "period_coverage"), undo=undo
        )
    found = proposal.propose(period, at=now)
    return _page(request, period, "contributors/generate.html", {
        "proposal": found, "gantt": _gantt(found, request.user.pk, now),
        "unmet": [(one, board.key_of(one.piece.role.pk, one.piece.duty, one.piece.start))
                  for one in found.unmet[:SHOWN_UNMET]],
        "unmet_more": max(0, len(found.unmet) - SHOWN_UNMET),
    })  # fmt: skip


@login_required
@require_POST
def undo(request: SignedInRequest, key: str, batch: uuid.UUID) -> HttpResponse:
    """Take an accepted roster out again."""
    period = period_or_404(request.user, key, may="shifts.manage")
    many = proposal.undo(period.pk, batch, by=request.user, at=timezone.now())
    return done(request, f"{_shifts(many)} taken out again", url=page_of(period, "period_coverage"))


def _shifts(many: int) -> str:
    return f"{many} shift{'' if many == 1 else 's'}"


def _gantt(found: proposal.Proposal, viewer: int, now: datetime) -> Gantt | None:
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
        for packed in lanes.pack(row)
    ]
    return timeline.gantt(drawn, window=window, now=now)


def _bar(shift: Shift, viewer: int) -> Bar:
    kind = "oncall" if shift.kind == Shift.Kind.DEPUTY else "duty"
    start, finish = timezone.localtime(shift.starts_at), timezone.localtime(shift.ends_at)
    words = f"{shift.user.name}, {start:%H:%M} to {finish:%H:%M}"
    tint = sites.tint(shift.user.timezone)
    mine = shift.user_id == viewer
    return Bar(shift.starts_at, shift.ends_at, shift.user.first_name, kind, tint, mine, title=words)


# --- The cover of a role ------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def role_cover(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """When a role must be covered and by how many people."""
    period, now = period_or_404(request.user, key, may="members.manage"), timezone.now()
    role = Role.objects.filter(period=period, pk=min(pk, LARGEST_ID)).first()
    if role is None:
        raise Http404("No such role.")
    form = CoverForm(request.POST or None, role=role, period=period)
    if request.method == "POST" and form.is_valid():
        try:
            duties.change_cover(role.pk, form.wanted(), by=request.user, at=now)
        except Invalid as error:
            explain(form, error)
        else:
            return done(request, f"Cover of {role} saved", url=page_of(period, "period_coverage"))
    context = {"form": form, "role": role}
    return _page(request, period, "contributors/edit_cover.html", context, status=422 if form.errors else 200)


# --- Limits -------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def limits(request: SignedInRequest, key: str) -> HttpResponse:
    """The fatigue limits of a period."""
    period, now = period_or_404(request.user, key, may="shifts.manage"), timezone.now()
    form = LimitsForm(request.POST or None, limits=fatigue.limits_of(period))
    if request.method == "POST" and form.is_valid():
        fatigue.set_limits(period.pk, form.limits(), by=request.user, at=now)
        return done(request, "Limits saved", url=page_of(period, "period_coverage"))
    return _page(
        request, period, "contributors/limits.html", {"form": form}, status=422 if form.errors else 200
    )


def _page(
    request: SignedInRequest, period: Period, template: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    frame = {
        "period": period,
        "tab": "coverage",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
    }
    return render(request, template, {**frame, **context}, status=status)
