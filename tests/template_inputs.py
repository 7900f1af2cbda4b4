"""What a template reads of its context, found by looking at the compiled template rather than by running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.template import engines
from django.template.base import FilterExpression, Node, NodeList, Template, Variable
from django.template.defaulttags import ForNode, IfNode, WithNode
from django.template.loader_tags import IncludeNode

# What every template may count on: the context processors' and the request's.
EVERYWHERE = frozenset({"shell", "request", "csrf_token", "forloop", "block", "messages", "True", "False", "None"})


def compiled(name: str) -> Template:
    """A template by its name."""
    return engines["django"].get_template(name).template


def inputs_of(template: Template, *, also_below: bool = True) -> set[str]:
    """Names that a template and what it includes take from whoever renders it."""
    return set(_reads(template.nodelist, frozenset(), also_below)) - EVERYWHERE


def included_by(template: Template) -> Iterator[tuple[str, set[str]]]:
    """Templates that another includes by a fixed name, each with the names that `with` gives it."""
    for node in template.nodelist.get_nodes_by_type(IncludeNode):
        if isinstance(node.template.var, str):
            yield node.template.var, set(node.extra_context)


def _reads(nodes: Iterable[Any], bound: frozenset[str], also_below: bool) -> Iterator[str]:
    known = bound
    for node in nodes:
        yield from (name for name in _of_node(node, known, also_below) if name not in known)
        known |= _binds(node)


def _binds(node: Any) -> frozenset[str]:
    """What a tag such as `{% url … as name %}` leaves for those after it."""
    names = (getattr(node, part, None) for part in ("asvar", "target_var", "variable_name", "var_name"))
    return frozenset(name for name in names if isinstance(name, str))


def _of_node(node: Any, bound: frozenset[str], also_below: bool) -> Iterator[str]:
    if isinstance(node, ForNode):
        yield from _of_expression(node.sequence)
        yield from _reads(node.nodelist_loop, bound | set(node.loopvars), also_below)
        yield from _reads(node.nodelist_empty, bound, also_below)
    elif isinstance(node, WithNode):
        for value in node.extra_context.values():
            yield from _of_expression(value)
        yield from _reads(node.nodelist, bound | set(node.extra_context), also_below)
    elif isinstance(node, IfNode):
        for condition, nodes in node.conditions_nodelists:
            yield from _of_condition(condition)
            yield from _reads(nodes, bound, also_below)
    elif isinstance(node, IncludeNode):
        for value in (node.template, *node.extra_context.values()):
            yield from _of_expression(value)
        if also_below and isinstance(node.template.var, str) and not node.isolated_context:
            yield from inputs_of(compiled(node.template.var)) - set(node.extra_context) - bound
    else:
        yield from _of_tag(node, bound, also_below)


def _of_tag(node: Node, bound: frozenset[str], also_below: bool) -> Iterator[str]:
    for value in vars(node).values():
        if isinstance(value, NodeList):
            yield from _reads(value, bound, also_below)
        else:
            yield from _of_value(value)


def _of_value(value: Any) -> Iterator[str]:
    if isinstance(value, FilterExpression | Variable):
        yield from _of_expression(value)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _of_value(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _of_value(each)


def _of_condition(condition: Any) -> Iterator[str]:
    if condition is None:
        return
    if (value := getattr(condition, "value", None)) is not None:
        yield from _of_expression(value)
    for side in ("first", "second"):
        yield from _of_condition(getattr(condition, side, None))


def _of_expression(expression: Any) -> Iterator[str]:
    if isinstance(expression, FilterExpression):
        if isinstance(expression.var, Variable):
            yield from _of_expression(expression.var)
        for _, arguments in expression.filters:
            yield from (name for is_looked_up, each in arguments if is_looked_up for name in _of_expression(each))
    elif isinstance(expression, Variable) and expression.lookups is not None:
        yield expression.lookups[0]
