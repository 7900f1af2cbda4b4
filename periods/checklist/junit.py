"""A JUnit XML report, read within bounds: how many tests passed, failed, broke or were skipped.

The parser streams, builds no tree and keeps only a depth and counts, so a hostile document costs at most its five
megabytes; DTDs and entities are refused (defusedxml). Each case counts once, by the worst thing said about it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Final
from xml.sax import SAXException, SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.sax import parseString

LARGEST: Final = 5_000_000
DEEPEST: Final = 50
MOST_CASES: Final = 10_000
NAMED: Final = 20
LONGEST_NAME: Final = 200
LONGEST_RUN_S: Final = 366 * 86_400
# From mildest to worst: a case that broke and failed counts as broken.
WORST: Final = ("passed", "skipped", "failed", "errors")
OUTCOMES: Final = {"skipped": "skipped", "failure": "failed", "error": "errors"}
SUITES: Final = ("testsuites", "testsuite")
_ROOT = re.compile(rb"<testsuites?[\s>/]")
HEAD: Final = 4096


class UnreadableJUnitReport(ValueError):
    """The document is no report we accept; the message says why."""


@dataclass(frozen=True)
class JUnitReport:
    """Counts of a report. `failing` names the first cases that failed or broke; `duration_s` may be unknown."""

    passed: int
    failed: int
    errors: int
    skipped: int
    duration_s: float | None
    failing: tuple[str, ...]

    @property
    def total(self) -> int:
        """All cases."""
        return self.passed + self.failed + self.errors + self.skipped

    @property
    def bad(self) -> int:
        """Cases that failed or broke."""
        return self.failed + self.errors

    def as_json(self) -> dict[str, Any]:
        """To keep beside the file."""
        return {**asdict(self), "failing": list(self.failing), "total": self.total, "bad": self.bad}


def looks_like_report(data: bytes) -> bool:
    """Whether a text is meant as such a report."""
    head = data[:HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and _ROOT.search(head) is not None


def parse_report(data: bytes) -> JUnitReport:
    """Read a report. Raises NotAReport for anything else, too large, too deep or without a test case."""
    if len(data) > LARGEST:
        raise UnreadableJUnitReport(f"The report has more than {LARGEST // 1_000_000} MB. Upload it in parts.")
    reader = _JUnitHandler()
    try:
        parseString(data, reader, forbid_dtd=True)
    except SAXParseException as error:
        raise UnreadableJUnitReport(f"Line {error.getLineNumber()} is not XML: {error.getMessage()}.") from error
    except DefusedXmlException as error:
        raise UnreadableJUnitReport("The report declares a document type or entities. Leave them out.") from error
    except (SAXException, LookupError, ValueError) as error:
        raise (
            error
            if isinstance(error, UnreadableJUnitReport)
            else UnreadableJUnitReport("The report is not readable XML.")
        ) from error
    return reader.report()


class _JUnitHandler(ContentHandler):
    """Counts while the document streams by."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.suite_depth = 0, 0
        self.counts = dict.fromkeys(WORST, 0)
        self.failing: list[str] = []
        self.case: tuple[str, str] | None = None
        self.outcome = "passed"
        self.whole_s: float | None = None
        self.suites_s: float | None = None
        self.cases_s: float | None = None

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  SAX's name
        """One element deeper."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableJUnitReport(f"The report is nested deeper than {DEEPEST} elements.")
        if self.depth == 1 and name not in SUITES:
            raise UnreadableJUnitReport(f"The document starts with <{name[:40]}>; a report starts with <testsuites>.")
        if name in SUITES:
            self._suite(name, attrs)
        elif name == "testcase":
            self._case(attrs)
        elif self.case is not None and name in OUTCOMES:
            self.outcome = max(self.outcome, OUTCOMES[name], key=WORST.index)

    def _suite(self, name: str, attrs: AttributesImpl) -> None:
        self.suite_depth += name == "testsuite"
        took = _seconds(attrs)
        if self.depth == 1:
            self.whole_s = took
        elif self.suite_depth == 1 and took is not None:
            self.suites_s = (self.suites_s or 0.0) + took

    def _case(self, attrs: AttributesImpl) -> None:
        if sum(self.counts.values()) >= MOST_CASES:
            raise UnreadableJUnitReport(f"The report has more than {MOST_CASES} test cases. Upload it in parts.")
        self.case, self.outcome = (attrs.get("classname", ""), attrs.get("name", "")), "passed"
        if (took := _seconds(attrs)) is not None:
            self.cases_s = (self.cases_s or 0.0) + took

    def endElement(self, name: str) -> None:  # noqa: N802  SAX's name
        """One element less deep; a case is counted when it ends."""
        self.depth -= 1
        self.suite_depth -= name == "testsuite"
        if name != "testcase" or self.case is None:
            return
        self.counts[self.outcome] += 1
        if self.outcome in ("failed", "errors") and len(self.failing) < NAMED:
            self.failing.append(".".join(part for part in self.case if part)[:LONGEST_NAME] or "A test without name")
        self.case = None

    def report(self) -> JUnitReport:
        """What was counted."""
        if not any(self.counts.values()):
            raise UnreadableJUnitReport("There is no test case in the report.")
        took = next((s for s in (self.whole_s, self.suites_s, self.cases_s) if s is not None), None)
        return JUnitReport(**self.counts, duration_s=took, failing=tuple(self.failing))


def _seconds(attrs: AttributesImpl) -> float | None:
    """The `time` of an element, where it is a length of time; some tools write "1,234.5"."""
    try:
        found = float(attrs.get("time", "").replace(",", ""))
    except ValueError:
        return None
    return found if 0 <= found <= LONGEST_RUN_S else None
