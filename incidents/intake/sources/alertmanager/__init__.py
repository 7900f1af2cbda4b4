"""Prometheus Alertmanager."""

from pathlib import Path

from incidents.intake.sources.alertmanager import payload
from incidents.intake.sources.tool import Tool

TOOL = Tool(
    title="Prometheus Alertmanager",
    parse=payload.parse,
    set_up=Path(__file__).with_name("set_up.yml").read_text(encoding="utf-8"),
)
