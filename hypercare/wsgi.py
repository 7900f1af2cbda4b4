"""WSGI entry point for every page and the API."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from hypercare.engine import memory_guard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")

application = get_wsgi_application()
import_module("hypercare.engine.alarm").start_watching()  # not before the apps are ready
import_module("hypercare.urls")  # with every view
memory_guard.freeze_loaded()
