"""A fact has one function: here every place that shows it is asked, and all must say the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from periods import checklist
from periods.models import Period
from tests.factories import GO_LIVE, NOW, make_check, make_period
from tests.hypercare.scene import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

# Blockers weigh three, waived is not done, not applicable does not count: (3 + 1) of (3 + 3 + 1 + 1).
READY = 50


@pytest.fixture
def getting_ready() -> Period:
    """A period whose checks tell the formulas apart: by heads it would be 71, and 75 with the waived one as done."""
    period = make_period("readiness", key="BILL")
    make_check(period, status="done", done_at=NOW)
    make_check(period)
    make_check(period, blocking=False, status="waived", waiver_reason="Later.", waiver_expires_at=GO_LIVE)
    make_check(period, blocking=False, status="done", done_at=NOW)
    for _ in range(3):
        make_check(period, blocking=False, status="not_applicable")
    return period


def said(pattern: str, *, at: str) -> Callable[[Client], Any]:
    """What a page says where the pattern is, white space folded."""

    def ask(client: Client) -> Any:
        page = re.sub(r"\s+", " ", client.get(at).content.decode())
        found = re.search(pattern, page)
        assert found is not None, page[:2000]
        return int(found[1])

    return ask


def answered(*path: str, at: str) -> Callable[[Client], Any]:
    """What the API answers there."""

    def ask(client: Client) -> Any:
        found = client.get(at).json()
        for name in path:
            found = found[name]
        return found

    return ask


PLACES = {
    "home": said(r"(\d+) % ready", at="/"),
    "list of periods": said(r"(\d+)% ready", at="/periods/"),
    "tab": said(r"Readiness <[^>]*>(\d+) %", at="/p/BILL/"),
    "overview": said(r'<svg class="ring[^>]*aria-label="(\d+) percent', at="/p/BILL/"),
    "steps of the overview": said(r'aria-label="Checks done"> (\d+) %', at="/p/BILL/"),
    "readiness": said(r'<svg class="ring[^>]*aria-label="(\d+) percent', at="/p/BILL/readiness/"),
    "status document": answered("readiness", "percent", at="/api/v1/periods/BILL/status/"),
    "go or no-go": answered("progress", "percent", at="/api/v1/periods/BILL/go-no-go/"),
}


@pytest.mark.parametrize("place", PLACES)
def test_how_ready_a_period_is_is_said_alike_everywhere(getting_ready: Period, place: str) -> None:
    assert PLACES[place](signed_in(getting_ready.lead)) == READY


def test_one_period_and_many_are_counted_by_one_formula(getting_ready: Period) -> None:
    empty = make_period("readiness", key="NONE")

    assert checklist.progress(getting_ready, at=NOW).percent == READY
    assert checklist.percents([getting_ready, empty]) == {getting_ready.pk: READY, empty.pk: 0}
