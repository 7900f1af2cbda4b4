"""The first visit to an installation without accounts."""

from __future__ import annotations

from allauth.account.views import login as sign_in
from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from hypercare.accounts import first_administrator
from hypercare.exceptions import AlreadyDone, Invalid
from hypercare.web.forms import TIME_ZONES, add_errors
from hypercare.web.requests import client_address

BACKEND = "django.contrib.auth.backends.ModelBackend"


class FirstAdministratorForm(forms.Form):
    """Who administers this installation, and the code that shows they started it."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text="It stands in the terminal that started Hypercare.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )
    name = forms.CharField(label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        help_text="Every time is shown to you in this zone.",
        choices=TIME_ZONES,
        widget=forms.Select(attrs={"data-own-zone": ""}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_or_begin(request: HttpRequest) -> HttpResponseBase:
    """Sign in; while nobody has an account, the page that makes the first."""
    if request.method != "POST" and first_administrator.is_wanted():
        return redirect("first_administrator")
    answer: HttpResponseBase = sign_in(request)
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def first_visit(request: HttpRequest) -> HttpResponse:
    """Make the first administrator and sign them in. 404 once there is an account."""
    if not first_administrator.is_wanted():
        raise Http404
    form, status = FirstAdministratorForm(request.POST or None, initial={"timezone": "UTC"}), 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                return _begun(request, form)
            except AlreadyDone:
                raise Http404 from None
            except Invalid as error:
                status = add_errors(form, error)
    return render(request, "hypercare/account/first_administrator.html", {"form": form}, status=status)


def _begun(request: HttpRequest, form: FirstAdministratorForm) -> HttpResponse:
    typed = dict(form.cleaned_data)
    code = typed.pop("code")
    user = first_administrator.make_first_administrator(
        first_administrator.FirstAdministrator(**typed), code=code, address=client_address(request), at=timezone.now()
    )
    login(request, user, backend=BACKEND)
    messages.success(request, "You administer this installation. Here is what it still needs.")
    return redirect("setup")
