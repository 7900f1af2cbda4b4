"""Templates in the browser: the list, one with its versions and what differs, files in and out, a period as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hypercare.exceptions import NotAllowed, Refused
from hypercare.pages.planning.template_forms import ImportForm, SaveForm
from hypercare.web.forms import add_errors
from hypercare.web.requests import SignedInRequest
from periods.access.access import period_or_404
from periods.models import Period, PeriodTemplate, TemplateVersion
from periods.planning import template_policy, templates
from periods.template_files import yamlfile
from periods.template_files.checklist import owner_name
from periods.template_files.content import TemplateCheck, TemplateContent
from periods.template_files.kinds import BUILT_IN

PER_PAGE: Final = 50


# --- Looking ------------------------------------------------------------------------------------


@login_required
@require_safe
def list_templates(request: SignedInRequest) -> HttpResponse:
    """Own templates with their versions, then the built-in ones."""
    archived = request.GET.get("show") == "archived"
    own = (
        PeriodTemplate.objects.filter(archived_at__isnull=not archived)
        .select_related("created_by", "archived_by")
        .annotate(
            version=Max("versions__number"), changed_at=Max("versions__made_at"), plans=Count("versions__started")
        )
    )
    context = {
        "page": Paginator(own.order_by("name", "id"), PER_PAGE).get_page(request.GET.get("page")),
        "archived": archived,
        "archived_count": PeriodTemplate.objects.filter(archived_at__isnull=False).count(),
        "built_in": list(BUILT_IN.items()),
    }
    return render(request, "hypercare/planning/templates/list.html", context)


@login_required
@require_safe
def show_template(request: SignedInRequest, key: str) -> HttpResponse:
    """One template: a version (the newest unless told) and, beside it, what differs from another."""
    if key in BUILT_IN:
        context = {"key": key, "built_in": True, **content_context(BUILT_IN[key])}
        return render(request, "hypercare/planning/templates/template.html", context)
    template = _template_or_404(key)
    versions = list(template.versions.select_related("made_by", "made_from").order_by("-number")[:200])
    version = _chosen(versions, request.GET.get("version")) or versions[0]
    against = _chosen(versions, request.GET.get("against"))
    content = templates.content_of(version)
    visible = set(Period.objects.visible_to(request.user).values_list("pk", flat=True))
    context = {
        "key": key,
        "template": template,
        "versions": versions,
        "version": version,
        "against": against,
        "newest": versions[0],
        "visible": visible,
        **content_context(content),
        "differences": templates.differences(templates.content_of(against), content) if against else [],
    }
    return render(request, "hypercare/planning/templates/template.html", context)


def _template_or_404(key: str) -> PeriodTemplate:
    return get_object_or_404(PeriodTemplate.objects.select_related("created_by", "archived_by"), key=key)


def _chosen(versions: Iterable[TemplateVersion], number: str | None) -> TemplateVersion | None:
    return next((one for one in versions if str(one.number) == number), None)


def content_context(content: TemplateContent) -> dict[str, Any]:
    """A content as pages show it: checks by category, with owners in words."""
    return {"content": content, "categories": group_by_category(content.checklist)}


def group_by_category(items: Sequence[TemplateCheck]) -> list[dict[str, Any]]:
    """Checks under their category, each with its place in the list and its owner in words."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for place, item in enumerate(items):
        owner = owner_name(item.owner_role) if item.owner_role else "Nobody yet"
        groups.setdefault(item.category, []).append({"place": place, "item": item, "owner": owner})
    return [
        {"name": name, "rows": rows, "blocking": sum(row["item"].blocking for row in rows)}
        for name, rows in groups.items()
    ]


@login_required
@require_safe
def export(request: SignedInRequest, key: str) -> HttpResponse:
    """A version as a YAML file."""
    if key in BUILT_IN:
        content, name = BUILT_IN[key], key
    else:
        template = _template_or_404(key)
        versions = list(template.versions.order_by("-number")[:200])
        version = _chosen(versions, request.GET.get("version")) or versions[0]
        content, name = templates.content_of(version), f"{key}-v{version.number}"
    answer = HttpResponse(yamlfile.dump(content), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return answer


# --- Changing -----------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def take_in(request: SignedInRequest) -> HttpResponse:
    """Import: first what was understood, then, on a second button, saved. Nothing is kept in between."""
    _require_planner(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    if not form.is_bound:
        return render(request, "hypercare/planning/templates/import.html", {"form": form})
    status, found = (200, None) if form.is_valid() else (422, None)
    if status == 200:
        try:
            found = _understood(form)
            if "save" in request.POST:
                version = templates.save_version(
                    found["content"],
                    by=request.user,
                    at=timezone.now(),
                    into=form.cleaned_data["into"],
                    note=form.cleaned_data["note"],
                )
                messages.success(request, f"{version} saved.")
                return redirect(version.template)
        except Refused as error:
            status = add_errors(form, error, file="file" if form.cleaned_data.get("file") else "text")
    return render(request, "hypercare/planning/templates/import.html", {"form": form, **(found or {})}, status=status)


def _understood(form: ImportForm) -> dict[str, Any]:
    """The content of what was sent, and the own template of that name that it could be a version of."""
    text = form.source()
    content = yamlfile.load(text)
    there = PeriodTemplate.objects.filter(name__iexact=content.name, archived_at__isnull=True).first()
    into = form.cleaned_data["into"] or there
    differs = templates.differences(templates.content_of(templates.newest_version(into)), content) if into else []
    return {"text": text, "there": into, "differences": differs, **content_context(content)}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def save_period(request: SignedInRequest, key: str) -> HttpResponse:
    """A period as a template."""
    period = period_or_404(request.user, key, may="period.plan")
    _require_planner(request)
    content = templates.content_from_period(period)
    form = SaveForm(request.POST if request.method == "POST" else None, initial=_initial(period, content))
    status = 422 if form.is_bound and not form.is_valid() else 200
    if form.is_bound and status == 200:
        try:
            version = templates.save_period(period.pk, **form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, f"{version} saved.")
            return redirect(version.template)
        except Refused as error:
            status = add_errors(form, error)
    context = {"form": form, "period": period, **content_context(content)}
    return render(request, "hypercare/planning/templates/save.html", context, status=status)


def _initial(period: Period, content: TemplateContent) -> dict[str, Any]:
    """A period that was started from an own template is likely its next version."""
    origin = getattr(period, "origin", None) if template_policy.started_from(period.pk) else None
    template = origin.version.template if origin and origin.version else None
    return {
        "into": template.key if template and not template.archived_at else None,
        "name": template.name if template else period.name,
        "kind": content.kind,
        "summary": content.summary,
    }


@login_required
@require_POST
def archive(request: SignedInRequest, key: str) -> HttpResponse:
    """No longer offer it."""
    template = templates.archive(_template_or_404(key).pk, by=request.user, at=timezone.now())
    messages.success(request, f"{template.name} is archived. Plans started from it stay.")
    return redirect("templates")


@login_required
@require_POST
def restore(request: SignedInRequest, key: str) -> HttpResponse:
    """Offer it again."""
    template = templates.restore(_template_or_404(key).pk, by=request.user)
    messages.success(request, f"{template.name} is offered again.")
    return redirect(template)


def _require_planner(request: SignedInRequest) -> None:
    if not request.user.may_plan:
        raise NotAllowed("Templates are changed by people who may plan. Ask an administrator for that right.")
