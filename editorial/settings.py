"""One strict settings file.

Everything that differs between places comes from the environment; with nothing set, the desk
talks to its own embedded parts (`editorial.stack`). `COPYDESK_PRODUCTION=1` refuses every default
that is only fit for a demo: no default secret, no default host, no plain HTTP.
"""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from editorial.stack.addresses import resolve

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ
PRODUCTION = ENVIRONMENT.get("COPYDESK_PRODUCTION", "") == "1"
ADDRESSES = resolve(ENVIRONMENT)
HOME = Path(ADDRESSES.home)


def _listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in ENVIRONMENT.get(name, default).split(",") if part.strip()]


def _database(url: str) -> dict[str, Any]:
    """Django's settings for a `postgresql://` address; query parameters go to libpq as they are."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"DATABASE_URL must start with postgresql://, not {parts.scheme}://"
        )
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "ENGINE": "editorial.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "copydesk", "connect_timeout": "5", **options},
    }


def _dataset_storage(url: str) -> dict[str, Any]:
    """Django's settings for where datasets lie: a folder, or `s3://bucket/folder?option=value`.

    The options are django-storages': `endpoint_url`, `region_name`, `access_key` and so on; without
    keys its client looks for them where it always does.
    """
    if not url:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": HOME / "datasets"},
        }
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc:
        raise ImproperlyConfigured("DATASETS_STORE must be s3://bucket, or nothing for a folder.")
    from boto3.s3.transfer import TransferConfig  # a fifth of a second that a folder does not need

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "file_overwrite": True,
            "default_acl": None,
            # Who sends a file says so while it is read, which is to happen in their thread.
            "transfer_config": TransferConfig(use_threads=False),
            **dict(parse_qsl(parts.query)),
        },
    }


def _mail(url: str) -> dict[str, Any]:
    """What Django calls the settings of a mail server; without one, mails are files in a folder.

    `smtp://user:password@host:25`, `smtp+tls://…` for STARTTLS, `smtps://…` for TLS from the
    first byte.
    """
    if not url:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": HOME / "mail",
        }
    parts = urlsplit(url)
    usual_ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    if parts.scheme not in usual_ports or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL is smtp://, smtp+tls:// or smtps:// and a host.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or usual_ports[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


# Secrets and hosts -------------------------------------------------------------------------------

DEBUG = False
SECRET_KEY = ENVIRONMENT.get("SECRET_KEY", "") if PRODUCTION else ADDRESSES.secret_key
ALLOWED_HOSTS = _listed("ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = _listed("CSRF_TRUSTED_ORIGINS")
if PRODUCTION:
    for _name, _value in (
        ("SECRET_KEY", SECRET_KEY),
        ("ALLOWED_HOSTS", ALLOWED_HOSTS),
        ("DATABASE_URL", ENVIRONMENT.get("DATABASE_URL")),
        ("BROKER_URL", ENVIRONMENT.get("BROKER_URL")),
        ("LLM_URL", ENVIRONMENT.get("LLM_URL")),
    ):
        if not _value:
            raise ImproperlyConfigured(f"COPYDESK_PRODUCTION=1 needs {_name} in the environment.")
    if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure"):
        raise ImproperlyConfigured(
            "SECRET_KEY must be 50 random characters or more in production; "
            "`openssl rand -base64 48` makes one."
        )
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the desk's hosts, not *.")

# Applications ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts.apps.DeskAdminConfig",  # django.contrib.admin, with a site of ours
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "csp",
    "pgtrigger",  # append-only and final columns, held by the database itself
    "rest_framework",
    "knox",
    "axes",  # counts failed logins
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "editorial",
    "accounts",  # after django.contrib.auth: its roles are made of the permissions made there
    "explanations",
    "feedback",
]

MIDDLEWARE = [
    "editorial.request_times.TimeRequests",  # first: what the others take counts too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "editorial.compression.CompressPages",
    "csp.middleware.CSPMiddleware",
    "editorial.storable_requests.RefuseNul",  # before anybody looks something up in the database
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it replaces the answer to a login that is locked
]

ROOT_URLCONF = "editorial.urls"
WSGI_APPLICATION = "editorial.wsgi.application"

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
                "editorial.script_words.script_words",
            ],
        },
    },
]

# Database ----------------------------------------------------------------------------------------

DATABASES = {"default": _database(ADDRESSES.database_url)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.Person"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.TokensEndWithThePassword"},
]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.RolesBackend",
]
# Ten wrong passwords for one name from one address close that pair for a quarter of an hour. Never
# the address alone: a newsroom shares one. Never the name alone: anybody could lock anybody out.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "accounts.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "accounts.views.login.locked_out"
# Who logged in from where, and with which browser, is nobody's business here.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# An editor's shift, not two weeks: a desk stands in shared offices.
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
SESSION_SAVE_EVERY_REQUEST = False

# Transport ---------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# A proxy of ours stands in front, and what it writes into X-Forwarded-* can be believed.
BEHIND_PROXY = ENVIRONMENT.get("COPYDESK_BEHIND_PROXY", "") == "1"
if PRODUCTION:
    SECURE_SSL_REDIRECT = not BEHIND_PROXY
    # Supervisors ask the process itself, in plain HTTP.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds())

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# Static files ------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = HOME / "static"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": HOME / "files"},
    },
    "staticfiles": {"BACKEND": "editorial.static_files.DeskStaticFiles"},
    "datasets": _dataset_storage(ENVIRONMENT.get("DATASETS_STORE", "")),
}

# Where nginx finds the folder of datasets (`internal; alias …/datasets/;`), to send downloads for
# the desk: DOWNLOADS_X_ACCEL=/sent-by-nginx/. Empty where the desk stands alone.
DOWNLOADS_X_ACCEL = ENVIRONMENT.get("DOWNLOADS_X_ACCEL", "")
if DOWNLOADS_X_ACCEL and not (
    DOWNLOADS_X_ACCEL.startswith("/") and DOWNLOADS_X_ACCEL.endswith("/")
):
    raise ImproperlyConfigured("DOWNLOADS_X_ACCEL begins and ends with a slash: /sent-by-nginx/.")

# Webhooks go to the open internet and nowhere else, but for these hosts, which may lie inside and
# be spoken to without TLS: WEBHOOK_INNER_HOSTS=ci.inside,10.1.2.3
WEBHOOK_INNER_HOSTS = [host.lower() for host in _listed("WEBHOOK_INNER_HOSTS")]

# Uploads: an import is streamed to disk above this size and never held in memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Of an upload as it is sent, and of what it unpacks to.
IMPORT_MAX_BYTES = int(ENVIRONMENT.get("IMPORT_MAX_BYTES", 1024 * 1024 * 1024))

# Mail --------------------------------------------------------------------------------------------

globals().update(_mail(ENVIRONMENT.get("EMAIL_URL", "")))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.get("EMAIL_FROM", "Copydesk <copydesk@localhost>")
# Where the links of a mail lead.
DESK_URL = ENVIRONMENT.get("DESK_URL", f"http://127.0.0.1:{ENVIRONMENT.get('PORT', '8000')}")
if urlsplit(DESK_URL).scheme not in {"http", "https"} or DESK_URL.endswith("/"):
    raise ImproperlyConfigured("DESK_URL is https:// and the desk's host, without a slash behind.")

# Language and time -------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# Each by the name that its readers call it.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
USE_I18N = True
# What translators write, and what it is compiled to (editorial.translations).
TRANSLATIONS_WRITTEN = BASE_DIR / "locale"
LOCALE_PATHS = [HOME / "translations"]
# Times are stored in UTC; a "day" of the statistics is a day of this zone.
TIME_ZONE = ENVIRONMENT.get("TIME_ZONE", "UTC")
USE_TZ = True

# REST --------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.tokens.ScopedTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # Closed unless a view says otherwise: "logged in" is not "allowed".
    "DEFAULT_PERMISSION_CLASSES": ["accounts.rights.MayNothing"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.api.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "accounts.api.pagination.NewestFirst",
    "EXCEPTION_HANDLER": "accounts.api.problems.problem_response",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Its migrations would make a table for tokens that nobody uses, and that TRUNCATE stumbles over.
MIGRATION_MODULES = {"knox": None}
KNOX_TOKEN_MODEL = "accounts.AccessToken"  # noqa: S105 - the name of a model
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=90),
    "TOKEN_PREFIX": "desk_",
    "AUTH_HEADER_PREFIX": "Bearer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Copydesk",
    "DESCRIPTION": (
        "Import recommendations, draft explanations, review them and take the curated data out. "
        "Spans are half-open [start, end) offsets in Unicode code points into the draft's text."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "accounts.api.openapi.add_problems",
    ],
    # The validator's badge would be fetched from somebody else's server.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    # Several resources have a state, each its own.
    "ENUM_NAME_OVERRIDES": {
        "RunState": "explanations.models.run.Run.State",
        "DatasetState": "feedback.models.dataset.Dataset.State",
        "DraftState": "explanations.models.draft.Draft.State",
        "ImportState": "explanations.models.recommendation.Import.State",
        "GoldenState": "feedback.models.golden.Golden.State",
        "BulkActionKind": "feedback.models.bulk_action.BulkAction.Kind",
        "BulkActionState": "feedback.models.bulk_action.BulkAction.State",
    },
}

# Celery ------------------------------------------------------------------------------------------
# The row in PostgreSQL is the job and the message only a nudge, so nothing here has to be durable:
# a lost message is sent again by the sweeper, a doubled one finds the row already claimed. What is
# not named here is as Celery has it: JSON alone is accepted, there is no result backend, and
# SIGTERM lets tasks end, which ours do at once (explanations.tasks).

CELERY_BROKER_URL = ADDRESSES.broker_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "desk"
# A drain takes minutes, and so does the build of a dataset; nothing short may wait behind them.
CELERY_TASK_ROUTES = {
    "explanations.tasks.drain_drafts": {"queue": "drafting"},
    "feedback.tasks.build_dataset": {"queue": "datasets"},
    "feedback.tasks.prepare_lessons": {"queue": "datasets"},
}
# A message that a worker took and did not begin is seen again after this many seconds. Every hard
# time limit lies below it: nothing runs twice side by side, whenever it is acknowledged.
VISIBILITY_TIMEOUT_S = 900
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_TIMEOUT_S,
    # Without these whoever publishes waits for a broker that hangs for ever. A page has less
    # patience still (explanations.nudge); these end the attempt that it leaves behind.
    "socket_timeout": 2,
    "socket_connect_timeout": 1,
    "max_retries": 0,
}
# The same for what beat sends: the next tick is the second attempt.
CELERY_TASK_PUBLISH_RETRY = False
# A worker waits for its broker, at its start and later, as long as it takes. By default it would
# end after a hundred attempts.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Acknowledged when a task begins, which is the default: a killed worker's message is gone, and the
# sweeper sends the next in seconds, where the broker would wait for the time above. Acknowledged at
# its end, a task that ends while the broker is away would end its worker.
CELERY_TASK_ACKS_LATE = False
# A message is taken when a process is free for it: none waits behind a drain of minutes while
# another worker is idle.
CELERY_WORKER_DISABLE_PREFETCH = True
# For what has no limit of its own. The only process of the queue "desk" must not hang for ever.
CELERY_TASK_TIME_LIMIT = 600
# In kB, of what a process has ever held: beyond it, it is replaced between two tasks.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A sweep that no worker took in time has been followed by others; they must not pile up.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    name: {"task": task, "schedule": every_s, "options": {"expires": every_s * 2}}
    for name, task, every_s in (
        ("sweep-drafts", "explanations.tasks.sweep_drafts", 15.0),
        ("sweep-imports", "explanations.tasks.sweep_imports", 30.0),
        ("sweep-assignments", "feedback.tasks.sweep_assignments", 30.0),
        ("sweep-datasets", "feedback.tasks.sweep_datasets", 30.0),
        ("send-webhooks", "feedback.tasks.send_webhooks", 10.0),
        ("keep-statistics", "feedback.tasks.keep_statistics", 5.0),
        ("prepare-lessons", "feedback.tasks.prepare_lessons", 60.0),
        # Made once a week: a beat that was down on Monday morning makes them when it is back.
        ("send-digests", "feedback.tasks.send_digests", 60.0),
        ("count-drafts", "feedback.tasks.count_drafts", 60.0),
        ("keep-desk-days", "feedback.tasks.keep_desk_days", 15.0),
    )
}

# The model server --------------------------------------------------------------------------------

LLM_URL = ADDRESSES.llm_url
LLM_API_KEY = ADDRESSES.llm_api_key
# Requests in flight at most, until somebody sets another number on the server's own page. The
# embedded server works on four at once; two more wait at its door, so that it never idles.
LLM_WINDOW = int(ENVIRONMENT.get("LLM_WINDOW", "64" if ENVIRONMENT.get("LLM_URL") else "6"))

# Drafting ----------------------------------------------------------------------------------------
# The reasons are in explanations.services.drafting.pace.

DRAFTING_LEASE_S = float(ENVIRONMENT.get("DRAFTING_LEASE_S", "60"))
DRAFTING_DRAIN_S = float(ENVIRONMENT.get("DRAFTING_DRAIN_S", "300"))
if not 1 <= DRAFTING_DRAIN_S <= 600:
    raise ImproperlyConfigured(
        "DRAFTING_DRAIN_S must be 1 to 600: with the last answers coming home, a drain has to end "
        f"before its message is taken for lost ({VISIBILITY_TIMEOUT_S} s)."
    )
DRAFTING_REQUEST_TIMEOUT_S = float(ENVIRONMENT.get("DRAFTING_REQUEST_TIMEOUT_S", "120"))
# Processes that draft at once, over all workers. Each keeps every server's window full.
DRAFTING_DRAINERS = int(ENVIRONMENT.get("DRAFTING_DRAINERS", "4"))

# Logs --------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Every login that succeeds is a line of its own; only failures are news.
    "loggers": {"axes": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": ENVIRONMENT.get("LOG_LEVEL", "INFO")},
}
