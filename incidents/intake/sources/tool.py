"""What a kind of alert source says of itself: everything about it that the rest of the product asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from incidents.intake.sources.alerts import ReportedAlert
from incidents.shared.severity import Severity


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One monitoring tool, as its folder declares it and `hypercare/registry.py` names it.

    `title` is what it is called. `parse` turns a body, read from JSON, into alerts in its order, and raises
    UnexpectedPayload saying what was expected, and where; it is pure. `set_up` is what to write into the tool's own
    configuration, with `$hook_url` where the address belongs. `words` are severity words that mean something else to
    this tool than to most, or nothing to others: lower case, letters and digits only → severity.
    """

    title: str
    parse: Callable[[object], list[ReportedAlert]]
    set_up: str
    words: Mapping[str, Severity] = field(default_factory=dict)
