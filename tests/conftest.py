"""What every test shares."""

from collections.abc import Iterator
from importlib.util import find_spec
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

# The journeys need a browser and its driver, which only `make e2e` installs.
collect_ignore = [] if find_spec("playwright") else ["journeys"]

# How fast examples come says something about the machine and who else uses it, not about the code.
property_settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_settings.load_profile("shared")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> None:
    """Let the test runner empty tables between tests that commit: the journal's own trigger forbids it.

    On PostgreSQL tables are truncated, which row triggers do not see. The triggers themselves are tested in
    tests/periods/test_journal.py, which puts this one back first.
    """
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER IF EXISTS journal_no_delete")


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """The demo, told once for all tests of a module: each undoes what it did itself, and the last one the demo."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    story = transaction.atomic()
    with django_db_blocker.unblock():
        story.__enter__()
        with override_settings(PASSWORD_HASHERS=hashers):
            call_command("seed_demo", verbosity=0)
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        story.__exit__(None, None, None)


@pytest.fixture
def frozen() -> Iterator[None]:
    """The clock stands: what is shown also depends on the minute, and one may pass between two requests."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


@pytest.fixture(autouse=True)
def _cheap_passwords(settings) -> None:
    """A password costs a third of a second to hash well, and every person of a test has one."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path_factory) -> None:
    """Files of evidence lie beside the test's own, never beside those of somebody's demo."""
    settings.EVIDENCE_DIR = tmp_path_factory.getbasetemp() / "evidence"


@pytest.fixture(autouse=True)
def _own_cache(settings) -> None:
    """A cache of its own for every test: Redis outlives the run, and row numbers come round again."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid4().hex}"}}
