"""What each edge (view of a page, view of the API) changes, read from its source.

A domain function *writes* when it opens a transaction, saves rows, or calls one that does. Names are looked up in the
imported modules, so a function is found under whatever name it was imported by. What cannot be looked up, such as the
function that a table names, counts as a write when it is told who (`by`) and when (`at`).
"""

from __future__ import annotations

import ast
import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from tests import ROOT

APPS = ("hypercare", "periods", "contributors", "incidents")
ASIDE = {"admin", "management", "migrations", "demo", "tasks", "settings", "wsgi", "celery"}
ROW_WRITES = {"save", "create", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# What somebody types and has not sent yet is kept for them alone: no part of the plan, in no journal.
SCRATCH = {("periods.planning.drafts", "keep"), ("periods.planning.drafts", "drop")}
EDGES = {"views", "api", "pages", "web"}  # folders and modules of views
MANY = 2  # what stands in a loop is called more than once

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """A module of ours: imported, and as source."""

    name: str
    tree: ast.Module

    @cached_property
    def live(self) -> types.ModuleType:
        return import_module(self.name)

    @cached_property
    def functions(self) -> dict[str, Function]:
        return {node.name: node for node in self.tree.body if isinstance(node, Function)}

    @property
    def is_edge(self) -> bool:
        parts = self.name.split(".")
        if parts[-1] == "operations" or parts[:2] == ["hypercare", "api"]:
            return False  # data that edges look up, and what all views of the API share
        return bool(EDGES & set(parts[1:]))

    @property
    def is_rest(self) -> bool:
        """Whether the edge is one of the API."""
        return ".api" in self.name or self.name.endswith("_api")


@cache
def modules() -> dict[str, Module]:
    found = {}
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not set(parts[1:2]) & ASIDE:
                found[name] = Module(name, ast.parse(path.read_text()))
    return found


def looked_up(node: ast.expr, module: Module) -> Any:
    """What a name or a dotted name stands for in a module; None where that only shows when it runs."""
    if isinstance(node, ast.Name):
        return getattr(module.live, node.id, None)
    if isinstance(node, ast.Attribute):
        inner = looked_up(node.value, module)
        return getattr(inner, node.attr, None) if isinstance(inner, types.ModuleType) else None
    return None


def known(thing: Any) -> tuple[Module, str] | None:
    """The module and the name of one of our functions."""
    if not callable(thing) or inspect.isclass(thing):
        return None
    bare = inspect.unwrap(thing)
    module = modules().get(getattr(bare, "__module__", ""))
    name = getattr(bare, "__qualname__", "")
    return (module, name) if module and name in module.functions else None


def calls(node: ast.AST) -> Iterator[ast.Call]:
    """Every call inside, those of functions defined inside left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from calls(child)


def is_row_write(call: ast.Call) -> bool:
    """Whether a call saves, makes, changes or deletes rows by Django's own means."""
    if not isinstance(call.func, ast.Attribute):
        return False
    if call.func.attr == "update":
        return "objects" in ast.unparse(call.func.value) or ".filter(" in ast.unparse(call.func.value)
    # A row saves itself without being told what: `form.save(period)` and `rota.save(spec)` are something else.
    return call.func.attr in ROW_WRITES and not call.args


def opens_transaction(function: Function) -> bool:
    return any("atomic" in ast.unparse(one) for one in function.decorator_list)


@cache
def writes(module_name: str, name: str) -> bool:
    """Whether a domain function changes something, itself or by what it calls."""
    return (module_name, name) in _writers() - SCRATCH


Name = tuple[str, str]  # of a module, and of a function in it


@cache
def domain_calls() -> dict[Name, set[Name]]:
    """Which of our functions each domain function calls."""
    found = {}
    for module in modules().values():
        for name, function in ({} if module.is_edge else module.functions).items():
            callees = (known(looked_up(call.func, module)) for call in calls(function))
            found[module.name, name] = {(one[0].name, one[1]) for one in callees if one}
    return found


@cache
def _writers() -> frozenset[Name]:
    def changes(module: str, name: str) -> bool:
        function = modules()[module].functions[name]
        return opens_transaction(function) or any(map(is_row_write, calls(function)))

    found = {key for key in domain_calls() if changes(*key)}
    while more := {key for key, callees in domain_calls().items() if key not in found and callees & found}:
        found |= more
    return frozenset(found)


def below(key: Name) -> set[Name]:
    """A domain function and everything of ours that it calls, however deep."""
    found, open_ = {key}, {key}
    while open_:
        open_ = set().union(*(domain_calls().get(one, set()) for one in open_)) - found
        found |= open_
    return found


@dataclass
class Edge:
    """A function of an edge."""

    module: Module
    node: Function

    @property
    def name(self) -> str:
        return f"{self.module.name}.{self.node.name}"


def edges() -> list[Edge]:
    """Every function of every edge, those defined inside others too."""
    return [
        Edge(module, node)
        for module in modules().values()
        if module.is_edge
        for node in ast.walk(module.tree)
        if isinstance(node, Function)
    ]


def written_by(module: Module) -> set[Name]:
    """The domain functions that change something and that an edge names: called, or put into a table of its own."""
    found = set()
    for node in ast.walk(module.tree):
        one = known(looked_up(node, module)) if isinstance(node, ast.Name | ast.Attribute) else None
        if one and not one[0].is_edge and writes(one[0].name, one[1]):
            found.add((one[0].name, one[1]))
    return found


def helpers_of(module: Module) -> list[Module]:
    """The edges whose functions a module of an edge uses, itself first."""
    names = {getattr(thing, "__module__", getattr(thing, "__name__", "")) for thing in vars(module.live).values()}
    names |= {thing.__name__ for thing in vars(module.live).values() if isinstance(thing, types.ModuleType)}
    return [module, *(one for name, one in modules().items() if name in names and one.is_edge and one is not module)]


# --- How many writes one request makes at most ----------------------------------------------------


_counted: dict[tuple[str, str], int] = {}


def most(module_name: str, name: str) -> int:
    """How many domain writes a top-level function of an edge makes on its longest way."""
    key = (module_name, name)
    if key not in _counted:
        _counted[key] = 0  # what calls itself adds nothing to itself
        _counted[key] = longest(modules()[module_name].functions[name], modules()[module_name])
    return _counted[key]


def longest(function: Function, module: Module) -> int:
    """The same for any function of a module."""
    through, ended = _block(function.body, module)
    return max(through or 0, ended)


def _block(body: list[ast.stmt], module: Module) -> tuple[int | None, int]:
    """Writes on the longest way that goes on after the block (None: none does), and on the longest that ends in it."""
    going: int | None = 0
    ended = 0
    for statement in body:
        if going is None:
            break
        through, stopped = _statement(statement, module)
        ended = max(ended, going + stopped)
        going = None if through is None else going + through
    return going, ended


def _statement(node: ast.stmt, module: Module) -> tuple[int | None, int]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return 0, 0
        case ast.Return() | ast.Raise():
            return None, _expression(node, module)
        case ast.If():
            first = _expression(node.test, module)
            return _either(first, [_block(node.body, module), _block(node.orelse, module)])
        case ast.For() | ast.While():
            head = _expression(node.iter if isinstance(node, ast.For) else node.test, module)
            through, ended = _block(node.body, module)
            return head + MANY * (through or 0), head + ended
        case ast.With():
            head = sum(_expression(item.context_expr, module) for item in node.items)
            return _either(head, [_block(node.body, module)])
        case ast.Try():
            tried = _block([*node.body, *node.orelse], module)
            rescued = [_block(handler.body, module) for handler in node.handlers]
            return _either(0, [tried, *rescued])
    return _expression(node, module), 0


def _either(first: int, ways: list[tuple[int | None, int]]) -> tuple[int | None, int]:
    through = [way for way, _ in ways if way is not None]
    return (first + max(through) if through else None), first + max(ended for _, ended in ways)


def _expression(node: ast.AST, module: Module) -> int:
    if isinstance(node, ast.IfExp):
        ways = (_expression(node.body, module), _expression(node.orelse, module))
        return _expression(node.test, module) + max(ways)
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        once = _expression(node.generators[0].iter, module)
        every = sum(_expression(child, module) for child in ast.iter_child_nodes(node))
        return once + MANY * (every - once)
    inner = sum(_expression(child, module) for child in ast.iter_child_nodes(node))
    return inner + (writes_of(node, module) if isinstance(node, ast.Call) else 0)


def writes_of(call: ast.Call, module: Module) -> int:
    """How many writes one call is."""
    found = known(looked_up(call.func, module))
    if found is None:
        told = {keyword.arg for keyword in call.keywords}
        return int(is_row_write(call) or {"by", "at"} <= told)
    other, name = found
    if other.is_edge:
        return most(other.name, name)
    return int(writes(other.name, name))
