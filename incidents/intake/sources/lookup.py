"""Monitoring tools by name, as the switchboard has them."""

from __future__ import annotations

from functools import cache

from hypercare import registry
from incidents.intake.sources.alerts import ReportedAlert, UnexpectedPayload
from incidents.intake.sources.tool import Tool

MISSING = "This installation no longer takes alerts of this tool."


def every_tool() -> dict[str, Tool]:
    """Name → tool, in the order of the switchboard."""
    return {name: find_tool(name) for name in registry.ALERT_SOURCES}


def find_tool(name: str) -> Tool:
    """The tool of a name. Rows outlive tools: one that is gone has nothing but its name."""
    path = registry.ALERT_SOURCES.get(name)
    if path is None:
        return _missing(name)
    tool: Tool = registry.resolve(path)
    return tool


@cache
def _missing(name: str) -> Tool:
    return Tool(title=name, parse=_refuse, set_up="")


def _refuse(_payload: object) -> list[ReportedAlert]:
    raise UnexpectedPayload(MISSING)
