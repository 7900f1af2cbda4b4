"""Views of the list of incidents that a person keeps under a name."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hypercare.exceptions import Invalid
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, next_url
from incidents.lists import saved_filters
from incidents.lists.listing import IncidentFilters
from incidents.lists.web import lists
from periods.access.access import period_or_404


@login_required
@require_POST
def save(request: SignedInRequest, key: str) -> HttpResponse:
    """Keep what the list shows under a name; a name that can't stand comes back with the list, as typed."""
    period, now = period_or_404(request.user, key), timezone.now()
    filters = IncidentFilters.read(QueryDict(request.POST.get("query", "")[:2000].lstrip("?")).dict())
    name = request.POST.get("name", "")
    try:
        view = saved_filters.save(period.pk, name=name, filters=filters, by=request.user, at=now)
    except Invalid as error:
        context = lists.of_period(request, period, now, filters) | {
            "view_name": name,
            "view_errors": list(error.reasons),
        }
        return render(request, "incidents/lists/list.html", context, status=422)
    place = reverse("period_incidents", kwargs={"key": period.key}) + view.query
    return confirm_done(request, f"Saved as “{view.name}”", url=place)


@login_required
@require_POST
def forget(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Delete one of one's own views."""
    period = period_or_404(request.user, key)
    name = saved_filters.forget(period, pk, by=request.user)
    if name is None:
        raise Http404("No such view.")
    place = next_url(request, reverse("period_incidents", kwargs={"key": period.key}))
    return confirm_done(request, f"View “{name}” deleted", url=place)
