"""A test report is counted, and a hostile one costs nothing."""

from __future__ import annotations

import time

import pytest

from periods.checklist import junit
from periods.checklist.junit import UnreadableJUnitReport

REPORT = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites time="12.5">
  <testsuite name="billing" time="10">
    <testcase classname="billing.Invoice" name="adds VAT" time="1.5"/>
    <testcase classname="billing.Invoice" name="rounds"><failure>1 != 2</failure><error/></testcase>
    <testcase classname="billing.Dunning" name="waits"><failure message="no"/></testcase>
    <testcase name="later"><skipped/></testcase>
    <testcase name="flaky"><flakyFailure/></testcase>
  </testsuite>
</testsuites>"""


def test_each_case_counts_once_by_the_worst_said_about_it() -> None:
    report = junit.parse_report(REPORT)

    assert (report.passed, report.failed, report.errors, report.skipped, report.total) == (2, 1, 1, 1, 5)
    assert report.failing == ("billing.Invoice.rounds", "billing.Dunning.waits")
    assert report.duration_s == 12.5


@pytest.mark.parametrize(
    ("xml", "seconds"),
    [
        ('<testsuite time="1,234.5"><testcase/></testsuite>', 1234.5),
        ('<testsuites><testsuite time="2"><testsuite time="1"><testcase/></testsuite></testsuite></testsuites>', 2),
        ('<testsuite><testcase time="0.25"/><testcase time="0.5"/></testsuite>', 0.75),
        ('<testsuite time="nan"><testcase/></testsuite>', None),
        ('<testsuite time="-1"><testcase/></testsuite>', None),
    ],
)
def test_the_duration_is_taken_from_the_outermost_that_says_it(xml: str, seconds: float | None) -> None:
    assert junit.parse_report(xml.encode()).duration_s == seconds


def test_the_first_twenty_failing_names_are_kept() -> None:
    cases = "".join(f'<testcase name="t{n}"><failure/></testcase>' for n in range(25))

    report = junit.parse_report(f"<testsuite>{cases}</testsuite>".encode())

    assert (report.failed, len(report.failing), report.failing[19]) == (25, 20, "t19")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<testsuite><a></testsuite>", "Line 1 is not XML"),
        (b"", "not XML"),
        (b"<html/>", "starts with <html>"),
        (b"<testsuite/>", "no test case"),
        (b'<!DOCTYPE x [<!ENTITY a "aaa">]><testsuite>&a;</testsuite>', "document type or entities"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuite/>', "document type or entities"),
        (b'<?xml version="1.0" encoding="nonsense"?><testsuite/>', "not readable"),
        (b"<testsuite>" + b"<testcase/>" * 10_001 + b"</testsuite>", "more than 10000"),
        (b"<testsuite>" + b" " * 5_000_000, "more than 5 MB"),
        (b"<testsuite>" + b"<a>" * 51, "nested deeper"),
    ],
)
def test_what_is_no_report_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableJUnitReport, match=reason):
        junit.parse_report(data)


def test_a_million_nested_elements_are_refused_at_once() -> None:
    started = time.monotonic()

    with pytest.raises(UnreadableJUnitReport, match="nested deeper"):
        junit.parse_report(b"<testsuites>" + b"<a>" * 1_600_000)

    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    ("data", "is_one"),
    [
        (REPORT, True),
        (b"\xef\xbb\xbf<testsuite>", True),
        (b"<svg><testsuites/></svg>", True),
        (b"<svg/>", False),
        (b"a;b", False),
    ],
)
def test_a_report_is_recognised_by_its_root(data: bytes, is_one: bool) -> None:
    assert junit.looks_like_report(data) is is_one
