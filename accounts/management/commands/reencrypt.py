"""manage.py reencrypt: after a new key was put in front of ENCRYPTION_KEYS, write everything encrypted with it."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction

from accounts import second_factor
from accounts.encryption import EncryptedTextField, Unreadable, reencrypt


class Command(BaseCommand):
    help = "Write everything that is encrypted anew with the first of ENCRYPTION_KEYS, so that an old key can go."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, EncryptedTextField):
                    self._field(model, field)
        with transaction.atomic():
            self.stdout.write(f"Second factors: {second_factor.reencrypt()} written anew.")

    def _field(self, model: type[models.Model], field: EncryptedTextField) -> None:
        names = (model._meta.db_table, field.column or "", model._meta.pk.column or "")
        table, column, key = map(connection.ops.quote_name, names)
        done = 0
        with transaction.atomic(), connection.cursor() as cursor:
            # The tokens themselves are asked for, which the field would open.
            cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} <> '' FOR UPDATE")  # noqa: S608
            for row, token in cursor.fetchall():
                try:
                    written = reencrypt(token)
                except Unreadable as error:
                    raise CommandError(f"{model.__name__} {row}, {field.name}: {error} Nothing was changed.") from None
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [written, row])  # noqa: S608
                done += 1
        self.stdout.write(f"{model.__name__}.{field.name}: {done} written anew.")
