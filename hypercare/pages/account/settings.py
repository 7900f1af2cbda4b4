"""One's own account: name, time zone, look, shortcuts, API tokens."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from hypercare.accounts import api_tokens, profiles, second_step, sessions
from hypercare.exceptions import Invalid
from hypercare.models import ApiToken, User
from hypercare.web.forms import TIME_ZONES, FormBeside, add_errors
from hypercare.web.requests import SignedInRequest


class AccountForm(forms.Form):
    """What a person may change about themself."""

    name = forms.CharField(label="Name", max_length=120)
    timezone = forms.ChoiceField(
        label="Time zone", help_text="Every time is shown to you in this zone.", choices=TIME_ZONES
    )
    phone = forms.CharField(
        label="Phone",
        max_length=profiles.LONGEST_PHONE,
        required=False,
        help_text="Shown to the people of your periods. It is kept encrypted.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    theme = forms.ChoiceField(label="Look", choices=User.Theme.choices, required=False)
    shortcuts = forms.BooleanField(
        label="Single-key shortcuts",
        required=False,
        help_text="Keys such as C for a new incident. Turn them off if they get in your way.",
    )


class TokenForm(FormBeside):
    """A name to recognise the token by, and how far it goes. It stands beside the form of the account."""

    ids = "token"
    name = forms.CharField(label="What is it for?", max_length=api_tokens.LONGEST_NAME)
    may_write = forms.BooleanField(
        label="It may change things, not only read", required=False, help_text="As far as you may yourself."
    )


@login_required
@require_http_methods(["GET", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """Show and save one's own settings."""
    form, status = AccountForm(request.POST or None, initial=_said_now(request.user)), 422
    if not form.is_bound:
        return _page(request, form, TokenForm())
    if form.is_valid():
        try:
            profiles.change_profile(request.user.pk, **form.cleaned_data)
            messages.success(request, "Settings saved.")
            return redirect("settings")
        except Invalid as error:
            status = add_errors(form, error)
    return _page(request, form, TokenForm(), status=status)


def _said_now(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in profiles.FIELDS}


@login_required
@require_POST
@reauthentication_required(app="hypercare")  # type: ignore[untyped-decorator]  # allauth ships no types
def tokens(request: SignedInRequest) -> HttpResponse:
    """Make an API token and show it this once."""
    form = TokenForm(request.POST)
    account_form = AccountForm(initial=_said_now(request.user))
    if not form.is_valid():
        return _page(request, account_form, form, status=422)
    _, text = api_tokens.make_token(request.user, **form.cleaned_data, at=timezone.now())
    return _page(request, account_form, TokenForm(), new_token=text)


@login_required
@require_POST
def sign_out_everywhere(request: SignedInRequest) -> HttpResponse:
    """End every session of this person, this one too."""
    sessions.end_all(request.user)
    logout(request)
    return redirect(f"{reverse('account_login')}?everywhere")


@login_required
@require_POST
def revoke_token(request: SignedInRequest, pk: int) -> HttpResponse:
    """End a token at once."""
    token = get_object_or_404(ApiToken, pk=pk, user=request.user, revoked_at__isnull=True)
    api_tokens.revoke(token.pk, at=timezone.now())
    messages.success(request, f"“{token.name}” no longer works.")
    return redirect("settings")


def _page(
    request: SignedInRequest, form: AccountForm, token_form: TokenForm, *, new_token: str = "", status: int = 200
) -> HttpResponse:
    living = api_tokens.living_tokens(request.user)
    context = {
        "form": form,
        "token_form": token_form,
        "tokens": living[:50],
        "new_token": new_token,
        "second_step": second_step.authenticator_of(request.user),
    }
    return render(request, "hypercare/account/settings.html", context, status=status)
