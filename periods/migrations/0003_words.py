"""Full text of a period's pages, where the database has it."""

from typing import ClassVar

from django.db import migrations

from hypercare.database.fulltext import make_index

PAGES = make_index("page_words", "periods_documentversion", ("title", "body"))


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0002_what_must_stay_as_written")]

    operations: ClassVar = [migrations.RunPython(*PAGES)]
