"""An incident's story says who was told of each thing and what became of it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from contributors.models import Delivery
from incidents.lists import timeline
from incidents.triage import triage
from periods.journal import journal
from tests.factories import NOW, make_incident, make_member, make_period

pytestmark = pytest.mark.django_db


def test_the_story_says_who_was_told_and_what_became_of_it() -> None:
    period = make_period("active")
    incident = make_incident(period)
    member, viewer = make_member(period, right="support"), make_member(period, right="support")
    triage.assign(incident.pk, owner=member.user, by=viewer.user, at=NOW)
    journal.dispatch_entries(at=NOW)
    incident.refresh_from_db()

    assert _text(incident, viewer.user).endswith(f"{member.user}: message waiting.")
    Delivery.objects.filter(kind="incident_assigned").update(state="dead")
    lines = timeline.read_timeline(incident, viewer=viewer.user, notes=True, at=NOW, zone=ZoneInfo("UTC"))

    assert f"{member.user}: message could not be sent." in [line.failed for line in lines]


def _text(incident, viewer) -> str:
    lines = timeline.read_timeline(incident, viewer=viewer, notes=True, at=NOW, zone=ZoneInfo("UTC"))
    return next(line.text for line in lines if "gave it" in line.words)
