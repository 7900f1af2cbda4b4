"""Criteria whose built-in title named 5 or 3 days although another number was asked for."""

from typing import Any, ClassVar

from django.db import migrations

NAMED = {
    "no_p1_for_days": ("No P1 reported for 5 days", "No P1 reported for {} {}", 5),
    "rate_back_to_baseline": ("Arrivals normal 3 days running", "Arrivals normal {} {} running", 3),
}


def say_the_number(apps: Any, schema_editor: Any) -> None:  # noqa: ARG001
    """Only titles nobody has written anew are touched."""
    rows = apps.get_model("periods", "ExitCriterion").objects
    for code, (title, pattern, usual) in NAMED.items():
        stale = rows.filter(code=code, title=title, threshold__isnull=False).exclude(threshold=usual)
        for row in stale.only("threshold").iterator():
            named = pattern.format(f"{row.threshold:g}", "day" if row.threshold == 1 else "days")
            rows.filter(pk=row.pk).update(title=named)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0004_journal_by_kind")]

    operations: ClassVar = [migrations.RunPython(say_the_number, migrations.RunPython.noop)]
