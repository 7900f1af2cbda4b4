"""Names: a class means one thing, a function at a module's top says what it does, a file what is in it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

from tests import ROOT
from tests.test_repository import tracked_files

OF_EXAMPLES = {"webhook.test", "evil.html"}  # an event, somebody's file
APPS = ("hypercare", "periods", "contributors", "incidents")
# What frameworks look for by its name.
OF_DJANGO = {"Command"}
# Words that say neither what is done nor what it is about; a caller would have to open the file.
SAYS_NOTHING = frozenset(
    [
        "of",
        "one",
        "two",
        "every",
        "it",
        "them",
        "said",
        "told",
        "look",
        "page",
        "panel",
        "listing",
        "rows",
        "part",
        "thing",
        "things",
        "stuff",
        "data",
        "handle",
        "do",
        "process",
        "run",
        "new",
        "act",
        "again",
        "aside",
        "mine",
        "me",
        "asked",
        "given",
        "shown",
        "helper",
        "helpers",
        "utils",
        "util",
        "misc",
        "common",
        "manager",
    ]
)
# A capability has one file of each of these, so the folder says which.
ONE_A_ROOM = frozenset(
    [
        "__init__",
        "api",
        "api_urls",
        "urls",
        "pages",
        "forms",
        "serializers",
        "operations",
        "permissions",
        "lookup",
        "transport",
        "address",
        "loading",
        "search",
        "actions",
        "tasks",
    ]
)


# One word for one thing that two rooms have, each for its own rows.
SAME_MEANING = {
    "bulk": "one operation on many rows",
    "criteria": "exit criteria: the built-in ones, and how a period stands to its own",
    "editing": "changing the words of a row",
    "gantt": "the drawing, and what Coverage draws",
    "gates": "what has to be true before a period moves on",
    "timers": "the timers of the engine, and those a period arms",
}


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    """Every module of the product with its tree; migrations are Django's."""
    return tuple(
        (path.relative_to(ROOT), ast.parse(path.read_text()))
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if path.parent.name != "migrations"
    )


def test_a_class_name_is_used_once() -> None:
    places = defaultdict(list)
    for path, tree in modules():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path))

    assert {name: found for name, found in places.items() if len(found) > 1 and name not in OF_DJANGO} == {}


def test_a_function_says_what_it_does_without_its_file() -> None:
    empty = [
        f"{path}: {node.name}"
        for path, tree in modules()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name.lower() in SAYS_NOTHING
    ]

    assert empty == []


def test_a_file_says_what_is_in_it() -> None:
    empty = [str(path) for path, _ in modules() if path.stem in SAYS_NOTHING - {"listing"}]

    assert empty == []


def test_two_rules_of_a_name_are_not_in_two_rooms() -> None:
    """A room's rules, its edges and its models may share a name: they are one subject. Two rooms may not."""
    places = defaultdict(set)
    for path, _ in modules():
        room = tuple(part for part in path.parts[:-1] if part not in ("web", "models"))
        is_rule = "web" not in path.parts and "models" not in path.parts and "pages" not in path.parts
        if (
            is_rule
            and path.stem not in ONE_A_ROOM
            and "demo" not in path.parts
            and "message_templates" not in path.parts
        ):
            places[path.stem].add(room)

    assert {name for name, found in places.items() if len(found) > 1} == set(SAME_MEANING)


def test_what_a_docstring_names_is_there() -> None:
    """`module.function` and `folder/file.py` in a docstring are found; a rename that forgets one is told."""
    tracked = {str(path.relative_to(ROOT)) for path in tracked_files()}
    names, docstrings = defaultdict(set), []
    for path, tree in modules():
        stem = path.parent.name if path.stem == "__init__" else path.stem
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[stem].add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names[stem].add(node.id)
            elif isinstance(node, ast.alias):
                names[stem].add(node.asname or node.name)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node)):
                docstrings.append((path, text))
    lost = [
        f"{path}: {token}"
        for path, text in docstrings
        for token in re.findall(r"`([^`\n]+)`", text)
        if _lost(token, names, tracked)
    ]

    assert len(docstrings) > 4000
    assert lost == []


def _lost(token: str, names: dict[str, set[str]], tracked: set[str]) -> bool:
    """Whether a token is written like something of ours and is not there."""
    if re.fullmatch(r"[\w/.]+\.(?:py|html|js|css|md)", token):
        return not any(f"/{path}".endswith(f"/{token}") for path in tracked) and token not in OF_EXAMPLES
    found = re.fullmatch(r"(?:\w+\.)*(\w+)\.(\w+)(?:\(.*\))?", token)
    return bool(found) and found[1] in names and found[2] not in names[found[1]] and token not in OF_EXAMPLES
