"""Every check says how many days from go-live it is due; its old text is a row by now."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("periods", "0009_evidence_as_rows")]

    operations = [
        migrations.AlterField(
            model_name="checklistitem",
            name="due_days",
            field=models.SmallIntegerField(help_text="Days from the go-live day, negative before it."),
        ),
        migrations.RemoveField(model_name="checklistitem", name="evidence_text"),
    ]
