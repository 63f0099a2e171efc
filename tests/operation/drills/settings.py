"""A site in production, without the bundling of its style sheets: the drills look at answers, not at styles."""

import os

from config.settings import *  # noqa: F403
from config.settings import STORAGES

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if os.environ.get("NEXT_VERSION"):
    MIGRATION_MODULES = {"humanize": "tests.operation.drills.migrations"}
