"""Go or no-go: votes, and the sponsor's decision."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from contributors.forms import DecideForm, VoteForm
from contributors.views import readiness
from contributors.views.loading import done, explain, page_of
from hypercare.errors import Invalid
from hypercare.http import SignedInRequest
from periods import gonogo
from periods.access import period_or_404

CONDITION_FIELDS = {
    "owner": "condition_owner",
    "due_at": "condition_due_at",
    "text": "more",
    "conditions": "more",
}


@login_required
@require_POST
def vote(request: SignedInRequest, key: str) -> HttpResponse:
    """Go, or hold with a reason."""
    period, form = period_or_404(request.user, key), VoteForm(request.POST)
    if form.is_valid():
        try:
            cast = gonogo.vote(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        except Invalid as error:
            explain(form, error)
        else:
            return done(
                request,
                f"Your vote: {cast.get_choice_display().lower()}",
                url=page_of(period, "period_readiness") + "#go",
            )
    return readiness.render_page(request, period, status=422, vote_form=form)


@login_required
@require_POST
def decide(request: SignedInRequest, key: str) -> HttpResponse:
    """The sponsor's decision; refusals name every objection that stands."""
    period, now = period_or_404(request.user, key), timezone.now()
    found = [objection.text for objection in gonogo.objections(period, at=now)]
    form = DecideForm(request.POST, period=period, objections=found)
    if form.is_valid():
        try:
            decision = gonogo.decide(
                period.pk, outcome=form.cleaned_data["outcome"], reason=form.cleaned_data["reason"],
                conditions=form.conditions, go_live_at=form.cleaned_data["go_live_at"], by=request.user, at=now,
            )  # fmt: skip
        except Invalid as error:
            explain(form, _by_field(error))
        else:
            return done(
                request,
                f"Decided: {decision.get_outcome_display().lower()}",
                url=page_of(period, "period_readiness"),
            )
    return readiness.render_page(request, period, status=422, decide_form=form)


def _by_field(error: Invalid) -> Invalid:
    """Complaints about the conditions, said once beside the field that all conditions share."""
    found: dict[str, list[str]] = {}
    for field, texts in error.errors.items():
        name = field.rpartition("/")[2]
        name = CONDITION_FIELDS.get(name, name) if "/" in field or name == "conditions" else name
        found.setdefault(name, [])
        found[name] += [text for text in texts if text not in found[name]]
    return Invalid({**found})
