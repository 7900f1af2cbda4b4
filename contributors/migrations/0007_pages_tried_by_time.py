"""A page is given up by time, not by a number of tries: since when it fails, and until when it is tried at least."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contributors", "0006_sent_again")]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="failing_since",
            field=models.DateTimeField(blank=True, help_text="When the first try failed.", null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="tried_until",
            field=models.DateTimeField(
                blank=True,
                help_text="A page is tried at least until then: while its ladder lasts.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="delivery",
            name="senders_lost",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="Tries whose sender stopped before it could report.",
            ),
        ),
    ]
