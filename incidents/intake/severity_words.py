"""What the severity word of an alert counts as here.

Monitoring tools agree on no scale, so each word that is in wide use has its place in one table. A tool whose words mean
something else has its own (`sources/<name>/`), which come first. Every other word, a missing one too, counts as P2: it
pages somebody, who judges it, and it is shown as unknown until the source's own map says what it means. A word that is
read too low is an outage nobody hears of; one that is read too high is one page.

Words are read without regard to case, spaces and punctuation: `SEV-1`, `Sev 1` and `sev1` are one word. Left out on
purpose, because they mean opposite things to different tools or nothing at all:

- bare numbers: 1 is the worst on scales like P1 and syslog's, and the mildest at Zabbix, where 5 is a disaster: they
  belong to the words of such a tool;
- `none`: kube-prometheus puts it on what nobody is to act on, templates and scripts print it where nothing was set;
- `unknown`, `undefined`, `not classified`: somebody still has to judge, as with no word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from incidents.intake.sources import find_tool
from incidents.models import AlertSource
from incidents.shared.severity import Severity, levels_for

UNKNOWN: Final[Severity] = "P2"
LONGEST: Final = 60

# Severity -> its words. P1: somebody must act now. P2: a function fails. P3: it will hurt, or hurts few. P4: to know.
WORDS: Final[Mapping[Severity, tuple[str, ...]]] = {
    "P1": (
        "critical",
        "crit",
        "p0",
        "p1",
        "sev0",
        "sev1",
        "s0",
        "s1",
        "severity1",
        "priority1",
        "highest",
        "fatal",
        "panic",
        "blocker",
        "disaster",
        # In syslog (RFC 5424) both stand above critical.
        "emergency",
        "emerg",
        "alert",
        # Where alerts are either pages or tickets, a page wants a person at once (Google SRE Workbook, ch. 5).
        "page",
        "urgent",
    ),
    "P2": (
        "high",
        "major",
        "p2",
        "sev2",
        "s2",
        "severity2",
        "priority2",
        # A function fails, though not all of it: below critical in syslog and in every log library.
        "error",
        "err",
    ),
    "P3": (
        "warning",
        "warn",
        "medium",
        "moderate",
        "average",
        "minor",
        "p3",
        "sev3",
        "s3",
        "severity3",
        "priority3",
        "ticket",
    ),
    "P4": (
        "info",
        "information",
        "informational",
        "notice",
        "low",
        "lowest",
        "trivial",
        "debug",
        "p4",
        "p5",
        "sev4",
        "sev5",
        "s4",
        "s5",
        "severity4",
        "severity5",
        "priority4",
        "priority5",
    ),
}
KNOWN: Final[Mapping[str, Severity]] = {word: severity for severity, words in WORDS.items() for word in words}


@dataclass(frozen=True, slots=True)
class SeverityReading:
    """What a word counts as, and whether anybody has said so."""

    severity: Severity
    is_known: bool

    @property
    def pair(self) -> tuple[str, str]:
        """Impact and urgency that stand for it."""
        return levels_for(self.severity)


def normalise_word(word: str) -> str:
    """The word as it is compared: lower case, letters and digits only, at most 60 of them."""
    return "".join(sign for sign in word.casefold() if sign.isalnum())[:LONGEST]


def read_word(word: str, own: Mapping[str, str]) -> SeverityReading:
    """What a word counts as: by the source's own map (plain word → severity), else by the table, else P2."""
    said = normalise_word(word)
    found = own.get(said) or KNOWN.get(said)
    return SeverityReading(found, True) if found else SeverityReading(UNKNOWN, False)  # type: ignore[arg-type]  # checked when stored


def read_from(source: AlertSource, word: str) -> SeverityReading:
    """What a word that a source told counts as: by its own map, else by the words of its tool, else by the table."""
    return read_word(word, {**find_tool(source.kind).words, **source.levels})


def describe_unknown(word: str) -> str:
    """`unknown severity: page-me`, as it is shown; for no word at all `unknown severity: none given`."""
    return f"unknown severity: {word.strip()[:LONGEST] or 'none given'}"
