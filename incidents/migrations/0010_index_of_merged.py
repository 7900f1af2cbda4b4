"""Indexes of what was merged or is part of something: only of those, since nearly all are neither."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("contributors", "0006_sent_again"),
        ("incidents", "0009_incident_by_return"),
        ("periods", "0003_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="incident",
            name="duplicate_of",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="Merged into this one.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="duplicates",
                to="incidents.incident",
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                help_text="The problem or larger incident it is part of.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="children",
                to="incidents.incident",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("duplicate_of__isnull", False)),
                fields=["duplicate_of"],
                name="incident_by_original",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("parent__isnull", False)), fields=["parent"], name="incident_by_parent"
            ),
        ),
    ]
