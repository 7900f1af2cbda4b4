"""The page of targets and ladders: owners change it, members read it, strangers find nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from incidents.paging import escalation_policies
from incidents.paging.sla_clock import CoveredHours, SlaTarget
from incidents.paging.web.policy_forms import LadderForm, TargetsForm
from periods.models import Period
from tests.factories import make_member, make_role, make_user
from tests.incidents.browsing import text

pytestmark = pytest.mark.django_db

PAGE = "/p/BILL/incidents/policy/"


def typed(form: Any, **changes: Any) -> dict[str, Any]:
    """What the form would send as it stands, with some fields changed."""
    found = {
        bound.html_name: bound.value() for bound in form if bound.value() is not None and bound.value() is not False
    }
    return {**found, **changes}


def test_members_see_it_without_buttons_and_strangers_do_not(browser: Client, period: Period) -> None:
    member, stranger = make_member(period).user, make_user()
    assert "Save targets" in text(browser.get(PAGE))
    for person, status in ((member, 200), (stranger, 404)):
        client = Client()
        client.force_login(person)
        answer = client.get(PAGE)
        assert answer.status_code == status
        assert "Save targets" not in text(answer)
        assert client.post(PAGE, {}).status_code == (403 if status == 200 else 404)
        assert client.post(f"{PAGE}P1/", {}).status_code == (403 if status == 200 else 404)


def test_targets_and_covered_hours_are_typed_loosely_and_saved(browser: Client, period: Period) -> None:
    sent = typed(TargetsForm(policy=escalation_policies.policy_of(period)), P1_acknowledge="10m", P3_mitigate="2 d")
    del sent["always"]

    answer = browser.post(PAGE, {**sent, "days": ["0", "5"], "opens": "08:00", "closes": "20:00"})

    assert answer.status_code == 302
    now = escalation_policies.policy_of(Period.objects.get(pk=period.pk))
    assert now.targets["P1"]["acknowledge"] == SlaTarget(600)
    assert now.targets["P3"]["mitigate"] == SlaTarget(16 * 3600, "business")
    assert now.covered == CoveredHours((0, 5), now.covered.opens, now.covered.closes)
    assert "This period has its own" in text(browser.get(PAGE))
    browser.post(f"{PAGE}reset/")
    assert not escalation_policies.policy_of(Period.objects.get(pk=period.pk)).is_own


@pytest.mark.parametrize("length", ["", "soon", "0 m", "99 d"])
def test_a_length_that_can_not_be_meant_keeps_what_was_typed(browser: Client, period: Period, length: str) -> None:
    answer = browser.post(
        PAGE, typed(TargetsForm(policy=escalation_policies.policy_of(period)), P1_update=length, P2_update="77 m")
    )

    assert answer.status_code == 422
    assert "77 m" in text(answer)
    assert not escalation_policies.policy_of(Period.objects.get(pk=period.pk)).is_own


def test_a_ladder_is_changed_step_by_step(browser: Client, period: Period) -> None:
    role = make_role(period, "Support")
    form = LadderForm(period=period, severity="P3")
    sent = typed(form, **{"P3-who1": f"everyone:{role.pk}", "P3-after1": "0", "P3-who2": "lead", "P3-after2": "60"})

    answer = browser.post(f"{PAGE}P3/", sent)

    assert answer.status_code == 302
    steps = escalation_policies.policy_of(Period.objects.get(pk=period.pk)).ladders["P3"].steps
    assert [(step.who, step.after, step.role) for step in steps] == [("everyone", 0, role.pk), ("lead", 60, None)]


def test_steps_that_go_back_in_time_are_named(browser: Client, period: Period) -> None:
    form = LadderForm(period=period, severity="P3")
    sent = typed(form, **{"P3-who1": "lead", "P3-after1": "30", "P3-who2": "sponsor", "P3-after2": "5"})

    answer = browser.post(f"{PAGE}P3/", sent)

    assert answer.status_code == 422
    assert "Step 2: 5 minutes is before the step above it" in text(answer)
    assert browser.post(f"{PAGE}P9/", sent).status_code == 404


def test_steps_that_reach_nobody_are_named(browser: Client, period: Period) -> None:
    assert "P1, step 1: No role answers pages" in text(browser.get(PAGE))
