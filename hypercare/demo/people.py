"""The cast of the demo: nine contributors in three time zones."""

from __future__ import annotations

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
)
PHONES = {"maja": "+45 70 10 11 12", "rachel": "+1 212 555 0148", "tomasz": "+45 70 10 11 15"}
LOGINS = (
    ("maja", "release manager and lead"),
    ("tomasz", "contributor"),
    ("kavya", "support and receiving owner"),
    ("rachel", "sponsor"),
)


def address(first_name: str) -> str:
    """`maja` → the demo's e-mail address; `.example` can never be delivered to anybody."""
    return f"{first_name}@northlane.example"


def make() -> dict[str, User]:
    """Everybody, by lower-case first name. Maja may plan, and is the administrator."""
    return {
        key: User.objects.create_user(
            address(key),
            PASSWORD,
            name=name,
            timezone=zone,
            phone=PHONES.get(key, ""),
            may_plan=key == "maja",
            is_staff=key == "maja",
        )
        for key, name, zone in CAST
    }
