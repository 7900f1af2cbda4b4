"""Full text of incidents and of what people wrote on them, where the database has it."""

from typing import ClassVar

from django.db import migrations

from hypercare.database.fulltext import make_index

INCIDENTS = make_index(
    "incident_words", "incidents_incident", ("title", "description", "resolution", "cause", "workaround")
)
COMMENTS = make_index("comment_words", "incidents_comment", ("body",))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("incidents", "0005_intake")]

    operations: ClassVar = [migrations.RunPython(*INCIDENTS), migrations.RunPython(*COMMENTS)]
