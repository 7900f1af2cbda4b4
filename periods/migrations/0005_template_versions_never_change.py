"""The database itself refuses to change a version of a template: a new version is made instead."""

from typing import ClassVar

from django.db import migrations

SQLITE = [
    "CREATE TRIGGER template_version_no_update BEFORE UPDATE ON periods_templateversion "
    "BEGIN SELECT RAISE(ABORT, 'versions of a template never change'); END",
]
POSTGRES = [
    """CREATE FUNCTION template_versions_never_change() RETURNS trigger AS $$
       BEGIN RAISE EXCEPTION 'versions of a template never change'; END $$ LANGUAGE plpgsql""",
    "CREATE TRIGGER template_version_no_update BEFORE UPDATE ON periods_templateversion "
    "FOR EACH ROW EXECUTE FUNCTION template_versions_never_change()",
]


def protect(apps, schema_editor):
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def release(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    on = " ON periods_templateversion" if postgres else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS template_version_no_update{on}")
    if postgres:
        schema_editor.execute("DROP FUNCTION IF EXISTS template_versions_never_change()")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0004_templates_and_lessons")]
    operations: ClassVar = [migrations.RunPython(protect, release)]
