"""When I am away comes from my own calendar: suggested, chosen, kept to me, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile

from contributors.calendars import import_absences
from contributors.calendars.ics import occurrence_from_json
from contributors.calendars.import_plan import event_key_of
from contributors.models import Absence
from hypercare.exceptions import AlreadyDone, Invalid, Refused
from periods.models import JournalEntry
from tests.contributors.calendar_files import OUTLOOK_AWAY, export
from tests.factories import NOW, make_member, make_period, make_role, make_shift, make_user

pytestmark = pytest.mark.django_db


def read(user: Any, text: str = OUTLOOK_AWAY) -> Any:
    return import_absences.start(data=export(text), source="me.ics", by=user, at=NOW)


def suggested(draft: Any) -> set[str]:
    return {row.key for row in import_absences.build_plan(draft, at=NOW).rows if row.suggested}


def accept(user: Any, text: str = OUTLOOK_AWAY) -> Any:
    draft = read(user, text)
    return import_absences.accept(draft.pk, suggested(draft), by=user, at=NOW)[0]


def said(user: Any) -> list[tuple[str, str, str]]:
    rows = Absence.objects.filter(user=user, cancelled_at=None).order_by("starts_at")
    return [(row.note, f"{row.starts_at:%d %b %H:%M}", f"{row.ends_at:%d %b %H:%M}") for row in rows]


def test_out_of_office_is_suggested_and_becomes_absences_in_the_persons_zone():
    user = make_user("Priya", timezone="Asia/Kolkata")

    accept(user)

    assert said(user) == [
        ("Dentist", "24 Nov 11:00", "24 Nov 15:00"),
        ("Out of office", "30 Nov 18:30", "04 Dec 18:30"),
    ]


def test_a_meeting_is_taken_only_when_it_is_chosen():
    user = make_user()
    draft = read(user)
    meeting = next(event_key_of(occurrence_from_json(one)) for one in draft.found if one["summary"] == "Budget meeting")

    _, count = import_absences.accept(draft.pk, {meeting}, by=user, at=NOW)

    assert count == 1
    with pytest.raises(Invalid, match="at least one"):
        import_absences.accept(read(user).pk, {"nonsense"}, by=user, at=NOW)


def test_each_period_hears_once_and_without_titles():
    period = make_period()
    user = make_member(period).user
    make_shift(make_role(period), user, starts_at=NOW.replace(day=24, hour=10), hours=8)
    make_member(make_period(), user)

    accept(user)

    (entry,) = JournalEntry.objects.all()
    assert (entry.kind, entry.period, entry.data["shifts"]) == ("absence.imported", period, 1)
    assert "Dentist" not in str(entry.data)


def test_the_next_export_moves_and_cancels_by_uid_instead_of_doubling():
    user = make_user()
    accept(user)

    draft = read(user)
    assert import_absences.build_plan(draft, at=NOW).same == 2
    changed = OUTLOOK_AWAY.replace("20261124T160000", "20261124T170000").replace(
        "UID:google-ooo-1", "UID:google-ooo-1\nSTATUS:CANCELLED"
    )
    accept(user, changed)

    assert said(user) == [("Dentist", "24 Nov 11:00", "24 Nov 16:00")]


def test_undo_takes_all_of_it_back():
    user = make_user()
    accept(user)
    before = said(user)
    second = accept(user, OUTLOOK_AWAY.replace("20261124T160000", "20261124T170000"))

    import_absences.undo(second.pk, by=user, at=NOW)

    assert said(user) == before
    with pytest.raises(AlreadyDone):
        import_absences.undo(second.pk, by=user, at=NOW)


def test_nobody_else_accepts_or_sees_it(client):
    draft = read(make_user())
    other = make_user()
    client.force_login(other)

    with pytest.raises(Refused):
        import_absences.accept(draft.pk, set(), by=other, at=NOW)
    assert client.get(f"/shifts/absences/imports/{draft.pk}/").status_code == 404


def test_the_pages_lead_from_a_file_to_absences_and_back(client):
    user = make_user()
    client.force_login(user)
    with time_machine.travel(NOW, tick=False):
        client.force_login(user)
        file = SimpleUploadedFile("me.ics", export(OUTLOOK_AWAY))
        page = client.post("/shifts/absences/import/", {"file": file})["Location"]
        shown = client.get(page)
        assert b"Dentist" in shown.content
        assert client.post(page, {}).status_code == 422
        keys = [row.key for row in shown.context["rows"] if row.suggested]
        done = client.post(page, {"keys": keys}, follow=True)
        assert "2 absences taken over" in done.content.decode()
        client.post(f"{page}undo/")

    assert said(user) == []


def test_a_bad_file_leaves_the_form(client):
    client.force_login(make_user())

    answer = client.post("/shifts/absences/import/", {"file": SimpleUploadedFile("me.ics", b"x" * 1_000_001)})

    assert answer.status_code == 422
    assert "more than 1 MB" in answer.content.decode()
