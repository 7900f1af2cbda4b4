"""Invariants of docs/architecture.md that no single room can hold. Each check is shown a planted breach, too."""

from __future__ import annotations

import ast
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from django.test import Client
from django.utils import timezone

from contributors import contact_points
from contributors.channels import every_channel
from contributors.models import ContactPoint, Delivery
from contributors.webhooks import hooks
from hypercare import registry
from hypercare.engine import alarm, engine, overdue_audit
from hypercare.security import outgoing_http
from incidents.intake import alert_sources
from tests import ROOT, outgoing
from tests.contributors.channels.email.test_email import Mailbox, mailbox  # noqa: F401
from tests.contributors.channels.push.test_push import Browser
from tests.contributors.conftest import Receiver
from tests.edges import APPS, Name, modules
from tests.factories import days_later, make_member, make_period, make_role, make_shift, make_user
from tests.incidents.intake.sources.alertmanager.test_alertmanager import alert, payload

# --- Invariant 4: nothing is sent inside a transaction that holds domain locks -------------------


def in_transactions() -> dict[str, set[Name]]:
    """Each transaction of the product with the doors to the outside that its code can come to."""
    return {
        f"{module.name}, {line}": outgoing.reached(node, module)
        for module in modules().values()
        for line, node in outgoing.transactions(module.tree)
    }


def test_invariant_4_no_transaction_comes_to_a_door() -> None:
    found = in_transactions()

    assert len(found) > 250
    assert {where: doors for where, doors in found.items() if doors} == {}


def test_every_channel_is_a_door_and_so_is_whatever_asks_an_address() -> None:
    for door in (*(channel.send for channel in every_channel().values()), registry.resolve(registry.MAILBOX)):
        assert outgoing.reached(ast.parse(door.__name__), modules()[door.__module__]), door
    by_a_channel = ast.parse("find_channel(x).send(y)")
    assert outgoing.reached(by_a_channel, modules()["contributors.messaging.delivery.sending"])
    for module in ("contributors.calendars.sources", "hypercare.engine.overdue_audit", "hypercare.engine.alarm"):
        assert outgoing.reached(modules()[module].tree, modules()[module]), module


# What is planted, and among the names of which module.
SENDING = {
    "itself": (
        "@transaction.atomic\ndef act(): outgoing_http.send_request('GET', 'x')",
        "contributors.calendars.sources",
    ),
    "by another": ("@transaction.atomic(durable=True)\ndef act(): fetch_url('x')", "contributors.calendars.sources"),
    "in a block": ("def act():\n with a, transaction.atomic():\n  fetch_url('x')", "contributors.calendars.sources"),
    "in an edge that may be repeated": (
        "@idempotent\ndef start(request): _given(SourceIn)",
        "contributors.calendars.web.api",
    ),
    "by a table": ("@transaction.atomic\ndef act(): registry.resolve(registry.ENGINE[-1])", "periods.journal.journal"),
    "by a channel": ("@transaction.atomic\ndef act(): find_channel(x).send(y)", "contributors.contact_points.points"),
    "handed over": ("@transaction.atomic\ndef act(): attempt_work(partial(_mail, 'x'))", "hypercare.engine.alarm"),
}


@pytest.mark.parametrize(("code", "module"), SENDING.values(), ids=SENDING)
def test_a_door_planted_in_a_transaction_is_seen(code: str, module: str) -> None:
    ((_, node),) = outgoing.transactions(ast.parse(code))

    assert outgoing.reached(node, modules()[module])


def test_what_stands_before_or_after_a_transaction_is_no_part_of_it() -> None:
    code = "def act():\n fetch_url('x')\n with transaction.atomic():\n  clean_url('x')\n fetch_url('x')"
    ((_, node),) = outgoing.transactions(ast.parse(code))

    assert outgoing.reached(node, modules()["contributors.calendars.sources"]) == set()


class Anything(Receiver):
    """Takes whatever it is sent, and questions too."""

    do_GET = Receiver.do_POST  # noqa: N815  the library names it so


@pytest.fixture
def outside(settings: Any) -> Iterator[Any]:
    """Every place on the web that is told something: paths of one server on this machine."""
    settings.OUTGOING_ALLOW = ["127.0.0.0/8"]
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Anything)
    server.got, server.status, server.reply = [], 200, {}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Reached:
    """Somebody on shift who is reached by every channel, in a live period with an alert source and a webhook."""

    def __init__(self, outside: Any, now: datetime) -> None:
        self.period = make_period(key="BILL", go_live_at=days_later(now, -4))
        self.person = make_user("Tomasz", is_superuser=True)
        make_member(self.period, self.person, right="support")
        make_shift(make_role(self.period), self.person, starts_at=now - timedelta(hours=1))
        address = f"127.0.0.1:{outside.server_port}"
        for kind, target in (("webhook", f"http://{address}/mine"), ("chat", f"ntfy://{address}/on-call")):
            self.point(kind, target, now)
        self.point("push", Browser(f"http://{address}/push").subscription, now)
        hooks.add(
            self.period.pk, name="Ours", url=f"http://{address}/period", patterns=["*"], by=self.period.lead, at=now
        )
        _, self.token = alert_sources.create(
            self.period.pk, kind="alertmanager", name="Prometheus", by=self.period.lead, at=now
        )

    def point(self, kind: str, target: str, now: datetime) -> None:
        """A way that works."""
        point = contact_points.add(self.person, kind=kind, label=kind, target=target, at=now)
        ContactPoint.objects.filter(pk=point.pk).update(verified_at=now)
        Delivery.objects.filter(point=point).delete()


@pytest.mark.django_db(transaction=True)
def test_invariant_4_nothing_is_sent_inside_a_transaction(
    outside: Any,
    mailbox: Mailbox,  # noqa: F811
    client: Client,
    settings: Any,
) -> None:
    """From an alert to a page by every channel, what others are told of it, an alarm, a ping and a lost password."""
    now = timezone.now()
    there = Reached(outside, now)
    settings.DEAD_MAN_URL = f"http://127.0.0.1:{outside.server_port}/alive"

    with outgoing.watched(outside.server_port, settings.EMAIL_PORT) as watch:
        body = json.dumps(payload(alert(labels={"severity": "critical"})))
        client.post(f"/hooks/alertmanager/{there.token}/", body, content_type="application/json")
        assert watch.sent == []  # the alert is answered; whatever follows is a row
        engine.tick(at=timezone.now())
        engine.tick(at=timezone.now())  # what the first one queued when it handed the journal on
        overdue_audit.audit_overdue(at=timezone.now())
        alarm.mail_alarms(at=now + timedelta(hours=1), since=now)
        client.post("/accounts/password/reset/", {"email": there.person.email})

    assert watch.in_a_transaction == []
    assert "hand over" in watch.sent
    # The chat service (ntfy) is told its channel in the body.
    assert {path for path, _, _ in outside.got} == {"/mine", "/", "/push", "/period", "/alive"}
    mails = sorted(str(mail["Subject"]) for mail in mailbox.mails if mail["To"] == there.person.email)
    assert [subject.split()[0] for subject in mails] == ["Hypercare", "Your", "[P1]"]


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_or_handed_over_in_a_transaction_is_noticed(outside: Any) -> None:
    address = f"http://127.0.0.1:{outside.server_port}/"

    with outgoing.watched(outside.server_port) as watch:
        outgoing_http.send_request("GET", address)
        assert watch.in_a_transaction == []
        with transaction.atomic():
            outgoing_http.send_request("GET", address)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(outgoing_http.send_request, "GET", address).result()

    port = outside.server_port
    assert watch.in_a_transaction == [f"connect {port}", f"send {port}", "hand over"]


# --- Invariant 8: what happens next is read in the function, or in a table of the switchboard ----

SOURCES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text())
    for app in APPS
    for path in sorted((ROOT / app).rglob("*.py"))
    if "migrations" not in path.parts
}

# Signals that are not ours to do without, and why no business rule hides behind them.
SIGNALS = {
    "hypercare/apps.py": "Django's own word of a sign-in starts the clock of the session; nothing of a period changes",
    "hypercare/celery.py": "Celery's processes say that they begin",
    "hypercare/management/commands/worker.py": "Celery's logging, and how long a task has run",
}
# Modules loaded by name while a function runs, and why an import at the top can't stand in for it.
BY_NAME = {
    "hypercare/apps.py": "Django's models can be imported only once its apps are ready",
    "hypercare/api/__init__.py": "`rest_framework.views` loads this module while it is loaded itself",
    "hypercare/registry.py": "the switchboard: a lower app asks a higher one, and a boot check resolves every path",
    "contributors/channels/chat/addresses.py": "Apprise brings a hundred services; the worker alone pays for them",
    "contributors/channels/chat/transport.py": "the same",
}
LOADERS = ("import_module", "import_string", "__import__")

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def names_a_signal(tree: ast.Module) -> bool:
    """Whether a module imports a signal, or what makes and connects one, from anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            named = [*(node.module or "").split("."), *(one.name for one in node.names)]
        elif isinstance(node, ast.Import):
            named = [part for one in node.names for part in one.name.split(".")]
        else:
            continue
        if {"signals", "dispatch", "receiver", "Signal"} & set(named):
            return True
    return False


def inside_functions(tree: ast.Module) -> Iterator[ast.AST]:
    """Whatever stands in a function, those of classes and those inside others too."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield from (inner for inner in ast.walk(node) if inner is not node)


def imports_in_a_function(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in inside_functions(tree))


def loads_by_name_in_a_function(tree: ast.Module) -> bool:
    calls = (node.func for node in inside_functions(tree) if isinstance(node, ast.Call))
    return any(getattr(func, "attr", getattr(func, "id", "")) in LOADERS for func in calls)


# What Django calls by itself when rows are made, saved and deleted.
OF_A_ROW = (
    *("__init__", "from_db", "clean_fields", "clean", "full_clean", "validate_unique"),
    *("save", "save_base", "asave", "_save_table", "_do_insert", "_do_update", "delete", "adelete"),
)
OF_ROWS = ("create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "update", "delete", "_update")
OF_A_FIELD = ("pre_save", "save_form_data")


def overrides(cls: type, names: Iterable[str]) -> set[str]:
    """Which of these methods are not the library's own."""
    owners = {
        name: next(base.__module__ for base in cls.__mro__ if name in vars(base))
        for name in names
        if hasattr(cls, name)
    }
    return {name for name, module in owners.items() if module.partition(".")[0] not in ("django", "builtins")}


def hidden_logic(model: type[models.Model]) -> set[str]:
    """What happens unseen when a row of this model is saved: methods of the row, its managers and its fields."""
    found = overrides(model, OF_A_ROW)
    for manager in model._meta.managers:
        found |= overrides(type(manager), OF_ROWS) | overrides(type(manager.get_queryset()), OF_ROWS)
    for field in model._meta.local_fields:
        found |= overrides(type(field), OF_A_FIELD)
    return found


def test_invariant_8_no_signal_carries_a_business_rule() -> None:
    assert {path for path, tree in SOURCES.items() if names_a_signal(tree)} == set(SIGNALS)


def test_invariant_8_no_logic_hides_in_saving_a_row() -> None:
    ours = [model for model in apps.get_models() if model.__module__.partition(".")[0] in APPS]

    assert len(ours) > 60
    assert {model.__name__: found for model in ours if (found := hidden_logic(model))} == {}


def test_invariant_8_no_function_imports() -> None:
    assert [path for path, tree in SOURCES.items() if imports_in_a_function(tree)] == []
    assert {path for path, tree in SOURCES.items() if loads_by_name_in_a_function(tree)} == set(BY_NAME)


@pytest.mark.parametrize(
    "code",
    [
        "from django.db.models.signals import post_save",
        "from django.db.models import signals",
        "from django.dispatch import receiver",
        "from django import dispatch",
        "import django.db.models.signals",
        "from allauth.account.signals import user_signed_up as joined",
    ],
)
def test_a_planted_signal_is_seen(code: str) -> None:
    assert names_a_signal(ast.parse(code))


@pytest.mark.parametrize(
    "code",
    [
        "def act():\n import os",
        "class One:\n def act(self):\n  from incidents.triage import triage",
        "def act():\n def inner():\n  if True:\n   from os import path",
        "async def act():\n import os",
    ],
)
def test_a_planted_import_in_a_function_is_seen(code: str) -> None:
    assert imports_in_a_function(ast.parse(code))


@pytest.mark.parametrize("call", ["import_module('os')", "importlib.import_module('os')", "__import__('os')"])
def test_a_planted_import_by_name_is_seen(call: str) -> None:
    assert loads_by_name_in_a_function(ast.parse(f"def act():\n return {call}"))
    assert not loads_by_name_in_a_function(ast.parse(f"found = {call}"))


class Noisy(models.Model):
    """A planted breach: saving it does more than it says."""

    class Meta:
        abstract = True

    def save(self, **options: object) -> None:
        """Would tell somebody."""


class TellingQuerySet(models.QuerySet["Noisy"]):
    """The same, behind a list."""

    def update(self, **values: object) -> int:
        """Would tell somebody."""
        return super().update(**values)


class NoisyField(models.TextField):  # type: ignore[type-arg]  # planted
    """The same, behind a field."""

    def pre_save(self, model_instance: models.Model, add: bool) -> object:
        """Would tell somebody."""
        return super().pre_save(model_instance, add)


@pytest.mark.parametrize(
    ("planted", "names", "found"),
    [
        (Noisy, OF_A_ROW, {"save"}),
        (TellingQuerySet, OF_ROWS, {"update"}),
        (NoisyField, OF_A_FIELD, {"pre_save"}),
        (models.QuerySet, OF_ROWS, set()),
    ],
)
def test_planted_logic_in_saving_is_seen(planted: type, names: tuple[str, ...], found: set[str]) -> None:
    assert overrides(planted, names) == found
