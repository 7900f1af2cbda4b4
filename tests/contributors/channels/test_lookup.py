"""Rows outlive channels: what is left of one that an installation no longer has."""

from __future__ import annotations

from datetime import timedelta

import pytest

from contributors import contact_points
from contributors.channels import find_channel, lookup
from contributors.messaging import delivery
from contributors.models import ContactPoint, Delivery
from hypercare.exceptions import Invalid
from tests.factories import NOW, make_user
from tests.hypercare.scene import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def point() -> ContactPoint:
    return ContactPoint.objects.create(
        user=make_user(), kind="fax", label="Fax", target="+45 1", shown="+45 …", created_at=NOW, verified_at=NOW
    )


def test_a_message_by_a_channel_that_is_gone_ends_with_the_reason_and_a_page_goes_another_way(point):
    row = Delivery.objects.create(
        dedupe_key="one",
        recipient=point.user,
        kind="contact_code",
        channel="fax",
        point=point,
        address=contact_points.address_of(point),
        context={"code": "482913", "label": "Fax"},
        urgency=Delivery.Urgency.PAGE,
        intended_at=NOW,
        next_at=NOW,
        created_at=NOW,
        not_after=NOW + timedelta(hours=1),
    )

    delivery.send_due(at=NOW)

    row.refresh_from_db()
    assert (row.state, row.last_error) == (Delivery.State.DEAD, lookup.MISSING)
    assert Delivery.objects.exclude(pk=row.pk).get().channel == "email"


def test_its_owner_sees_that_it_is_gone_and_can_remove_it(point):
    browser = signed_in(point.user)

    page = words(browser.get("/settings/contact/"))

    assert "Not used" in page
    assert lookup.MISSING in page
    assert "“Fax” removed." in words(browser.post(f"/settings/contact/{point.pk}/remove/", follow=True))


def test_nobody_adds_a_way_by_it(point):
    with pytest.raises(ValueError, match="no such channel"):
        find_channel("fax").shown("+45 2")
    with pytest.raises(Invalid) as refusal:
        contact_points.add(point.user, kind="fax", label="Other", target="+45 2", at=NOW)
    assert list(refusal.value.errors) == ["kind"]
