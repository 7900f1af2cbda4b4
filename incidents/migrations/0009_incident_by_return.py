"""Incidents that came back, by when: the sums of promises count from there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0008_stakeholder_report")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("reopened_at__isnull", False)),
                fields=["period", "reopened_at"],
                name="incident_by_return",
            ),
        ),
    ]
