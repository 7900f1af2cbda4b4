"""What the log may not say, whatever is done: passwords, tokens, and addresses that open something."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string

from hypercare.accounts.api_tokens import hash_token
from hypercare.models import ApiToken
from incidents.intake import alert_sources
from tests.factories import make_user
from tests.hypercare.scene import live_period, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything the log says, in the form it is written in."""
    options = dict(settings.LOGGING["formatters"]["line"])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(import_string(options.pop("()"))(**options))
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_no_password_token_or_link_is_written_to_the_log(written: io.StringIO) -> None:
    lead = make_user("Maja")
    period = live_period(lead)
    _, hook = alert_sources.create(period.pk, kind="alertmanager", name="Prometheus", by=lead, at=timezone.now())
    ApiToken.objects.create(
        user=lead,
        name="S",
        prefix="hc_can",
        token_hash=hash_token("hc_canary_in_a_token"),
        created_at=timezone.now() - timedelta(days=2),
        expires_at=timezone.now() - timedelta(days=1),
    )
    canaries = [hook, "hc_canary_in_a_token", "canary-password", "canary-of-a-code"]
    client, browser = Client(raise_request_exception=False), signed_in(lead)

    client.post("/accounts/login/", {"login": lead.email, "password": "canary-password"})
    browser.post("/accounts/second-step/on/", {"code": "canary-of-a-code"})
    client.get("/api/v1/periods/", headers={"Authorization": "Bearer hc_canary_in_a_token"})
    client.post(f"/hooks/alertmanager/{hook}/", "{}", content_type="application/json")
    for place in (
        "a",
        "page",
        "cover",
        "handoff",
        "messages",
        "calendar",
        "status",
        "updates",
        "report",
        "report/receipt",
        "contact",
        "hb",
        "accounts/password/reset/key",
    ):
        canaries.append(f"canary-of-{place.replace('/', '-')}")
        client.get(f"/{place}/{canaries[-1]}/")
        client.post(f"/{place}/{canaries[-1]}/")

    said = written.getvalue()
    assert "/hooks/alertmanager/…" in said  # it did speak of these addresses
    assert "/a/…" in said
    assert [canary for canary in canaries if canary in said] == []


def test_nobody_writes_a_line_of_their_own_into_the_log(written: io.StringIO) -> None:
    logging.getLogger("hypercare").warning("Not Found: %s", "/x\r\n2026-11-23 INFO all is well\x1b[2J")

    assert written.getvalue().count("\n") == 1
    assert r"/x\r\n2026-11-23 INFO all is well\x1b[2J" in written.getvalue()


def test_an_error_keeps_the_lines_that_say_where(written: io.StringIO) -> None:
    try:
        _ = {}["/a/canary-of-a-link/"]
    except KeyError:
        logging.getLogger("hypercare").exception("Failed")

    assert "Traceback" in written.getvalue()
    assert "KeyError: '/a/…/'" in written.getvalue()
