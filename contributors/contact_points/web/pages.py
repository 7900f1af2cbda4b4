"""How one is reached: ways, their codes, rules and quiet hours. Everything here is one's own."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contributors import contact_points
from contributors.channels import every_channel, find_channel
from contributors.contact_points import RuleStep
from contributors.messaging import categories, preferences
from contributors.models import ContactPoint, ContactRule, QuietHours
from hypercare.exceptions import Invalid
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest

NEVER = "never"
WAITS = [
    ("0", "At once"),
    ("2", "After 2 min"),
    ("5", "After 5 min"),
    ("10", "After 10 min"),
    ("15", "After 15 min"),
    ("30", "After 30 min"),
    (NEVER, "Not this way"),
]


class ContactPointForm(forms.Form):
    """A new way, by one of the channels whose address is typed."""

    kind = forms.ChoiceField(label="Kind")
    label = forms.CharField(label="Name", max_length=60, help_text="So that you recognise it: My phone.")
    target = forms.CharField(label="Address")

    def __init__(self, data: QueryDict | None = None) -> None:
        """Offer the channels that there are, and say what their addresses are."""
        super().__init__(data)
        typed = {name: channel for name, channel in every_channel().items() if not channel.add_template}
        *others, last = (channel.asks for channel in typed.values())
        asks = "; ".join([*others, f"or {last}"])
        self.fields["kind"] = forms.ChoiceField(
            label="Kind", choices=[(name, channel.choice) for name, channel in typed.items()]
        )
        self.fields["target"] = forms.CharField(
            label="Address",
            max_length=max(channel.longest for channel in typed.values()),
            help_text=f"{asks[:1].upper()}{asks[1:]}. It is kept encrypted.",
        )


class QuietHoursForm(forms.Form):
    """Two times of one's own zone, or none."""

    starts = forms.TimeField(label="From", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    ends = forms.TimeField(label="Until", required=False, widget=forms.TimeInput(attrs={"type": "time"}))


@login_required
@require_safe
def show_contact_points(request: SignedInRequest) -> HttpResponse:
    """All of it."""
    return _page(request)


@login_required
@require_POST
def add_contact_point(request: SignedInRequest) -> HttpResponse:
    """A new way; its code is on its way."""
    form = ContactPointForm(request.POST)
    if form.is_valid():
        try:
            point = contact_points.add(request.user, **form.cleaned_data, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, f"“{point.label}” added. A code is on its way there.")
            return redirect("contributors:contacts")
    return _page(request, form=form, status=422)


@login_required
@require_POST
def verify(request: SignedInRequest, pk: int) -> HttpResponse:
    """The code came back."""
    try:
        point = contact_points.verify(
            _mine(request, pk).pk, code=request.POST.get("code", ""), by=request.user, at=timezone.now()
        )
    except Invalid as error:
        return _page(request, wrong={pk: _sentence(error)}, status=422)
    messages.success(request, f"“{point.label}” works. You are paged there as well from now on.")
    return redirect("contributors:contacts")


@login_required
@require_POST
def resend(request: SignedInRequest, pk: int) -> HttpResponse:
    """Another code."""
    point = contact_points.resend_code(_mine(request, pk).pk, by=request.user, at=timezone.now())
    messages.success(request, f"A new code is on its way to “{point.label}”.")
    return redirect("contributors:contacts")


@login_required
@require_POST
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget a way."""
    point = contact_points.remove(_mine(request, pk).pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{point.label}” removed.")
    return redirect("contributors:contacts")


@login_required
@require_POST
def rotate(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new signing key, shown once."""
    key = contact_points.rotate_key(_mine(request, pk).pk, by=request.user, at=timezone.now())
    return _page(request, new_key={pk: key})


@login_required
@require_POST
def rule(request: SignedInRequest, urgency: str) -> HttpResponse:
    """Which way after how long."""
    if urgency not in ContactRule.Urgency.values:
        raise Http404("No such rule.")
    steps = _steps(request)
    if steps is None:
        return _page(request, rule_error={urgency: "Choose one of the times offered."}, status=422)
    try:
        contact_points.set_rule(request.user, urgency, steps)
    except Invalid as error:
        return _page(request, rule_error={urgency: _sentence(error)}, status=422)
    messages.success(request, "Saved.")
    return redirect("contributors:contacts")


def _steps(request: SignedInRequest) -> list[RuleStep] | None:
    """The chosen steps; None for a time that is not offered."""
    offered, steps = dict(WAITS), []
    for name in (contact_points.ACCOUNT, *(str(point.pk) for point in contact_points.points_of(request.user))):
        wait = request.POST.get(f"way-{name}", NEVER)
        if wait not in offered:
            return None
        if wait != NEVER:
            steps.append(RuleStep(None if name == contact_points.ACCOUNT else int(name), timedelta(minutes=int(wait))))
    return steps


@login_required
@require_POST
def quiet(request: SignedInRequest) -> HttpResponse:
    """Quiet hours, or none."""
    form = QuietHoursForm(request.POST)
    if form.is_valid():
        starts, ends = form.cleaned_data["starts"], form.cleaned_data["ends"]
        try:
            contact_points.set_quiet_hours(request.user, starts=starts, ends=ends)
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, "Quiet hours saved." if starts else "No quiet hours.")
            return redirect("contributors:contacts")
    return _page(request, quiet_form=form, status=422)


# --- What they share ----------------------------------------------------------------------------


def _mine(request: SignedInRequest, pk: int) -> ContactPoint:
    """Somebody else's way does not exist for this person."""
    for point in contact_points.points_of(request.user):
        if point.pk == pk:
            return point
    raise Http404("No such way.")


def _page(request: SignedInRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    mine = contact_points.points_of(request.user)
    off = preferences.turned_off_categories(request.user)
    wrong, keys = more.get("wrong", {}), more.get("new_key", {})
    context = {
        "form": more.get("form") or ContactPointForm(),
        "quiet_form": more.get("quiet_form") or _quiet_form(request),
        "points": [
            {
                "point": point,
                "error": wrong.get(point.pk, ""),
                "key": keys.get(point.pk, ""),
                "trouble": contact_points.explain_refusal(point),
                "channel": find_channel(point.kind),
            }
            for point in mine
        ],
        "rules": [_rule(request, urgency, mine, more.get("rule_error", {})) for urgency in ContactRule.Urgency],
        "slow": contact_points.warn_of_slow_rule(request.user, limit=contact_points.escalation_wait_of(request.user)),
        "waits": WAITS,
        "topics": [(category, category.name not in off) for category in categories.CATEGORIES],
        "has_errors": status != 200,
        "own_parts": [channel.add_template for channel in every_channel().values() if channel.add_template],
    }
    return render(request, "contributors/contact_points/contacts.html", context, status=status)


def _rule(
    request: SignedInRequest, urgency: ContactRule.Urgency, mine: list[ContactPoint], errors: dict[str, str]
) -> dict[str, Any]:
    """A rule as rows of (field name, label, chosen wait)."""
    chosen = {
        str(route.point.pk) if route.point else contact_points.ACCOUNT: str(int(route.wait.total_seconds()) // 60)
        for route in contact_points.routes_in_force(request.user, urgency)
    }
    ways = [(contact_points.ACCOUNT, f"{request.user.email} (your account)")]
    ways += [(str(point.pk), point.label) for point in mine if point.works]
    return {
        "urgency": urgency.value,
        "label": urgency.label,
        "error": errors.get(urgency.value, ""),
        "rows": [(f"way-{name}", label, chosen.get(name, NEVER)) for name, label in ways],
    }


def _quiet_form(request: SignedInRequest) -> QuietHoursForm:
    hours = QuietHours.objects.filter(user=request.user).first()
    initial: dict[str, time] = {"starts": hours.starts, "ends": hours.ends} if hours else {}
    return QuietHoursForm(initial=initial)


def _sentence(error: Invalid) -> str:
    first = next(iter(error.errors.values()))
    return first if isinstance(first, str) else str(first[0])
