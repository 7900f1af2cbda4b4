"""Pages keep every version, tell who changed what and why, and lose nobody's work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from hypercare.exceptions import AlreadyDone, Invalid, NotAllowed, Refused
from periods.documents import documents
from periods.documents.documents import PageText
from periods.models import Document, DocumentVersion, JournalEntry, Period
from tests.factories import NOW, make_member, make_period, make_user

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def a_page(period: Period | None = None, *, kind: str = "runbook", **fields: Any) -> Document:
    period = period or make_period()
    text = PageText(**{"title": "Runbook", "body": "## Start\n\nRun it.", **fields})
    return documents.create(period.pk, kind=kind, text=text, by=period.lead, at=NOW)


def change(page: Document, body: str, **fields: Any) -> DocumentVersion:
    fields = {
        "based_on": page.version,
        "by": page.period.lead,
        "at": LATER,
        "reason": "New step",
        "minor": False,
        **fields,
    }
    text = PageText(
        fields.pop("title", page.title), body, fields.pop("reason"), fields.pop("minor"), fields.pop("channels", None)
    )
    saved = documents.save_version(page.pk, text=text, **fields)
    page.refresh_from_db()
    return saved


def test_a_page_begins_with_version_one_and_is_journalled():
    page = a_page()

    entry = JournalEntry.objects.get(period=page.period)
    assert (page.slug, page.version, documents.get_version(page, 1).body) == ("runbook", 1, "## Start\n\nRun it.")
    assert (entry.kind, entry.data["number"], entry.data["kind_of_page"]) == ("page.created", 1, "runbook")


def test_a_change_is_another_version_and_the_one_before_stays():
    page = a_page()

    saved = change(page, "## Start\n\nRun it twice.")

    assert (saved.number, saved.reason, saved.by, saved.at) == (2, "New step", page.period.lead, LATER)
    assert [row.number for row in documents.versions_of(page)] == [2, 1]
    assert documents.get_version(page, 1).body == "## Start\n\nRun it."
    assert JournalEntry.objects.filter(period=page.period, kind="page.changed").count() == 1


def test_the_database_refuses_to_change_a_saved_version():
    saved = documents.get_version(a_page(), 1)

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        DocumentVersion.objects.filter(pk=saved.pk).update(body="Never said.")


def test_whoever_was_second_is_shown_the_first_change():
    page = a_page()
    change(page, "Priya's text")

    with pytest.raises(documents.Conflict) as conflict:
        change(page, "My text", based_on=1)

    assert conflict.value.theirs.body == "Priya's text"
    assert "saved version 2 while you were writing" in str(conflict.value)
    assert documents.versions_of(page).count() == 2


def test_setting_mine_on_top_of_theirs_keeps_both_in_the_history():
    page = a_page()
    change(page, "Theirs")

    change(page, "Mine", based_on=2)

    assert [documents.get_version(page, n).body for n in (2, 3)] == ["Theirs", "Mine"]


def test_the_same_text_again_is_no_version():
    page = a_page()

    with pytest.raises(AlreadyDone, match="what version 1 says already"):
        change(page, "## Start\r\n\r\nRun it.\r\n")


def test_a_change_that_matters_says_what_changed():
    page = a_page()

    with pytest.raises(Invalid) as refusal:
        change(page, "Other", reason=" ")
    change(page, "Other", reason="", minor=True)

    assert refusal.value.errors == {"reason": ["Say in a few words what changed, or mark it as a minor edit."]}


@pytest.mark.parametrize(
    ("minors", "expected"), [([], 1), ([True], 1), ([False], 2), ([False, True], 2), ([True, False, True], 3)]
)
def test_what_counts_is_the_latest_version_that_is_not_minor(minors, expected):
    page = a_page()
    for n, minor in enumerate(minors):
        change(page, f"Text {n}", minor=minor)

    assert documents.material_versions(page.period, ("runbook", "how_we_work")) == {"runbook": expected}


def test_an_older_version_comes_back_as_the_newest():
    page = a_page()
    change(page, "Worse")

    saved = documents.restore(page.pk, number=1, based_on=2, by=page.period.lead, at=LATER)

    assert (saved.number, saved.body, saved.reason) == (3, "## Start\n\nRun it.", "Restored version 1")


@pytest.mark.parametrize("number", [0, 9])
def test_a_version_there_is_not_cannot_come_back(number):
    page = a_page()

    with pytest.raises(Invalid, match=f"There is no version {number}"):
        documents.restore(page.pk, number=number, based_on=1, by=page.period.lead, at=LATER)


@pytest.mark.parametrize(
    ("kind", "fields", "field", "sentence"),
    [
        ("runbook", {"title": " "}, "title", "Give the page a name of up to 120 characters."),
        ("runbook", {"title": "x" * 121}, "title", "Give the page a name of up to 120 characters."),
        ("runbook", {"body": "\n"}, "body", "Write something first."),
        ("runbook", {"body": "ä" * 100_001}, "body", "The text has 200 kB; a page holds 200 kB. Split it in two."),
        ("runbook", {"body": "a\x00b"}, "body", "The text holds a character that can't be kept (NUL). Take it out."),
        ("runbook", {"reason": "x" * 201}, "reason", "Keep it under 200 characters."),
        ("runbook", {"channels": {"chat": "#a"}}, "channels", "Channels belong on How we work."),
        ("how_we_work", {"channels": {"fax": "1"}}, "fax", "This channel is not known."),
        (
            "how_we_work",
            {"channels": {"chat": "javascript:alert(1)"}},
            "chat",
            "Give the address of the channel, starting with https://, or its name.",
        ),
        (
            "how_we_work",
            {"channels": {"chat": "ftp://files.example"}},
            "chat",
            "Give the address of the channel, starting with https://, or its name.",
        ),
        (
            "how_we_work",
            {"channels": {"mailbox": "billing"}},
            "mailbox",
            "Give an address such as billing@example.com.",
        ),
        ("how_we_work", {"channels": {"bridge": "call me"}}, "bridge", "Give a number such as +45 70 10 11 12."),
        ("how_we_work", {"channels": {"bridge_code": "pin"}}, "bridge_code", "Give the digits, such as 4417#."),
        ("poster", {}, "kind", "“poster” is not a kind of page. Choose from runbook, rollback, how_we_work, page."),
    ],
)
def test_what_cannot_be_saved_names_its_field(kind, fields, field, sentence):
    with pytest.raises(Invalid) as refusal:
        a_page(kind=kind, **fields)

    assert refusal.value.errors == {field: [sentence]}
    assert not Document.objects.exists()


def test_how_we_work_keeps_its_channels_and_needs_no_words():
    channels = {
        "chat": "#billing-cutover",
        "mailbox": "billing@example.com",
        "bridge": "+45 70 10 11 12",
        "bridge_code": "",
    }

    page = a_page(kind="how_we_work", title="How we work", body="", channels=channels)

    assert documents.get_version(page, 1).channels == {name: text for name, text in channels.items() if text}


def test_a_new_channel_is_a_change_though_the_words_are_the_same():
    page = a_page(kind="how_we_work", body="x", channels={"chat": "#a"})

    saved = change(page, "x", channels={"chat": "#b"}, reason="Other channel")

    assert (saved.number, saved.channels) == (2, {"chat": "#b"})


def test_a_period_has_one_runbook_and_as_many_pages_as_it_likes():
    period = make_period()
    a_page(period)

    with pytest.raises(AlreadyDone, match="has a page “Runbook” already"):
        a_page(period)
    slugs = [
        a_page(period, kind="page", title=title).slug for title in ("Month end", "Month end", "New", "日本", "Runbook")
    ]

    assert slugs == ["month-end", "month-end-2", "new-2", "page", "runbook-2"]


def test_a_page_can_be_removed_but_the_runbook_stays():
    period = make_period()
    runbook, page = a_page(period), a_page(period, kind="page", title="Month end")

    documents.remove(page.pk, by=period.lead, at=LATER)

    with pytest.raises(Refused, match="part of every period"):
        documents.remove(runbook.pk, by=period.lead, at=LATER)
    with pytest.raises(AlreadyDone, match="was removed"):
        documents.remove(page.pk, by=period.lead, at=LATER)
    assert [row.slug for row in documents.pages_of(period)] == ["runbook"]
    assert documents.find_page(period, "month-end") is None


@pytest.mark.parametrize(
    ("kind", "right", "may"),
    [
        ("runbook", "contributor", True),
        ("page", "support", True),
        ("runbook", "viewer", False),
        ("how_we_work", "contributor", False),
        ("how_we_work", "support", True),
    ],
)
def test_who_may_write_what(kind, right, may):
    period = make_period()
    writer = make_member(period, right=right).user
    text = PageText("Page", "Words")

    if may:
        assert documents.create(period.pk, kind=kind, text=text, by=writer, at=NOW).version == 1
    else:
        with pytest.raises(NotAllowed):
            documents.create(period.pk, kind=kind, text=text, by=writer, at=NOW)


def test_a_stranger_writes_nothing():
    page = a_page()

    with pytest.raises(NotAllowed):
        change(page, "Words", by=make_user())


@pytest.mark.parametrize("status", Period.ENDED)
def test_pages_of_a_period_that_ended_stay_as_they_were(status):
    page = a_page()
    Period.objects.filter(pk=page.period_id).update(status=status)

    with pytest.raises(Refused, match="its pages stay as they were"):
        change(page, "Words")


def test_the_runbook_is_found_in_its_page_else_where_the_plan_says():
    period = make_period(runbook_url="https://wiki.example/runbook")

    assert documents.runbook_url(period) == "https://wiki.example/runbook"
    a_page(period)
    assert documents.runbook_url(period) == f"/p/{period.key}/pages/runbook/"
