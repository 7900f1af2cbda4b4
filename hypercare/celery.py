"""The Celery application. It only wakes the engine up: the rows are the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")

app = Celery("hypercare")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["hypercare", "periods", "contributors", "incidents"])
