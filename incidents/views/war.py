"""Buttons of the war room that ask for no form: parts, tasks done, links and relations removed, following."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from hypercare.errors import Refused
from hypercare.http import SignedInRequest
from hypercare.models import User
from incidents import followers, relations, war_room, work
from incidents.forms import named, workers
from incidents.models import IncidentRole
from incidents.views.loading import Loaded, done, incident_or_404, is_htmx, problem
from periods import actions


@login_required
@require_POST
def part(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Take a part, hand it over or give it back: `user` is who has it from now on, `was` whom the page showed."""
    loaded = incident_or_404(request, key, number)
    loaded.rights.require_work()
    wanted, asked = request.POST.get("part", ""), request.POST.get("user", "")
    try:
        war_room.give_part(
            loaded.incident.pk, part=wanted, user=_worker(loaded, asked), by=request.user, at=timezone.now(),
            instead_of=_anybody(request.POST.get("was", "")),
        )  # fmt: skip
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
    if not loaded.incident.tasks.filter(action=pk).exists():
        raise Http404("No such task.")
    change = actions.done if request.POST.get("done") else actions.reopen
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
        work.remove_link(loaded.incident.pk, link=pk, by=request.user, at=timezone.now())
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
    other = named(text, loaded.period)
    if text and other is None:
        raise Http404("No such incident.")
    try:
        if other:
            relations.unrelate(loaded.incident.pk, other=other.pk, by=request.user, at=now)
        else:
            relations.put_under(loaded.incident.pk, parent=None, by=request.user, at=now)
    except Refused as error:
        return _refused(request, loaded, error)
    return _done(
        request, loaded, f"{loaded.incident.key} stands by itself again" if not other else "Relation removed"
    )


@login_required
@require_POST
def follow(request: SignedInRequest, key: str, number: int) -> HttpResponse:
    """Hear how it goes on (`on=1`), or no more."""
    loaded = incident_or_404(request, key, number)
    if request.POST.get("on"):
        followers.follow(loaded.incident.pk, by=request.user, at=timezone.now())
        return _done(request, loaded, f"You hear how {loaded.incident.key} goes on")
    followers.unfollow(loaded.incident.pk, by=request.user)
    return _done(request, loaded, f"You no longer follow {loaded.incident.key}")


def _worker(loaded: Loaded, text: str) -> User | None:
    """Who was chosen; nobody for an empty choice."""
    if not text:
        return None
    found = (
        workers(loaded.period).filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None
    )
    if not isinstance(found, User):
        raise Http404("No such person.")
    return found


def _anybody(text: str) -> User | None:
    """Whom the page showed, who may have left since."""
    return User.objects.filter(pk=int(text)).first() if text.isdecimal() and len(text) < 19 else None


def _done(request: SignedInRequest, loaded: Loaded, text: str) -> HttpResponse:
    return done(request, text, url=loaded.incident.get_absolute_url(), stay=is_htmx(request))


def _refused(request: SignedInRequest, loaded: Loaded, error: Refused) -> HttpResponse:
    about = {
        "incident": loaded.incident,
        "period": loaded.period,
        "rights": loaded.rights,
        "tab": "incidents",
    }
    return problem(request, {**about, "reasons": error.reasons})
