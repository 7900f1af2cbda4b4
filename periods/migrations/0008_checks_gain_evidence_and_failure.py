"""Checks may fail, are due so many days from go-live, and have evidence as rows; rehearsals are timed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('periods', '0007_versions_never_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField(model_name='checklistitem', old_name='evidence', new_name='evidence_text'),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('link', 'Link'), ('note', 'Note'), ('file', 'File')], max_length=4)),
                ('text', models.TextField(blank=True, help_text='The address or the note; beside a file what it shows.')),
                ('file_name', models.CharField(blank=True, max_length=120)),
                ('media_type', models.CharField(blank=True, max_length=80)),
                ('size', models.PositiveIntegerField(default=0, help_text='Bytes.')),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('stored_as', models.CharField(blank=True, help_text='Empty once the bytes are deleted.', max_length=80)),
                ('tests', models.JSONField(blank=True, help_text='Counts of a test report, see periods/junit.py.', null=True)),
                ('added_at', models.DateTimeField(blank=True, help_text='Unknown for what was copied over.', null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Rehearsal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('rollback', 'Rollback'), ('cutover', 'Cutover')], max_length=8)),
                ('box_minutes', models.PositiveIntegerField(help_text='Minutes it may take.')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, choices=[('passed', 'Worked'), ('failed', 'Did not work')], max_length=6)),
                ('notes', models.TextField(blank=True)),
            ],
        ),
        migrations.AddField(
            model_name='checklistitem',
            name='due_days',
            field=models.SmallIntegerField(help_text='Days from the go-live day, negative before it.', null=True),
        ),
        migrations.AddField(
            model_name='checklistitem',
            name='due_time',
            field=models.TimeField(blank=True, help_text="In the period's zone; empty is go-live's.", null=True),
        ),
        migrations.AddField(
            model_name='checklistitem',
            name='failed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='checklistitem',
            name='failed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='checklistitem',
            name='failure',
            field=models.TextField(blank=True, help_text='What went wrong.'),
        ),
        migrations.AlterField(
            model_name='checklistitem',
            name='status',
            field=models.CharField(choices=[('open', 'Open'), ('done', 'Done'), ('failed', 'Failed'), ('waived', 'Waived'), ('not_applicable', 'Not applicable')], default='open', max_length=14),
        ),
        migrations.AddConstraint(
            model_name='checklistitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'failed'), _negated=True), models.Q(models.Q(('failure', ''), _negated=True), ('failed_at__isnull', False)), _connector='OR'), name='failed_has_a_note_and_a_time'),
        ),
        migrations.AddField(
            model_name='evidence',
            name='added_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='evidence',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='evidence', to='periods.checklistitem'),
        ),
        migrations.AddField(
            model_name='evidence',
            name='removed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rehearsal',
            name='by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rehearsal',
            name='period',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rehearsals', to='periods.period'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'file'), models.Q(('file_name', ''), _negated=True), models.Q(('sha256', ''), _negated=True), ('size__gt', 0)), models.Q(models.Q(('kind', 'file'), _negated=True), models.Q(('text', ''), _negated=True)), _connector='OR'), name='evidence_shows_something'),
        ),
        migrations.AddConstraint(
            model_name='evidence',
            constraint=models.UniqueConstraint(condition=models.Q(('stored_as', ''), _negated=True), fields=('stored_as',), name='one_row_per_stored_file'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('period', 'kind'), name='one_running_rehearsal'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gt', models.F('started_at')), _connector='OR'), name='rehearsal_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('outcome', '')), models.Q(('ended_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='ended_rehearsal_has_an_outcome'),
        ),
        migrations.AddConstraint(
            model_name='rehearsal',
            constraint=models.CheckConstraint(condition=models.Q(('box_minutes__gt', 0)), name='rehearsal_has_a_box'),
        ),
    ]
