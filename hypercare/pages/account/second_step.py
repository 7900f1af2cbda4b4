"""The second step of signing in: a code from an app on the phone, or a recovery code."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.views import authenticate, reauthenticate
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.flows import generate_recovery_codes
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django import forms
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from hypercare.accounts import second_step, sessions
from hypercare.accounts.accounts import WRONG_CODE
from hypercare.exceptions import TooMany
from hypercare.models import User
from hypercare.security import encryption, limits
from hypercare.web.requests import SignedInRequest

__all__ = ["authenticate", "reauthenticate", "recovery_codes", "show_second_step", "turn_off", "turn_on"]
logger = logging.getLogger(__name__)
UNREADABLE = "Your second step can’t be read any more. Ask whoever runs this installation to reset it."
DIGITS = {"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "off"}
FIRST = {**DIGITS, "autofocus": True}


class Spent:
    """A form whose code works once, on every process and after every restart."""

    authenticator: Authenticator
    user: User

    def clean_code(self) -> str:
        """Check the code and use it up."""
        self._counted()
        try:
            code: str = super().clean_code()  # type: ignore[misc]  # allauth's form stands behind this one
            fresh = self.authenticator.type != Authenticator.Type.TOTP or second_step.use_code(
                self.authenticator.pk, code, at=timezone.now()
            )
        except encryption.UnreadableSecret as error:
            raise forms.ValidationError(UNREADABLE) from error
        if not fresh:
            raise forms.ValidationError(WRONG_CODE)
        return code

    def _counted(self) -> None:
        try:
            limits.count_or_refuse("codes", self.user.pk, at=timezone.now())
        except TooMany as error:
            raise forms.ValidationError(str(error)) from error


class CodeForm(Spent, AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code at sign-in."""

    code = forms.CharField(label="Code", max_length=20, widget=forms.TextInput(attrs=FIRST))


class CodeAgainForm(Spent, ReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code before a sensitive change."""

    code = forms.CharField(label="Code", max_length=20, widget=forms.TextInput(attrs=FIRST))


class TurnOnForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """The first code, which shows that the app has the secret."""

    code = forms.CharField(label="The six digits it shows", max_length=20, widget=forms.TextInput(attrs=DIGITS))

    def __init__(self, *args: Any, secret: str, **kwargs: Any) -> None:
        """Take the secret from the view: allauth's own form keeps it readable in the session."""
        self.user = kwargs.pop("user")
        self.secret = secret
        forms.Form.__init__(self, *args, **kwargs)


class _TurnOn(ActivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    template_name = "mfa/turn_on.html"

    def get_form_kwargs(self) -> dict[str, Any]:
        secret = second_step.pending_secret(self.request.session)
        return {**super().get_form_kwargs(), "secret": secret}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        demanded = second_step.is_required_for(self.request.user)
        return {**super().get_context_data(**kwargs), "is_demanded": demanded}

    def get_success_url(self) -> str:
        return reverse("mfa_view_recovery_codes")

    def form_valid(self, form: TurnOnForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        request = self.request
        second_step.confirm_turned_on(request.user, form.cleaned_data["code"], at=timezone.now())
        request.session.pop(second_step.PENDING, None)
        request.session[second_step.TURNED_ON] = True
        update_session_auth_hash(request, request.user)  # this browser stays
        logger.info("Person %d turned the second step on", request.user.pk)
        return response


class _TurnOff(DeactivateTOTPView):  # type: ignore[misc]  # allauth ships no types
    template_name = "mfa/turn_off.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        demanded = second_step.is_required_for(self.request.user)
        return {**super().get_context_data(**kwargs), "is_demanded": demanded}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        for name in (second_step.TURNED_ON, second_step.RECORDS):
            self.request.session.pop(name, None)
        _only_here(self.request)
        logger.info("Person %d turned the second step off", self.request.user.pk)
        return response


turn_on = login_required(_TurnOn.as_view())
turn_off = _TurnOff.as_view()


@login_required
@require_safe
def show_second_step(request: SignedInRequest) -> HttpResponse:
    """Whether it is on, and what can be done about it."""
    app = second_step.authenticator_of(request.user)
    return render(
        request,
        "mfa/state.html",
        {
            "app": app,
            "codes_left": len(_codes(request)) if app else 0,
            "is_demanded": second_step.is_required_for(request.user),
        },
    )


@login_required
@require_http_methods(["GET", "POST"])
@reauthentication_required(app="allauth.mfa")  # type: ignore[untyped-decorator]  # allauth ships no types
def recovery_codes(request: SignedInRequest) -> HttpResponse:
    """The codes for a day without the phone; a POST makes ten new ones, and the old ones end."""
    if second_step.authenticator_of(request.user) is None:
        return redirect("mfa_index")
    if request.method == "POST":
        generate_recovery_codes(request)
        logger.info("Person %d made new recovery codes", request.user.pk)
        return redirect("mfa_view_recovery_codes")
    return render(request, "mfa/recovery_codes.html", {"codes": _codes(request)})


def _codes(request: SignedInRequest) -> list[str]:
    """Those that were not used yet; none when no key opens them."""
    kept = Authenticator.objects.filter(user=request.user, type=Authenticator.Type.RECOVERY_CODES).first()
    try:
        return kept.wrap().get_unused_codes() if kept else []
    except encryption.UnreadableSecret:
        return []


def _only_here(request: SignedInRequest) -> None:
    """Sign out every other browser: what it showed to get in is no longer enough."""
    sessions.end_all(request.user)
    update_session_auth_hash(request, request.user)
