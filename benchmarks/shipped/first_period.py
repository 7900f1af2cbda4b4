"""Piped into `manage.py shell` of the installation: a running period, somebody on duty, and an alert source.

Prints the address that a monitoring tool is given.
"""

from datetime import timedelta

from django.utils import timezone

from contributors.models import Membership, Role, Shift
from hypercare.models import User
from incidents.intake import alert_sources
from periods.models import Period

now = timezone.now()
day = timedelta(days=1)
admin = User.objects.get(is_superuser=True)
on_duty = User.objects.create_user("on-duty@example.com", name="Olga Duty")
period = Period.objects.create(
    key="LIVE1",
    name="First of all",
    systems=["Billing"],
    status=Period.Status.ACTIVE,
    status_since=now,
    timezone="UTC",
    go_live_at=now - day,
    went_live_at=now - day,
    ends_at=now + 14 * day,
    planned_ends_at=now + 14 * day,
    lead=admin,
    sponsor=admin,
    bau_owner=admin,
    created_by=admin,
    created_at=now - day,
)
role = Role.objects.create(period=period, position=1, name="Engineering", code="EN", cover="24x7", answers_pages=True)
for user, right in ((admin, "owner"), (on_duty, "contributor")):
    Membership.objects.create(period=period, user=user, right=right, joined_at=now - day)
Shift.objects.create(role=role, user=on_duty, starts_at=now - day / 24, ends_at=now + day / 2)
source, token = alert_sources.create(period.pk, kind="alertmanager", name="Alertmanager", by=admin, at=now)
print(alert_sources.hook_url(source, token))
