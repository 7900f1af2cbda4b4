"""Every secret of the database written anew with the newest key, so that an old key can be taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.db.models import F, TextField, Value
from django.db.models.functions import Cast

from hypercare import vault
from hypercare.vault import SecretField

BATCH = 500


@dataclass
class Count:
    """What became of the secrets of one column: written anew, and those that no key opens."""

    column: str
    renewed: int = 0
    unreadable: int = 0


def rekey(batch: int = BATCH) -> Iterator[Count]:
    """Renew every secret, column by column and `batch` rows at a time; may be stopped and run again.

    A secret that changes meanwhile is left alone: whoever changed it wrote it with the newest key.
    """
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SecretField):
                yield _column(model, field.attname, batch)


def _column(model: type[models.Model], name: str, batch: int) -> Count:
    count = Count(f"{model._meta.label}.{name}")
    # Cast, so that the field does not open what it reads.
    stored = model._default_manager.annotate(stored=Cast(F(name), TextField())).exclude(stored=None)  # noqa: SLF001
    last: object = None
    while True:
        rows = stored.exclude(stored="") if last is None else stored.exclude(stored="").filter(pk__gt=last)
        taken = list(rows.order_by("pk").values_list("pk", "stored")[:batch])
        for pk, token in taken:
            try:
                fresh = vault.renewed(token)
            except vault.Unreadable:
                count.unreadable += 1
                continue
            unchanged = stored.filter(pk=pk, stored=token)
            count.renewed += unchanged.update(**{name: Value(fresh, output_field=TextField())})
        if len(taken) < batch:
            return count
        last = taken[-1][0]
