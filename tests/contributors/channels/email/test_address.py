"""An e-mail address as a way of one's own."""

from __future__ import annotations

import pytest

from contributors import contact_points
from contributors.models import Delivery
from tests.factories import NOW, make_user

pytestmark = pytest.mark.django_db


def test_a_long_address_is_written_to_as_it_is_and_shown_as_far_as_there_is_room() -> None:
    long = f"{'m' * 64}@{'n' * 60}.example.com"

    point = contact_points.add(make_user(), kind="email", label="Other", target=long, at=NOW)

    assert Delivery.objects.get(point=point).address == long
    assert point.shown == long[:120]
