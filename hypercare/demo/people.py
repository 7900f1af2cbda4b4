"""The cast of the demo: fifteen contributors in three time zones."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from hypercare.models import User

PASSWORD = "hypercare-demo"  # noqa: S105  the demo's, printed on purpose
CPH, BLR, NYC = "Europe/Copenhagen", "Asia/Kolkata", "America/New_York"

CAST = (
    ("maja", "Maja Lindqvist", CPH),
    ("rachel", "Rachel Kim", NYC),
    ("kavya", "Kavya Nair", BLR),
    ("tomasz", "Tomasz Wójcik", CPH),
    ("ingrid", "Ingrid Solheim", "Europe/Oslo"),
    ("arjun", "Arjun Mehta", BLR),
    ("priya", "Priya Raman", BLR),
    ("daniel", "Daniel Osei", NYC),
    ("marcus", "Marcus Bell", NYC),
    ("freja", "Freja Holm", CPH),
    ("nikhil", "Nikhil Rao", BLR),
    ("devika", "Devika Menon", BLR),
    ("meera", "Meera Joshi", BLR),
    ("dana", "Dana Cole", NYC),
    ("luis", "Luis Ortega", NYC),
)
PHONES = {"maja": "+45 70 10 11 12", "rachel": "+1 212 555 0148", "tomasz": "+45 70 10 11 15"}
LOGINS = (
    ("maja", "release manager and lead"),
    ("tomasz", "contributor"),
    ("kavya", "support and receiving owner"),
    ("rachel", "sponsor"),
    ("admin", "administrator: all deliveries, in no period"),
)


def address_of(first_name: str) -> str:
    """`maja` → the demo's e-mail address; `.example` can never be delivered to anybody."""
    return f"{first_name}@northlane.example"


def make_people() -> dict[str, User]:
    """Everybody, by lower-case first name. Maja may plan and looks after the scoring.

    Besides them there is somebody who runs the installation, and is part of no period.
    """
    admin = User.objects.create_superuser(address_of("admin"), name="Astrid Holm", timezone=CPH)
    people = {
        key: User.objects.create_user(
            address_of(key),
            name=name,
            timezone=zone,
            phone=PHONES.get(key, ""),
            may_plan=key == "maja",
            is_staff=key == "maja",
        )
        for key, name, zone in CAST
    }
    # One password for everybody, so it is hashed once: hashing is slow on purpose.
    everybody = [admin.pk, *(user.pk for user in people.values())]
    User.objects.filter(pk__in=everybody).update(password=make_password(PASSWORD))
    return people
