"""What every channel's folder has, so that the next one is a copy."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

from contributors.channels import every_channel
from hypercare import registry
from tests import ROOT

ROOM = ROOT / "contributors" / "channels"
FOLDERS = sorted(path.name for path in ROOM.iterdir() if (path / "__init__.py").is_file())
ICONS = set(re.findall(r'id="([\w-]+)"', (ROOT / "static" / "icons" / "sprite.svg").read_text()))


def test_each_folder_is_a_channel_of_the_switchboard_and_each_channel_a_folder() -> None:
    assert sorted(registry.CHANNELS) == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_a_channel_has_its_words_its_icon_a_page_for_people_and_tests(name: str) -> None:
    channel = every_channel()[name]

    assert all((channel.title, channel.choice, channel.asks))
    assert channel.icon in ICONS
    assert (ROOM / name / "README.md").read_text().startswith("# ")
    assert f"({name}/README.md)" in (ROOM / "README.md").read_text()
    assert list((ROOT / "tests" / "contributors" / "channels" / name).glob("test_*.py"))
    if channel.add_template:
        get_template(channel.add_template)


def imported(path: Path) -> set[str]:
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{name.name}" for node in nodes for name in node.names}


@pytest.mark.parametrize("name", FOLDERS)
def test_no_channel_knows_another(name: str) -> None:
    others = tuple(f"contributors.channels.{other}." for other in FOLDERS if other != name)

    found = {one for path in (ROOM / name).rglob("*.py") for one in imported(path) if f"{one}.".startswith(others)}

    assert found == set()
