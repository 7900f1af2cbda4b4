"""Answers given before fingerprints were kept know at least the go-live they were given to."""

from typing import ClassVar

from django.db import migrations


def fill(apps, schema_editor):
    answers = apps.get_model("contributors", "Acknowledgement").objects
    for answer in answers.filter(voided_at__isnull=True, versions={}).select_related("membership__period"):
        answer.versions = {"go_live_at": answer.membership.period.go_live_at.isoformat()}
        answer.save(update_fields=["versions"])


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contributors", "0006_answers_name_what_they_were_given_to")]
    operations: ClassVar = [migrations.RunPython(fill, migrations.RunPython.noop)]
