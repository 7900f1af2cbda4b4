"""What is done to several incidents of a list at once, and taking back what was done to one or many."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hypercare.database.numbers import number_of
from hypercare.exceptions import Invalid
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, is_htmx, next_url
from incidents.triage import bulk, permissions, queues
from incidents.triage.bulk import BulkOutcome
from incidents.triage.web.forms import NOBODY, workers_of
from incidents.triage.web.loading import show_problem
from periods.access.access import period_or_404
from periods.models import Period


@login_required
@require_POST
def change(request: SignedInRequest, key: str) -> HttpResponse:
    """Do one thing (`do` is `severity:P2`) to the chosen (`n`); those that refuse are named with the reason."""
    period, now = period_or_404(request.user, key), timezone.now()
    permissions.rights_in(request.user, period).require_work()
    action, _, value = request.POST.get("do", "").partition(":")
    numbers = [number for text in request.POST.getlist("n") if (number := number_of(text))]
    try:
        meant = _meant(period, action, value, now)
        outcome = bulk.apply(period.pk, numbers=numbers, action=action, value=meant, by=request.user, at=now)
    except Invalid as error:
        return _refused(request, period, list(error.reasons), status=422)
    return _told(request, period, outcome, "Changed", undo=True)


@login_required
@require_POST
def undo_bulk(request: SignedInRequest, key: str) -> HttpResponse:
    """Take back what was done: `of` names incidents with their journal entries, `36.120,37.121`."""
    period, now = period_or_404(request.user, key), timezone.now()
    permissions.rights_in(request.user, period).require_work()
    try:
        outcome = bulk.undo_all(period.pk, entries=_entries(request.GET.get("of", "")), by=request.user, at=now)
    except Invalid as error:
        return _refused(request, period, list(error.reasons), status=422)
    return _told(request, period, outcome, "Undone", undo=False)


def _meant(period: Period, action: str, value: str, now: Any) -> Any:
    """The value as the domain takes it."""
    if action == "assign":
        if value == NOBODY:
            return None
        owner = workers_of(period).filter(pk=number_of(value) or 0).first()
        if owner is None:
            raise Invalid({"owner": "Choose somebody who is part of this period."})
        return owner
    choices = {"severity": ("P1", "P2", "P3", "P4"), "snooze": ("", *queues.SNOOZES)}.get(action)
    if choices and value not in choices:
        raise Invalid({action: f"Choose {', '.join(name for name in choices if name)}."})
    return queues.snooze_end_of(value, period.zone, at=now) if action == "snooze" else value


def _entries(text: str) -> list[tuple[int, int]]:
    pairs = [tuple(number_of(number) for number in part.split(".")) for part in text[:4000].split(",")]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2 and pair[0] and pair[1]]


def _told(request: SignedInRequest, period: Period, outcome: BulkOutcome, verb: str, *, undo: bool) -> HttpResponse:
    """A toast when all went well; a page or banner that names what refused, and what did not."""
    place = next_url(request, reverse("period_incidents", kwargs={"key": period.key}))
    names = [incident.key for incident, _ in outcome.done]
    if outcome.refused or not names:
        kept = [f"{key}: {reason}" for key, reason in outcome.refused] or ["None of them was found."]
        said = [f"{verb}: {', '.join(names)}."] if names else ["Nothing was changed."]
        return _refused(request, period, [*said, *kept], status=409)
    text = f"{verb}: {names[0]}" if len(names) == 1 else f"{verb}: {len(names)} incidents"
    address = f"{reverse('incidents:undo', kwargs={'key': period.key})}?of={outcome.undo}" if undo else ""
    return confirm_done(request, text, url=place, undo=address, stay=is_htmx(request))


def _refused(request: SignedInRequest, period: Period, reasons: list[str], *, status: int) -> HttpResponse:
    context = {"period": period, "tab": "incidents", "reasons": reasons}
    if is_htmx(request):
        return show_problem(request, context, status=status)
    return render(request, "incidents/triage/many_problem.html", context, status=status)
