from django.db import migrations, models


class Migration(migrations.Migration):
    """A re-opened incident is judged from when it came back, so that moment needs its own column."""

    dependencies = [("incidents", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="reopened_at",
            field=models.DateTimeField(blank=True, help_text="Its clocks count from here.", null=True),
        ),
    ]
