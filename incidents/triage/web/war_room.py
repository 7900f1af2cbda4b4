"""Buttons of the war room that ask for no form: parts, tasks done, links and relations removed, following."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hypercare.database.numbers import number_of
from hypercare.exceptions import Refused
from hypercare.models import User
from hypercare.web.answers import confirm_done
from hypercare.web.requests import SignedInRequest, is_htmx
from incidents.models import IncidentRole
from incidents.triage import relations, tasks, war_room, watchers
from incidents.triage.web.forms import find_named, workers_of
from incidents.triage.web.loading import LoadedIncident, incident_or_404, show_problem
from periods.debriefs import actions


@login_required
@require_POST
def hand_part(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Take a part, hand it over or give it back: `user` is who has it from now on, `was` whom the page showed."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_work()
    wanted, asked = request.POST.get("part", ""), request.POST.get("user", "")
    try:
        war_room.give_part(
            loaded.incident.pk,
            part=wanted,
            user=_worker(loaded, asked),
            by=request.user,
            at=timezone.now(),
            instead_of=_anybody(request.POST.get("was", "")),
        )
    except Refused as error:
        return _refused(request, loaded, error)
    name = IncidentRole.Part(wanted).label
    return _done(request, loaded, f"{name} changed" if asked else f"Nobody is {name.lower()} now")


@login_required
@require_POST
def task(request: SignedInRequest, key: str, number: int, pk: int) -> HttpResponse:
    """A task is done (`done=1`), or open again."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_work()
    if not loaded.incident.tasks.filter(action__pk=pk).exists():
        raise Http404("No such task.")
    change = actions.complete if request.POST.get("done") else actions.reopen
    try:
        change(pk, by=request.user, at=timezone.now())
    except Refused as error:
        return _refused(request, loaded, error)
    return _done(request, loaded, "Task done" if request.POST.get("done") else "Task open again")


@login_required
@require_POST
def remove_link(request: SignedInRequest, key: str, number: int, pk: int) -> HttpResponse:
    """Take a link off."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_work()
    try:
        tasks.remove_link(loaded.incident.pk, link=pk, by=request.user, at=timezone.now())
    except Refused as error:
        return _refused(request, loaded, error)
    return _done(request, loaded, "Link removed")


@login_required
@require_POST
def unrelate(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Take a relation off (`other`), or this one out of its parent (no `other`)."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_handle(loaded.incident)
    text, now = request.POST.get("other", ""), timezone.now()
    other = find_named(text, loaded.period)
    if text and other is None:
        raise Http404("No such incident.")
    try:
        if other:
            relations.unrelate(loaded.incident.pk, other=other.pk, by=request.user, at=now)
        else:
            relations.put_under(loaded.incident.pk, parent=None, by=request.user, at=now)
    except Refused as error:
        return _refused(request, loaded, error)
    return _done(request, loaded, f"{loaded.incident.key} stands by itself again" if not other else "Relation removed")


@login_required
@require_POST
def follow(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Hear how it goes on (`on=1`), or no more."""
    loaded = incident_or_404(request, key, number)
    if request.POST.get("on"):
        watchers.follow(loaded.incident.pk, by=request.user, at=timezone.now())
        return _done(request, loaded, f"You hear how {loaded.incident.key} goes on")
    watchers.unfollow(loaded.incident.pk, by=request.user)
    return _done(request, loaded, f"You no longer follow {loaded.incident.key}")


def _worker(loaded: LoadedIncident, text: str) -> User | None:
    """Who was chosen; nobody for an empty choice."""
    if not text:
        return None
    found = workers_of(loaded.period).filter(pk=number_of(text) or 0).first()
    if not isinstance(found, User):
        raise Http404("No such person.")
    return found


def _anybody(text: str) -> User | None:
    """Whom the page showed, who may have left since."""
    return User.objects.filter(pk=number_of(text) or 0).first()


def _done(request: SignedInRequest, loaded: LoadedIncident, text: str) -> HttpResponse:
    return confirm_done(request, text, url=loaded.incident.get_absolute_url(), stay=is_htmx(request))


def _refused(request: SignedInRequest, loaded: LoadedIncident, error: Refused) -> HttpResponse:
    about = {"incident": loaded.incident, "period": loaded.period, "rights": loaded.rights, "tab": "incidents"}
    return show_problem(request, {**about, "reasons": error.reasons})
