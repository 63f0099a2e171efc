"""Every setting of First Page, read from the environment (see .env.example). A wrong value stops with a sentence."""

import mimetypes
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import logs
from config.database import database
from config.environment import environment
from config.storage import storages

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment(BASE_DIR)

# --- the site --------------------------------------------------------------------------------------------------------
DEMO = env.flag("DEMO")
DEBUG = env.flag("DEBUG")
VAR_DIR = Path(env.text("VAR_DIR") or BASE_DIR / "var")
SITE_URL = env.text("SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname or _site.path:
    raise ImproperlyConfigured(f"SITE_URL is “{SITE_URL}”, but it must look like https://journal.example.org.")
HTTPS = _site.scheme == "https"

SECRET_KEY = env.text("SECRET_KEY") or ("not-secret-" * 5 if DEMO or DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set. Put a long random text into .env (see .env.example).")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS")
ALLOWED_HOSTS = [_site.hostname, *env.words("ALLOWED_HOSTS")]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0)

# The first is the site's own. With one language nothing is asked: that cost a twelfth of a page (docs/decisions/0043).
LANGUAGES_OFFERED = env.words("LANGUAGES_OFFERED") or ["en"]
LANGUAGES = [(code, name) for code, name in (("en", "English"), ("de", "Deutsch")) if code in LANGUAGES_OFFERED]
if len(LANGUAGES) != len(LANGUAGES_OFFERED):
    raise ImproperlyConfigured("LANGUAGES_OFFERED names languages the site speaks, each once: en, de.")
LANGUAGE_CODE = LANGUAGES_OFFERED[0]
USE_I18N = LANGUAGES_OFFERED != ["en"]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
INSTALLED_APPS = [
    *(["demo"] if DEMO else []),
    "desk",
    "cme",
    "subscriptions",
    "journal",
    "accounts",
    "config.apps.OperationConfig",
    "config.apps.FirstPageAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.orcid",
    "allauth.socialaccount.providers.saml",
    "procrastinate.contrib.django",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]
READER_SECOND_FACTOR = env.flag("READER_SECOND_FACTOR")  # of everybody, not of staff alone
MIDDLEWARE = [
    "config.even_answers.EvenAnswersMiddleware",
    "config.middleware.RequestIdMiddleware",
    "config.watching.WatchingMiddleware",
    "config.page_cache.EverybodysPageMiddleware",
    "config.middleware.DatabaseDownMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.SecurityHeadersMiddleware",
    "config.middleware.RefuseMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.PolicyMiddleware",
    *(["demo.faults.FaultMiddleware"] if DEMO else []),
    "config.middleware.PrivateAnswersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    *(["accounts.languages.LanguageMiddleware"] if USE_I18N else []),
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.kept_forms.KeptFormMiddleware",
    *(["accounts.second_factor.EverybodysSecondFactor"] if READER_SECOND_FACTOR else []),
    "desk.audit.DownloadsMiddleware",
    "desk.middleware.ViewingAsMiddleware",
    "subscriptions.middleware.ReaderMiddleware",
    "subscriptions.counter.middleware.UsageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- database, files, cache ------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
DATABASES = {"default": database(DATABASE_URL, VAR_DIR / "postgres", pool=env.flag("DATABASE_POOL"))}
# Pages are asked for in this role, which may not read what stands behind the wall (journal/guard.py); empty: no guard.
DATABASE_WEB_ROLE = env.text("DATABASE_WEB_ROLE", "firstpage_web")
if not re.fullmatch(r"(?:[a-z_][a-z0-9_]{0,62})?", DATABASE_WEB_ROLE):
    raise ImproperlyConfigured("DATABASE_WEB_ROLE is the name of a PostgreSQL role: small letters, digits and _.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# allauth counts tries in the default cache: one for all processes, so in the database. What may differ from process to
# process (parts of pages, citations) is kept in its memory.
_memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # beyond that, counters would be thrown away before their time
    },
    "template_fragments": {**_memory, "LOCATION": "fragments"},
    "memory": {**_memory, "LOCATION": "memory"},
}
# Visitors' pages, whole, in each process (config/page_cache.py). The demo's faults are made behind it.
PAGE_CACHE_MB = env.integer("PAGE_CACHE_MB", 0 if DEMO or DEBUG else 32)
SHARED_CACHE_SECONDS = env.integer("SHARED_CACHE_SECONDS", 0)
# A cache in front that is told which pages are stale (subscriptions/purging.py).
PURGE_STYLE = env.choice("PURGE_STYLE", ("fastly", "cloudflare", "varnish")) if env.text("PURGE_URL") else ""
PURGE_URL, PURGE_TOKEN = env.text("PURGE_URL"), env.text("PURGE_TOKEN")
FRAME_SECONDS = 60  # how long a process keeps what stands around every page (config/frame.py)
MEDIA_ROOT = VAR_DIR / "media"
MEDIA_URL = "/media/"
STATIC_ROOT = Path(env.text("STATIC_ROOT") or VAR_DIR / "static")
STATIC_URL = "/static/"
WHITENOISE_MIMETYPES = {".speculationrules": "application/speculationrules+json"}
mimetypes.add_type("application/speculationrules+json", ".speculationrules")  # for servers while developing
SEARCH_FOLDER = VAR_DIR / "search"  # the full-text index of this machine
READER_COPIES = VAR_DIR / "reader-copies"  # made for readers: PDFs with a license line, slides; kept for an hour
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES: dict[str, dict[str, Any]] = {
    **storages(env, VAR_DIR),
    "staticfiles": {"BACKEND": "config.staticfiles.BundledStaticFilesStorage"},
}
DATA_UPLOAD_MAX_NUMBER_FILES = 1000  # of one import; each is streamed to the disk

MAKE_PDFS = env.flag("MAKE_PDFS", True)

# --- security --------------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS  # behind a proxy by what its X-Forwarded-Proto says
SECURE_REDIRECT_EXEMPT = [r"^(stripe/webhook|sushi|kbart)/"]  # programs are refused over HTTP (config/middleware.py)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_ENGINE = "accounts.sessions"
# From signing in to signing in again, whatever happens in between (accounts/sessions.py).
SESSION_COOKIE_AGE, STAFF_SESSION_SECONDS = 14 * 86_400, 12 * 3600
COOKIE_PREFIX = "__Host-" if HTTPS else ""  # browsers take such a cookie from this host over TLS only
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}session", f"{COOKIE_PREFIX}csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# --- accounts --------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AccountBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},  # 20,000 out of breaches
    {"NAME": "accounts.password_words.NoWordsOfTheSiteValidator"},
    {"NAME": "accounts.password_words.NoCommonCoreValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_FORMS = {
    "login": "accounts.sign_in.SignInForm",
    "request_login_code": "accounts.sign_in.CodeForm",
    "reset_password": "accounts.sign_in.ResetForm",
    "signup": "accounts.new_password.RegistrationForm",
    "change_password": "accounts.new_password.ChangeForm",
    "set_password": "accounts.new_password.FirstForm",
    "reset_password_from_key": "accounts.new_password.ForgottenForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_PREVENT_ENUMERATION = True
EVEN_ANSWERS_SECONDS = 0.5  # what could tell by its time whether there is an account is answered on the half second
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# By address; what concerns one account is counted in accounts/tries.py, but `login_failed`: second factors.
ACCOUNT_RATE_LIMITS = {"reset_password": "20/m/ip", "request_login_code": "20/m/ip", "login_failed": "8/5m/key"}
STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", not DEMO)
MFA_ADAPTER = "accounts.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "add_webauthn": "accounts.passkeys.AddPasskeyForm",
    "authenticate_webauthn": "accounts.passkeys.SecondPasskeyForm",
    "login_webauthn": "accounts.passkeys.LoginPasskeyForm",
    "reauthenticate_webauthn": "accounts.passkeys.AgainPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 0  # a code is good for its half minute (ASVS 6.5.5); phones set their clocks themselves
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _site.hostname == "localhost" or DEMO or DEBUG
SOCIALACCOUNT_ADAPTER = "subscriptions.institutions.saml_accounts.InstitutionalAdapter"  # of accounts/providers.py
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False  # never bound by an address alone (docs/decisions/0016-saml-binding.md)
SOCIALACCOUNT_AUTO_SIGNUP = False  # ORCID seldom tells an address, and ours must be confirmed
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 8
ORCID_CLIENT_ID = env.text("ORCID_CLIENT_ID")
ORCID_DOMAIN = env.text("ORCID_DOMAIN", "orcid.org")
_orcid = {"name": "ORCID", "client_id": ORCID_CLIENT_ID, "secret": env.text("ORCID_CLIENT_SECRET")}
SOCIALACCOUNT_PROVIDERS = {
    "orcid": {"BASE_DOMAIN": ORCID_DOMAIN, "APPS": [_orcid] if ORCID_CLIENT_ID else []},
    "saml": {"provider_class": "subscriptions.institutions.saml.InstitutionProvider"},  # with its own addresses
}

# --- mail ------------------------------------------------------------------------------------------------------------
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
if DEMO or DEBUG:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"
if DEMO:
    EMAIL_BACKEND = "demo.faults.EmailBackend"
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "First Page <no-reply@localhost>")

# --- Stripe ----------------------------------------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRETS")
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com").rstrip("/")
STRIPE_LIVEMODE = env.flag("STRIPE_LIVEMODE", STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_")))
STRIPE_CONSOLE_URL = env.text("STRIPE_CONSOLE_URL")
SITE_TAG = env.text("SITE_TAG", "firstpage")
WEB_THREADS = env.integer("WEB_THREADS", 4)  # half of them ask Stripe at a time (subscriptions/patience.py)
GRACE_DAYS = env.integer("GRACE_DAYS", 14)
RENEWAL_SLACK_HOURS = env.integer("RENEWAL_SLACK_HOURS", 72)
STRIPE_TAX = env.choice("STRIPE_TAX", ("", "inclusive", "exclusive"))
STRIPE_TAX_CODE = env.text("STRIPE_TAX_CODE", "txcd_10000000")
PRICE_NOTICE_DAYS = env.integer("PRICE_NOTICE_DAYS", 30)

# --- Crossref --------------------------------------------------------------------------------------------------------
CROSSREF_URL = env.text("CROSSREF_URL", "https://doi.crossref.org/servlet/deposit")
CROSSREF_USER = env.text("CROSSREF_USER")
CROSSREF_PASSWORD = env.text("CROSSREF_PASSWORD")
CROSSREF_DEPOSITOR = env.text("CROSSREF_DEPOSITOR")
CROSSREF_EMAIL = env.text("CROSSREF_EMAIL")
CROSSREF_CROSSMARK_POLICY = env.text("CROSSREF_CROSSMARK_POLICY")
CROSSREF_CITED_BY_URL = env.text("CROSSREF_CITED_BY_URL")

# --- CME -------------------------------------------------------------------------------------------------------------
CME_REGISTER = env.text("CME_REGISTER")  # the register that reports are matched with; empty: they wait for staff

# --- usage (COUNTER) -------------------------------------------------------------------------------------------------
USAGE_IN_BACKGROUND = True  # tests write what they saw themselves
ASK_AFTER_TEXTS = env.integer("ASK_AFTER_TEXTS", 150)  # subscriptions/downloads.py; 0: nobody is asked
COUNTER_PLATFORM_ID = env.text("COUNTER_PLATFORM_ID", "firstpage")
COUNTER_REGISTRY_RECORD = env.text("COUNTER_REGISTRY_RECORD")
COUNTER_GLOBAL_REPORTS = env.flag("COUNTER_GLOBAL_REPORTS")
SUSHI_KEY_IN_ADDRESS = env.flag("SUSHI_KEY_IN_ADDRESS", True)  # the standard's way; a header is taken, too
if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_./]{1,17}", COUNTER_PLATFORM_ID):
    raise ImproperlyConfigured("COUNTER_PLATFORM_ID is 2 to 18 letters and digits and begins with a letter.")
# --- what others know of the articles; an address that is empty is not asked ----------------------------------------
OPENALEX_URL = env.text("OPENALEX_URL").rstrip("/")
OPENALEX_API_KEY = env.text("OPENALEX_API_KEY")
EUTILS_URL = env.text("EUTILS_URL").rstrip("/")

# --- words and time --------------------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "America/New_York")

PAYMENT_PAGES = (
    ["https://checkout.stripe.com", "https://billing.stripe.com"]
    if STRIPE_API_BASE == "https://api.stripe.com"
    else [STRIPE_API_BASE]
)

# --- one strict policy from the first page on: nothing inline, nothing from elsewhere --------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        # Browsers apply this to the redirect after a form, too: these are the payment page, the portal and ORCID.
        "form-action": ["'self'", *PAYMENT_PAGES, *([f"https://{ORCID_DOMAIN}"] if ORCID_CLIENT_ID else [])],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- watching it run (docs/running.md) ------------------------------------------------------------------------------
METRICS_TOKEN = env.text("METRICS_TOKEN")
LOG_REQUESTS = env.flag("LOG_REQUESTS")
LOG_FORMAT = env.choice("LOG_FORMAT", ("", "json", "text")) or ("text" if DEMO or DEBUG else "json")
LOGGING = logs.config(LOG_FORMAT)
