"""The database itself refuses to change or remove what must stay as it was written.

A row a table: its trigger names' stem, the function on PostgreSQL, what is said, the columns that may not change
(all of them when none is named), and whether rows may be deleted.
"""

from typing import ClassVar

from django.db import migrations

JOURNAL = ("id", "period_id", "seq", "kind", "subject", "actor_id", "via", "at", "data", "prev_hash", "hash")
KEPT = (
    ("periods_journalentry", "journal", "journal_is_append_only", "the journal is append-only", JOURNAL, False),
    ("periods_templateversion", "template_version", "template_versions_never_change",
     "versions of a template never change", (), True),
    ("periods_documentversion", "version", "versions_never_change", "a saved version is never changed", (), True),
    ("periods_godecision", "decision", "decision_is_kept", "a decision is never changed", (), False),
)


def protect(apps, schema_editor):
    for table, stem, function, words, columns, may_go in KEPT:
        update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
        events = {f"{stem}_no_update": update} | ({} if may_go else {f"{stem}_no_delete": "DELETE"})
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE FUNCTION {function}() RETURNS trigger AS $$ "
                f"BEGIN RAISE EXCEPTION '{words}'; END $$ LANGUAGE plpgsql"
            )
            action = f"FOR EACH ROW EXECUTE FUNCTION {function}()"
        else:
            action = f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        for name, event in events.items():
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {action}")


def release(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    for table, stem, function, *_ in KEPT:
        for name in (f"{stem}_no_update", f"{stem}_no_delete"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if postgres else ""))
        if postgres:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {function}()")


class Migration(migrations.Migration):
    dependencies: ClassVar = [("periods", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(protect, release)]
