"""Where an exit criterion stands is shown alike wherever it is shown."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from hypercare.models import User
from hypercare.ui import verdicts
from tests.factories import make_incident, make_user
from tests.hypercare.scene import criteria, live_period, signed_in, words

pytestmark = pytest.mark.django_db
ROW = re.compile(r"<tr.*?</tr>")
STATE = re.compile(r'<span class="state (state--\w+)"> *<svg[^>]*><use href="[^"]*#(\w+)"/></svg> *([\w ]+)</span>')


def states(page: str, titles: list[str]) -> dict[str, tuple[str, ...]]:
    """By title: the tone, icon and word that the row of a criterion shows."""
    rows = [row for row in ROW.findall(page) if STATE.search(row)]
    return {title: found.groups() for row in rows for title in titles if title in row and (found := STATE.search(row))}


def test_overview_and_exit_review_show_the_same_state_of_each_criterion() -> None:
    lead: User = make_user("Maja Lindqvist")
    period = live_period(lead)
    criteria(period)
    make_incident(period, severity="P1", reported_at=timezone.now())
    client = signed_in(lead)
    titles = list(period.exit_criteria.values_list("title", flat=True))

    overview, review = (states(words(client.get(path)), titles) for path in ("/p/BILL/", "/p/BILL/exit/"))

    assert overview == review
    assert set(overview) == set(titles)
    shown = {(one.word, f"state--{one.tone}") for one in verdicts.SHOWN.values()}
    assert {(word, tone) for tone, _, word in overview.values()} <= shown
    assert ("state--warn", "warn", "Not met") in overview.values()
