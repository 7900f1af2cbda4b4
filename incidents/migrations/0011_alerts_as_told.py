"""What an alert said of its severity, its system and itself is kept, so that an incident can be opened later."""

from django.db import migrations, models
from django.db.models import Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, Left


def as_told(apps, schema_editor):
    """Take it from the labels and annotations that Alertmanager sent."""
    Alert = apps.get_model("incidents", "Alert")
    none = Value("")
    told = {
        "level": Left(Coalesce(KT("labels__severity"), none), 60),
        "component": Left(Coalesce(KT("labels__component"), KT("labels__service"), none), 80),
        "description": Coalesce(KT("annotations__description"), none),
    }
    Alert.objects.update(**told)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0010_index_of_merged")]

    operations = [
        migrations.AddField(
            model_name="alertsource",
            name="levels",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Severity words of this tool: plain word to P1 … P4; see `severity_words.py`.",
            ),
        ),
        migrations.AddField(
            model_name="alertsource",
            name="left_out",
            field=models.PositiveIntegerField(
                default=0, help_text="Alerts the tool cut off the newest payload that was not whole."
            ),
        ),
        migrations.AddField(
            model_name="alertsource",
            name="left_out_at",
            field=models.DateTimeField(blank=True, help_text="When that payload came.", null=True),
        ),
        migrations.AddField(
            model_name="alert",
            name="description",
            field=models.TextField(blank=True, default="", db_default=""),
        ),
        migrations.AddField(
            model_name="alert",
            name="level",
            field=models.CharField(
                blank=True,
                default="",
                db_default="",
                help_text="The severity word as it was told.",
                max_length=60,
            ),
        ),
        migrations.AddField(
            model_name="alert",
            name="component",
            field=models.CharField(
                blank=True,
                default="",
                db_default="",
                help_text="As told: not always one of the period's.",
                max_length=80,
            ),
        ),
        migrations.RunPython(as_told, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["source", "fingerprint", "started_at"], name="alert_by_fingerprint"),
        ),
    ]
