"""Every address the product serves, found by walking its routes: a new one is held to the same rules at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from hypercare.models import User
from hypercare.site.middleware import CONTENT_SECURITY_POLICY
from incidents.models import Incident
from periods.models import Period
from tests import rows
from tests.factories import make_member, make_period, make_user
from tests.hypercare.scene import signed_in

pytestmark = pytest.mark.django_db
KEY = "BILL26"
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")
WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
# Who is signed in, and when a token was last used, are no part of what the product knows.
OWN_BUSINESS = re.compile(r"django_session|hypercare_apitoken|last_login")

# Open to whoever has the address: signing in, health, and addresses that hold a secret or a published name.
OPEN = re.compile(
    r"accounts/|healthz/|metrics$|push-worker\.js|app\.webmanifest$|hooks/|"
    r"(a|page|cover|handoff|messages|calendar|status|updates|report|report/receipt|contact|hb)/<"
)
FOR_ANYBODY = re.compile(r"templates/<str:key>")  # the key of a template, not of a period

# What stands for an argument: rows of the demo by the model whose list the route names, else one of these.
ROWS = {
    "checklist": "ChecklistItem",
    "checks": "ChecklistItem",
    "contributors": "Membership",
    "people": "Membership",
    "shifts": "Shift",
    "rotations": "Rotation",
    "roles": "Role",
    "requests": "CoverRequest",
    "cover-requests": "CoverRequest",
    "handoffs": "Handoff",
    "actions": "Action",
    "sources": "AlertSource",
    "alert-sources": "AlertSource",
    "rehearsals": "Rehearsal",
    "conditions": "GoCondition",
    "risks": "GoRisk",
    "decisions": "GoDecision",
    "criteria": "ExitCriterion",
    "lessons": "Lesson",
    "webhooks": "Webhook",
    "subscribers": "Subscriber",
    "files": "Evidence",
    "evidence": "Evidence",
    "away": "Absence",
}
WORDS = {
    "number": "36",
    "slug": "runbook",
    "step": "change",
    "name": "start",
    "role": "sponsor",
    "code": "no_open_p1",
    "urgency": "urgent",
    "severity": "P1",
    "part": "votes",
    "panel": "gauges",
    "token": "none",
    "source": "alertmanager",
    "version": "1",
    "seq": "1",
}
NO_ROW = "00000000-0000-4000-8000-000000000001"
LARGER_THAN_ANY_ID = 2**70


def routes() -> list[str]:
    """Every route as it is written, converters and all."""

    def walk(resolver: Any, before: str) -> Iterator[str]:
        for one in resolver.url_patterns:
            route = before + str(one.pattern)
            yield from [route] if isinstance(one, URLPattern) else walk(one, route)

    return sorted({route for route in walk(get_resolver(), "") if "^" not in route})


ROUTES = routes()
OF_A_PERIOD = [route for route in ROUTES if "<str:key>" in route and not FOR_ANYBODY.search(route)]
# What a viewer follows, is told about, and has in a calendar of theirs.
THEIR_OWN = re.compile(r"follow|/calendars/<int:pk>/(feed/(end/)?)?$")
PRIVATE = [route for route in ROUTES if not OPEN.match(route)]


@pytest.fixture(autouse=True)
def _no_limits(settings) -> None:
    """Nobody asks for every address in a minute; what is counted is tested in
    tests/hypercare/security/test_limits.py."""
    settings.LIMITS = dict.fromkeys(settings.LIMITS, 1_000_000)


@pytest.fixture
def demo(told: None) -> User:
    """The demo; its lead."""
    return User.objects.get(email="maja@northlane.example")


def row_of(name: str) -> str:
    """The id of a row of the demo's period, or one that nobody has."""
    model = next((one for one in apps.get_models() if one.__name__ == name), None)
    if model is None:
        return "1"
    fields = {field.name for field in model._meta.get_fields()}
    path = next((path for path in ("period", "role", "item") if path in fields), "")
    lookup = {"period": "period__key", "role": "role__period__key", "item": "item__period__key"}.get(path)
    found = model._default_manager.filter(**({lookup: KEY} if lookup else {})).order_by("pk").first()
    return str(found.pk) if found else "1"


def address(route: str, key: str = KEY) -> str:
    """An address that a route serves: rows of the demo, below its period or another one's key."""

    def value(match: re.Match[str]) -> str:
        listed = route[: match.start()].rstrip("/").rsplit("/", 1)[-1]
        if match.group(1) in ("pk", "evidence_pk") and "uuid" not in match.group(0):
            return row_of(ROWS.get(listed, ""))
        if match.group(1) == "number" and "debriefs" in route:
            return "3"
        words = {**WORDS, "key": "standard" if FOR_ANYBODY.search(route) else key}
        return words.get(match.group(1), NO_ROW)

    return "/" + ARGUMENT.sub(value, route)


def ask(client: Client, method: str, route: str, at: str = "") -> Any:
    """GET, or send nothing, at an address of the demo or another one of the route."""
    body = {"data": "{}", "content_type": "application/json"} if route.startswith("api/") else {}
    return getattr(client, method)(at or address(route), **({} if method == "get" else body))


@contextmanager
def changes() -> Iterator[list[str]]:
    """Every statement that changes something, while inside."""
    found: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITES.match(sql) and not OWN_BUSINESS.search(sql):
            found.append(sql[:100])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def test_somebody_who_is_not_signed_in_reaches_nothing_but_what_is_meant_to_be_open(demo: User) -> None:
    client, wrong = Client(), []

    for route in PRIVATE:
        for method in ("get", "post"):
            answer = ask(client, method, route)
            asked_to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/accounts/login/")
            if not asked_to_sign_in and answer.status_code not in (401, 405):
                wrong.append((method, route, answer.status_code))

    assert wrong == []


@dataclass
class Walk:
    """One person's way through many addresses: what each answered, and what it read of the demo's period."""

    person: User
    answers: list[tuple[str, str, int]] = field(default_factory=list)
    read: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client, self.period = signed_in(self.person), Period.objects.get(key=KEY)
        self.texts = rows.own_texts(self.period)

    def ask(self, method: str, route: str, at: str) -> None:
        with rows.read(self.texts) as found:
            answer = ask(self.client, method, route, at)
        self.answers.append((method, at, answer.status_code))
        if found:
            self.read[f"{method} {at}"] = set(found)

    def trespasses(self) -> dict[str, set[str]]:
        """What was read where; a text that the walk has written into other rows since is no longer the period's own."""
        still_own = rows.own_texts(self.period)
        assert len(still_own) > 500
        return {at: found & still_own for at, found in self.read.items() if found & still_own}


def test_invariant_6_for_a_stranger_nothing_of_a_period_exists(demo: User) -> None:
    walk = Walk(make_user("Stranger"))

    for route in OF_A_PERIOD:
        for method in ("get", "post"):
            walk.ask(method, route, address(route))

    assert [answer for answer in walk.answers if answer[-1] not in (404, 405)] == []
    assert walk.trespasses() == {}


def test_invariant_6_pages_over_all_periods_read_only_those_one_is_part_of(demo: User) -> None:
    """As they are, and asked for what the demo's period has; the person may do all that needs no period."""
    walk = Walk(make_user("Stranger", may_plan=True))
    make_period(key="OTHER", lead=walk.person)

    for route in PRIVATE:
        for query in ("", "?q=invoice", f"?q=invoice&period={KEY}", f"?q={KEY}-36"):
            if route not in OF_A_PERIOD:
                walk.ask("get", route, address(route) + query)

    assert walk.trespasses() == {}


def test_invariant_6_no_row_is_reached_through_another_period(demo: User) -> None:
    """Below the key of one's own period, the numbers of rows of a period one is no part of."""
    walk = Walk(make_user("Owner", may_plan=True))
    make_period(key="OTHER", lead=walk.person)

    for route in OF_A_PERIOD:
        for method in ("get", "post"):
            walk.ask(method, route, address(route, "OTHER"))

    assert walk.trespasses() == {}


def test_whatever_is_read_of_a_period_is_noticed(demo: User) -> None:
    period = Period.objects.get(key=KEY)
    texts = rows.own_texts(period)
    incident = Incident.objects.filter(period=period).order_by("id").first()

    for query in (
        Incident.objects.filter(pk=incident.pk),
        Incident.objects.filter(pk=incident.pk).values("title"),
        Incident.objects.filter(pk=incident.pk).values_list("title", flat=True).iterator(),
        Period.objects.filter(pk=period.pk).values("incidents__title"),
    ):
        with rows.read(texts) as found:
            list(query)
        assert incident.title in found
    with rows.read(texts) as found:
        Incident.objects.filter(pk=incident.pk).exists()
        Incident.objects.filter(period=period).count()
    assert found == set()


def test_a_viewer_changes_nothing_of_a_period(demo: User) -> None:
    viewer = make_user("Viewer")
    make_member(Period.objects.get(key=KEY), viewer, right="viewer")
    client, wrong = signed_in(viewer), []

    for route in OF_A_PERIOD:
        with changes() as written:
            answer = ask(client, "post", route)
        if (written and not THEIR_OWN.search(route)) or answer.status_code >= 500:
            wrong.append((route, answer.status_code, written))

    assert wrong == []


def test_looking_changes_nothing_and_every_answer_has_its_headers(demo: User) -> None:
    client, wrong = signed_in(demo), []

    for route in [route for route in ROUTES if not route.startswith("accounts/logout")]:
        with changes() as written:
            answer = ask(client, "get", route)
        kept = "no-store" in answer.get("Cache-Control", "") or OPEN.match(route)
        guarded = (
            answer.get("Content-Security-Policy") == CONTENT_SECURITY_POLICY
            and answer.get("X-Content-Type-Options") == "nosniff"
            and answer.get("X-Frame-Options") == "DENY"
            and answer.get("Referrer-Policy") == "same-origin"
        )
        if written or not kept or not guarded or (answer.status_code >= 500 and "healthz" not in route):
            wrong.append((route, answer.status_code, written, kept, guarded))

    assert wrong == []


def test_a_number_larger_than_any_column_holds_breaks_nothing(demo: User) -> None:
    client, broken = signed_in(demo), []
    client.raise_request_exception = False

    for route in ROUTES:
        for number in re.findall(r"<int:\w+>", route):
            for method in ("get", "post", "put", "patch", "delete"):
                answer = ask(client, method, route.replace(number, str(LARGER_THAN_ANY_ID)))
                if answer.status_code >= 500:
                    broken.append((method, route, number))

    assert broken == []


def test_a_form_sent_empty_breaks_nothing(demo: User) -> None:
    client, broken = signed_in(demo), []
    client.raise_request_exception = False

    for route in [route for route in ROUTES if "logout" not in route]:
        # Each finds the demo as it was: what an empty answer does do is taken back.
        with transaction.atomic():
            answer = ask(client, "post", route)
            transaction.set_rollback(True)
        if answer.status_code >= 500 and "healthz" not in route:
            broken.append((route, answer.status_code))

    assert broken == []


def test_no_change_is_taken_from_a_page_of_somebody_else() -> None:
    client, wrong = Client(enforce_csrf_checks=True), []
    client.force_login(make_user("Maja"))

    for route in [*PRIVATE, *(route for route in ROUTES if route.startswith("accounts/"))]:
        answer = ask(client, "post", route)
        # 415: the body is of no kind that is read there, which comes before the token in it.
        if answer.status_code not in (403, 405, 415) and not answer.get("Location", "").startswith("/accounts/"):
            wrong.append((route, answer.status_code))

    assert wrong == []


def test_without_the_second_step_nothing_opens_but_signing_in_and_what_needs_no_session(settings) -> None:
    settings.REQUIRE_MFA = True
    client, wrong = signed_in(make_user("Maja", may_plan=True)), []

    for route in ROUTES:
        answer = ask(client, "get", route)
        led = answer.get("Location") == "/accounts/second-step/on/" or (
            answer.status_code == 403 and "second step" in answer.content.decode()
        )
        if led is not (route in PRIVATE):
            wrong.append((route, answer.status_code))

    assert wrong == []
