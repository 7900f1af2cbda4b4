"""What happened of one kind, such as how incidents were graded, is found without reading the whole journal."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0003_words")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="journalentry",
            index=models.Index(fields=["period", "kind", "seq"], name="journal_by_kind"),
        ),
    ]
