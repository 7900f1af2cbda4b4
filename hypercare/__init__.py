"""The house: settings, plumbing that knows no app, and the front that joins them."""

from hypercare.celery import app as celery_app

__all__ = ["celery_app"]
