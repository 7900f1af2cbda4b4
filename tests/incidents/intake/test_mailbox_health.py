"""How the mailbox is read stands where people and machines look, and long trouble is an alarm."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from hypercare.engine import alarm, engine, overdue_audit
from incidents.intake.mail import mail_store, mailbox, mailbox_health
from incidents.models import Incident, MailboxHealth, StoredMail
from tests.factories import NOW, make_user
from tests.incidents.mails import POISON, written

pytestmark = pytest.mark.django_db

ODD = POISON["NUL in the sender"]
MINUTE = timedelta(minutes=1)


def asked() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/healthz/engine/")
    return answer.status_code, answer.json()


def poll_in_vain(at: Any) -> None:
    with pytest.raises(mailbox.MailboxAway):
        mailbox.poll(at=at)


# --- What is written down -----------------------------------------------------------------------


def test_a_mailbox_that_can_t_be_read_is_known_since_its_first_failure(imap):
    server = imap()
    mailbox.poll(at=NOW)
    server.password = "changed"

    poll_in_vain(NOW + MINUTE)
    poll_in_vain(NOW + 2 * MINUTE)
    found = mailbox_health.read_status(at=NOW + 2 * MINUTE)

    assert (found.read_at, found.failing_since) == (NOW, NOW + MINUTE)
    assert "wrong password" in found.why
    assert found.trouble == ""
    assert mailbox_health.read_status(at=NOW + 11 * MINUTE).trouble == "the mailbox is not being read"


def test_one_good_turn_ends_the_trouble(imap, settings):
    settings.MAILBOX_URL = "imap://a:b@127.0.0.1:1/INBOX"
    poll_in_vain(NOW)
    imap()

    mailbox.poll(at=NOW + MINUTE)

    assert mailbox_health.read_status(at=NOW + MINUTE).failing_since is None


def test_whatever_breaks_a_turn_is_written_down(imap, settings):
    server = imap()
    settings.MAILBOX_URL = settings.MAILBOX_URL.replace("right", "%C3%A4")

    with pytest.raises(UnicodeEncodeError):
        mailbox.poll(at=NOW)

    assert "ascii" in MailboxHealth.objects.get().why
    assert server.seen == []


def test_mails_fetched_before_the_server_hung_up_are_read_all_the_same(imap, address):
    server = imap(written(address).as_bytes(), written(address, "Second.").as_bytes())
    server.broken = {2}

    poll_in_vain(NOW)

    assert (server.seen, Incident.objects.count()) == ([1], 1)


def test_a_mail_the_server_hangs_up_on_comes_last_and_is_left_to_people_after_three_times(imap, address):
    server = imap(written(address, "No. 1").as_bytes(), written(address, "No. 2").as_bytes())
    server.broken = {1}

    for turn in range(3):
        poll_in_vain(NOW + turn * MINUTE)
    mailbox.poll(at=NOW + 4 * MINUTE)

    assert sorted(server.seen) == [1, 2]
    assert Incident.objects.get().description == "No. 2"
    assert "number 1" in StoredMail.objects.get(state="quarantined").why
    assert mailbox_health.read_status(at=NOW + 4 * MINUTE).failing_since is None


def test_a_mail_the_server_won_t_hand_over_is_never_taken_for_an_empty_one(imap, address):
    server = imap(b"", written(address).as_bytes())
    server.refused = {1}

    for turn in range(4):
        mailbox.poll(at=NOW + turn * MINUTE)

    assert server.seen == [2, 1]
    assert "did not hand it over" in StoredMail.objects.get(state="quarantined").why


def test_a_mailbox_that_marks_nothing_as_read_is_a_failure_and_its_mails_come_in_once(imap, address):
    server = imap(*(written(address, f"No. {number}").as_bytes() for number in range(3)))
    server.read_only = True

    for turn in range(5):
        poll_in_vain(NOW + turn * MINUTE)

    assert Incident.objects.count() == 3
    assert "marked as read" in mailbox_health.read_status(at=NOW).why
    assert not mail_store.quarantined_mails().exists()


def test_more_than_one_turn_takes_are_said_to_wait(imap, address):
    imap(*(written(address, f"No. {number}").as_bytes() for number in range(21)))

    mailbox.poll(at=NOW)
    behind = mailbox_health.read_status(at=NOW)
    mailbox.poll(at=NOW + MINUTE)

    assert (behind.waiting_since, mailbox_health.read_status(at=NOW).waiting_since) == (NOW, None)


# --- Where it is seen ---------------------------------------------------------------------------


def test_health_checks_fail_when_the_mailbox_has_not_been_read_for_ten_minutes(imap):
    imap()
    engine.tick(at=timezone.now())
    mailbox.poll(at=timezone.now() - 9 * MINUTE)
    assert asked()[0] == 200
    mailbox.poll(at=timezone.now() - 11 * MINUTE)

    status, body = asked()

    assert (status, body["ok"], body["why"]) == (503, False, "the mailbox is not being read")
    assert body["mailbox"]["last_read_s"] >= 660


def test_without_a_mailbox_nothing_is_wrong_with_it():
    engine.tick(at=timezone.now())

    assert asked()[1]["mailbox"] == {
        "last_read_s": None,
        "last_taken_s": None,
        "oldest_waiting_s": 0.0,
        "failing_s": 0,
        "quarantined": 0,
    }


def test_metrics_count_what_could_not_be_read(settings):
    settings.METRICS_TOKEN = "s3cret"
    mail_store.read_stored(mail_store.store_mail(ODD, at=NOW).pk, at=NOW)

    text = Client().get("/metrics", headers={"Authorization": "Bearer s3cret"}).content.decode()

    assert "hypercare_mailbox_quarantined 1" in text
    assert "hypercare_mailbox_last_read_seconds -1" in text


def test_the_page_says_since_when_and_why(settings):
    settings.MAILBOX_URL = "imap://a:b@127.0.0.1:1/INBOX"
    poll_in_vain(timezone.now() - 11 * MINUTE)
    admin = Client()
    admin.force_login(make_user(is_superuser=True))

    page = admin.get("/settings/mailbox/").content.decode()

    assert "Reports by mail don&#x27;t come in" in page or "Reports by mail don't come in" in page
    assert "refused" in page


def test_the_watcher_outside_hears_nothing_while_no_mail_comes_in(settings, monkeypatch):
    pinged: list[str] = []
    monkeypatch.setattr(overdue_audit, "ping_watcher", pinged.append)
    settings.MAILBOX_URL = "imap://a:b@127.0.0.1:1/INBOX"
    engine.record_beat("engine", NOW)
    poll_in_vain(NOW - 11 * MINUTE)

    overdue_audit.audit_overdue(at=NOW)

    assert pinged == []


# --- Who is told --------------------------------------------------------------------------------


def _look(*, at: datetime) -> bool:
    """The alarm as a process sees it that has just begun to look: of the engine it knows nothing yet."""
    return alarm.mail_alarms(at=at, since=at)


def test_admins_are_mailed_once_while_no_mail_comes_in(settings, mailoutbox):
    make_user(is_superuser=True)
    settings.MAILBOX_URL = "imap://a:b@127.0.0.1:1/INBOX"
    poll_in_vain(NOW)

    looks = [_look(at=NOW + minutes * MINUTE) for minutes in (1, 10, 11, 12, 600)]

    assert looks == [False, False, True, False, False]
    assert mailoutbox[0].subject == "Hypercare does not get its mail"
    assert "refused" in mailoutbox[0].body
    assert "/settings/mailbox/" in mailoutbox[0].body


def test_a_mailbox_that_nobody_ever_reads_is_an_alarm_too(settings, mailoutbox):
    make_user(is_superuser=True)
    settings.MAILBOX_URL = "imap://a:b@127.0.0.1:1/INBOX"

    assert [_look(at=NOW + minutes * MINUTE) for minutes in (0, 9, 11)] == [False, False, True]


def test_mails_that_could_not_be_read_are_told_bundled_and_again_when_more_come(mailoutbox):
    make_user(is_superuser=True)

    def came(number: int, after: int) -> None:
        at = NOW + after * MINUTE
        mail_store.read_stored(mail_store.store_mail(ODD + b"%d" % number, at=at).pk, at=at)

    came(1, 0)
    looks = [_look(at=NOW + after * MINUTE) for after in (1, 2)]
    came(2, 5)
    looks += [_look(at=NOW + after * MINUTE) for after in (6, 62, 63, 600)]

    assert looks == [True, False, False, True, False, False]
    assert [mail.subject[:7] for mail in mailoutbox] == ["1 mail ", "2 mails"]
    assert "control character" in mailoutbox[0].body
