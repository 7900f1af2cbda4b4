"""What every tool's folder has, so that the next one is a copy."""

from __future__ import annotations

import json

import pytest

from hypercare import registry
from incidents.intake import severity_words
from incidents.intake.sources import every_tool
from tests import ROOT

ROOM = ROOT / "incidents" / "intake" / "sources"
FOLDERS = sorted(path.name for path in ROOM.iterdir() if (path / "__init__.py").is_file())


def test_each_folder_is_a_tool_of_the_switchboard_and_each_tool_a_folder() -> None:
    assert sorted(registry.ALERT_SOURCES) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_tool_has_its_name_its_set_up_a_page_for_people_and_tests(name: str) -> None:
    tool = every_tool()[name]

    assert tool.title
    assert "$hook_url" in tool.set_up
    assert all(severity_words.normalise_word(word) == word for word in tool.words)
    assert (ROOM / name / "README.md").read_text().startswith("# ")
    assert f"({name}/README.md)" in (ROOM / "README.md").read_text()
    assert list((ROOT / "tests" / "incidents" / "intake" / "sources" / name).glob("test_*.py"))


@pytest.mark.parametrize("name", FOLDERS)
def test_its_samples_tell_of_alerts_that_fire_and_of_alerts_that_ended(name: str) -> None:
    samples = [json.loads(path.read_text()) for path in sorted((ROOM / name / "samples").glob("*.json"))]

    told = [alert for sample in samples for alert in every_tool()[name].parse(sample)]

    assert {alert.firing for alert in told} == {True, False}
    assert all(alert.fingerprint and alert.name and alert.started_at.tzinfo for alert in told)
