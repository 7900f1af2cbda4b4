"""What every test shares."""

import sqlite3
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection, transaction
from django.test import override_settings
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as property_settings

from tests import tables

# The journeys need a browser and its driver, which only `make e2e` installs.
collect_ignore = [] if find_spec("playwright") else ["journeys"]

# How fast examples come says something about the machine and who else uses it, not about the code.
property_settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
property_settings.load_profile("shared")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """On SQLite, start with the tables that an earlier run kept."""
    if connection.vendor != "sqlite":
        yield
        return
    memory = sqlite3.connect(connection.creation._get_test_db_name(), uri=True)
    tables.restore(memory)
    yield  # with one connection open the memory stays
    memory.close()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> None:
    """Let the test runner empty tables between tests that commit: the journal's own trigger forbids it.

    On PostgreSQL tables are truncated, which row triggers do not see. The triggers themselves are tested in
    tests/periods/journal/test_journal.py, which puts this one back first.
    """
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            tables.keep(connection.connection)
            cursor.execute("DROP TRIGGER IF EXISTS journal_no_delete")


def own_files(tmp_path_factory) -> Path:
    """Where this run keeps files: the same folder for the demo of a module and for each of its tests."""
    return tmp_path_factory.getbasetemp() / "evidence"


@pytest.fixture(scope="module")
def told(django_db_setup: None, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    """The demo, told once for all tests of a module: each undoes what it did itself, and the last one the demo."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    files = own_files(tmp_path_factory)
    story = transaction.atomic()
    with django_db_blocker.unblock():
        story.__enter__()
        with override_settings(PASSWORD_HASHERS=hashers, EVIDENCE_DIR=files):
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
    settings.EVIDENCE_DIR = own_files(tmp_path_factory)


@pytest.fixture(autouse=True)
def _own_cache(settings) -> None:
    """A cache of its own for every test: Redis outlives the run, and row numbers come round again.

    A busy machine may keep Redis waiting for longer than a page would; what is counted must not depend on that.
    """
    cache = {**settings.CACHES["default"], "KEY_PREFIX": f"test-{uuid4().hex}"}
    if settings.REDIS_URL:
        cache["OPTIONS"] = {"socket_timeout": 5, "socket_connect_timeout": 5}
    settings.CACHES = {"default": cache}
