"""The database itself refuses to change a saved version of a page."""

from typing import ClassVar

from django.db import migrations

SQLITE = [
    "CREATE TRIGGER version_no_update BEFORE UPDATE ON periods_documentversion "
    "BEGIN SELECT RAISE(ABORT, 'a saved version is never changed'); END",
]
POSTGRES = [
    """CREATE FUNCTION versions_never_change() RETURNS trigger AS $$
       BEGIN RAISE EXCEPTION 'a saved version is never changed'; END $$ LANGUAGE plpgsql""",
    "CREATE TRIGGER version_no_update BEFORE UPDATE ON periods_documentversion "
    "FOR EACH ROW EXECUTE FUNCTION versions_never_change()",
]


def protect(apps, schema_editor):
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def release(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    on = " ON periods_documentversion" if postgres else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS version_no_update{on}")
    if postgres:
        schema_editor.execute("DROP FUNCTION IF EXISTS versions_never_change()")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0006_documents")]
    operations: ClassVar = [migrations.RunPython(protect, release)]
