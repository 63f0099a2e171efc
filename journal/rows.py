"""Rows of several tables written in one statement: Django takes as long to put such statements together, one by one, as
PostgreSQL to carry them out."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import Field
from django.db.models.expressions import RawSQL
from django.db.models.signals import post_save

#: What of a row is to be told besides: an SQL expression and its values.
Question = tuple[str, Sequence[Any]]


def put(rows: Sequence[models.Model]) -> None:
    """New rows; of an article's only one of a kind, instead of the one before."""
    *others, last = (_put(type(row)) for row in rows)
    first = ", ".join(f"part{number} AS ({statement})" for number, statement in enumerate(others))
    values = [_value(field, row) for row in rows for field in _fields(type(row))]
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {first} {last}" if others else last, values)


def insert(row: models.Model, question: Question) -> Any:
    """Save a new row as `save` does, and tell what `question` asks of the database as it was before."""
    kind, fields = type(row), _fields(type(row))
    given = [_value(field, row) for field in fields]
    places = ", ".join(value.sql if isinstance(value, RawSQL) else "%s" for value in given)
    values = [inner for value in given for inner in (value.params if isinstance(value, RawSQL) else [value])]
    made = kind._meta.db_returning_fields
    told = ", ".join([*(f'"{field.column}"' for field in made), question[0]])
    with connection.cursor() as cursor:
        cursor.execute(f"{_insert(kind, places)} RETURNING {told}", [*values, *question[1]])
        *found, answer = cursor.fetchone()
    for field, value in zip(made, found, strict=True):
        setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, connection.alias
    post_save.send(kind, instance=row, created=True, update_fields=None, raw=False, using=connection.alias)
    return answer


@cache
def _fields(kind: type[models.Model]) -> "list[Field[Any, Any]]":
    """What is written: all but a number of its own and what PostgreSQL works out."""
    return [field for field in kind._meta.concrete_fields if not field.generated and _is_told(field)]


def _is_told(field: "Field[Any, Any]") -> bool:
    return not field.primary_key or field.is_relation


def _value(field: "Field[Any, Any]", row: models.Model) -> Any:
    value = field.pre_save(row, True)
    return value if isinstance(value, RawSQL) else field.get_db_prep_save(value, connection)


def _insert(kind: type[models.Model], places: str) -> str:
    names = ", ".join(f'"{field.column}"' for field in _fields(kind))
    return f'INSERT INTO "{kind._meta.db_table}" ({names}) VALUES ({places})'  # noqa: S608  (names and marks, no values)


@cache
def _put(kind: type[models.Model]) -> str:
    names = [f'"{field.column}"' for field in _fields(kind)]
    statement, key = _insert(kind, ", ".join(["%s"] * len(names))), kind._meta.pk
    if not key.is_relation:
        return statement
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name != f'"{key.column}"')
    return f'{statement} ON CONFLICT ("{key.column}") DO UPDATE SET {changes}'
