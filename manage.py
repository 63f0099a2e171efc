#!/usr/bin/env python
"""Django's command line for First Page."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.conf import settings
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line
    except ImportError:
        sys.exit("Django is not installed in this Python. Run `make demo` once, then use .venv/bin/python manage.py.")
    try:
        # Django itself carries on without settings, and fails later with something that names no cause.
        settings.INSTALLED_APPS  # noqa: B018
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"First Page cannot start: {error}")


if __name__ == "__main__":
    main()
