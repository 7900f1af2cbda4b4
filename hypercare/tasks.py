"""The periodic tasks. They read the database's clock, which all machines share."""

from celery import shared_task
from django.core.management import call_command

from hypercare import auditor, clock, engine, headroom, wiring


@shared_task(name="hypercare.tick", soft_time_limit=50, time_limit=60)
def tick() -> None:
    """Work off what is due. Two at once are harmless: every row is claimed."""
    with headroom.or_end():
        engine.turn(at=clock.now())


@shared_task(name="hypercare.audit", soft_time_limit=20, time_limit=30)
def audit() -> None:
    """Look whether anything waits that should not, and tell the watcher outside when nothing does."""
    auditor.audit(at=clock.now())


@shared_task(name="hypercare.read_mailbox", soft_time_limit=50, time_limit=60)
def read_mailbox() -> None:
    """Take in what people mailed. Two at once are harmless: every mail is read once."""
    wiring.resolve(wiring.MAILBOX)(at=clock.now())


@shared_task(name="hypercare.tidy", soft_time_limit=50, time_limit=60)
def tidy() -> None:
    """Delete sessions that have ended: nobody can use them, and a row for each sign-in would stay for ever."""
    call_command("clearsessions")
