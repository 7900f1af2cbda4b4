"""Plain data → a template, or every problem with it, each at its path. Pure; YAML and JSON both end here.

Nothing is guessed: a key nobody knows is named, a value of the wrong kind says what belongs there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from periods.template_files.checklist import EACH, ROLES
from periods.template_files.content import (
    CADENCES,
    COVERS,
    FORMAT,
    KINDS,
    PAGED,
    PAGED_SEVERITIES,
    ExitRule,
    RolePlan,
    TemplateCheck,
    TemplateContent,
    TemplateLadder,
    TemplateStep,
)
from periods.template_files.criteria import BY_CODE
from periods.template_files.rhythm import CadenceStretch

Path = tuple[str | int, ...]
MOST_ITEMS: Final = 300
MOST_ROWS: Final = 40
MOST_PROBLEMS: Final = 50
EVIDENCE: Final = ("link", "note", "file")
OWNERS: Final = (*ROLES, EACH)
_CODE: Final = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
# What may not be in a line of text: control characters, and a surrogate half that no file can hold.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One thing that is wrong, and where."""

    path: Path
    text: str


@dataclass
class _ContentReader:
    """Takes values out of plain data and keeps what was wrong; a wrong value reads as its default."""

    problems: list[TemplateProblem] = field(default_factory=list)

    def say(self, path: Path, text: str) -> None:
        self.problems.append(TemplateProblem(path, text))

    def mapping(self, value: Any, path: Path, known: Collection[str], required: Sequence[str]) -> dict[str, Any]:
        """The keys of one block; unknown and missing ones are named."""
        if not isinstance(value, Mapping):
            self.say(path, f"{_name(path)} must be a block of keys: {', '.join(known)}.")
            return {}
        for key in value:
            if key not in known:
                self.say((*path, str(key)), f"“{_shown(key)}” is not known here.{_meant(key, known)}")
        for key in required:
            if key not in value:
                self.say(path, f"{key} is missing.")
        return {key: value[key] for key in known if key in value}

    def rows(self, value: Any, path: Path, most: int) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.say(path, f"{_name(path)} must be a list, each entry starting with “- ”.")
            return []
        if len(value) > most:
            self.say(path, f"{_name(path)} has {len(value)} entries. At most {most} are allowed.")
        return value[:most]

    def text(self, data: Mapping[str, Any], key: str, path: Path, most: int, *, needed: bool = False) -> str:
        value, here = data.get(key), (*path, key)
        if value is None:
            value = ""
        if not isinstance(value, str):
            self.say(here, f"{key} must be text. Put it in quotes when it looks like a number or yes and no.")
            return ""
        if _UNPRINTABLE.search(value):
            self.say(here, f"{key} holds a character that can't be printed. Remove it.")
            return ""
        value = value.strip() if key == "summary" else " ".join(value.split())
        if len(value) > most:
            self.say(here, f"{key} has {len(value)} characters. Use at most {most}.")
        elif needed and not value and key in data:
            self.say(here, f"{key} is empty. Fill it in.")
        return value

    def choice(
        self, data: Mapping[str, Any], key: str, path: Path, allowed: Sequence[str], what: str, usual: str
    ) -> str:
        value = data.get(key, usual)
        if isinstance(value, str) and value in allowed:
            return value
        if value in (None, "") and usual == "":
            return usual
        self.say((*path, key), f"{key} “{_shown(value)}” is not {what}. Use {', '.join(allowed)}.")
        return usual

    def flag(self, data: Mapping[str, Any], key: str, path: Path, *, usual: bool = False) -> bool:
        value = data.get(key, usual)
        if isinstance(value, bool):
            return value
        self.say((*path, key), f"{key} “{_shown(value)}” must be true or false.")
        return usual

    def whole(self, data: Mapping[str, Any], key: str, path: Path, low: int, high: int, usual: int) -> int:
        value = data.get(key, usual)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.say((*path, key), f"{key} “{_shown(value)}” must be a whole number from {low} to {high}.")
        return usual

    def unique(self, seen: set[str], value: str, path: Path, what: str) -> None:
        folded = value.casefold()
        if value and folded in seen:
            self.say(path, f"{what} “{value}” is there twice.")
        seen.add(folded)


def read_content(data: Any) -> tuple[TemplateContent, list[TemplateProblem]]:
    """The template as far as it could be understood, and what is wrong with it, in reading order of the sections."""
    reader = _ContentReader()
    known = (
        "hypercare_template",
        "name",
        "kind",
        "summary",
        "checklist",
        "exit_criteria",
        "roles",
        "escalation",
        "debriefs",
    )
    top = reader.mapping(data, (), known, ("hypercare_template", "name", "kind"))
    if top.get("hypercare_template", FORMAT) != FORMAT or isinstance(top.get("hypercare_template"), bool):
        reader.say(("hypercare_template",), f"hypercare_template must be {FORMAT}: this is the only format so far.")
    content = TemplateContent(
        name=reader.text(top, "name", (), 120, needed=True),
        kind=reader.choice(top, "kind", (), list(KINDS), "a kind of template", "other"),
        summary=reader.text(top, "summary", (), 5000),
        checklist=_checklist(reader, top.get("checklist")),
        exit_criteria=_criteria(reader, top.get("exit_criteria")),
        roles=_roles(reader, top.get("roles")),
        escalation=_escalation(reader, top.get("escalation")),
        debriefs=_debriefs(reader, top.get("debriefs")),
    )
    if isinstance(data, Mapping) and not reader.problems and not (content.checklist or content.exit_criteria):
        reader.say((), "The template brings neither a check nor an exit criterion. Add a checklist.")
    return content, reader.problems[:MOST_PROBLEMS]


def _checklist(reader: _ContentReader, value: Any) -> tuple[TemplateCheck, ...]:
    known = ("title", "category", "owner_role", "due_days", "evidence", "evidence_kind", "blocking")
    found, seen = [], set[str]()
    for number, row in enumerate(reader.rows(value, ("checklist",), MOST_ITEMS)):
        path: Path = ("checklist", number)
        data = reader.mapping(row, path, known, ("title", "category"))
        item = TemplateCheck(
            title=reader.text(data, "title", path, 200, needed=True),
            category=reader.text(data, "category", path, 40, needed=True),
            owner_role=reader.choice(data, "owner_role", path, OWNERS, "an owner code", ""),
            due_days=reader.whole(data, "due_days", path, -365, 0, 0),
            evidence=reader.text(data, "evidence", path, 80),
            evidence_kind=reader.choice(data, "evidence_kind", path, EVIDENCE, "a kind of evidence", "link"),  # type: ignore[arg-type]
            blocking=reader.flag(data, "blocking", path),
        )
        reader.unique(seen, item.title, (*path, "title"), "The check")
        found.append(item)
    return tuple(found)


def _criteria(reader: _ContentReader, value: Any) -> tuple[ExitRule, ...]:
    known = ("code", "title", "mandatory", "threshold", "unit")
    found, seen = [], set[str]()
    for number, row in enumerate(reader.rows(value, ("exit_criteria",), MOST_ROWS)):
        path: Path = ("exit_criteria", number)
        data = reader.mapping(row, path, known, ("code",))
        code = reader.text(data, "code", path, 40, needed=True)
        if code and not _CODE.match(code):
            reader.say(
                (*path, "code"), f"code “{_shown(code)}” must be small letters, digits and _, such as tax_filed."
            )
        usual = BY_CODE.get(code)
        if usual:
            asked = data.get("threshold")
            named = usual.title_for(asked) if type(asked) in (int, float) else usual.title
            data = {"title": named, "unit": usual.unit, "threshold": usual.threshold, **data}
        if usual is None and not data.get("title") and code:
            reader.say(
                (*path, "code"), f"code “{_shown(code)}” is not built in, so it needs a title.{_meant(code, BY_CODE)}"
            )
        reader.unique(seen, code, (*path, "code"), "The criterion")
        found.append(
            ExitRule(
                code,
                reader.text(data, "title", path, 160),
                reader.flag(data, "mandatory", path),
                _threshold(reader, data, path),
                reader.text(data, "unit", path, 20),
            )
        )
    return tuple(found)


def _threshold(reader: _ContentReader, data: Mapping[str, Any], path: Path) -> float | None:
    value = data.get("threshold")
    if value is None:
        return None
    fine = isinstance(value, int | float) and not isinstance(value, bool)
    if not fine or not math.isfinite(value) or abs(value) > 1_000_000:
        reader.say((*path, "threshold"), f"threshold “{_shown(value)}” must be a number, or left out.")
        return None
    return float(value)


def _roles(reader: _ContentReader, value: Any) -> tuple[RolePlan, ...]:
    known = ("name", "code", "cover", "until_day", "people", "required", "deputy", "answers_pages")
    found: list[RolePlan] = []
    seen = set[str]()
    for number, row in enumerate(reader.rows(value, ("roles",), MOST_ROWS)):
        path: Path = ("roles", number)
        data = reader.mapping(row, path, known, ("name", "code"))
        until = None if data.get("until_day") is None else reader.whole(data, "until_day", path, 1, 366, 1)
        role = RolePlan(
            name=reader.text(data, "name", path, 60, needed=True),
            code=reader.choice(data, "code", path, list(ROLES), "an owner code", "EN"),
            cover=reader.choice(data, "cover", path, list(COVERS), "a kind of cover", "business"),
            until_day=until,
            people=reader.whole(data, "people", path, 1, 50, 1),
            required=reader.flag(data, "required", path, usual=True),
            deputy=reader.flag(data, "deputy", path),
            answers_pages=reader.flag(data, "answers_pages", path),
        )
        reader.unique(seen, role.name, (*path, "name"), "The duty")
        if role.answers_pages and any(one.answers_pages for one in found):
            reader.say((*path, "answers_pages"), "Only one duty answers pages. Set the others to false.")
        found.append(role)
    return tuple(found)


def _escalation(reader: _ContentReader, value: Any) -> tuple[TemplateLadder, ...]:
    if value is None:
        return ()
    data = reader.mapping(value, ("escalation",), PAGED_SEVERITIES, ())
    ladders = [_ladder(reader, severity, rows) for severity, rows in data.items()]
    return tuple(ladder for ladder in ladders if ladder.rungs)


def _ladder(reader: _ContentReader, severity: str, value: Any) -> TemplateLadder:
    rungs: list[TemplateStep] = []
    seen = set[str]()
    for number, row in enumerate(reader.rows(value, ("escalation", severity), len(PAGED))):
        path: Path = ("escalation", severity, number)
        data = reader.mapping(row, path, ("page", "after_min"), ("page", "after_min"))
        page = reader.choice(data, "page", path, list(PAGED), "somebody who can be paged", "on_shift")
        after = reader.whole(data, "after_min", path, 0, 240, 0)
        reader.unique(seen, page if "page" in data else "", (*path, "page"), "The step")
        if not rungs and after:
            reader.say((*path, "after_min"), "The first step pages at once: after_min must be 0.")
        if rungs and after <= rungs[-1].after_min:
            reader.say((*path, "after_min"), "Each step must come later than the one before it.")
        rungs.append(TemplateStep(page, after))  # type: ignore[arg-type]  # `choice` gave one of the four
    return TemplateLadder(severity, tuple(rungs))


def _debriefs(reader: _ContentReader, value: Any) -> tuple[CadenceStretch, ...]:
    found: list[CadenceStretch] = []
    rows = reader.rows(value, ("debriefs",), 10)
    for number, row in enumerate(rows):
        path: Path = ("debriefs", number)
        data = reader.mapping(row, path, ("from_day", "to_day", "cadence"), ("from_day", "cadence"))
        first = reader.whole(data, "from_day", path, 1, 366, 1)
        last = None if data.get("to_day") is None else reader.whole(data, "to_day", path, first, 366, first)
        cadence = reader.choice(data, "cadence", path, CADENCES, "a cadence", "daily")
        expected = (found[-1].last_day or 0) + 1 if found else 1
        if found and found[-1].last_day is None:
            reader.say(path, "The stretch before this one has no to_day, so it lasts to the end. Give it one.")
        elif first != expected:
            reader.say((*path, "from_day"), f"from_day must be {expected}, the day after the stretch before.")
        found.append(CadenceStretch(first, last, cadence))  # type: ignore[arg-type]  # `choice` gave a cadence
    if found and found[-1].last_day is not None:
        reader.say(("debriefs", len(found) - 1), "The last stretch lasts to the end: leave its to_day out.")
    return tuple(found)


def _name(path: Path) -> str:
    if not path:
        return "The template"
    return f"Entry {path[-1] + 1} of {path[-2]}" if isinstance(path[-1], int) else str(path[-1])


def _shown(value: Any) -> str:
    text = _UNPRINTABLE.sub("?", str(value)) if not isinstance(value, list | Mapping) else "a list or block"
    return text if len(text) <= 40 else f"{text[:39]}…"


def _meant(key: Any, known: Collection[str]) -> str:
    close = get_close_matches(str(key)[:60], known, n=1)
    return f" Did you mean {close[0]}?" if close else f" Use {', '.join(list(known)[:16])}."
