"""How releases are scored: the model in use, its versions, and, for administrators, making a new one.

Everybody who plans may read it, because every suggestion should be explained; only administrators change it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.exceptions import NotAllowed, Refused
from hypercare.models import User
from hypercare.pages.planning.scoring_forms import ScoringForm, UseForm
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.models import ScoringModel
from periods.planning import scoring, scoring_model
from periods.planning.scoring_model import ComplexityModel


@login_required
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """The model in use, and every version there was."""
    return _show(request, scoring.model_in_use())


@login_required
@require_safe
def version(request: SignedInRequest, version: int) -> HttpResponse:
    """One version as it was made, and what it gives against the one in use."""
    return _show(request, _model(version))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_version(request: SignedInRequest) -> HttpResponse:
    """Change the figures, see what that does to releases, then make the version."""
    if not request.user.is_staff:
        raise NotAllowed("The scoring model is changed by administrators. Ask one of them.")
    model, status = scoring.model_in_use(), 200
    form = ScoringForm(request.POST if request.method == "POST" else None, model=model)
    if form.is_bound:
        status = 200 if form.is_valid() else 422
        if status == 200 and "make" in request.POST:
            try:
                return _make(request, form)
            except Refused as error:
                status = add_errors(form, error)
    context = {
        "form": form,
        "model": model,
        "compared": _compared(model, form, request.user),
        "next": _next_version(),
        "total": form.total(),
    }
    return render(request, "hypercare/planning/scoring/new.html", context, status=status)


@login_required
@require_POST
def use(request: SignedInRequest, version: int) -> HttpResponse:
    """Return to a version that was made before."""
    model, form, status = _model(version), UseForm(request.POST), 422
    if form.is_valid():
        try:
            scoring.use_version(model.version, **form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, f"Version {model.version} is in use again.")
            return redirect("scoring")
        except NotAllowed:
            raise
        except Refused as error:
            status = add_errors(form, error)
    return _show(request, model, status=status, use_form=form)


def _make(request: SignedInRequest, form: ScoringForm) -> HttpResponse:
    made = scoring.make_version(
        form.data_of(),
        reason=form.cleaned_data["reason"],
        based_on=form.cleaned_data["based_on"],
        by=request.user,
        at=timezone.now(),
    )
    messages.success(request, f"Version {made.version} is in use. Plans that are finished keep theirs.")
    return redirect("scoring")


def _model(version: int) -> ComplexityModel:
    try:
        return scoring.model_of_version(version)
    except ScoringModel.DoesNotExist as error:
        raise Http404("No such version.") from error


def _next_version() -> int:
    return scoring.versions()[0].number + 1


def _show(request: SignedInRequest, model: ComplexityModel, *, status: int = 200, **more: Any) -> HttpResponse:
    current, versions = scoring.model_in_use(), scoring.versions()
    context = {
        "model": model,
        "current": current,
        "is_current": model.version == current.version,
        "versions": versions,
        "shown": next(one for one in versions if one.number == model.version),
        "uses": scoring.uses(),
        "compared": [] if model.version == current.version else _both(current, model, request.user),
        "use_form": UseForm(),
        "is_admin": request.user.is_staff,
        "rules": _rules(model),
        **more,
    }
    return render(request, "hypercare/planning/scoring/overview.html", context, status=status)


def _rules(model: ComplexityModel) -> list[tuple[str, str]]:
    """Floors in words, with the band each asks for."""
    labels = {**scoring_model.BAND_LABELS, "": "No floor"}
    return [(floor.reason, labels[floor.band]) for floor in model.floors]


def _both(old: ComplexityModel, new: ComplexityModel, user: User) -> list[scoring.ModelComparison]:
    return scoring.compare(old, new, [*scoring.EXAMPLES, *scoring.past_examples(user)])


def _compared(model: ComplexityModel, form: ScoringForm, user: User) -> list[scoring.ModelComparison]:
    """Releases by the model in use and by the figures on the page; nothing while these are no model."""
    if not form.is_bound:
        return _both(model, model, user)
    data = form.data_of()
    return [] if scoring_model.find_problems(data) else _both(model, scoring_model.from_data(model.version, data), user)
