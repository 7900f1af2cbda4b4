"""A doorbell that rings: a monitoring tool that nobody has, in a folder such as the product's own."""

from pathlib import Path

from incidents.intake.sources import Tool
from tests.incidents.intake.sources.doorbell import payload

TOOL = Tool(
    title="Doorbell",
    parse=payload.parse,
    set_up=Path(__file__).with_name("set_up.txt").read_text(encoding="utf-8"),
    words={"5": "P1", "1": "P4"},
)
