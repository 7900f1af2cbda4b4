"""One settings file; everything that differs between installations comes from the environment.

`HYPERCARE_ENV=embedded` (the default) needs nothing: SQLite and every file under `var/`, no broker
server. `HYPERCARE_ENV=production` refuses to start without a secret key, host names, PostgreSQL, Redis and a mail
server. Each name also works with `_FILE`: then the file it names holds the value.
"""

import secrets
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

BASE_DIR = Path(__file__).resolve().parent.parent


class _Values(FileAwareMapping):  # type: ignore[misc]  # published without types
    """The environment: `NAME_FILE` names a file that holds the value, and an empty value is none at all."""

    def __getitem__(self, name: str) -> str:
        """The value, without the line's end that an editor leaves in a file."""
        value = str(super().__getitem__(name)).strip("\r\n")
        if not value:
            raise KeyError(name)
        return value


env = environ.Env()
env.ENVIRON = _Values()


def _embedded_secret(path: Path) -> str:
    """A key made once per installation, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


ENVIRONMENT = env.str("HYPERCARE_ENV", default="embedded")
if ENVIRONMENT not in {"embedded", "production"}:
    raise ImproperlyConfigured(f"HYPERCARE_ENV is {ENVIRONMENT!r}: use embedded or production.")
PRODUCTION = ENVIRONMENT == "production"
VAR = Path(env.str("HYPERCARE_VAR", default=str(BASE_DIR / "var"))).resolve()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or ("" if PRODUCTION else _embedded_secret(VAR / "secret-key"))
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL] if PRODUCTION else [])
ORGANISATION = env.str("ORGANISATION", default="")
# Fernet keys for secrets at rest, the newest first. Without any, one follows from the secret key.
ENCRYPTION_KEYS = env.list("ENCRYPTION_KEYS", default=[])
if any(len(key) != 44 for key in ENCRYPTION_KEYS):
    raise ImproperlyConfigured("ENCRYPTION_KEYS needs keys of 44 characters; env.example says how to make one.")
# Private networks that webhooks and calendars may call, such as 10.1.0.0/16 for a chat server of one's own.
OUTGOING_ALLOW = env.list("OUTGOING_ALLOW", default=[])

DATABASE_URL = env.str("DATABASE_URL", default="" if PRODUCTION else f"sqlite:///{VAR / 'hypercare.sqlite3'}")
REDIS_URL = env.str("REDIS_URL", default="")
EMAIL_URL = env.str("EMAIL_URL", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="" if PRODUCTION else "Hypercare <hypercare@localhost>")

if PRODUCTION:
    missing = [
        name
        for name, bad in (
            ("SECRET_KEY (50 characters or more)", len(SECRET_KEY) < 50),
            ("ALLOWED_HOSTS (host names, comma-separated)", not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS),
            ("DATABASE_URL (postgres://…)", not DATABASE_URL.startswith("postgres")),
            ("REDIS_URL (redis://…)", not REDIS_URL),
            ("BASE_URL (https://…)", not BASE_URL.startswith("https://")),
            ("EMAIL_URL (smtp+tls://…)", not EMAIL_URL),
            ("DEFAULT_FROM_EMAIL (Hypercare <hypercare@example.com>)", not DEFAULT_FROM_EMAIL),
            ("DEBUG (must be off)", DEBUG),
        )
        if bad
    ]
    if missing:
        raise ImproperlyConfigured("Production needs: " + "; ".join(missing) + ".")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "hypercare",
    "periods",
    "contributors",
    "incidents",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "hypercare.site.middleware.security_headers",
    "hypercare.site.middleware.bounded_bodies",
    "hypercare.site.middleware.head_of_api",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "hypercare.site.middleware.bounded_sessions",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "hypercare.site.middleware.signed_out",
    "hypercare.site.middleware.viewer_time_zone",
    "hypercare.site.middleware.second_step",
    "hypercare.site.middleware.sent_once",
    "hypercare.site.middleware.refusals",
]

ROOT_URLCONF = "hypercare.urls"
WSGI_APPLICATION = "hypercare.wsgi.application"

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
                "hypercare.site.context.frame_context",
            ],
            "builtins": ["hypercare.templatetags.ui"],
        },
    }
]

# --- Data ---------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = 600
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    VAR.mkdir(parents=True, exist_ok=True)
    # IMMEDIATE because a deferred transaction that upgrades to a write fails at once under load.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-20000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": {
        "BACKEND": "hypercare.web.caching.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.3, "socket_connect_timeout": 0.3},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}
}

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "hypercare.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
ACCOUNT_ADAPTER = "hypercare.accounts.accounts.Accounts"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
CSRF_FAILURE_VIEW = "hypercare.web.error_pages.stale_form"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
# Ten wrong passwords from one address, or a hundred and fifty for one account from anywhere: so nobody guesses, and
# nobody locks somebody else out alone.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,150/h/key"}
SESSION_IDLE = timedelta(hours=env.int("SESSION_IDLE_HOURS", default=8))
SESSION_LONGEST = timedelta(hours=env.int("SESSION_LONGEST_HOURS", default=24))
SESSION_COOKIE_AGE = int(SESSION_LONGEST.total_seconds())
SESSION_COOKIE_SAMESITE = "Lax"

# A code from an app on the phone besides the password: demanded of administrators and of those who run periods.
REQUIRE_MFA = env.bool("REQUIRE_MFA", default=PRODUCTION)
MFA_ADAPTER = "hypercare.accounts.accounts.SecondStep"
MFA_FORMS = {
    "authenticate": "hypercare.pages.account.second_step.CodeForm",
    "reauthenticate": "hypercare.pages.account.second_step.CodeAgainForm",
    "activate_totp": "hypercare.pages.account.second_step.TurnOnForm",
}
MFA_TOTP_ISSUER = f"Hypercare {ORGANISATION}".strip()
MFA_TOTP_TOLERANCE = 1
# Nobody signs up, so no address waits to be confirmed.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# --- Time and words -----------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- Files --------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# Evidence: private files of periods, given back only to their members and never by a web server.
EVIDENCE_DIR = Path(env.str("EVIDENCE_DIR", default=str(VAR / "evidence")))
EVIDENCE_QUOTA = 1_000_000 * env.int("EVIDENCE_QUOTA_MB", default=500)

# --- Mail ---------------------------------------------------------------------------------------

# Until a mail server is named, mails are written as files where the demo's reader can open them.
EMAIL_CONFIG = (
    env.email_url_config(EMAIL_URL)
    if EMAIL_URL
    else {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": str(VAR / "mail")}
)
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10

# A mailbox that is read for reports: imaps://user:password@host/folder, and the address that it has.
# Each period's form gets an address of its own behind a plus: report+…@example.com.
MAILBOX_URL = env.str("MAILBOX_URL", default="")
MAILBOX_ADDRESS = env.str("MAILBOX_ADDRESS", default="")
if MAILBOX_URL and (not MAILBOX_URL.startswith(("imaps://", "imap://")) or "@" not in MAILBOX_ADDRESS):
    raise ImproperlyConfigured("MAILBOX_URL must start with imaps://, and MAILBOX_ADDRESS say its address.")
# For how many days mails are kept as they came, so that what was misread can be looked up and read again.
MAIL_KEPT_DAYS = env.int("MAIL_KEPT_DAYS", default=30)
if MAIL_KEPT_DAYS < 1:
    raise ImproperlyConfigured("MAIL_KEPT_DAYS must be 1 or more.")

# --- The engine ---------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"visibility_timeout": 600, "socket_timeout": 30, "socket_connect_timeout": 0.5, "socket_keepalive": True}
    if REDIS_URL
    else {}
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 50
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "hypercare.tick", "schedule": 1.0, "options": {"expires": 5}},
    "audit": {"task": "hypercare.audit", "schedule": 15.0, "options": {"expires": 15}},
    "tidy": {"task": "hypercare.tidy", "schedule": 3600.0, "options": {"expires": 60}},
}
if MAILBOX_URL:
    CELERY_BEAT_SCHEDULE["mailbox"] = {"task": "hypercare.read_mailbox", "schedule": 30.0, "options": {"expires": 30}}
# Hints only make sense where somebody listens: an in-memory broker lives inside the worker itself.
WAKE_UP_HINTS = bool(REDIS_URL)
SENDER_THREADS = env.int("SENDER_THREADS", default=8)
# A watcher outside (healthchecks and the like) that is called every 15 seconds while all is well.
DEAD_MAN_URL = env.str("DEAD_MAN_URL", default="")
if DEAD_MAN_URL and not DEAD_MAN_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("DEAD_MAN_URL must be an address that starts with https:// or http://.")
# Who may read /metrics: whoever sends this as a bearer token. Empty: nobody.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

# --- Limits -------------------------------------------------------------------------------------

# How many a minute (codes: in five), as in LIMITS="reads=600,hooks=60000". hypercare/security/limits.py says of whom.
LIMITS = {"reads": 1200, "writes": 300, "exports": 20, "hooks": 60_000, "unknown": 60, "codes": 5}
for name, most in env.dict("LIMITS", default={}).items():
    if name not in LIMITS or not (most.isascii() and most.isdecimal() and int(most)):
        raise ImproperlyConfigured(f"LIMITS takes numbers above 0 for {', '.join(LIMITS)}.")
    LIMITS[name] = int(most)

# --- API ----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "hypercare.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["hypercare.api.SignedIn", "hypercare.api.lists.KnownQuery"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "hypercare.api.lists.Negotiation",
    "DEFAULT_THROTTLE_CLASSES": ["hypercare.api.Limits"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["hypercare.api.BoundedJSON"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "hypercare.api.CursorPages",
    "EXCEPTION_HANDLER": "hypercare.api.problem_response",
    "UNAUTHENTICATED_USER": None,
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Hypercare",
    "DESCRIPTION": "The command centre for the weeks after go-live.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "hypercare.web.openapi.complete_schema"],
    "ENUM_NAME_OVERRIDES": {
        "PeriodStatus": "periods.models.Period.Status",
        "CheckStatus": "periods.models.ChecklistItem.Status",
        "DebriefStatus": "periods.models.Debrief.Status",
        "CriterionVerdict": "periods.models.ExitCriterion.Verdict",
        "IncidentStatus": "incidents.models.Incident.Status",
        "Severity": "incidents.models.Incident.Severity",
        "Level": "incidents.models.Incident.Level",
        "CommentKind": "incidents.models.Comment.Kind",
        "SourceKind": "incidents.models.alert.tool_choices",
        "DeliveryState": "contributors.models.Delivery.State",
        "ShiftKind": "contributors.models.Shift.Kind",
        "IncidentKind": "incidents.models.Incident.Kind",
        "IncidentVerdict": "incidents.models.Incident.Verdict",
        "EvidenceKind": "periods.models.Evidence.Kind",
        "RehearsalKind": "periods.models.Rehearsal.Kind",
        "RehearsalOutcome": "periods.models.Rehearsal.Outcome",
        "GoOutcome": "periods.models.GoDecision.Outcome",
        "PageKind": "periods.models.Document.Kind",
        "ContactKind": "contributors.models.contact.channel_choices",
        "InboundMailOutcome": "incidents.models.InboundMail.Outcome",
        "ReportColour": "incidents.models.StakeholderReport.Colour",
        "NoticeState": "incidents.models.Notice.State",
        "UpdateAudience": "incidents.models.Update.Audience",
        "StatusPageVisibility": "incidents.models.StatusPage.Visibility",
        "ContributionKind": ["factor", "floor"],
        "PromiseKind": ["acknowledge", "update", "mitigate", "resolve"],
        "SetVerdict": ["met", "not_met"],
        "BeyondLimit": ["block", "warn", "off"],
    },
}

# --- Security -----------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    # The health checks of a container come from inside, without TLS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz/"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    if env.bool("BEHIND_TLS_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "hypercare.security.logs.LogFormatter",
            "fmt": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {app: {"level": "INFO"} for app in ("hypercare", "periods", "contributors", "incidents")},
}
