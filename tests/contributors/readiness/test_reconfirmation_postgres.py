"""Answering while the runbook changes: nobody ends up ready for a text they did not read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, connections

from contributors.models import Acknowledgement
from contributors.readiness import acknowledgements, reconfirmation
from hypercare.exceptions import Refused
from periods.documents import documents
from periods.documents.documents import PageText
from periods.journal import journal
from periods.models import JournalEntry, Period
from tests.factories import GO_LIVE, make_member, make_period, make_role

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
ALL = list(Acknowledgement.STATEMENTS)
BEFORE = GO_LIVE - timedelta(days=5)


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")


def at_once(*presses: Callable[[], object]) -> None:
    barrier = threading.Barrier(len(presses))

    def press(what: Callable[[], object]) -> None:
        barrier.wait()
        try:
            what()
        except Refused:
            return
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press, args=(what,)) for what in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("attempt", range(6))
def test_an_answer_that_races_a_change_never_stands_for_the_old_text(attempt):
    period = make_period(Period.Status.READINESS)
    member = make_member(period, role=make_role(period), invited_at=BEFORE)
    page = documents.create(period.pk, kind="runbook", text=PageText("Runbook", "One"), by=period.lead, at=BEFORE)
    journal.dispatch_entries(at=BEFORE)
    seen = reconfirmation.build_question(member, at=BEFORE).present

    at_once(
        lambda: acknowledgements.acknowledge(
            member.pk, statements=ALL, note="", state="ready", by=member.user, at=BEFORE, seen=seen
        ),
        lambda: documents.save_version(
            page.pk, based_on=1, text=PageText("Runbook", "Two", "New"), by=period.lead, at=BEFORE
        ),
        lambda: journal.dispatch_entries(at=BEFORE),
    )
    journal.dispatch_entries(at=BEFORE)

    assert acknowledgements.standing_answer(member) is None


def test_two_consumers_at_once_void_once():
    period = make_period(Period.Status.READINESS)
    member = make_member(period, role=make_role(period), invited_at=BEFORE)
    page = documents.create(period.pk, kind="runbook", text=PageText("Runbook", "One"), by=period.lead, at=BEFORE)
    acknowledgements.acknowledge(member.pk, statements=ALL, note="", state="ready", by=member.user, at=BEFORE)
    documents.save_version(page.pk, based_on=1, text=PageText("Runbook", "Two", "New"), by=period.lead, at=BEFORE)

    at_once(*[lambda: reconfirmation.void_outdated_answers(period.pk, by=None, at=BEFORE)] * 4)

    assert JournalEntry.objects.filter(period=period, kind="readiness.voided").count() == 1
    assert Acknowledgement.objects.filter(voided_at__isnull=False).count() == 1
