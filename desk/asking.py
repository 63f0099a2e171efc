"""Many small questions in one statement: each part of a page is a query of its own, and they are sent together.

A part is a queryset of `.values(…)`; its rows come back as plain dictionaries, moments as aware datetimes. PostgreSQL
answers each part from its own index, so the whole costs little more than its dearest part, and one way to the database.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

Row = dict[str, Any]


def in_one(parts: Mapping[str, "QuerySet[Any, Any]"]) -> dict[str, list[Row]]:
    """The rows of every part, in its own order."""
    found: dict[str, list[Row]] = {name: [] for name in parts}
    each, params = _each(parts.items())
    if each:
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(f"({one})" for one in each), params)
            for name, rows in cursor.fetchall():
                found[name] = [_row(row) for row in _loaded(rows)]
    return found


def _each(parts: Iterable[tuple[str, "QuerySet[Any, Any]"]]) -> tuple[list[str], list[Any]]:
    each, params = [], []
    for name, rows in parts:
        try:
            sql, known = rows.query.sql_with_params()
        except EmptyResultSet:
            continue
        each.append(f"SELECT %s::text AS part, json_agg(row_to_json(r)) AS rows FROM ({sql}) r")  # noqa: S608
        params += [name, *known]
    return each, params


def merged(parts: Mapping[str, "QuerySet[Any, Any]"], most: int) -> list[tuple[str, datetime, Row]]:
    """(source, moment, row) of the newest of all parts together. Each has a column `at` and is sliced by its caller."""
    each, params = [], []
    for name, rows in parts.items():
        try:
            sql, known = rows.query.sql_with_params()
        except EmptyResultSet:
            continue
        each.append(f"SELECT %s::text AS source, r.at AS at, row_to_json(r) AS row FROM ({sql}) r")  # noqa: S608
        params += [name, *known]
    if not each:
        return []
    with connection.cursor() as cursor:
        statement = (
            f"SELECT source, at, row FROM ({' UNION ALL '.join(each)}) q ORDER BY at DESC, source LIMIT {int(most)}"  # noqa: S608
        )
        cursor.execute(statement, params)
        return [(source, at, _row(_loaded(row))) for source, at, row in cursor.fetchall()]


def _loaded(told: Any) -> Any:
    return json.loads(told) if isinstance(told, str) else told or []


def _row(row: Row) -> Row:
    return {name: _moment(name, value) for name, value in row.items()}


def _moment(name: str, value: Any) -> Any:
    """JSON has no moments: what a column named for one holds is read again, also within the objects of a subquery."""
    if isinstance(value, dict):
        return _row(value)
    is_one = name == "at" or name.endswith(("_at", "_since", "_by", "until", "period_end", "period_start"))
    if not (is_one and isinstance(value, str) and len(value) > 10):
        return value
    found = datetime.fromisoformat(value)
    return found if timezone.is_aware(found) else timezone.make_aware(found)
