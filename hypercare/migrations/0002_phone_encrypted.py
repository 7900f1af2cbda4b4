"""The number a person is called at is kept encrypted, as every other address is."""

from django.db import migrations, models

import hypercare.security.encryption
from hypercare.security import encryption

BATCH = 500


def encrypt(apps, schema_editor):
    _each(apps, encryption.encrypt)


def decrypt(apps, schema_editor):
    _each(apps, encryption.decrypt)


def _each(apps, change):
    people = apps.get_model("hypercare", "User").objects.exclude(phone="").order_by("pk")
    last = 0
    while batch := list(people.filter(pk__gt=last)[:BATCH]):
        for person in batch:
            person.phone = change(person.phone)
            person.save(update_fields=["phone"])
        last = batch[-1].pk


class Migration(migrations.Migration):

    dependencies = [("hypercare", "0001_initial")]

    operations = [
        migrations.AlterField("user", "phone", models.TextField(blank=True, default="")),
        migrations.RunPython(encrypt, decrypt),
        migrations.AlterField("user", "phone", hypercare.security.encryption.OptionalSecretField(blank=True, default="")),
    ]
