"""How one is reached: ways, their codes, rules and quiet hours. Everything here is one's own."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from contributors import contacts, preferences, topics
from contributors.contacts import Step
from contributors.models import ContactPoint, ContactRule, QuietHours
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest

NEVER = "never"
WAITS = [
    ("0", "At once"), ("2", "After 2 min"), ("5", "After 5 min"), ("10", "After 10 min"), ("15", "After 15 min"),
    ("30", "After 30 min"), (NEVER, "Not this way"),
]  # fmt: skip


# A browser is not typed: its button adds it.
TYPED = [choice for choice in ContactPoint.Kind.choices if choice[0] != ContactPoint.Kind.PUSH]


class AddForm(forms.Form):
    """A new way."""

    kind = forms.ChoiceField(label="Kind", choices=TYPED)
    label = forms.CharField(label="Name", max_length=60, help_text="So that you recognise it: My phone.")
    target = forms.CharField(
        label="Address", max_length=1000,
        help_text="An e-mail address; an Apprise address such as ntfys://ntfy.example.com/topic, tgram://… or "
        "slack://…; or the https:// address of a webhook. It is kept encrypted.",
    )  # fmt: skip


class QuietForm(forms.Form):
    """Two times of one's own zone, or none."""

    starts = forms.TimeField(label="From", required=False, widget=forms.TimeInput(attrs={"type": "time"}))
    ends = forms.TimeField(label="Until", required=False, widget=forms.TimeInput(attrs={"type": "time"}))


@login_required
@require_safe
def page(request: SignedInRequest) -> HttpResponse:
    """All of it."""
    return _page(request)


@login_required
@require_POST
def add(request: SignedInRequest) -> HttpResponse:
    """A new way; its code is on its way."""
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            point = contacts.add(request.user, **form.cleaned_data, at=timezone.now())
        except Invalid as error:
            _explain(form, error)
        else:
            messages.success(request, f"“{point.label}” added. A code is on its way there.")
            return redirect("contributors:contacts")
    return _page(request, form=form, status=422)


@login_required
@require_POST
def verify(request: SignedInRequest, pk: int) -> HttpResponse:
    """The code came back."""
    try:
        point = contacts.verify(
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
    point = contacts.resend(_mine(request, pk).pk, by=request.user, at=timezone.now())
    messages.success(request, f"A new code is on its way to “{point.label}”.")
    return redirect("contributors:contacts")


@login_required
@require_POST
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Forget a way."""
    point = contacts.remove(_mine(request, pk).pk, by=request.user, at=timezone.now())
    messages.success(request, f"“{point.label}” removed.")
    return redirect("contributors:contacts")


@login_required
@require_POST
def rotate(request: SignedInRequest, pk: int) -> HttpResponse:
    """A new signing key, shown once."""
    key = contacts.rotate_key(_mine(request, pk).pk, by=request.user, at=timezone.now())
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
        contacts.set_rule(request.user, urgency, steps)
    except Invalid as error:
        return _page(request, rule_error={urgency: _sentence(error)}, status=422)
    messages.success(request, "Saved.")
    return redirect("contributors:contacts")


def _steps(request: SignedInRequest) -> list[Step] | None:
    """The chosen steps; None for a time that is not offered."""
    offered, steps = dict(WAITS), []
    for name in (contacts.ACCOUNT, *(str(point.pk) for point in contacts.points(request.user))):
        wait = request.POST.get(f"way-{name}", NEVER)
        if wait not in offered:
            return None
        if wait != NEVER:
            steps.append(Step(None if name == contacts.ACCOUNT else int(name), timedelta(minutes=int(wait))))
    return steps


@login_required
@require_POST
def quiet(request: SignedInRequest) -> HttpResponse:
    """Quiet hours, or none."""
    form = QuietForm(request.POST)
    if form.is_valid():
        starts, ends = form.cleaned_data["starts"], form.cleaned_data["ends"]
        try:
            contacts.set_quiet_hours(request.user, starts=starts, ends=ends)
        except Invalid as error:
            _explain(form, error)
        else:
            messages.success(request, "Quiet hours saved." if starts else "No quiet hours.")
            return redirect("contributors:contacts")
    return _page(request, quiet_form=form, status=422)


# --- What they share ----------------------------------------------------------------------------


def _mine(request: SignedInRequest, pk: int) -> ContactPoint:
    """Somebody else's way does not exist for this person."""
    for point in contacts.points(request.user):
        if point.pk == pk:
            return point
    raise Http404("No such way.")


def _page(request: SignedInRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    mine = contacts.points(request.user)
    off = preferences.turned_off(request.user)
    wrong, keys = more.get("wrong", {}), more.get("new_key", {})
    context = {
        "form": more.get("form") or AddForm(),
        "quiet_form": more.get("quiet_form") or _quiet_form(request),
        "points": [
            {"point": point, "error": wrong.get(point.pk, ""), "key": keys.get(point.pk, "")}
            for point in mine
        ],
        "rules": [
            _rule(request, urgency, mine, more.get("rule_error", {})) for urgency in ContactRule.Urgency
        ],
        "slow": contacts.slow_rule(request.user, limit=contacts.passes_on(request.user)),
        "waits": WAITS,
        "topics": [(topic, topic.name not in off) for topic in topics.TOPICS],
        "has_errors": status != 200,
        "on_apple_phone": any(name in request.headers.get("User-Agent", "") for name in ("iPhone", "iPad")),
    }
    return render(request, "contributors/contacts.html", context, status=status)


def _rule(
    request: SignedInRequest, urgency: ContactRule.Urgency, mine: list[ContactPoint], errors: dict[str, str]
) -> dict[str, Any]:
    """A rule as rows of (field name, label, chosen wait)."""
    chosen = {
        str(route.point.pk) if route.point else contacts.ACCOUNT: str(int(route.wait.total_seconds()) // 60)
        for route in contacts.rule(request.user, urgency)
    }
    ways = [(contacts.ACCOUNT, f"{request.user.email} (your account)")]
    ways += [(str(point.pk), point.label) for point in mine if point.works]
    return {
        "urgency": urgency.value, "label": urgency.label, "error": errors.get(urgency.value, ""),
        "rows": [(f"way-{name}", label, chosen.get(name, NEVER)) for name, label in ways],
    }  # fmt: skip


def _quiet_form(request: SignedInRequest) -> QuietForm:
    hours = QuietHours.objects.filter(user=request.user).first()
    initial: dict[str, time] = {"starts": hours.starts, "ends": hours.ends} if hours else {}
    return QuietForm(initial=initial)


def _explain(form: forms.Form, error: Invalid) -> None:
    for name, sentences in error.errors.items():
        form.add_error(name if name in form.fields else None, sentences)


def _sentence(error: Invalid) -> str:
    first = next(iter(error.errors.values()))
    return first if isinstance(first, str) else str(first[0])
