"""The database itself refuses to change or remove a go/no-go decision."""

from typing import ClassVar

from django.db import migrations

SQLITE = [
    "CREATE TRIGGER decision_no_update BEFORE UPDATE ON periods_godecision "
    "BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END",
    "CREATE TRIGGER decision_no_delete BEFORE DELETE ON periods_godecision "
    "BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END",
]
POSTGRES = [
    """CREATE FUNCTION decision_is_kept() RETURNS trigger AS $$
       BEGIN RAISE EXCEPTION 'a decision is never changed'; END $$ LANGUAGE plpgsql""",
    "CREATE TRIGGER decision_no_update BEFORE UPDATE ON periods_godecision "
    "FOR EACH ROW EXECUTE FUNCTION decision_is_kept()",
    "CREATE TRIGGER decision_no_delete BEFORE DELETE ON periods_godecision "
    "FOR EACH ROW EXECUTE FUNCTION decision_is_kept()",
]


def protect(apps, schema_editor):
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def release(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    on = " ON periods_godecision" if postgres else ""
    for name in ("decision_no_update", "decision_no_delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
    if postgres:
        schema_editor.execute("DROP FUNCTION IF EXISTS decision_is_kept()")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0013_go_conditions")]
    operations: ClassVar = [migrations.RunPython(protect, release)]
