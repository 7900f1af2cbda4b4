"""Two people save one page at once: one version each, and the second is told."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from periods.documents import documents
from periods.documents.documents import Conflict, PageText
from periods.models import Document, DocumentVersion
from tests.factories import NOW, make_period

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def postgres_only(transactional_db: None) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to race.")


def test_of_editors_who_began_with_the_same_version_one_saves():
    period = make_period()
    page = documents.create(period.pk, kind="runbook", text=PageText("Runbook", "x"), by=period.lead, at=NOW)
    saved: list[DocumentVersion] = []
    told: list[Conflict] = []
    barrier = threading.Barrier(6)

    def save(n: int) -> None:
        barrier.wait()
        try:
            text = PageText("Runbook", f"Text {n}", "Mine")
            saved.append(documents.save_version(page.pk, based_on=1, text=text, by=period.lead, at=NOW))
        except Conflict as conflict:
            told.append(conflict)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(saved), len(told)) == (1, 5)
    assert {conflict.theirs.pk for conflict in told} == {saved[0].pk}
    assert Document.objects.get(pk=page.pk).version == 2
