"""The people of a period: add, invite, change, release."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from contributors.models import Acknowledgement
from contributors.people import members
from contributors.people.web import directory
from contributors.people.web.forms import ChangeMemberForm, MemberForm, ProblemReplyForm
from contributors.readiness import acknowledgements, invitations
from contributors.shifts import release
from contributors.web.loading import member_or_404, page_url, tab_counts
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from hypercare.models import User
from hypercare.web.answers import confirm_done
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest, next_url
from periods.access.access import is_allowed, period_or_404
from periods.models import Period


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: SignedInRequest, key: str) -> HttpResponse:
    """Everybody in the period; an owner's POST adds somebody."""
    if request.method != "POST":
        return _list(request, period_or_404(request.user, key), None)
    period = period_or_404(request.user, key, may="members.manage")
    form = MemberForm(request.POST, period=period)
    if not form.is_valid():
        return _list(request, period, form)
    try:
        member = members.add_person(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
    except Refused as error:
        add_errors(form, error if isinstance(error, Invalid) else Invalid({"email": error.reasons}))
        return _list(request, period, form)
    return confirm_done(
        request, f"{member.user} added. Nobody is told before you invite.", url=page_url(period, "contributors:people")
    )


def _list(request: SignedInRequest, period: Period, form: MemberForm | None) -> HttpResponse:
    now = timezone.now()
    query, chosen = request.GET.get("q", "").strip()[:60], request.GET.get("show", "")
    may_manage = is_allowed(request.user, period, "members.manage")
    everybody = directory.people_of(period, at=now)
    shown = [one for one in everybody if one.matches(query) and one.belongs(chosen)]
    context = {
        "now": now,
        "period": period,
        "tab": "readiness",
        "tab_counts": tab_counts(request, period, at=now),
        "people": shown,
        "everybody": len(everybody),
        "query": query,
        "chosen": chosen,
        "filters": [(name, words, sum(one.belongs(name) for one in everybody)) for name, words in directory.FILTERS],
        "form": form or MemberForm(period=period),
        "may_manage": may_manage,
        "show_contacts": is_allowed(request.user, period, "contacts.view"),
        "to_invite": sum(bool(one.member.role_id) and not one.member.invited_at for one in everybody),
    }
    return render(request, "contributors/people/people.html", context, status=422 if form and form.errors else 200)


@login_required
@require_POST
def invite_all(request: SignedInRequest, key: str) -> HttpResponse:
    """Invite everybody with a duty who was not asked yet."""
    period = period_or_404(request.user, key, may="members.manage")
    invited = members.invite_all(period.pk, by=request.user, at=timezone.now())
    return confirm_done(
        request, f"{_count(len(invited))} invited", url=next_url(request, page_url(period, "contributors:people"))
    )


@login_required
@require_POST
def remind(request: SignedInRequest, key: str) -> HttpResponse:
    """Ask again everybody who was asked and has not answered."""
    period, now = period_or_404(request.user, key, may="members.manage"), timezone.now()
    asked = invitations.remind_all(period.pk, by=request.user, at=now)
    return confirm_done(
        request, f"{_count(len(asked))} reminded", url=next_url(request, page_url(period, "period_readiness"))
    )


@login_required
@require_POST
def invite(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Invite or remind one person."""
    period = period_or_404(request.user, key, may="members.manage")
    member = invitations.remind(member_or_404(period, pk).pk, by=request.user, at=timezone.now())
    return confirm_done(
        request, f"{member.user} invited", url=next_url(request, page_url(period, "contributors:people"))
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Answer somebody who misses something; a GET shows what it is."""
    period = period_or_404(request.user, key, may="notes.view")
    member = member_or_404(period, pk)
    row = next(
        (row for row in acknowledgements.summarise_readiness(period, at=timezone.now()).rows if row.member == member),
        None,
    )
    if row is None or row.answer is None or row.state != Acknowledgement.State.PROBLEM:
        raise AlreadyDone(f"{member.user} has given another answer since.")
    form = ProblemReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitations.reply(row.answer.pk, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
        except Invalid as error:
            add_errors(form, error)
        else:
            said = f"{member.user} is told, and asked to confirm"
            return confirm_done(request, said, url=f"{page_url(period, 'period_readiness')}#member-{member.pk}")
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
        "row": row,
        "form": form,
        "may_reply": may_reply(request.user, period),
    }
    return render(request, "contributors/people/reply.html", context, status=422 if form.errors else 200)


def may_reply(user: User, period: Period) -> bool:
    """Whether somebody may answer what others miss: the lead, and who manages people."""
    return period.lead_id == user.pk or is_allowed(user, period, "members.manage")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Give somebody another right or duty."""
    period = period_or_404(request.user, key, may="members.manage")
    member = member_or_404(period, pk)
    now = {"right": member.right, "role": member.role_id, "is_deputy": member.is_deputy}
    form = ChangeMemberForm(request.POST or None, period=period, initial=now)
    if request.method == "POST" and form.is_valid():
        release.change_member(member.pk, **form.cleaned_data, by=request.user, at=timezone.now())
        return confirm_done(request, f"{member.user} changed", url=page_url(period, "contributors:people"))
    context = {
        "period": period,
        "tab": "readiness",
        "tab_counts": tab_counts(request, period, at=timezone.now()),
        "member": member,
        "form": form,
    }
    return render(request, "contributors/people/change_member.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def remove(request: SignedInRequest, key: str, pk: int) -> HttpResponse:
    """Release somebody; their coming shifts are cancelled."""
    period = period_or_404(request.user, key, may="members.manage")
    member = release.remove_member(member_or_404(period, pk).pk, by=request.user, at=timezone.now())
    return confirm_done(
        request, f"{member.user} is no longer part of the period", url=page_url(period, "contributors:people")
    )


def _count(number: int) -> str:
    return "1 person" if number == 1 else f"{number} people"
