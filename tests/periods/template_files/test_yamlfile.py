"""Templates as files: every problem with its line, nothing hostile built, and a round trip that changes nothing."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypercare.exceptions import Invalid
from periods.template_files import yamlfile
from periods.template_files.checklist import EACH, ROLES
from periods.template_files.content import (
    CADENCES,
    COVERS,
    KINDS,
    PAGED,
    ExitRule,
    RolePlan,
    TemplateCheck,
    TemplateContent,
    TemplateLadder,
    TemplateStep,
)
from periods.template_files.criteria import CRITERIA
from periods.template_files.kinds import BUILT_IN
from periods.template_files.rhythm import CadenceStretch

HEAD = "hypercare_template: 1\nname: Ours\nkind: other\n"
CHECK = "checklist:\n  - title: A\n    category: C\n"


def problems(text: str) -> list[str]:
    with pytest.raises(Invalid) as refusal:
        yamlfile.load(text)
    return refusal.value.errors["file"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + CHECK + "    owner_role: XY\n", "line 7: owner_role “XY” is not an owner code. Use RM, HL, IC,"),
        (HEAD + CHECK + "    due_days: 3\n", "line 7: due_days “3” must be a whole number from -365 to 0."),
        (HEAD + CHECK + "    due_days: soon\n", "line 7: due_days “soon” must be a whole number"),
        (HEAD + CHECK + "    blocking: maybe\n", "line 7: blocking “maybe” must be true or false."),
        (HEAD + CHECK + "    blokking: true\n", "line 7: “blokking” is not known here. Did you mean blocking?"),
        (HEAD + CHECK + "    title: B\n", "line 7: “title” is there twice in this block."),
        (HEAD + CHECK + "    evidence_kind: photo\n", "line 7: evidence_kind “photo” is not a kind of evidence."),
        (HEAD + CHECK + "  - title: a\n    category: C\n", "line 7: The check “a” is there twice."),
        (HEAD + "checklist:\n  - category: C\n", "line 5: title is missing."),
        (HEAD + "checklist:\n  - title: on\n    category: C\n", "line 5: title must be text. Put it in quotes"),
        (HEAD + "checklist: none\n", "line 4: checklist must be a list"),
        (HEAD + f"checklist:\n  - title: {'x' * 201}\n    category: C\n", "line 5: title has 201 characters."),
        (HEAD + "exit_criteria:\n  - code: no_opn_p1\n", "line 5: code “no_opn_p1” is not built in, so it needs"),
        (HEAD + "exit_criteria:\n  - code: no_open_p1\n    threshold: .inf\n", "line 6: threshold “inf” must be"),
        (HEAD + "roles:\n  - name: Desk\n    code: SU\n    cover: 9x5\n", "line 7: cover “9x5” is not a kind"),
        (HEAD + "escalation:\n  P1:\n    - {page: boss, after_min: 0}\n", "line 6: page “boss” is not somebody who"),
        (HEAD + "escalation:\n  P1:\n    - {page: lead, after_min: 5}\n", "line 6: The first step pages at once"),
        (HEAD + "escalation:\n  P4:\n    - {page: lead, after_min: 0}\n", "line 5: “P4” is not known here."),
        (HEAD + "debriefs:\n  - {from_day: 2, cadence: daily}\n", "line 5: from_day must be 1"),
        (HEAD, "line 1: The template brings neither a check nor an exit criterion."),
        ("name: x\nkind: other\n", "line 1: hypercare_template is missing."),
        (HEAD.replace("1", "2") + CHECK, "line 1: hypercare_template must be 1"),
        ("- a\n", "line 1: The template must be a block of keys"),
        ("a: [\n", "line 2: this can't be read as YAML"),
        ("\n\na: \x00\n", "line 3: this holds a character that YAML does not allow."),
        ("   ", "line 1: There is nothing here."),
    ],
)
def test_a_problem_is_said_with_its_line(text: str, sentence: str) -> None:
    assert any(one.startswith(sentence) for one in problems(text)), problems(text)


def test_all_problems_are_said_at_once_in_the_order_of_their_lines() -> None:
    found = problems(HEAD.replace("other", "huge") + CHECK + "    owner_role: XY\n    due: -3\n")

    assert [one.split(":")[0] for one in found] == ["line 3", "line 7", "line 8"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: &a [1]\nb: *a\n", "line 1: the mark &a"),
        ("b: *a\n", "line 1: the reference *a"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1: the tag"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document starts here."),
        ("[" * 100_000, "line 1: this is more than 6 levels deep."),
        ("{" * 100_000, "line 1: this is more than 6 levels deep."),
        ("- " * 100_000, "line 1: this is more than 6 levels deep."),
        ("checklist:\n" + "- {a: b}\n" * 25_000, "the file holds more than a template can."),
        ("a: " + "x" * (257 * 1024), "line 1: The text has 257 kB. At most 256 kB are read."),
        (HEAD + CHECK + f"    due_days: 0x{'f' * 100_000}\n", "line 7: due_days"),
        ("? [1, 2]\n: 3\n", "line 1: a key must be a word."),
    ],
)
def test_a_hostile_file_is_refused_quickly(text: str, part: str) -> None:
    started = time.perf_counter()
    found = problems(text)

    assert any(part in one for one in found), found
    assert all(len(one) < 400 for one in found)
    assert time.perf_counter() - started < 2


def test_aliases_that_double_build_nothing() -> None:
    doubled = [f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    bomb = "a: &a [x, x, x]\n" + "".join(doubled)

    assert problems(bomb) == ["line 1: the mark &a is not used in templates. Remove it."]


def test_a_file_that_is_not_utf_8_says_where() -> None:
    with pytest.raises(Invalid, match="line 2: this is not UTF-8"):
        yamlfile.decode(b"name: x\n\xff\xfe\n")


@pytest.mark.parametrize("key", list(BUILT_IN))
def test_every_built_in_template_comes_back_as_it_went(key: str) -> None:
    text = yamlfile.dump(BUILT_IN[key])

    assert yamlfile.load(text) == BUILT_IN[key]
    assert yamlfile.dump(yamlfile.load(text)) == text


# Text as the reader keeps it: one line, single spaces, nothing unprintable.
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")


def line(most: int, least: int = 1) -> st.SearchStrategy[str]:
    return (
        st.text(CHARACTERS, min_size=least, max_size=most)
        .map(lambda text: " ".join(text.split()))
        .filter(lambda text: len(text) >= least)
    )


def paragraphs() -> st.SearchStrategy[str]:
    return st.lists(st.text(CHARACTERS, max_size=60), max_size=4).map(lambda rows: "\n".join(rows).strip())


ITEMS = st.builds(
    TemplateCheck,
    line(80),
    line(40),
    st.sampled_from(["", EACH, *ROLES]),
    st.integers(-365, 0),
    line(80, 0),
    st.sampled_from(["link", "note", "file"]),
    st.booleans(),
)
NUMBERS = st.none() | st.floats(-1e6, 1e6, allow_nan=False) | st.integers(-1000, 1000).map(float)
CODES = st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True)
RULES = st.builds(ExitRule, CODES, line(80), st.booleans(), NUMBERS, line(20, 0))
BUILT_IN_RULES = st.builds(
    ExitRule, st.sampled_from([one.code for one in CRITERIA]), line(80), st.booleans(), NUMBERS, line(20, 0)
)
ROLE = st.builds(
    RolePlan,
    line(60),
    st.sampled_from(list(ROLES)),
    st.sampled_from(list(COVERS)),
    st.none() | st.integers(1, 366),
    st.integers(1, 50),
    st.booleans(),
    st.booleans(),
    st.just(False),
)


@st.composite
def ladders(draw: st.DrawFn) -> tuple[TemplateLadder, ...]:
    found = []
    for severity in draw(st.lists(st.sampled_from(["P1", "P2"]), unique=True)):
        who = draw(st.lists(st.sampled_from(list(PAGED)), unique=True, min_size=1))
        waits = sorted(draw(st.sets(st.integers(1, 240), min_size=len(who) - 1, max_size=len(who) - 1)))
        found.append(TemplateLadder(severity, tuple(TemplateStep(*one) for one in zip(who, [0, *waits], strict=True))))
    return tuple(sorted(found, key=lambda ladder: ladder.severity))


@st.composite
def rhythms(draw: st.DrawFn) -> tuple[CadenceStretch, ...]:
    ends = sorted(draw(st.sets(st.integers(1, 365), max_size=4)))
    firsts = [1, *(day + 1 for day in ends)]
    if not draw(st.booleans()):
        return ()
    days = zip(firsts, [*ends, None], strict=True)
    return tuple(CadenceStretch(first, last, draw(st.sampled_from(CADENCES))) for first, last in days)


CONTENTS = st.builds(
    TemplateContent,
    name=line(120),
    kind=st.sampled_from(list(KINDS)),
    summary=paragraphs(),
    checklist=st.lists(ITEMS, min_size=1, max_size=6, unique_by=lambda item: item.title.casefold()).map(tuple),
    exit_criteria=st.lists(RULES | BUILT_IN_RULES, max_size=4, unique_by=lambda rule: rule.code).map(tuple),
    roles=st.lists(ROLE, max_size=4, unique_by=lambda role: role.name.casefold()).map(tuple),
    escalation=ladders(),
    debriefs=rhythms(),
)


@settings(max_examples=150, deadline=None)
@given(CONTENTS)
def test_any_template_that_is_exported_is_imported_as_the_same(content: TemplateContent) -> None:
    assert yamlfile.load(yamlfile.dump(content)) == content


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=300))
def test_whatever_is_pasted_at_random_is_refused_with_a_line(text: str) -> None:
    assert all(one.startswith("line ") for one in problems(text))
