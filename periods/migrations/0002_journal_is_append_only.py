"""The database itself refuses to change or remove a journal entry; only `dispatched_at` may be set."""

from typing import ClassVar

from django.db import migrations

KEPT = "id period_id seq kind subject actor_id via at data prev_hash hash".split()

SQLITE = [
    f"CREATE TRIGGER journal_no_update BEFORE UPDATE OF {', '.join(KEPT)} ON periods_journalentry "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
    "CREATE TRIGGER journal_no_delete BEFORE DELETE ON periods_journalentry "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END",
]
POSTGRES = [
    """CREATE FUNCTION journal_is_append_only() RETURNS trigger AS $$
       BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$ LANGUAGE plpgsql""",
    f"CREATE TRIGGER journal_no_update BEFORE UPDATE OF {', '.join(KEPT)} ON periods_journalentry "
    "FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()",
    "CREATE TRIGGER journal_no_delete BEFORE DELETE ON periods_journalentry "
    "FOR EACH ROW EXECUTE FUNCTION journal_is_append_only()",
]


def protect(apps, schema_editor):
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def release(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    on = " ON periods_journalentry" if postgres else ""
    for name in ("journal_no_update", "journal_no_delete"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
    if postgres:
        schema_editor.execute("DROP FUNCTION IF EXISTS journal_is_append_only()")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(protect, release)]
