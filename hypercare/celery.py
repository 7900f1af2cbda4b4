"""The Celery application. It only wakes the engine up: the rows are the truth."""

import os
from typing import Any

from celery import Celery, signals

from hypercare import registry

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")

app = Celery("hypercare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["hypercare", "periods", "contributors", "incidents"])


@signals.worker_init.connect
def warm_up(**_: Any) -> None:
    """Load what the first message would wait for, once, before the worker's processes are made from this one."""
    for path in registry.WARM_UP:
        registry.resolve(path)()


@signals.beat_init.connect
def stand_by(**_: Any) -> None:
    """Ticks that workers do not hear are done by whoever gives them; a worker with its own broker hears its own."""
    if not str(app.conf.broker_url).startswith("memory:"):
        registry.resolve(registry.STANDBY_TICKER)()
