"""Every mail is kept as it came before anybody reads it; what can't be read waits for an administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from hypercare import tasks
from hypercare.engine import engine
from hypercare.models import User
from incidents.intake.mail import mail_intake, mail_store, mailbox
from incidents.models import InboundMail, Incident, StoredMail
from tests.factories import NOW, make_user
from tests.incidents.mails import POISON, written

pytestmark = pytest.mark.django_db

DEEP = POISON["2,000 parts in one another"]


@pytest.fixture
def root() -> User:
    return make_user("Rachel Root", is_superuser=True)


@pytest.fixture
def admin(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def came(raw: bytes) -> StoredMail:
    return mail_store.read_stored(mail_store.store_mail(raw, at=NOW).pk, at=NOW)


# --- Nothing stops the mailbox ------------------------------------------------------------------


@pytest.mark.parametrize("raw", POISON.values(), ids=POISON.keys())
def test_a_poisonous_mail_is_read_once_and_the_one_behind_it_comes_in(raw: bytes, imap, address):
    server = imap(raw.replace(b"ADDRESS", address.encode()), written(address, "Behind it.").as_bytes())

    mailbox.poll(at=NOW)

    assert server.seen == [1, 2]
    assert Incident.objects.filter(description="Behind it.").exists()
    assert not StoredMail.objects.filter(state="waiting").exists()


@pytest.mark.parametrize("charset", ["undefined", "idna", "with NUL", "of the language's own"])
def test_a_text_in_an_odd_charset_is_a_report_all_the_same(charset: str, address):
    (raw,) = [raw for name, raw in POISON.items() if name.removeprefix("charset ") == charset]

    row = came(raw.replace(b"ADDRESS", address.encode()))

    assert row.mail.outcome == "report"
    assert "I cannot pay" in Incident.objects.get().description


def test_what_can_t_be_read_is_kept_with_its_reason_and_is_no_report(address):
    brackets, row = came(POISON["thousands of brackets"]), came(DEEP)

    assert (row.state, row.mail) == ("quarantined", None)
    assert "RecursionError" in brackets.why
    assert "more than 300 parts" in row.why
    assert (row.from_line, row.subject_line) == ("Anna <anna@kunde.example>", "Deep")
    assert bytes(row.raw) == DEEP


def test_a_mail_is_kept_before_anything_reads_it(monkeypatch, imap, address):
    server = imap(written(address).as_bytes())

    def die(*_args: Any, **_kwargs: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(mail_intake, "receive_mail", die)
    with pytest.raises(SystemExit):
        mailbox.poll(at=NOW)
    monkeypatch.undo()

    assert server.seen == [1]
    assert mail_store.read_waiting(at=NOW) == 1
    assert Incident.objects.count() == 1


def test_a_mail_that_ends_its_reader_three_times_is_quarantined_and_the_others_go_first(monkeypatch, address):
    deadly, good = written(address, "boom").as_bytes(), written(address).as_bytes()
    real = mail_intake.receive_mail

    def out_of_memory(raw: bytes, **kwargs: Any) -> InboundMail:
        if b"boom" in raw:
            raise MemoryError
        return real(raw, **kwargs)

    monkeypatch.setattr(mail_intake, "receive_mail", out_of_memory)
    row = mail_store.store_mail(deadly, at=NOW)
    for attempt in range(3):
        with pytest.raises(MemoryError):
            mail_store.read_waiting(at=NOW)
        if not attempt:
            mail_store.store_mail(good, at=NOW)
    mail_store.read_waiting(at=NOW)

    row.refresh_from_db()
    assert (row.state, Incident.objects.count()) == ("quarantined", 1)
    assert "3 times" in row.why


def test_a_database_that_is_away_puts_no_mail_into_quarantine(monkeypatch, address):
    def away(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("server closed the connection")

    row = mail_store.store_mail(written(address).as_bytes(), at=NOW)
    monkeypatch.setattr(mail_intake, "receive_mail", away)
    with pytest.raises(OperationalError):
        mail_store.read_stored(row.pk, at=NOW)
    monkeypatch.undo()

    assert mail_store.read_stored(row.pk, at=NOW).state == "read"


def test_the_same_bytes_are_one_mail_and_the_same_mail_by_another_way_one_report(address):
    raw = written(address).as_bytes()

    assert came(raw).pk == came(raw).pk
    other = came(b"Received: by another way\r\n" + raw)

    assert StoredMail.objects.count() == 2
    assert (InboundMail.objects.count(), Incident.objects.count()) == (1, 1)
    assert other.mail == InboundMail.objects.get()


# --- By hand ------------------------------------------------------------------------------------


def test_administrators_see_why_a_mail_could_not_be_read_and_take_it_in(admin, address, monkeypatch):
    monkeypatch.setattr(mail_intake, "_sort", lambda *_: 1 / 0)
    row = came(written(address).as_bytes())
    monkeypatch.undo()

    page = admin.get("/settings/mailbox/").content.decode()
    admin.post(f"/settings/mailbox/{row.pk}/again/")

    assert "ZeroDivisionError" in page
    row.refresh_from_db()
    assert (row.state, row.settled_by.name) == ("read", "Rachel Root")
    assert Incident.objects.count() == 1
    assert "ZeroDivisionError" not in admin.get("/settings/mailbox/").content.decode()


def test_a_mail_that_still_can_t_be_read_stays_and_says_so(admin):
    row = came(DEEP)

    answer = admin.post(f"/settings/mailbox/{row.pk}/again/", follow=True).content.decode()

    assert "still can&#x27;t be read" in answer
    assert StoredMail.objects.get().state == "quarantined"


def test_the_original_is_plain_text_that_nothing_renders(admin):
    row = came(DEEP.replace(b"Subject: Deep", b"Subject: <script>alert(1)</script>"))

    answer = admin.get(f"/settings/mailbox/{row.pk}/original/")

    assert answer.getvalue() == bytes(row.raw)
    assert answer["Content-Type"] == "text/plain"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    assert b"<script>alert" not in admin.get("/settings/mailbox/").content


def test_what_needs_no_answer_is_set_aside_once(admin):
    row = came(DEEP)

    admin.post(f"/settings/mailbox/{row.pk}/aside/")
    second = admin.post(f"/settings/mailbox/{row.pk}/aside/")

    assert StoredMail.objects.get().state == "set_aside"
    assert second.status_code == 409


@pytest.mark.parametrize("what", ["original", "again", "aside"])
def test_nobody_else_sees_or_touches_a_mail(browser, what: str):
    row = came(DEEP)
    ask = browser.get if what == "original" else browser.post

    assert ask(f"/settings/mailbox/{row.pk}/{what}/").status_code == 404
    assert StoredMail.objects.get().state == "quarantined"


@pytest.mark.parametrize("mails", [1, 5])
def test_the_page_asks_no_more_for_more_mails(admin, address, mails: int, django_assert_num_queries):
    for number in range(mails):
        came(written(address, f"No. {number}").as_bytes())
        came(DEEP + b"%d" % number)
    engine.record_beat("engine", timezone.now())
    admin.get("/settings/mailbox/")

    with django_assert_num_queries(12):
        admin.get("/settings/mailbox/")


# --- How long -----------------------------------------------------------------------------------


def test_bytes_are_kept_for_the_days_that_were_set_and_what_waits_stays(settings, address, root):
    settings.MAIL_KEPT_DAYS = 7
    read, odd = came(written(address).as_bytes()), came(DEEP)
    waits = mail_store.store_mail(written(address).as_bytes(), at=NOW)

    assert mail_store.purge_bytes(at=NOW + timedelta(days=6)) == 0
    assert mail_store.purge_bytes(at=NOW + timedelta(days=8)) == 2

    assert not StoredMail.objects.filter(pk=read.pk).exists()
    assert InboundMail.objects.filter(outcome="report").exists()
    odd.refresh_from_db()
    assert (bytes(odd.raw), odd.subject_line) == (b"", "Deep")
    assert bytes(StoredMail.objects.get(pk=waits.pk).raw)


def test_tidying_lets_go_of_old_mails(settings, address):
    settings.MAIL_KEPT_DAYS = 1
    came(written(address).as_bytes())

    tasks.tidy()

    assert not StoredMail.objects.exists()


def test_a_mail_whose_bytes_are_gone_can_t_be_read_again_and_says_where_to_look(admin, settings):
    row = came(DEEP)
    mail_store.purge_bytes(at=NOW + timedelta(days=99))

    answer = admin.post(f"/settings/mailbox/{row.pk}/again/")

    assert answer.status_code == 409
    assert admin.get(f"/settings/mailbox/{row.pk}/original/").status_code == 404


def test_a_file_that_can_t_be_read_does_not_hold_up_the_next(address, tmp_path, capsys):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1").write_bytes(DEEP)
    (tmp_path / "new" / "2").write_bytes(written(address).as_bytes())

    call_command("read_mailbox", str(tmp_path))

    assert capsys.readouterr().out.splitlines() == ["1 became a report", "1 could not be read"]
