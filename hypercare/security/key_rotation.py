"""Every secret of the database written anew with the newest key, so that an old key can be taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast

from hypercare.security import encryption
from hypercare.security.encryption import SecretField

BATCH = 500
# What others keep as JSON and seal with our keys: model, column, and the names inside.
SEALED_INSIDE = (("mfa.Authenticator", "data", ("secret", "seed")),)


@dataclass
class RotationCount:
    """What became of the secrets of one column: written anew, and those that no key opens."""

    column: str
    renewed: int = 0
    unreadable: int = 0


def rotate_secrets(batch: int = BATCH) -> Iterator[RotationCount]:
    """Renew every secret, column by column and `batch` rows at a time; may be stopped and run again.

    A secret that changes meanwhile is left alone: whoever changed it wrote it with the newest key.
    """
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SecretField):
                yield _column(model, field.attname, batch)
    for label, name, parts in SEALED_INSIDE:
        yield _documents(apps.get_model(label), name, parts)


def _documents(model: type[models.Model], name: str, parts: tuple[str, ...]) -> RotationCount:
    """A column of JSON, one row at a time under its lock: what else stands in it may change meanwhile."""
    count = RotationCount(f"{model._meta.label}.{name}")
    rows = model._default_manager  # noqa: SLF001
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            row = rows.select_for_update().filter(pk=pk).first()
            document = getattr(row, name, {})
            try:
                fresh = {part: encryption.encrypt_anew(document[part]) for part in parts if part in document}
            except encryption.UnreadableSecret:
                count.unreadable += 1
                continue
            if row is not None and fresh:
                document.update(fresh)
                row.save(update_fields=[name])
                count.renewed += 1
    return count


def _column(model: type[models.Model], name: str, batch: int) -> RotationCount:
    count = RotationCount(f"{model._meta.label}.{name}")
    # Cast, so that the field does not open what it reads.
    stored = model._default_manager.annotate(stored=Cast(F(name), TextField())).exclude(stored=None)  # noqa: SLF001
    last: object = None
    while True:
        rows = stored.exclude(stored="") if last is None else stored.exclude(stored="").filter(pk__gt=last)
        taken = list(rows.order_by("pk").values_list("pk", "stored")[:batch])
        for pk, token in taken:
            try:
                fresh = encryption.encrypt_anew(token)
            except encryption.UnreadableSecret:
                count.unreadable += 1
                continue
            unchanged = stored.filter(pk=pk, stored=token)
            count.renewed += unchanged.update(**{name: Value(fresh, output_field=TextField())})
        if len(taken) < batch:
            return count
        last = taken[-1][0]
