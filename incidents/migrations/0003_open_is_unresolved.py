from django.db import migrations, models


class Migration(migrations.Migration):
    """Open is said by `resolved_at`, in a form SQLite recognises too: a bound list of statuses never met the index."""

    dependencies = [("incidents", "0002_reopened_at")]

    operations = [
        migrations.RemoveIndex(model_name="incident", name="incident_open"),
        migrations.RemoveIndex(model_name="incident", name="incident_open_by_owner"),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", True)),
                fields=["period", "severity", "reported_at", "id"],
                name="incident_open",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("resolved_at__isnull", True)),
                fields=["owner", "severity"],
                name="incident_open_by_owner",
            ),
        ),
    ]
