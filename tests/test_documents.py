"""Documents say where things are: every path, test, command and link that one names is there."""

from __future__ import annotations

import ast
import itertools
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePosixPath

import pytest
from django.core.management import get_commands
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hypercare import registry
from tests import ROOT
from tests.test_repository import tracked_files

PATHS = sorted(str(path.relative_to(ROOT)) for path in tracked_files())
FOLDERS = {f"{folder}/" for path in PATHS for folder in PurePosixPath(path).parents if str(folder) != "."}
DOCUMENTS = [path for path in PATHS if path.endswith(".md")]
# Those that lead a newcomer name a file by its whole path; the others may leave out where they are about.
BY_WHOLE_PATH = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/dependencies.md")

QUOTED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"^(?!/)[\w.*<>{}/-]*(?:/|\.(?:py|md|html|css|js|yml|yaml|json|toml|lock|conf|svg|example|sh))$")
IN_A_FILE = re.compile(r"`([\w.]+(?:\([^`]*\))?)` (?:of|in)\s+`([\w/]+\.py)`")
IN_A_FOLDER = re.compile(rf"^(?:{'|'.join(sorted({path.split('/')[0] for path in PATHS if '/' in path}))})/[\w./-]+$")
# Made when the product runs, or by whoever installs it.
NOT_OURS = re.compile(r"^(?:var/.*|\.venv/?|tls/|alertmanager\.yml)$")
# There, whatever looks like a path is an address.
OF_ADDRESSES = ("docs/api.md",)


def text_of(document: str) -> str:
    return (ROOT / document).read_text()


def quoted(document: str) -> list[str]:
    """What stands between single backticks, the blocks of code left out."""
    return QUOTED.findall(FENCED.sub("", text_of(document)))


@cache
def functions_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def is_there(name: str, document: str) -> bool:
    """Whether a path, with * or <name> for any part, is in the repository as the document may write it."""
    pattern = re.sub(r"<[^>]+>", "*", name)
    candidates = [*PATHS, *FOLDERS]
    if document in BY_WHOLE_PATH:
        return any(fnmatch(path, pattern) for path in candidates)
    return any(fnmatch(path, pattern) or fnmatch(path, f"*/{pattern.removeprefix('../')}") for path in candidates)


def paths_in(document: str) -> Iterator[str]:
    for name in quoted(document):
        bare = name.partition("::")[0]
        if document in OF_ADDRESSES and not bare.startswith(("docs/", "tests/")):
            continue
        if (PATH.match(bare) or IN_A_FOLDER.match(bare)) and not NOT_OURS.match(bare):
            yield bare


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(document: str) -> None:
    assert [name for name in paths_in(document) if not is_there(name, document)] == []


@pytest.mark.parametrize(
    ("name", "document", "found"),
    [
        ("periods/lifecycle/gates.py", "README.md", True),
        ("periods/lifecycle/", "README.md", True),
        ("lifecycle/gates.py", "README.md", False),  # where in the repository?
        ("lifecycle/gates.py", "docs/delivery.md", True),
        ("<app>/<room>/web/operations.py", "README.md", True),
        ("<app>/<room>/nowhere.py", "README.md", False),
        ("tests/contributors/messaging/test_delivery*.py", "docs/delivery.md", True),
        ("periods/views/", "docs/delivery.md", False),
        ("gates", "docs/delivery.md", False),
    ],
)
def test_what_is_not_there_is_noticed(name: str, document: str, found: bool) -> None:
    assert is_there(name, document) is found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_a_document_names_is_there(document: str) -> None:
    """As `file::test`, or alone behind its file."""
    file, missing = "", []
    for name in quoted(document):
        path, _, test = name.partition("::")
        if re.fullmatch(r"[\w/]*test_\w+\.py", path):
            found = [one for one in PATHS if one == path or one.endswith(f"/{path}")]
            file = found[0] if found else ""
        elif re.fullmatch(r"test_\w+", path):
            test = path
        if test and not (file and test in functions_in(file)):
            missing.append(name)

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_name_that_a_document_puts_into_a_file_is_in_it(document: str) -> None:
    """As `outbox.notify` of `contributors/messaging/outbox.py`, or `_close` in another."""
    missing = []
    for name, path in IN_A_FILE.findall(text_of(document)):
        last = name.partition("(")[0].rpartition(".")[2]
        if not re.search(rf"^(?: *(?:def|class) {last}\b|{last}\b.* = )", text_of(path), re.MULTILINE):
            missing.append((name, path))

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_inside_the_repository_leads_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    inside = (
        link for link in LINK.findall(FENCED.sub("", text_of(document))) if not re.match(r"https?:|mailto:", link)
    )
    broken = []
    for link in inside:
        path, _, heading = link.partition("#")
        found = (here / path).resolve() if path else ROOT / document
        if not found.exists() or (heading and heading not in headings(found)):
            broken.append(link)

    assert broken == []


def headings(document: Path) -> set[str]:
    """The headings as a link names them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_is_there(document: str) -> None:
    text = text_of(document)
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:`|^ {4})make ([a-z][a-z0-9-]*)", text, re.MULTILINE)) - targets == set()
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) - set(get_commands()) == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_table_of_the_switchboard_that_a_document_names_is_there(document: str) -> None:
    named = re.findall(r"`registry\.([A-Z_]+)`|`([A-Z_]+)` of `hypercare/registry\.py`", text_of(document))

    assert [name for pair in named for name in pair if name and not hasattr(registry, name)] == []


# --- docs/architecture.md -----------------------------------------------------------------------

MAP = "docs/architecture.md"
APPS = ("hypercare", "periods", "contributors", "incidents")
# Folders of integrations have a table of their own beside them; edges belong to their room.
BY_THEIR_OWN = ("contributors/channels/", "incidents/intake/sources/")


def section(heading: str) -> str:
    """What stands below a heading of the map, up to the next of its rank."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text_of(MAP), re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def rooms() -> set[str]:
    """Every folder of code, as the map lists them."""
    found = set()
    for path in PATHS:
        folder, _, name = path.rpartition("/")
        parts = folder.split("/")
        is_room = name == "__init__.py" and parts[0] in APPS and len(parts) > 1
        is_aside = {"migrations", "management"} & set(parts) or "web" in parts[2:]
        if (
            is_room
            and not is_aside
            and not any(f"{folder}/".startswith(own) and f"{folder}/" != own for own in BY_THEIR_OWN)
        ):
            found.add(f"{folder}/")
    return found


def test_the_map_names_every_room_and_no_other() -> None:
    named = re.findall(r"^\| `([\w/]+/)` \|", section("Code map"), re.MULTILINE)

    assert len(named) == len(set(named))
    assert {name for name in named if name.split("/")[0] in APPS} == rooms()


def test_every_invariant_has_a_test_that_names_it() -> None:
    points = re.split(r"^(\d+)\. ", section("Invariants"), flags=re.MULTILINE)[1:]
    held = {int(number): QUOTED.findall(text) for number, text in zip(points[::2], points[1::2], strict=True)}

    assert sorted(held) == list(range(1, 9))
    for number, quoted_there in held.items():
        named = [name for name in quoted_there if "::" in name]
        assert named, number
        for name in named:
            other = re.search(r"::test_invariant_(\d)_", name)
            assert not other or int(other[1]) == number, name


# --- docs/dependencies.md -----------------------------------------------------------------------


def test_every_package_has_a_reason_and_no_other_has_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *itertools.chain(*project["dependency-groups"].values())]
    rows = re.findall(r"^\| ((?:`[\w-]+`(?:, | with )?)+)", text_of("docs/dependencies.md"), re.MULTILINE)

    named = {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}
    assert named == {canonicalize_name(Requirement(one).name) for one in asked}
