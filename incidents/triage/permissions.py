"""What one person may do with the incidents of a period, read once and asked often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contributors.people.permissions import RIGHTS, right_of
from hypercare.exceptions import NotAllowed
from hypercare.models import User
from incidents.models import Incident
from periods.models import Period

# What operations ask for. Working is a row of the rights matrix; handling is triage, or working on what is one's own or
# nobody's; assigning is handling, and giving it to others is triage.
WORK: Final = "incidents.work"
HANDLE: Final = "incidents.work on one's own, incidents.triage on any"
ASSIGN: Final = "incidents.work for oneself, incidents.triage for anybody"
NAMED: Final = "named in the period"  # the domain function asks


@dataclass(frozen=True, slots=True)
class IncidentRights:
    """A person's part in a period, as far as incidents go."""

    user: User
    lead: User | None
    report: bool
    triage: bool
    work: bool
    notes: bool

    def may_handle(self, incident: Incident) -> bool:
        """Triage covers every incident; working rights cover one's own and those nobody owns."""
        return self.triage or (self.work and incident.owner_id in (None, self.user.pk))

    def require_handle(self, incident: Incident) -> None:
        """Raise NotAllowed unless the person may change this incident."""
        if not self.may_handle(incident):
            owner = f"{incident.owner} owns {incident.key}. " if incident.owner else ""
            raise NotAllowed(f"{owner}Only its owner or support can change it. {self._who_can()}")

    def require_assign(self, incident: Incident, owner: User | None) -> None:
        """Raise NotAllowed unless the person may give it to `owner`: anybody with triage, oneself otherwise."""
        if self.triage:
            return
        self.require_handle(incident)
        if owner != self.user:
            raise NotAllowed(f"You can take an incident yourself, not give it to others. {self._who_can()}")

    def require(self, right: str, incident: Incident, data: Mapping[str, Any]) -> None:
        """Raise NotAllowed unless the person has the right of an operation, `data` being what it is given."""
        if right == ASSIGN:
            self.require_assign(incident, data["owner"])
        elif right == HANDLE:
            self.require_handle(incident)
        elif right == WORK:
            self.require_work()

    def require_work(self) -> None:
        """Raise NotAllowed for those who only watch."""
        if not self.work:
            raise NotAllowed(f"Your part in this period is to watch. {self._who_can()}")

    def _who_can(self) -> str:
        return f"{self.lead} can change your part." if self.lead else "An owner of the period can change your part."


def rights_in(user: User, period: Period) -> IncidentRights:
    """The person's rights in the period. One query; the period's lead must be loaded."""
    right = right_of(user, period)
    names = ("incidents.report", "incidents.triage", "incidents.work", "notes.view")
    report, triage, work, notes = (right in RIGHTS[name] for name in names)
    return IncidentRights(user=user, lead=period.lead, report=report, triage=triage, work=work, notes=notes)
