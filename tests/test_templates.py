"""Templates that a person can read: short lines, and parts that say what they take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Context, Template

from periods.documents.text_diff import DiffPiece
from tests import ROOT
from tests.template_inputs import compiled, included_by, inputs_of

FOLDER = ROOT / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
PARTS = sorted(name for name in TEMPLATES if Path(name).name.startswith("_"))
LONGEST = 120
TAKES = re.compile(r"^\{# (?:Takes )?(.*?) #\}$", re.MULTILINE)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_line_is_longer_than_a_person_reads(name: str) -> None:
    lines = (FOLDER / name).read_text().splitlines()

    assert [(number, line) for number, line in enumerate(lines, 1) if len(line) > LONGEST] == []


def said_to_take(name: str) -> set[str]:
    """What the comment at the top of a part says: "Takes a, b." over one line or several."""
    lines = []
    for line in (FOLDER / name).read_text().splitlines():
        if not (found := TAKES.match(line)) or (not lines and not line.startswith("{# Takes ")):
            break
        lines.append(found[1])
        if found[1].endswith("."):
            break
    return {word for word in re.split(r"[,\s]+", " ".join(lines).removesuffix(".")) if word}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_says_at_its_top_exactly_what_it_takes(name: str) -> None:
    assert said_to_take(name) == inputs_of(compiled(name))


@pytest.mark.parametrize("name", TEMPLATES)
def test_an_include_names_a_template_there_is_and_gives_it_nothing_that_it_does_not_take(name: str) -> None:
    for part, given in included_by(compiled(name)):
        assert given <= inputs_of(compiled(part)), part


def test_what_a_template_reads_is_found_wherever_it_stands() -> None:
    source = (
        "{% for a in b %}{{ a.c|default:d }}{{ forloop.counter }}{% empty %}{{ e }}{% endfor %}"
        "{% if f and not g %}{{ h }}{% endif %}{% with i=j %}{{ i }}{{ k.0 }}{% endwith %}"
        "{% url 'home' as l %}{{ l }}{{ shell.theme }}{% now 'Y' as m %}{{ m }}"
    )

    assert inputs_of(Template(source)) == {"b", "d", "e", "f", "g", "h", "j", "k"}


def test_white_space_of_a_compared_line_is_only_its_own() -> None:
    line = [DiffPiece("a  b", differs=False), DiffPiece(" c", differs=True), DiffPiece("<d>", differs=False)]

    shown = Template('{% pieces line "ins" %}').render(Context({"line": line}))

    assert shown == "a  b<ins> c</ins>&lt;d&gt;"
