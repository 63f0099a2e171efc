"""Comparisons that reach their index under a kept plan, which knows no parameter (config/database.py)."""

from typing import Any

from django.db.models import CharField, Lookup


@CharField.register_lookup
class Begins(Lookup):
    """`email__begins="anna.b"`: a range of the index for patterns. Where LIKE's pattern begins is not known."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, known = self.process_lhs(compiler, connection)
        return f"({column} ~>=~ %s AND {column} ~<~ %s)", (*known, self.rhs, *known, after(self.rhs))


@CharField.register_lookup
class Filled(Lookup):
    """`card_last4__filled="4242"`: equal, and said not to be empty, for an index of those that are not."""

    lookup_name = "filled"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, known = self.process_lhs(compiler, connection)
        return f"({column} = %s AND {column} <> '')", (*known, self.rhs, *known)


def after(beginning: str) -> str:
    """The first text that does not begin so any more, by the numbers of its letters."""
    number = ord(beginning[-1]) + 1
    return beginning[:-1] + chr(0xE000 if number == 0xD800 else min(number, 0x10FFFF))
