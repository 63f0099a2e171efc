"""manage.py database_roles: the role in which pages are asked for, and what it may read."""

from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from journal import guard


class Command(BaseCommand):
    help = (
        "Make the role of DATABASE_WEB_ROLE if it is missing and write what it may do. May run again; migrate runs it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DATABASE_WEB_ROLE:
            raise CommandError(
                "DATABASE_WEB_ROLE is empty: pages are read in the role of the login, without the guard."
            )
        try:
            guard.set_roles()
        except guard.RolesError as error:
            raise CommandError(str(error)) from None
        closed = ", ".join(guard.behind_the_wall())
        self.stdout.write(f"{settings.DATABASE_WEB_ROLE} may read every table but {closed}.")
