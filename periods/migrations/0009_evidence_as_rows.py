"""Each check's text becomes a row of evidence; due times become days from go-live and a time of day."""

from zoneinfo import ZoneInfo

from django.db import migrations

BATCH = 500


def copy_over(apps, schema_editor):
    item_model, evidence_model = apps.get_model("periods", "ChecklistItem"), apps.get_model("periods", "Evidence")
    rows, shown = [], []
    for item in item_model.objects.select_related("period").order_by("id").iterator(chunk_size=BATCH):
        zone = ZoneInfo(item.period.timezone)
        local, go_live = item.due_at.astimezone(zone), item.period.go_live_at.astimezone(zone)
        item.due_days = (local.date() - go_live.date()).days
        item.due_time = None if item.due_at == item.period.go_live_at else local.time()
        rows.append(item)
        if text := item.evidence_text.strip():
            is_link = text.startswith(("https://", "http://")) and len(text.split()) == 1
            shown.append(
                evidence_model(item=item, kind="link" if is_link else "note", text=text, added_by_id=item.done_by_id,
                               added_at=item.done_at)
            )
    item_model.objects.bulk_update(rows, ["due_days", "due_time"], batch_size=BATCH)
    evidence_model.objects.bulk_create(shown, batch_size=BATCH)


def copy_back(apps, schema_editor):
    item_model, evidence_model = apps.get_model("periods", "ChecklistItem"), apps.get_model("periods", "Evidence")
    for row in evidence_model.objects.filter(removed_at__isnull=True).order_by("item_id", "id"):
        item_model.objects.filter(pk=row.item_id).update(evidence_text=row.text or row.file_name)


class Migration(migrations.Migration):

    dependencies = [("periods", "0008_checks_gain_evidence_and_failure")]

    operations = [migrations.RunPython(copy_over, copy_back)]
