"""Whom an event of another calendar means: by address, by name, or by what somebody chose for a name. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from contributors.calendars.ics import Occurrence
from contributors.calendars.ics_events import Attendee
from hypercare.database.accents import fold
from hypercare.models import User

LEFT_OUT: Final = 0
PREFIX: Final = re.compile(
    r"^\s*(\[[^\]]*\]\s*)*((on[- ]?call|on duty|duty|shift|rota|schedule)\s*[-:–—]\s*)?", re.IGNORECASE
)
CUT: Final = re.compile(r"\s+[-–—|]\s+|\s*\(|\s+is on[- ]call|\s+on[- ]call|:\s", re.IGNORECASE)
BETWEEN: Final = re.compile(r"\s*,\s*|\s*;\s*|\s+(?:&|and|\+|/)\s+", re.IGNORECASE)


@dataclass
class PeopleLookup:
    """The people of a period, and what was chosen for names that nobody has."""

    by_email: dict[str, User] = field(default_factory=dict)
    by_name: dict[str, list[User]] = field(default_factory=dict)
    by_id: dict[int, User] = field(default_factory=dict)
    chosen: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, people: Iterable[User], chosen: Mapping[str, int]) -> PeopleLookup:
        """Everybody by address, full name and the part of their address before the @."""
        found = cls(chosen=chosen)
        for user in people:
            found.by_id[user.pk] = user
            found.by_email[user.email.lower()] = user
            for name in {normalise_name(user.name), normalise_name(user.email.partition("@")[0])}:
                found.by_name.setdefault(name, []).append(user)
        return found

    def person(self, named: Attendee) -> User | None:
        """Whoever has this address, or alone has this name."""
        users = self.by_name.get(normalise_name(named.name), []) if named.name else []
        return self.by_email.get(named.email) or (users[0] if len(users) == 1 else None)

    def mentioned(self, text: str) -> list[User]:
        """People whose full name or address stands in a text, longer names first; in the order of the text."""
        rest, found = f" {normalise_name(text)} ", []
        keys = sorted((*self.by_email, *self.by_name), key=lambda key: -len(key))
        for key in keys:
            match = re.search(rf"(?<![\w@.]){re.escape(key)}(?![\w@-])", rest) if key else None
            users = [self.by_email[key]] if key in self.by_email else self.by_name.get(key, [])
            if match and len(users) == 1 and (" " in key or "@" in key or key in _names(text)):
                found.append((match.start(), users[0]))
                rest = rest[: match.start()] + " " * len(key) + rest[match.end() :]
        return list(dict.fromkeys(user for _, user in sorted(found, key=lambda one: one[0])))


@dataclass(frozen=True, slots=True)
class MatchedPerson:
    """A person an event means, or the name that nobody was found for. `left_out` was chosen so."""

    label: str
    user: User | None
    left_out: bool = False


def match_people(event: Occurrence, directory: PeopleLookup) -> list[MatchedPerson]:
    """The people of one event: those addressed, else those named in its title, else what was chosen for its names."""
    addressed = [(named, directory.person(named)) for named in event.people]
    if any(user for _, user in addressed):
        return [
            MatchedPerson(user.name, user) if user else _by_choice(_label(named), directory)
            for named, user in addressed
        ]
    if users := directory.mentioned(event.summary):
        return [MatchedPerson(user.name, user) for user in users]
    labels = [_label(named) for named, _ in addressed if not named.is_organizer] or names_in(event.summary)
    return [_by_choice(label, directory) for label in dict.fromkeys(labels)]


def names_in(summary: str) -> list[str]:
    """The names a title such as “On Call - Tomasz Wójcik - Billing” speaks of; the title itself when it has none."""
    head = CUT.split(PREFIX.sub("", summary), maxsplit=1)[0]
    return [name[:120] for name in BETWEEN.split(head.strip()) if name][:10] or [summary[:120]]


def normalise_name(text: str) -> str:
    """A name as it is compared: without case, accents and spare spaces."""
    return " ".join(fold(text).split())


def _names(summary: str) -> set[str]:
    return {normalise_name(name) for name in names_in(summary)}


def _label(named: Attendee) -> str:
    return named.email or named.name


def _by_choice(label: str, directory: PeopleLookup) -> MatchedPerson:
    chosen = directory.chosen.get(label)
    user = directory.by_id.get(chosen) if chosen else None
    return MatchedPerson(label, user, left_out=chosen == LEFT_OUT)
