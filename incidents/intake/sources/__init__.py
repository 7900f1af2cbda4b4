"""What monitoring tools send, turned into alerts: a folder a tool, with whatever is particular to it (README.md)."""

from incidents.intake.sources.alerts import ReportedAlert, UnexpectedPayload
from incidents.intake.sources.lookup import every_tool, find_tool
from incidents.intake.sources.tool import Tool

__all__ = ["ReportedAlert", "Tool", "UnexpectedPayload", "every_tool", "find_tool"]
