"""The list of periods, and one period's settings with the steps it can take now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors.people import members
from hypercare.exceptions import NotAllowed, Refused
from hypercare.models import User
from hypercare.pages.period import overview, settings_forms
from hypercare.pages.period.settings_forms import STEP_FORMS, StepForm
from hypercare.pages.planning import overrides, plan_steps
from hypercare.pages.planning.plan_forms import explain
from hypercare.web.requests import SignedInRequest
from incidents.intake import alert_sources
from incidents.models import AlertSource
from incidents.reporting import cached_counts
from periods import checklist
from periods.access.access import is_allowed, period_or_404
from periods.lifecycle import gates, transitions
from periods.models import Period
from periods.planning import planning
from periods.planning.web.operations import MOVES, LifecycleStep

PAGE: Final = 25
UPCOMING: Final = Period.PRE_LIVE
FILTERS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "all": ("All", tuple(Period.Status.values)),
    "live": ("Live", Period.LIVE),
    "upcoming": ("Upcoming", UPCOMING),
    "closed": ("Closed", Period.ENDED),
}


# --- The list -----------------------------------------------------------------------------------


@login_required
@require_safe
def list_periods(request: SignedInRequest) -> HttpResponse:
    """Every period one is part of, newest go-live first."""
    chosen = request.GET.get("show", "all")
    chosen = chosen if chosen in FILTERS else "all"
    mine = Period.objects.visible_to(request.user)
    counts = dict(mine.values_list("status").annotate(n=Count("id")).order_by("status"))
    found = mine.filter(status__in=FILTERS[chosen][1]).annotate(checks=Count("checklist")).select_related("lead")
    page = Paginator(found.order_by("-go_live_at", "-id"), PAGE).get_page(request.GET.get("page"))
    now, still_open = timezone.now(), cached_counts.open_counts_of(page)
    ready = checklist.percents(list(page))
    context = {
        "page": page,
        "rows": [_row(period, still_open[period.pk], ready[period.pk], now) for period in page],
        "show": chosen,
        "any": bool(counts),
        "filters": [
            (name, label, sum(counts.get(status, 0) for status in statuses))
            for name, (label, statuses) in FILTERS.items()
        ],
    }
    return render(request, "hypercare/period/periods.html", context)


def _row(period: Any, count: cached_counts.OpenCounts, ready: int, now: datetime) -> dict[str, Any]:
    in_plan = period.status == Period.Status.DRAFT
    return {
        "period": period,
        "url": reverse("periods:plan", args=[period.key, "review"]) if in_plan else period.get_absolute_url(),
        "open": count.open,
        "urgent": count.p1 + count.p2,
        "day": period.window_day(now),
        "ready": ready,
        "is_upcoming": period.status in UPCOMING,
    }


# --- Settings -----------------------------------------------------------------------------------


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
    form, status = _of_period(STEP_FORMS[name](request.POST, prefix=name), period), 422
    if form.is_valid():
        try:
            chosen.run(period.pk, **form.arguments(), by=request.user, at=timezone.now())
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
    form, status = settings_forms.AlertSourceForm(request.POST, prefix="source"), 422
    if form.is_valid():
        try:
            source, token = alert_sources.create(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
            hook, set_up = alert_sources.hook_url(source, token), alert_sources.set_up(source, token)
            return _settings(request, period, made=source, token=token, hook=hook, set_up=set_up)
        except Refused as error:
            status = explain(form, error)
    return _settings(request, period, status=status, source_form=form)


@login_required
@require_POST
def revoke_source(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """End a source at once."""
    period = period_or_404(request.user, key, may="sources.manage")
    source = get_object_or_404(AlertSource, pk=pk, period=period)
    alert_sources.revoke(source.pk, by=request.user, at=timezone.now())
    messages.success(request, f"{source.name} can no longer push alerts.")
    return redirect("period_settings", key=period.key)


@login_required
@require_POST
def map_levels(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Say what the severity words of a source count as."""
    period = period_or_404(request.user, key, may="sources.manage")
    source = get_object_or_404(AlertSource, pk=pk, period=period)
    [form] = _levels_forms([source], request.POST).values()
    if not form.is_valid():
        return _settings(request, period, status=422, levels_forms={source.pk: form})
    alert_sources.map_levels(source.pk, words=form.words, by=request.user, at=timezone.now())
    messages.success(request, f"Saved. It counts from the next alert of {source.name} on.")
    return redirect("period_settings", key=period.key)


def _levels_forms(
    sources: Sequence[AlertSource], data: QueryDict | None = None
) -> dict[int, settings_forms.SeverityWordsForm]:
    """A form for each source, by its id: without fields where no word is to be mapped."""
    alert_sources.mark_unknown_levels(sources)
    return {
        source.pk: settings_forms.SeverityWordsForm(data, source=source, unknown=source.unknown_levels)  # type: ignore[attr-defined]
        for source in sources
    }


def _settings(request: SignedInRequest, period: Period, *, status: int = 200, **more: Any) -> HttpResponse:
    now, bound = timezone.now(), more.pop("bound", {})
    sources = list(AlertSource.objects.filter(period=period, revoked_at__isnull=True).order_by("name", "id"))
    levels_forms = _levels_forms(sources) | more.pop("levels_forms", {})
    context = {
        "period": period,
        "tab": "settings",
        "tab_counts": overview.tab_counts(period, at=now),
        "may_plan": is_allowed(request.user, period, "period.plan"),
        "form": settings_forms.DetailsForm(period=period),
        "may_sources": is_allowed(request.user, period, "sources.manage"),
        "may_webhooks": is_allowed(request.user, period, "webhooks.manage"),
        "may_read_deliveries": is_allowed(request.user, period, "contacts.view"),
        "sources": [(source, levels_forms[source.pk]) for source in sources],
        "source_form": settings_forms.AlertSourceForm(prefix="source"),
        "members": members.members_of(period.pk).count(),
        "moves": [_shown(period, one, request.user, now, bound.get(one.name)) for one in _possible(period)],
        "is_pre_live": period.status in Period.PRE_LIVE,
        "overrides": overrides.explain_overrides(period),
        "suggested_days": plan_steps.recommended_length(period),
        **more,
    }
    context["problem"] = next(iter(bound.values()), more.get("source_form", context["form"]))
    return render(request, "hypercare/period/settings.html", context, status=status)


def _possible(period: Period) -> list[LifecycleStep]:
    return [one for one in MOVES.values() if period.status in transitions.TABLE[one.transition].sources]


def _shown(period: Period, one: LifecycleStep, user: User, now: datetime, bound: StepForm | None) -> dict[str, Any]:
    blank = STEP_FORMS[one.name](prefix=one.name, initial=settings_forms.move_initial(period))
    form = bound or _of_period(blank, period)
    if one.name == "roll_back" and period.point_of_no_return_at is not None:
        form.fields.pop("before_no_return", None)
    return {
        "move": one,
        "form": form,
        "may": transitions.may_take(period, one.transition, user),
        "open": bound is not None,
        "who": transitions.who_may_take(period, transitions.TABLE[one.transition]),
        "objections": _objections(period, one, now),
        "label": _label(period, one),
        "tells": _tells(period, one),
    }


def _of_period(form: StepForm, period: Period) -> StepForm:
    """A step's form that knows whose zone a time is typed in, and offers only the period's people."""
    form.period = period
    if "advised_by" in form.fields:
        inside = User.objects.filter(memberships__period=period, memberships__left_at__isnull=True)
        form.fields["advised_by"].queryset = inside.order_by("name", "id")  # type: ignore[attr-defined]  # a model choice
    return form


def _objections(period: Period, one: LifecycleStep, now: datetime) -> list[gates.Blocker]:
    """What stands in the way, without what this page's own button puts right: it invites whoever is not invited."""
    found = gates.find_blockers(period, one.transition, at=now)
    return [said for said in found if one.name != "invite" or said.code != "invite.uninvited"]


def _label(period: Period, one: LifecycleStep) -> str:
    if one.name != "invite":
        return one.button
    count = members.uninvited_members(period.pk).count()
    return f"Open readiness and invite {count} {'person' if count == 1 else 'people'}"


def _tells(period: Period, one: LifecycleStep) -> str:
    if one.name != "invite":
        count = members.members_of(period.pk).count()
        return one.tells.format(people=f"{count} {'person' if count == 1 else 'people'}")
    names = ", ".join(member.user.name for member in members.uninvited_members(period.pk))
    return f"An invitation goes to {names}." if names else one.tells
