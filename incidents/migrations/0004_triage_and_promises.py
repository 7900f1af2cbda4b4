import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def carry_over(apps, schema_editor):
    """“Part of the release?” becomes a verdict with three answers."""
    incident = apps.get_model("incidents", "Incident")
    incident.objects.filter(caused_by_change=True).update(verdict="caused")
    incident.objects.filter(caused_by_change=False).update(verdict="unrelated")


def carry_back(apps, schema_editor):
    incident = apps.get_model("incidents", "Incident")
    incident.objects.filter(verdict="caused").update(caused_by_change=True)
    incident.objects.filter(verdict__in=("known", "unrelated")).update(caused_by_change=False)


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0003_open_is_unresolved'),
        ('periods', '0003_working_days_of_a_country'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='incident',
            name='answered',
            field=models.JSONField(blank=True, default=list, help_text='Ids of those who acknowledged this round of paging.'),
        ),
        migrations.AddField(
            model_name='incident',
            name='kind',
            field=models.CharField(blank=True, choices=[('defect', 'Defect'), ('data', 'Data'), ('access', 'Access'), ('integration', 'Integration'), ('performance', 'Performance'), ('how_to', 'How-to'), ('enhancement', 'Enhancement')], help_text='Empty: not judged yet.', max_length=12),
        ),
        migrations.AddField(
            model_name='incident',
            name='marks',
            field=models.JSONField(blank=True, default=list, help_text='Warnings given and deadlines missed, each once; see `watch.py`.'),
        ),
        migrations.AddField(
            model_name='incident',
            name='paging_since',
            field=models.DateTimeField(blank=True, help_text='Set while an answer is awaited.', null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='pauses',
            field=models.JSONField(blank=True, default=list, help_text='Waits for the reporter: [begin, end or null] in ISO 8601.'),
        ),
        migrations.AddField(
            model_name='incident',
            name='queue',
            field=models.CharField(blank=True, choices=[('returned', 'Waiting for reporter'), ('retest', 'Retest'), ('planned_fix', 'Planned fix')], max_length=11),
        ),
        migrations.AddField(
            model_name='incident',
            name='queue_note',
            field=models.CharField(blank=True, help_text='What is awaited, in a sentence.', max_length=200),
        ),
        migrations.AddField(
            model_name='incident',
            name='queued_at',
            field=models.DateTimeField(blank=True, help_text='Since when it waits there.', null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='snoozed_until',
            field=models.DateTimeField(blank=True, help_text='Out of the open list until then.', null=True),
        ),
        migrations.AddField(
            model_name='incident',
            name='verdict',
            field=models.CharField(blank=True, choices=[('caused', 'Caused by the change'), ('known', 'Known before'), ('unrelated', 'Unrelated')], help_text='Empty: not judged yet.', max_length=9),
        ),
        migrations.CreateModel(
            name='IncidentPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('targets', models.JSONField(blank=True, default=dict, help_text='Severity → clock → [seconds, measure].')),
                ('hours', models.JSONField(blank=True, default=dict, help_text='Covered hours: days, opens, closes.')),
                ('ladders', models.JSONField(blank=True, default=dict, help_text='Severity → steps, answers, repeat.')),
                ('version', models.PositiveIntegerField(default=1)),
                ('updated_at', models.DateTimeField()),
                ('period', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='incident_policy', to='periods.period')),
                ('updated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('query', models.CharField(blank=True, max_length=500)),
                ('created_at', models.DateTimeField()),
                ('period', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='periods.period')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='incident_views', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'period', 'name'), name='one_view_per_name')],
            },
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField(
            model_name='incident',
            name='caused_by_change',
        ),
    ]
