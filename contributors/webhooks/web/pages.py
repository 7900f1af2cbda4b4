"""A period's outgoing webhooks: the list, and one of them with its deliveries."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributors import webhooks
from contributors.messaging.web.pages import delivery_row
from contributors.models import Delivery, Webhook
from contributors.shifts.web.fields import MOMENT, NOT_A_MOMENT, MomentField
from contributors.web.loading import page_url, tab_counts
from hypercare.exceptions import Invalid
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, is_unchanged
from periods.access.access import period_or_404
from periods.models import Period

RIGHT = "webhooks.manage"
OWN_PAGE = "contributors:webhook"
A_DAY = timedelta(days=1)


OFFERED = (
    webhooks.EventArea(
        webhooks.EVERYTHING, "Everything", "All of the below, and whatever is added to it.", frozenset()
    ),
    *webhooks.AREAS,
)


class HookForm(forms.Form):
    """Which events go where. The address is kept encrypted, so it is only typed to be changed."""

    name = forms.CharField(
        label="Name",
        max_length=60,
        help_text="So that people recognise it: Status board.",
        error_messages={"required": "Name it, so that people recognise it."},
    )
    url = forms.CharField(
        label="Address",
        max_length=2000,
        help_text="Where events are posted: https://…. It is kept encrypted.",
        error_messages={"required": "Give the address that events are posted to."},
    )
    areas = forms.MultipleChoiceField(
        label="Events",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(area.name, area.title) for area in OFFERED],
    )
    kinds = forms.CharField(
        label="Single kinds",
        required=False,
        max_length=2000,
        help_text="Instead of whole areas, or besides them: incident.reported, period.started",
    )

    def __init__(self, *args: Any, hook: Webhook | None = None, **kwargs: Any) -> None:
        """Begin with what a webhook has now."""
        if hook is not None:
            kwargs["initial"] = {"name": hook.name, **_as_typed(hook.events)}
        super().__init__(*args, **kwargs)
        if hook is not None:
            self.fields["url"].required = False
            self.fields["url"].label = "New address"
            self.fields["url"].help_text = f"Now {hook.shown}. Leave it empty to keep it."

    def patterns(self) -> list[str]:
        """What was chosen, as the domain reads it."""
        areas, typed = self.cleaned_data["areas"], self.cleaned_data["kinds"].replace(",", " ").split()
        if webhooks.EVERYTHING in areas:
            return [webhooks.EVERYTHING]
        return [*areas, *typed]


class SinceForm(forms.Form):
    """From when on."""

    since = MomentField(
        label="Everything that failed since",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        error_messages={"required": NOT_A_MOMENT, "invalid": NOT_A_MOMENT},
    )


def _as_typed(patterns: list[str]) -> dict[str, Any]:
    """The areas among them, and what is left as single kinds."""
    areas = [area.name for area in OFFERED if area.name in patterns]
    return {"areas": areas, "kinds": ", ".join(pattern for pattern in patterns if pattern not in areas)}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def list_webhooks(request: SignedInRequest, key: str) -> HttpResponse:
    """All of a period's webhooks; POST adds one and shows its signing key this once."""
    period = period_or_404(request.user, key, may=RIGHT)
    if request.method != "POST":
        return _list(request, period, HookForm())
    form = HookForm(request.POST)
    if form.is_valid():
        try:
            hook = webhooks.add(
                period.pk,
                name=form.cleaned_data["name"],
                url=form.cleaned_data["url"],
                patterns=form.patterns(),
                by=request.user,
                at=timezone.now(),
            )
        except Invalid as error:
            _explain(form, error)
        else:
            return _one(request, period, hook, new_key=hook.signing_key, is_new=True)
    return _list(request, period, form, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show_webhook(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """One webhook with its deliveries; POST changes it."""
    period = period_or_404(request.user, key, may=RIGHT)
    hook = _hook(period, pk)
    if request.method != "POST":
        return _one(request, period, hook)
    form = HookForm(request.POST, hook=hook)
    if form.is_valid():
        try:
            webhooks.change(
                hook.pk,
                name=form.cleaned_data["name"],
                url=form.cleaned_data["url"] or None,
                patterns=form.patterns(),
                by=request.user,
                at=timezone.now(),
            )
        except Invalid as error:
            _explain(form, error)
        else:
            return confirm_done(request, "Webhook saved", url=page_url(period, OWN_PAGE, pk=hook.pk))
    return _one(request, period, hook, form=form, status=422)


@login_required
@require_safe
def delivery_rows(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """The deliveries alone, for the page that is open."""
    period = period_or_404(request.user, key, may=RIGHT)
    hook = _hook(period, pk)
    if is_unchanged(request, webhooks.version_of(hook)):
        return HttpResponse(status=204)
    return render(request, "contributors/webhooks/_rows.html", _rows(request, period, hook))


@login_required
@require_POST
def rotate(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """A new signing key, shown this once."""
    period = period_or_404(request.user, key, may=RIGHT)
    hook = _hook(period, pk)
    fresh = webhooks.rotate_key(hook.pk, by=request.user, at=timezone.now())
    return _one(request, period, _hook(period, pk), new_key=fresh)


@login_required
@require_POST
def act_on_webhook(request: SignedInRequest, key: str, pk: int, name: str) -> HttpResponse:
    """Test it, turn it off or on, or remove it."""
    period = period_or_404(request.user, key, may=RIGHT)
    hook = _hook(period, pk)
    take, said = ACTIONS[name]
    take(hook.pk, by=request.user, at=timezone.now())
    stays = name != "remove"
    url = page_url(period, OWN_PAGE, pk=hook.pk) if stays else page_url(period, "contributors:webhooks")
    return confirm_done(request, said.format(name=hook.name), url=url)


ACTIONS: dict[str, tuple[Any, str]] = {
    "test": (webhooks.send_test, "A test is on its way to “{name}”"),
    "off": (webhooks.turn_off, "“{name}” is off"),
    "on": (webhooks.turn_on, "“{name}” is on: it gets what happens from now on"),
    "remove": (webhooks.remove, "“{name}” removed"),
}


@login_required
@require_POST
def replay(request: SignedInRequest, key: str, pk: int, delivery: uuid.UUID) -> HttpResponse:
    """Send one event again."""
    period = period_or_404(request.user, key, may=RIGHT)
    hook = _hook(period, pk)
    try:
        webhooks.replay(hook.pk, delivery, by=request.user, at=timezone.now())
    except Delivery.DoesNotExist as error:
        raise Http404("No such delivery.") from error
    return confirm_done(request, "On its way again", url=page_url(period, OWN_PAGE, pk=hook.pk))


@login_required
@require_POST
def replay_since(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Send again everything that failed since a moment."""
    period = period_or_404(request.user, key, may=RIGHT)
    hook, form = _hook(period, pk), SinceForm(request.POST)
    if not form.is_valid():
        return _one(request, period, hook, since_form=form, status=422)
    again = webhooks.replay_since(hook.pk, since=form.cleaned_data["since"], by=request.user, at=timezone.now())
    events = "1 event" if again.count == 1 else f"{again.count} events"
    more = "; more are left, send again for the rest" if again.more else ""
    return confirm_done(request, f"{events} on their way again{more}", url=page_url(period, OWN_PAGE, pk=hook.pk))


# --- What they share ----------------------------------------------------------------------------


def _hook(period: Period, pk: int) -> Webhook:
    """A webhook of this period. Raises Http404."""
    return get_object_or_404(webhooks.webhooks_of(period), pk=pk)


def _explain(form: HookForm, error: Invalid) -> None:
    """The events stand in two fields: what is wrong with them stands beside the first."""
    add_errors(form, error, events="kinds" if form.cleaned_data.get("kinds") else "areas")


def _list(request: SignedInRequest, period: Period, form: HookForm, *, status: int = 200) -> HttpResponse:
    hooks = list(webhooks.webhooks_of(period))
    counted = webhooks.tally_webhooks(hooks)
    context = {
        "period": period,
        "tab": "settings",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
        "form": form,
        "areas": _offered(form),
        "hooks": [{"hook": hook, "chosen": _chosen(hook), "tally": counted[hook.pk]} for hook in hooks],
        "most": webhooks.MOST,
    }
    return render(request, "contributors/webhooks/webhooks.html", context, status=status)


def _chosen(hook: Webhook) -> str:
    """Its events in a few words."""
    typed = _as_typed(hook.events)
    titles = [area.title for area in OFFERED if area.name in typed["areas"]]
    return ", ".join([*titles, typed["kinds"]] if typed["kinds"] else titles)


def _one(request: SignedInRequest, period: Period, hook: Webhook, *, status: int = 200, **more: Any) -> HttpResponse:
    context = {
        "tab": "settings",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
        "chosen": _chosen(hook),
        "form": HookForm(hook=hook),
        "since_form": SinceForm(initial={"since": timezone.now() - A_DAY}),
        **_rows(request, period, hook),
        **more,
    }
    context["areas"] = _offered(context["form"])
    return render(request, "contributors/webhooks/webhook.html", context, status=status)


def _offered(form: HookForm) -> list[tuple[webhooks.EventArea, bool]]:
    """The areas, with whether each is chosen in the form."""
    chosen = form["areas"].value() or []
    return [(area, area.name in chosen) for area in OFFERED]


def _rows(request: SignedInRequest, period: Period, hook: Webhook) -> dict[str, Any]:
    page = webhooks.deliveries_page(hook, request.GET.get("after", ""))
    url = page_url(period, OWN_PAGE, pk=hook.pk)
    after = f"?{urlencode({'after': request.GET['after']})}" if request.GET.get("after") else ""
    return {
        "period": period,
        "hook": hook,
        "version": webhooks.version_of(hook),
        "fragment": page_url(period, "contributors:webhook_rows", pk=hook.pk) + after,
        "rows": [delivery_row(row) for row in page.rows],
        "first_url": url if after else "",
        "next_url": f"{url}?{urlencode({'after': page.next})}" if page.next else "",
    }
