"""The people of an installation, for whoever administers it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.accounts import duties, people
from hypercare.exceptions import Refused
from hypercare.models import User
from hypercare.web.forms import TIME_ZONES, add_errors
from hypercare.web.requests import SignedInRequest, require_administrator

PER_PAGE = 50


class RightsForm(forms.Form):
    """What somebody may do beyond the periods they are part of."""

    may_plan = forms.BooleanField(label="May plan new periods", required=False)
    may_administer = forms.BooleanField(
        label="Administers this installation",
        required=False,
        help_text="Sees set-up, deliveries and mailbox, and keeps these accounts.",
    )


class PersonForm(RightsForm):
    """A new account."""

    name = forms.CharField(label="Name", max_length=120)
    email = forms.EmailField(label="E-mail", max_length=254)
    timezone = forms.ChoiceField(label="Time zone", choices=TIME_ZONES)
    field_order = ("name", "email", "timezone", "may_plan", "may_administer")


@login_required
@require_safe
def list_people(request: SignedInRequest) -> HttpResponse:
    """Who has an account, in pages; by name or address."""
    require_administrator(request.user)
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    page = Paginator(people.list_people(text), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "hypercare/account/people.html", {"page": page, "text": text})


@login_required
@require_http_methods(["GET", "POST"])
def add_person(request: SignedInRequest) -> HttpResponse:
    """A form for a new account."""
    require_administrator(request.user)
    form, status = PersonForm(request.POST or None, initial={"timezone": request.user.timezone}), 422
    if form.is_valid():
        try:
            user = people.add_person(**form.cleaned_data, by=request.user)
            messages.success(request, f"{user.name} has an account, and gets in by “Forgotten password”.")
            return redirect("people")
        except Refused as error:
            status = add_errors(form, error)
    answer: dict[str, Any] = {"form": form, "person": None, "duties": []}
    return render(request, "hypercare/account/person.html", answer, status=status if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "POST"])
def change_person(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show somebody's account, and save what they may do."""
    require_administrator(request.user)
    user = get_object_or_404(User, pk=pk)
    form, status = RightsForm(request.POST or None, initial=_rights_of(user)), 200
    if request.method == "POST":
        form = RightsForm(request.POST)  # a form with no box ticked sends nothing but its token
        try:
            people.change_rights(user.pk, **_ticked(form), by=request.user)
            messages.success(request, f"What {user.name} may do is saved.")
            return redirect("people")
        except Refused as error:
            status = add_errors(form, error)
    held = duties.list_duties(user, at=timezone.now()) if user.is_active else []
    answer = {"form": form, "person": user, "duties": held}
    return render(request, "hypercare/account/person.html", answer, status=status)


@login_required
@require_POST
def deactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Switch somebody's account off, after the page said what becomes of what they hold."""
    require_administrator(request.user)
    user = people.deactivate(get_object_or_404(User, pk=pk).pk, by=request.user, at=timezone.now())
    messages.success(request, f"The account of {user.name} is switched off.")
    return redirect("person", pk=pk)


@login_required
@require_POST
def reactivate(request: SignedInRequest, pk: int) -> HttpResponse:
    """Switch somebody's account on again."""
    require_administrator(request.user)
    user = people.reactivate(get_object_or_404(User, pk=pk).pk, by=request.user)
    messages.success(request, f"The account of {user.name} is switched on again.")
    return redirect("person", pk=pk)


def _rights_of(user: User) -> dict[str, bool]:
    return {"may_plan": user.may_plan, "may_administer": user.is_superuser}


def _ticked(form: forms.Form) -> dict[str, Any]:
    form.full_clean()
    return form.cleaned_data
