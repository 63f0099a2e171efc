"""What lies encrypted is opened by every key of the site and by nobody else."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.db import connection, models
from django.test.utils import isolate_apps

from accounts.checks import encryption_keys
from accounts.encryption import EncryptedTextField, Unreadable, decrypt, encrypt, reencrypt

NUMBER = "Ärztekammer 12 345-Ω"


def new_key() -> str:
    return Fernet.generate_key().decode()


def test_a_text_is_read_again_and_does_not_stand_in_its_token(settings: Any) -> None:
    token = encrypt(NUMBER)
    assert decrypt(token) == NUMBER
    assert "345" not in token
    assert encrypt(NUMBER) != token


def test_keys_may_be_added_and_old_ones_taken_away_after_everything_was_written_anew(settings: Any) -> None:
    derived = encrypt(NUMBER)
    old, new = new_key(), new_key()
    settings.ENCRYPTION_KEYS = [old]
    assert decrypt(derived) == NUMBER
    written = encrypt(NUMBER)
    settings.ENCRYPTION_KEYS = [new, old]
    rewritten = reencrypt(written)
    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(rewritten) == NUMBER
    with pytest.raises(Unreadable, match="Put the old key back"):
        decrypt(written)


def test_a_new_secret_key_reads_what_the_old_one_wrote_while_it_is_a_fallback(settings: Any) -> None:
    token = encrypt(NUMBER)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another one", [settings.SECRET_KEY]
    assert decrypt(token) == NUMBER
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        decrypt(token)


@pytest.mark.django_db
@isolate_apps("accounts")
def test_a_field_holds_a_token_and_refuses_to_be_searched() -> None:
    class Licence(models.Model):
        number = EncryptedTextField(blank=True)

        class Meta:
            app_label = "accounts"
            db_table = "licence_of_a_test"

        def __str__(self) -> str:
            return self.number

    with connection.schema_editor() as editor:
        editor.create_model(Licence)
    Licence.objects.create(number=NUMBER)
    Licence.objects.create(number="")
    assert [row.number for row in Licence.objects.order_by("pk")] == [NUMBER, ""]
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM licence_of_a_test ORDER BY id")
        (token,), (empty,) = cursor.fetchall()
    assert (decrypt(token), empty) == (NUMBER, "")
    with pytest.raises(FieldError):
        Licence.objects.filter(number=NUMBER).exists()
    with connection.schema_editor() as editor:
        editor.delete_model(Licence)


def test_a_key_that_is_none_stops_with_a_sentence(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [new_key(), "secret"]
    (error,) = encryption_keys()
    assert "number 2 is no Fernet key" in error.msg
    settings.ENCRYPTION_KEYS = [new_key()]
    assert encryption_keys() == []
