"""WSGI entry point for every page and the API."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from hypercare import headroom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hypercare.settings")

application = get_wsgi_application()
import_module("hypercare.alarm").start()  # not before the apps are ready
import_module("hypercare.urls")  # with every view
headroom.settle()
