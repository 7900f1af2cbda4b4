"""Whom nothing reaches."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Subquery

from contributors.models import ACCOUNT_CHANNEL, ContactPoint, Delivery
from hypercare.models import User


def find_unreachable(users: Iterable[User]) -> dict[int, str]:
    """People whom nothing reaches: user id → why. The newest message to the account failed, and no way works.

    One query however many people.
    """
    State = Delivery.State  # noqa: N806  a class, under its own name
    newest = Delivery.objects.filter(
        recipient=OuterRef("pk"),
        channel=ACCOUNT_CHANNEL,
        point__isnull=True,
        settled_at__isnull=False,
        state__in=[State.SENT, State.DELIVERED, State.BOUNCED, State.DEAD],
    ).order_by("-settled_at", "-id")
    working = ContactPoint.objects.filter(
        user=OuterRef("pk"), verified_at__isnull=False, removed_at__isnull=True, disabled_at__isnull=True
    )
    failed = (
        User.objects.filter(pk__in=[user.pk for user in users])
        .exclude(Exists(working))
        .annotate(last_state=Subquery(newest.values("state")[:1]), why=Subquery(newest.values("last_error")[:1]))
        .filter(last_state__in=[State.BOUNCED, State.DEAD])
    )
    return {user_id: why or "" for user_id, why in failed.values_list("pk", "why")}
