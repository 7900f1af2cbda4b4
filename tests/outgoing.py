"""What goes out, and whether a transaction is open meanwhile: read from the source, and watched while it happens.

A *door* asks a mail server, a web address or a service. In the source a function comes to one by whatever it names,
however deep, by whatever a table of the switchboard that it names leads to, and by whatever it asks of a channel or a
tool, which may be any. That is more than it calls, never less, but for methods of other objects that are handed over:
those only show when something really is sent.
"""

from __future__ import annotations

import ast
import inspect
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

import pytest
from django.db import connections

from hypercare import registry
from tests.edges import Function, Module, Name, looked_up, modules

# --- From the source ----------------------------------------------------------------------------

# Where libraries keep what connects to somebody, and what their objects are told to do it.
LIBRARIES = (
    "apprise",
    "django.core.mail",
    "http.client",
    "imaplib",
    "requests",
    "smtplib",
    "socket",
    "urllib.request",
    "urllib3",
)
METHODS = {"notify", "send_messages", "sendmail", "urlopen"}
OPENS_A_TRANSACTION = ("atomic", "idempotent")  # decorators and contexts


@cache
def units() -> dict[Name, tuple[ast.AST, Module]]:
    """The functions and classes of all modules."""
    return {
        (module.name, node.name): (node, module)
        for module in modules().values()
        for node in module.tree.body
        if isinstance(node, Function | ast.ClassDef)
    }


@cache
def resolved() -> dict[str, list[Any]]:
    """What stands behind each name of the switchboard."""

    def paths(value: Any) -> list[str]:
        return [value] if isinstance(value, str) else list(value.values() if isinstance(value, Mapping) else value)

    named = {name: value for name, value in vars(registry).items() if name.isupper()}
    return {name: list(map(registry.resolve, paths(value))) for name, value in named.items()}


@cache
def tables() -> dict[str, set[Name]]:
    """The functions behind each name of the switchboard."""
    return {name: {one for thing in found if (one := name_of(thing))} for name, found in resolved().items()}


@cache
def declared() -> dict[str, set[Name]]:
    """What an integration says of itself, by field: the functions that any of them gives for it."""
    rows = [thing for found in resolved().values() for thing in found if is_dataclass(thing)]
    found: dict[str, set[Name]] = defaultdict(set)
    for row in rows:
        for field in fields(row):
            found[field.name] |= {name_of(getattr(row, field.name))} - {None}  # type: ignore[arg-type]
    return found


def name_of(thing: Any) -> Name | None:
    """Module and name of one of our functions or classes."""
    bare = inspect.unwrap(thing) if callable(thing) else thing
    key = getattr(bare, "__module__", ""), getattr(bare, "__qualname__", "")
    return key if key in units() else None


def named(node: ast.AST, module: Module) -> set[Name]:
    """The functions and classes of ours that stand in a piece of code, those of tables included."""
    found: set[Name] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute) and callable(thing := looked_up(inner, module)):
            found |= {name_of(thing)} - {None}  # type: ignore[arg-type]
        if isinstance(inner, ast.Attribute) and looked_up(inner.value, module) is registry:
            found |= tables().get(inner.attr, set())
        if isinstance(inner, ast.Attribute) and looked_up(inner, module) is None:
            found |= declared().get(inner.attr, set())
    return found


def is_door(node: ast.AST, module: Module) -> bool:
    """Whether a piece of code itself asks the outside."""
    return any(_connects(inner, module) for inner in ast.walk(node) if isinstance(inner, ast.Name | ast.Attribute))


def _connects(node: ast.Name | ast.Attribute, module: Module) -> bool:
    thing = looked_up(node, module)
    if thing is None:
        return isinstance(node, ast.Attribute) and node.attr in METHODS
    is_error = inspect.isclass(thing) and issubclass(thing, BaseException)
    return callable(thing) and not is_error and str(getattr(thing, "__module__", "")).startswith(LIBRARIES)


@cache
def _graph() -> tuple[dict[Name, set[Name]], frozenset[Name]]:
    """What each function and class names, and which are doors."""
    doors = frozenset(key for key, (node, module) in units().items() if is_door(node, module))
    return {key: named(node, module) for key, (node, module) in units().items()}, doors


def doors() -> frozenset[Name]:
    """Everything that asks the outside itself."""
    return _graph()[1]


def reached(node: ast.AST, module: Module) -> set[Name]:
    """The doors that a piece of code can come to."""
    graph, doors = _graph()
    found = open_ = named(node, module)
    while open_:
        open_ = set().union(*(graph[one] for one in open_)) - found
        found = found | open_
    here = {(module.name, "itself")} if is_door(node, module) else set()
    return (found & doors) | here


def transactions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Each piece of code that runs in a transaction of its own, with the line it begins in."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            opened: list[ast.expr] = node.decorator_list
        elif isinstance(node, ast.With):
            opened = [item.context_expr for item in node.items]
        else:
            continue
        if any(word in ast.unparse(one) for one in opened for word in OPENS_A_TRANSACTION):
            yield f"line {node.lineno}", node


# --- While it happens -----------------------------------------------------------------------------


class Watch:
    """Notes whatever is sent to a port while a transaction is open, and whatever is handed to another thread in one.

    A sender's thread has no transaction of its own, so what counts is the thread that gave it the message.
    """

    def __init__(self, ports: set[int]) -> None:
        self.ports = ports
        self.sent: list[str] = []
        self.in_a_transaction: list[str] = []

    def note(self, what: str) -> None:
        self.sent.append(what)
        if any(connections[alias].in_atomic_block for alias in connections):
            self.in_a_transaction.append(what)

    def leads_out(self, peer: Any) -> bool:
        return isinstance(peer, tuple) and peer[1] in self.ports


@contextmanager
def watched(*ports: int) -> Iterator[Watch]:
    """Every connection to these ports, every byte sent there, and every message handed to a sender's thread."""
    watch = Watch(set(ports))
    connect, sendall, submit = socket.socket.connect, socket.socket.sendall, ThreadPoolExecutor.submit

    def connecting(self: socket.socket, address: Any) -> None:
        if watch.leads_out(address):
            watch.note(f"connect {address[1]}")
        connect(self, address)

    def sending(self: socket.socket, *data: Any) -> None:
        if watch.leads_out(self.getpeername()):
            watch.note(f"send {self.getpeername()[1]}")
        sendall(self, *data)

    def submitting(self: ThreadPoolExecutor, *task: Any, **options: Any) -> Any:
        watch.note("hand over")
        return submit(self, *task, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connecting)
        patch.setattr(socket.socket, "sendall", sending)
        patch.setattr(ThreadPoolExecutor, "submit", submitting)
        yield watch
