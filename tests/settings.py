"""The site's own settings with what makes tests quick and quiet. PostgreSQL, middleware and policy stay as they are."""

import os
import tempfile
from pathlib import Path

os.environ["ENV_FILE"] = os.devnull  # neither your .env nor the demo's
os.environ.setdefault("DEBUG", "1")  # only so that no SECRET_KEY is asked for; Django turns DEBUG off in tests
os.environ.setdefault("STRIPE_SECRET_KEY", "sk_test_sim_none")
os.environ.setdefault("STRIPE_WEBHOOK_SECRETS", "whsec_none")
os.environ.setdefault("STRIPE_API_BASE", "http://127.0.0.1:9")  # nothing answers there; see the local_stripe fixture

from config.settings import *  # noqa: F403
from config.settings import DATABASES, MIDDLEWARE, STORAGES

DEBUG = False
SITE_URL = "http://testserver"
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
EVEN_ANSWERS_SECONDS = 0  # tests/accounts/test_safety.py turns it on
PAGE_CACHE_MB = 0  # tests/test_page_cache.py turns it on
CACHES = {
    name: {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    for name in ("default", "template_fragments", "memory")
}
MIDDLEWARE = ["tests.web_role.WebRoleMiddleware", *MIDDLEWARE]
MFA_TOTP_TOLERANCE = 1  # a test may end in another half minute than it began; tests/accounts/test_passwords.py has 0
STAFF_SECOND_FACTOR = False  # tests of the admin sign in without; tests/accounts/test_second_factor.py turns it on
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = False
_files = Path(tempfile.mkdtemp(prefix="firstpage-test-"))
VAR_DIR = _files  # errors of a time without database wait there
MEDIA_ROOT = _files / "media"
STATIC_ROOT = _files / "static"
STATIC_ROOT.mkdir()
SEARCH_FOLDER = _files / "search"
READER_COPIES = _files / "reader-copies"
STORAGES["articles"]["OPTIONS"] = {"location": _files / "articles", "base_url": None}
STORAGES["exports"]["OPTIONS"] = {"location": _files / "exports", "base_url": None}
STORAGES["imports"]["OPTIONS"] = {"location": _files / "imports", "base_url": None}
DATABASES["default"]["OPTIONS"]["options"] = "-c synchronous_commit=off"
LOGGING_CONFIG = None
USAGE_IN_BACKGROUND = False
WEB_THREADS = 100  # the tests' server has a thread for each request; tests/subscriptions/test_patience.py has four
