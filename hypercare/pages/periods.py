"""The list of periods, and one period's settings with the steps it can take now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors import roster
from contributors.models import Membership
from hypercare.errors import NotAllowed, Refused
from hypercare.http import SignedInRequest
from hypercare.models import User
from hypercare.pages import overrides, overview, plan_steps, settings_forms
from hypercare.pages.plan_forms import explain
from incidents import alert_sources, tallies
from incidents.models import AlertSource
from periods import gates, lifecycle, planning, steps
from periods.access import allowed, period_or_404
from periods.models import Period

PAGE: Final = 25
LARGEST_ID: Final = 2**62
UPCOMING: Final = Period.PRE_LIVE
FILTERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "all": ("All", tuple(Period.Status.values)), "live": ("Live", Period.LIVE), "upcoming": ("Upcoming", UPCOMING),
    "closed": ("Closed", Period.ENDED),
}  # fmt: skip


# --- The list -----------------------------------------------------------------------------------


@login_required
@require_safe
def listing(request: SignedInRequest) -> HttpResponse:
    """Every period one is part of, newest go-live first."""
    chosen = request.GET.get("show", "all")
    chosen = chosen if chosen in FILTERS else "all"
    mine = Period.objects.visible_to(request.user)
    counts = dict(mine.values_list("status").annotate(n=Count("id")).order_by("status"))
    found = _with_counts(mine.filter(status__in=FILTERS[chosen][1])).select_related("lead")
    page = Paginator(found.order_by("-go_live_at", "-id"), PAGE).get_page(request.GET.get("page"))
    now, still_open = timezone.now(), tallies.open_in(page)
    context = {
        "page": page, "rows": [_row(period, still_open[period.pk], now) for period in page],
        "show": chosen, "any": bool(counts),
        "filters": [(name, label, sum(counts.get(status, 0) for status in statuses))
                    for name, (label, statuses) in FILTERS.items()],
    }  # fmt: skip
    return render(request, "hypercare/periods.html", context)


def _with_counts(periods: Any) -> Any:
    done = Q(checklist__status__in=("done", "not_applicable"))
    return periods.annotate(
        checks=Count("checklist", distinct=True),
        checks_done=Count("checklist", filter=done, distinct=True),
    )


def _row(period: Any, count: tallies.Open, now: datetime) -> dict[str, Any]:
    return {
        "period": period, "open": count.open, "urgent": count.p1 + count.p2,
        "day": min(max(1, period.day(now)), period.days), "days": period.days,
        "ready": round(100 * period.checks_done / period.checks) if period.checks else 0,
        "is_upcoming": period.status in UPCOMING, "over": max(0, period.day(now) - period.days),
    }  # fmt: skip


# --- Settings -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Move:
    """A step of the life of a period: what it does and whom it tells, in words, and what it asks."""

    name: gates.Transition
    label: str
    tells: str
    form: type[forms.Form]
    take: Callable[[Period, dict[str, Any], User, datetime], Any]
    done: str
    danger: bool = False


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: SignedInRequest, key: str) -> HttpResponse:
    """What a period is called, where it meets, who pushes alerts, and what it can do next."""
    if request.method != "POST":
        return _settings(request, period_or_404(request.user, key))
    period = period_or_404(request.user, key, may="period.plan")
    form, status = settings_forms.DetailsForm(request.POST, period=period), 422
    if form.is_valid():
        try:
            planning.update(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, "Settings saved.")
            return redirect("period_settings", key=period.key)
        except Refused as error:
            status = explain(form, error)
    return _settings(request, period, status=status, form=form)


@login_required
@require_POST
def move(request: SignedInRequest, key: str, name: str) -> HttpResponse:
    """Take one step; refused with everything that stands in the way."""
    period, chosen = period_or_404(request.user, key), MOVES.get(name)
    if chosen is None:
        raise Http404("No such step.")
    form, status = _of_period(chosen.form(request.POST, prefix=name), period), 422
    if form.is_valid():
        try:
            chosen.take(period, form.cleaned_data, request.user, timezone.now())
            messages.success(request, chosen.done)
            return redirect("period_settings", key=period.key)
        except Refused as error:
            status = 403 if isinstance(error, NotAllowed) else explain(form, error)
            if status == 403:
                raise
    return _settings(request, period, status=status, bound={name: form})


@login_required
@require_POST
def add_source(request: SignedInRequest, key: str) -> HttpResponse:
    """Let a monitoring tool push alerts; its address is shown this once."""
    period = period_or_404(request.user, key, may="sources.manage")
    form, status = settings_forms.SourceForm(request.POST, prefix="source"), 422
    if form.is_valid():
        try:
            source, token = alert_sources.create(
                period.pk, **form.cleaned_data, by=request.user, at=timezone.now()
            )
            return _settings(
                request, period, made=source, token=token, hook=alert_sources.hook_url(source, token)
            )
        except Refused as error:
            status = explain(form, error)
    return _settings(request, period, status=status, source_form=form)


@login_required
@require_POST
def revoke_source(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """End a source at once."""
    period = period_or_404(request.user, key, may="sources.manage")
    source = get_object_or_404(AlertSource, pk=min(pk, LARGEST_ID), period=period)
    alert_sources.revoke(source.pk, by=request.user, at=timezone.now())
    messages.success(request, f"{source.name} can no longer push alerts.")
    return redirect("period_settings", key=period.key)


def _settings(request: SignedInRequest, period: Period, *, status: int = 200, **more: Any) -> HttpResponse:
    now, bound = timezone.now(), more.pop("bound", {})
    context = {
        "period": period, "tab": "settings", "tab_counts": overview.tab_counts(period, at=now),
        "may_plan": allowed(request.user, period, "period.plan"),
        "form": settings_forms.DetailsForm(period=period),
        "may_sources": allowed(request.user, period, "sources.manage"),
        "may_webhooks": allowed(request.user, period, "webhooks.manage"),
        "sources": AlertSource.objects.filter(period=period, revoked_at__isnull=True).order_by("name", "id"),
        "source_form": settings_forms.SourceForm(prefix="source"), "members": roster.members(period.pk).count(),
        "moves": [_shown(period, one, request.user, now, bound.get(one.name)) for one in _possible(period)],
        "is_pre_live": period.status in Period.PRE_LIVE, "overrides": overrides.shown(period),
        "suggested_days": plan_steps.recommended_length(period), **more,
    }  # fmt: skip
    context["problem"] = next(iter(bound.values()), more.get("source_form", context["form"]))
    return render(request, "hypercare/period_settings.html", context, status=status)


def _possible(period: Period) -> list[Move]:
    return [one for one in MOVES.values() if period.status in steps.TABLE[one.name].sources]


def _shown(period: Period, one: Move, user: User, now: datetime, bound: forms.Form | None) -> dict[str, Any]:
    form = bound or _of_period(one.form(prefix=one.name, initial=settings_forms.move_initial(period)), period)
    if one.name == "roll_back" and period.point_of_no_return_at is not None:
        form.fields.pop("before_no_return", None)
    return {
        "move": one, "form": form, "may": steps.may_take(period, one.name, user), "open": bound is not None,
        "who": steps.who_may(period, steps.TABLE[one.name]),
        "objections": _objections(period, one, now),
        "label": _label(period, one), "tells": _tells(period, one),
    }  # fmt: skip


def _of_period(form: forms.Form, period: Period) -> forms.Form:
    """A step's form that knows whose zone a time is typed in, and offers only the period's people."""
    form.period = period  # type: ignore[attr-defined]  # read by fields that take a local time
    if "advised_by" in form.fields:
        inside = User.objects.filter(memberships__period=period, memberships__left_at__isnull=True)
        form.fields["advised_by"].queryset = inside.order_by("name", "id")  # type: ignore[attr-defined]  # a model choice
    return form


def _objections(period: Period, one: Move, now: datetime) -> list[gates.Objection]:
    """What stands in the way, without what this page's own button puts right: it invites whoever is not invited."""
    found = gates.objections(period, one.name, at=now)
    return [said for said in found if one.name != "invite" or said.code != "invite.uninvited"]


def to_invite(period: Period) -> list[Membership]:
    """Members who take part and were not asked yet."""
    waiting = roster.members(period.pk).filter(invited_at__isnull=True)
    return list(waiting.exclude(right=Membership.Right.VIEWER))


def _label(period: Period, one: Move) -> str:
    if one.name != "invite":
        return one.label
    count = len(to_invite(period))
    return f"Open readiness and invite {count} {'person' if count == 1 else 'people'}"


def _tells(period: Period, one: Move) -> str:
    if one.name != "invite":
        count = roster.members(period.pk).count()
        return one.tells.format(people=f"{count} {'person' if count == 1 else 'people'}")
    names = ", ".join(member.user.name for member in to_invite(period))
    return f"An invitation goes to {names}." if names else one.tells


# --- Steps ----------------------------------------------------------------------------------------


@transaction.atomic
def _invite(period: Period, data: dict[str, Any], by: User, at: datetime) -> None:  # noqa: ARG001  one shape
    """Ask everybody who takes part and open readiness, all or nothing: it opens only when all on duty are asked."""
    roster.invite_each([member.pk for member in to_invite(period)], by=by, at=at)
    lifecycle.invite(period.pk, by=by, at=at)


def _start(period: Period, data: dict[str, Any], by: User, at: datetime) -> None:
    went_live_at = settings_forms.in_zone(data["went_live_at"], period)
    lifecycle.start(period.pk, smoke_test=data["smoke_test"], went_live_at=went_live_at, by=by, at=at)


def _postpone(period: Period, data: dict[str, Any], by: User, at: datetime) -> None:
    moment = settings_forms.moment(data["go_live_on"], data["go_live_time"], period)
    lifecycle.postpone(period.pk, go_live_at=moment, reason=data["reason"], by=by, at=at)


def _plain(step: Callable[..., Any]) -> Callable[[Period, dict[str, Any], User, datetime], Any]:
    """A step that takes just what its form asks."""
    return lambda period, data, by, at: step(period.pk, **data, by=by, at=at)


MOVES: Final[dict[str, Move]] = {
    one.name: one
    for one in (
        Move("invite", "Open readiness", "Everybody who takes part was invited already.", forms.Form, _invite,
             "Readiness is open. The invitations are on their way."),
        Move("start", "Record go-live", "Debriefs are laid out, and people on duty are told.",
             settings_forms.StartForm, _start, "Go-live is recorded. Hypercare runs."),
        Move("stabilise", "Move to stabilising", "Cover can thin out while the numbers stay calm.", forms.Form,
             _plain(lifecycle.stabilise), "The period is stabilising."),
        Move("review", "Open the exit review", "The sponsor and the BAU owner are asked to sign.", forms.Form,
             _plain(lifecycle.review), "The exit review is open."),
        Move("reopen", "Reopen", "Hypercare starts again for 14 days and both signatures are void. Tells {people}.",
             settings_forms.ReopenForm, _plain(lifecycle.reopen), "The period is live again."),
        Move("postpone", "Postpone go-live", "Go-live, end, shifts and checks move together; votes and "
             "answers are asked for again. Tells {people}.",
             settings_forms.PostponeForm, _postpone, "Go-live is postponed."),
        Move("roll_back", "Roll back", "The change is taken back and the period ends for good: "
             "cover, escalation and debriefs stop. Tells {people}.",
             settings_forms.RollBackForm, _plain(lifecycle.roll_back), "The rollback is recorded.", danger=True),
        Move("cancel", "Cancel the period", "The plan ends here for good: nothing of it is due any more. "
             "Tells {people}.",
             settings_forms.ReasonForm, _plain(lifecycle.cancel), "The period is cancelled.", danger=True),
    )
}  # fmt: skip
