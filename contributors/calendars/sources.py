"""Where a calendar to import comes from: a file that was sent, or an address that is asked once."""

from __future__ import annotations

from typing import IO, Final
from urllib.parse import urlsplit

from contributors.calendars import ics
from hypercare.exceptions import Invalid
from hypercare.security import outgoing_http

OK: Final = 200
REDIRECTS: Final = range(300, 400)
TOO_LARGE: Final = f"The calendar has more than {ics.LARGEST // 1_000_000} MB. Export fewer days or one schedule."


def read_file(file: IO[bytes], size: int) -> bytes:
    """The bytes of a file. One that is too large is refused before it is read. Raises Invalid (`file`)."""
    if size > ics.LARGEST:
        raise Invalid({"file": TOO_LARGE})
    return file.read(ics.LARGEST + 1)


def fetch_url(url: str) -> bytes:
    """Ask an address, for ten seconds and a megabyte at most, never in a transaction. Raises Invalid (`url`)."""
    address = clean_url(url)
    try:
        answer = outgoing_http.send_request("GET", address, headers={"Accept": "text/calendar"}, longest=ics.LARGEST)
    except (outgoing_http.Forbidden, outgoing_http.Unreachable) as error:
        raise Invalid({"url": str(error)}) from error
    if answer.status in REDIRECTS:
        raise Invalid(
            {"url": f"It answers with another address, {answer.headers.get('location', '')[:200]}. Give that one."}
        )
    if answer.status != OK:
        raise Invalid(
            {"url": f"{host_of(address)} answers {answer.status}. Check that the address is that of the calendar."}
        )
    return answer.body


def clean_url(url: str) -> str:
    """The address as it is asked: `webcal:` is how programs say `https:`."""
    text = url.strip()
    return "https:" + text[len("webcal:") :] if text.lower().startswith("webcal:") else text


def host_of(url: str) -> str:
    """What a calendar from an address is called; the address itself is often secret."""
    return urlsplit(clean_url(url)).hostname or "an address"
