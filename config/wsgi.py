"""What the web server runs."""

import os

from django.core.wsgi import get_wsgi_application

from config.postgres.roles import pages_only

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_wsgi_application()
pages_only()

from config.before_django import KeptPages  # noqa: E402  (needs the settings)

application = KeptPages(django_application)
