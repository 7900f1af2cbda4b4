"""The periodic tasks. They read the database's clock, which all machines share."""

from celery import shared_task
from django.core.management import call_command

from hypercare import registry
from hypercare.database import db_clock
from hypercare.engine import engine, memory_guard, overdue_audit


@shared_task(name="hypercare.tick", soft_time_limit=50, time_limit=60)
def tick() -> None:
    """Work off what is due. Two at once are harmless: every row is claimed."""
    with memory_guard.end_without_memory():
        engine.run_turn(at=db_clock.now())


@shared_task(name="hypercare.audit", soft_time_limit=20, time_limit=30)
def audit() -> None:
    """Look whether anything waits that should not, and tell the watcher outside when nothing does."""
    overdue_audit.audit_overdue(at=db_clock.now())


@shared_task(name="hypercare.read_mailbox", soft_time_limit=50, time_limit=60)
def read_mailbox() -> None:
    """Take in what people mailed. Two at once are harmless: every mail is read once."""
    registry.resolve(registry.MAILBOX)(at=db_clock.now())


@shared_task(name="hypercare.tidy", soft_time_limit=50, time_limit=60)
def tidy() -> None:
    """Delete sessions that have ended, and what has been kept long enough: they would only grow."""
    call_command("clearsessions")
    for path in registry.TIDY:
        registry.resolve(path)(at=db_clock.now())
