"""What is sent to the API is read, or named: every operation of the document, so that a new one is held to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from hypercare.models import User
from tests.hypercare.scene import signed_in
from tests.test_every_address import ROUTES, address

pytestmark = pytest.mark.django_db

AS_JSON = {"Accept": "application/vnd.oai.openapi+json"}
SENT = {"nobody_asked": 1}


@pytest.fixture
def lead(told: None) -> Client:
    return signed_in(User.objects.get(email="maja@northlane.example"))


def plain(path: str) -> str:
    """An address without the names of its arguments, which routes and the document write differently."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path)


def operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Method and route of everything that may be sent something."""
    routes = {plain(f"/{route}"): route for route in ROUTES}
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            files = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
            if method in ("post", "put", "patch") and not files:
                found.append((method, routes[plain(path)]))
    return found


def test_a_field_that_nobody_reads_is_named_by_every_operation(lead: Client) -> None:
    wrong, silent = [], 0

    for method, route in operations(lead.get("/api/v1/schema/", headers=AS_JSON).json()):
        with transaction.atomic():
            answer = getattr(lead, method)(address(route), SENT, content_type="application/json")
            transaction.set_rollback(True)
        named = answer.status_code == 422 and "/nobody_asked" in [error["pointer"] for error in answer.json()["errors"]]
        silent += answer.status_code in (403, 404)  # not theirs, or the demo has no such row
        if not named and answer.status_code not in (403, 404):
            wrong.append((method, route, answer.status_code))

    assert wrong == []
    assert silent < 20
