"""The one periodic task."""

from celery import shared_task
from django.utils import timezone

from hypercare import engine


@shared_task(name="hypercare.tick", soft_time_limit=50, time_limit=60)
def tick() -> None:
    """Work off what is due. Two at once are harmless: every row is claimed."""
    engine.tick(at=timezone.now())
