"""What an installation for real insists on, read from its own settings in a process of their own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT

GOOD = {
    "HYPERCARE_ENV": "production",
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "hypercare.example",
    "BASE_URL": "https://hypercare.example",
    "DATABASE_URL": "postgres://hypercare@127.0.0.1/hypercare",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp://127.0.0.1",
    "DEFAULT_FROM_EMAIL": "hypercare@hypercare.example",
}
NAMES = (
    "DEBUG",
    "REQUIRE_MFA",
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_NAME",
    "CSRF_COOKIE_SECURE",
    "SECURE_HSTS_SECONDS",
    "SECURE_SSL_REDIRECT",
    "LIMITS",
)
READ = (
    "import json, sys; from django.conf import settings; "
    "print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}))"
)


EVERY = (
    "import json; from django.conf import settings; "
    "print(json.dumps({name: getattr(settings, name) for name in dir(settings) if name.isupper()}, default=str))"
)


def started(var: Path, *, read: str = READ, **changed: str) -> subprocess.CompletedProcess[str]:
    """The settings of an installation with this environment."""
    env = {"PATH": os.environ["PATH"], "HYPERCARE_VAR": str(var), "DJANGO_SETTINGS_MODULE": "hypercare.settings"}
    command = [sys.executable, "-c", read, *NAMES]
    return subprocess.run(
        command, cwd=ROOT, env={**env, **GOOD, **changed}, capture_output=True, text=True, check=False
    )


def test_cookies_transport_and_second_step_are_strict(tmp_path: Path) -> None:
    found: dict[str, Any] = json.loads(started(tmp_path).stdout)

    assert found.pop("LIMITS")["hooks"] == 60_000
    assert found == {
        "DEBUG": False,
        "REQUIRE_MFA": True,
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_SSL_REDIRECT": True,
    }


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY (50 characters or more)"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"DATABASE_URL": "sqlite:///x"}, "DATABASE_URL"),
        ({"REDIS_URL": ""}, "REDIS_URL"),
        ({"BASE_URL": "http://hypercare.example"}, "BASE_URL (https://…)"),
        ({"EMAIL_URL": ""}, "EMAIL_URL"),
        ({"DEFAULT_FROM_EMAIL": ""}, "DEFAULT_FROM_EMAIL"),
        ({"DEBUG": "true"}, "DEBUG (must be off)"),
        ({"LIMITS": "reads=many"}, "LIMITS takes numbers above 0 for reads, writes"),
        ({"LIMITS": "exports=0"}, "LIMITS takes numbers above 0 for reads, writes"),
        ({"LIMITS": "rads=5"}, "LIMITS takes numbers above 0 for reads, writes"),
    ],
)
def test_it_refuses_to_start_and_says_why(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    done = started(tmp_path, **changed)

    assert done.returncode != 0
    assert said in done.stderr


def test_limits_are_set_one_by_one(tmp_path: Path) -> None:
    found = json.loads(started(tmp_path, LIMITS="reads=600,hooks=90000").stdout)["LIMITS"]

    assert (found["reads"], found["hooks"], found["exports"]) == (600, 90_000, 20)


def test_what_the_example_shows_as_optional_is_what_holds_without_it(tmp_path: Path) -> None:
    example = (ROOT / "env.example").read_text()
    optional = dict(re.findall(r"^#([A-Z_]+)=(.*)$", example, re.MULTILINE))
    # Those of the composition, which is what sets them for the containers.
    of_containers = {"DATABASE_URL", "REDIS_URL", "BEHIND_TLS_PROXY", "EVIDENCE_DIR"}
    shown = {name: value for name, value in optional.items() if name not in of_containers}

    with_them, without = started(tmp_path, read=EVERY, **shown), started(tmp_path, read=EVERY)

    assert len(shown) > 15
    assert json.loads(with_them.stdout) == json.loads(without.stdout)


def test_a_value_may_lie_in_a_file_whose_line_ends(tmp_path: Path) -> None:
    secret = tmp_path / "secret_key.txt"
    secret.write_text(GOOD["SECRET_KEY"] + "\n")

    done = started(tmp_path, read=EVERY, SECRET_KEY="", SECRET_KEY_FILE=str(secret))

    assert json.loads(done.stdout)["SECRET_KEY"] == GOOD["SECRET_KEY"]


def test_an_empty_value_is_none_at_all(tmp_path: Path) -> None:
    found = json.loads(started(tmp_path, read=EVERY, SESSION_IDLE_HOURS="", CSRF_TRUSTED_ORIGINS="").stdout)

    assert found["CSRF_TRUSTED_ORIGINS"] == [GOOD["BASE_URL"]]
    assert found["SESSION_IDLE"] == "8:00:00"
