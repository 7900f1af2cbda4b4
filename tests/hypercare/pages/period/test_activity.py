"""The journal in words."""

import ast

from hypercare.pages.period import activity
from tests import ROOT

APPS = ("periods", "contributors", "incidents", "hypercare")


def journal_kinds() -> set[str]:
    """Every kind that the code writes: a literal “thing.happened” handed to a recording function or a step."""
    kinds: set[str] = set()
    for path in (path for app in APPS for path in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _records(node.func):
                kinds |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and argument.value.count(".") == 1
                }
    return kinds


def _records(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("record", "record_entry", "Step", "TransitionRule") or name.startswith("_journal")


def test_everything_that_is_journaled_is_said_in_words():
    kinds = journal_kinds()

    assert "incident.reported" in kinds
    assert kinds - set(activity.WORDS) == set()
