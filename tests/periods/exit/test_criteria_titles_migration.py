"""Periods planned before titles named the number they are judged by get the number they ask for."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps

from periods.models import ExitCriterion
from tests.factories import make_period

migration = importlib.import_module("periods.migrations.0005_criteria_say_their_number")


@pytest.mark.django_db
def test_stale_titles_name_their_threshold_and_others_are_left_alone() -> None:
    period = make_period()
    period.exit_criteria.all().delete()
    made = {
        "no_p1_for_days": ("No P1 reported for 5 days", 2),
        "rate_back_to_baseline": ("Arrivals normal 3 days running", 1),
        "reopen_rate": ("Few incidents come back", 7),
        "own": ("No P1 reported for 5 days", 9),
    }
    for position, (code, (title, threshold)) in enumerate(made.items()):
        ExitCriterion.objects.create(period=period, position=position, code=code, title=title, threshold=threshold)

    migration.say_the_number(apps, None)

    assert dict(ExitCriterion.objects.values_list("code", "title")) == {
        "no_p1_for_days": "No P1 reported for 2 days",
        "rate_back_to_baseline": "Arrivals normal 1 day running",
        "reopen_rate": "Few incidents come back",
        "own": "No P1 reported for 5 days",
    }
