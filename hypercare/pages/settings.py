"""One's own account: name, time zone, look, shortcuts, API tokens."""

from __future__ import annotations

import secrets
from datetime import timedelta
from zoneinfo import available_timezones

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

from hypercare import second_step, sessions
from hypercare.api import hash_token
from hypercare.http import SignedInRequest
from hypercare.models import ApiToken, User

TOKEN_DAYS = 90


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What a person may change about themself."""

    timezone = forms.ChoiceField(
        label="Time zone", help_text="Every time is shown to you in this zone.",
        choices=[(name, name.replace("_", " ")) for name in sorted(available_timezones())],
    )  # fmt: skip

    phone = forms.CharField(
        label="Phone", max_length=40, required=False,
        help_text="Shown to the people of your periods. It is kept encrypted.",
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )  # fmt: skip

    class Meta:
        model = User
        fields = ("name", "timezone", "phone", "theme", "shortcuts")
        labels = {"theme": "Look", "shortcuts": "Single-key shortcuts"}
        help_texts = {
            "shortcuts": "Keys such as C for a new incident. Turn them off if they get in your way.",
        }


class TokenForm(forms.Form):
    """A name to recognise the token by, and how far it goes."""

    name = forms.CharField(label="What is it for?", max_length=80)
    may_write = forms.BooleanField(
        label="It may change things, not only read", required=False, help_text="As far as you may yourself."
    )


@login_required
@require_http_methods(["GET", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """Show and save one's own settings."""
    form = AccountForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Settings saved.")
        return redirect("settings")
    return _page(request, form, TokenForm(), status=422 if form.errors else 200)


@login_required
@require_POST
@reauthentication_required(app="hypercare")  # type: ignore[untyped-decorator]  # allauth ships no types
def tokens(request: SignedInRequest) -> HttpResponse:
    """Make an API token and show it this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, AccountForm(instance=request.user), form, status=422)
    text, now = f"hc_{secrets.token_urlsafe(32)}", timezone.now()
    ApiToken.objects.create(
        user=request.user, name=form.cleaned_data["name"], prefix=text[:10], token_hash=hash_token(text),
        may_write=form.cleaned_data["may_write"], created_at=now, expires_at=now + timedelta(days=TOKEN_DAYS),
    )  # fmt: skip
    return _page(request, AccountForm(instance=request.user), TokenForm(), new_token=text)


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
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    messages.success(request, f"“{token.name}” no longer works.")
    return redirect("settings")


def _page(
    request: SignedInRequest,
    form: AccountForm,
    token_form: TokenForm,
    *,
    new_token: str = "",
    status: int = 200,
) -> HttpResponse:
    living = ApiToken.objects.filter(user=request.user, revoked_at__isnull=True).order_by(
        "-created_at", "-id"
    )
    context = {"form": form, "token_form": token_form, "tokens": living[:50], "new_token": new_token,
               "second_step": second_step.app_of(request.user)}  # fmt: skip
    return render(request, "hypercare/settings.html", context, status=status)
