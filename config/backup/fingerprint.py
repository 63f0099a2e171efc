"""What a database holds, in numbers: for each table how many rows, and a sum over the hashes of all their values.

The sum does not depend on the order of rows, and a changed, missing or doubled row changes it. Both ends compute it
themselves with the same PostgreSQL function, so a dump cannot vouch for itself.
"""

from typing import Any

from django.db import connection

#: Times and numbers are written in one way, wherever the server stands.
SAME_WORDS = {
    "TimeZone": "'UTC'", "DateStyle": "'ISO'", "extra_float_digits": "1", "IntervalStyle": "'postgres'",
    "bytea_output": "'hex'",
}  # fmt: skip
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
#: What a reader may open and what was paid: told by name, so that people see them compared.
RIGHTS = ("subscriptions_entitlement", "subscriptions_membership", "subscriptions_iprange", "accounts_member")
MONEY = (
    "subscriptions_order", "subscriptions_payment", "subscriptions_receipt", "subscriptions_refund",
    "subscriptions_creditnote", "subscriptions_subscription", "subscriptions_stripecustomer",
)  # fmt: skip


def tables() -> dict[str, list[Any]]:
    """table → [rows, sum]. Call it in a transaction: it sets how values are written for the rest of it."""
    found: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for name, value in SAME_WORDS.items():
            cursor.execute(f"SET LOCAL {name} = {value}")
        cursor.execute(_TABLES)
        for (table,) in cursor.fetchall():
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) FROM {name} t")  # noqa: S608  (our own tables)
            rows, total = cursor.fetchone()
            found[table] = [rows, str(total)]
    return found


def differences(expected: dict[str, list[Any]], found: dict[str, list[Any]]) -> list[str]:
    """A sentence for each table that is not as it was."""
    told = []
    for table in sorted({*expected, *found}):
        before, after = expected.get(table), found.get(table)
        if before is None or after is None:
            told.append(f"Table {table} is {'new' if before is None else 'missing'}.")
        elif before[0] != after[0]:
            told.append(f"Table {table} has {after[0]} rows instead of {before[0]}.")
        elif before[1] != after[1]:
            told.append(f"Table {table} has as many rows, but what they say differs.")
    return told
