"""Severity words of monitoring tools: which are known, and that no other is read as harmless."""

from dataclasses import replace

import pytest

from hypercare import registry
from incidents.intake import severity_words
from incidents.intake.sources import alertmanager
from incidents.models import AlertSource
from incidents.shared.severity import severity_for

BELL = replace(alertmanager.TOOL, words={"1": "P4", "5": "P1", "critical": "P3"})


@pytest.mark.parametrize(
    ("severity", "words"),
    [
        ("P1", "critical Critical CRIT emergency fatal panic disaster alert page P0 P1 sev1 SEV-1 s1 urgent"),
        ("P2", "high error err major P2 sev2 Sev_2 s2"),
        ("P3", "warning warn medium moderate average minor p3 sev3 s3 ticket"),
        ("P4", "info informational information notice low debug p4 P5 sev4"),
    ],
)
def test_words_in_wide_use_have_their_place_however_they_are_spelt(severity, words):
    for word in words.split():
        assert severity_words.read_word(word, {}) == severity_words.SeverityReading(severity, is_known=True), word


@pytest.mark.parametrize(
    "word", ["", "  ", "none", "None", "unknown", "page-me", "1", "5", "-", "krytyczny", "重大", "x" * 5000]
)
def test_an_unknown_or_missing_word_pages_and_says_that_it_is_unknown(word):
    assert severity_words.read_word(word, {}) == severity_words.SeverityReading("P2", is_known=False)


def test_a_sources_own_map_goes_before_the_table():
    own = {"pageme": "P1", "critical": "P3"}

    assert severity_words.read_word("Page-Me", own) == severity_words.SeverityReading("P1", is_known=True)
    assert severity_words.read_word("critical", own).severity == "P3"


def test_every_reading_is_what_impact_and_urgency_give():
    for severity in ("P1", "P2", "P3", "P4"):
        assert severity_for(*severity_words.SeverityReading(severity, is_known=True).pair) == severity


def test_the_table_names_each_word_once_as_it_is_compared():
    words = [word for found in severity_words.WORDS.values() for word in found]

    assert len(words) == len(set(words)) == len(severity_words.KNOWN)
    assert all(severity_words.normalise_word(word) == word for word in words)


def test_the_mark_names_the_word_or_that_there_was_none():
    assert severity_words.describe_unknown(" page-me ") == "unknown severity: page-me"
    assert severity_words.describe_unknown("") == "unknown severity: none given"


def test_the_words_of_a_tool_come_before_the_table_and_after_the_source_s_own(monkeypatch):
    monkeypatch.setitem(registry.ALERT_SOURCES, "bell", f"{__name__}.BELL")
    source = AlertSource(kind="bell", levels={"5": "P2"})

    assert severity_words.read_from(source, "1") == severity_words.SeverityReading("P4", is_known=True)
    assert severity_words.read_from(source, "critical").severity == "P3"
    assert severity_words.read_from(source, "5").severity == "P2"
    assert severity_words.read_from(source, "warning").severity == "P3"
    assert not severity_words.read_from(source, "2").is_known
