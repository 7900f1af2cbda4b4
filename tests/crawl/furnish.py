"""Fill an empty installation for the browser's walk: long and strange words, many rows, empty lanes, long windows.

`python manage.py shell -c "from tests.crawl import furnish; furnish.everything()"` prints, as JSON, who is who (with
the cookie of a session each) and where to begin.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.utils import timezone

from contributors.links import links
from contributors.models import Delivery, Link
from contributors.shifts import roles
from hypercare.models import Heartbeat, Timer, User
from periods import checklist
from periods.models import JournalEntry
from tests.crawl.stage import DAY, TITLES, Cast, Life, make_cast
from tests.factories import make_user

PEOPLE, CHECKS = 50, 430


@transaction.atomic
def everything() -> None:
    """Five periods, one for each of the looks that a page can have."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    crowd = make_cast(PEOPLE)
    few = eight_of(crowd)
    lives = [
        Life("LONG84", "erp-cut-over", "very_high", few, now - 44 * DAY, 84, every=3, name=TITLES[1][:120]),
        Life("LIVE45", "major-release", "high", few, now - 4 * DAY, 45, every=1, name=TITLES[3]),
        Life("MANY", "standard", "moderate", crowd, now + 10 * DAY, 14, name=TITLES[5][:120]),
        Life("OVER", "minor-release", "low", few, now - 20 * DAY, 10, name=TITLES[4]),
        Life("EXIT", "data-migration", "moderate", few, now - 14 * DAY, 14, "closed", name=TITLES[2][:120]),
    ]
    for life in lives:
        life.until(now)
    many, by = lives[2], crowd.lead
    roles.add_role(lives[1].pk, name="Nobody is on this", cover="24x7", by=by, at=now)
    for n in range(CHECKS - many.period.checklist.count()):
        checklist.add_check(many.pk, title=f"{TITLES[n % len(TITLES)][:190]} {n}", by=by, at=now)
    draft = Life("DRAFT", "erp-cut-over", "high", few, now + 29 * DAY + timedelta(hours=1), 28)
    draft.until(now)
    _settle(now)
    stranger, admin = (make_user("Somebody Else"), make_user("Astrid", is_staff=True, is_superuser=True, may_plan=True))
    who = {
        "lead": by,
        "viewer": few.viewer,
        "sponsor": few.sponsor,
        "contributor": few.team[0],
        "stranger": stranger,
        "admin": admin,
    }
    tokens = [
        links.url_of(one)
        for purpose in ("acknowledge", "page", "handoff", "cover")
        for one in Link.objects.filter(purpose=purpose, revoked_at=None).order_by("-created_at")[:1]
    ]
    sys.stdout.write(json.dumps({"who": {name: session_of(user) for name, user in who.items()}, "links": tokens}))


def eight_of(crowd: Cast) -> Cast:
    """The same people, but for a team of eight."""
    return replace(crowd, team=crowd.team[:8])


def session_of(user: User) -> str:
    """The cookie of somebody who has just signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _settle(now: datetime) -> None:
    """Nobody is told about a past that never was, and the engine counts as running: only the web process is started."""
    JournalEntry.objects.filter(dispatched_at__isnull=True).update(dispatched_at=now)
    Delivery.objects.filter(state__in=Delivery.OPEN).update(state=Delivery.State.CANCELLED, settled_at=now)
    Timer.objects.filter(fired_at__isnull=True, cleared_at__isnull=True).update(cleared_at=now)
    Heartbeat.objects.update_or_create(name="engine", defaults={"beat_at": now + DAY})
