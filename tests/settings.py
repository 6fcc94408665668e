"""The desk's settings, in a home of its own: a test never meets a developer's data.

DATABASE_URL and BROKER_URL win when they are set; otherwise the session's own PostgreSQL and
Valkey are used, which `tests/conftest.py` starts.
"""

import os
import tempfile

# Kept in the environment, so that a program started by a test lives in the same home.
os.environ["COPYDESK_HOME"] = os.environ.setdefault(
    "COPYDESK_TEST_HOME", tempfile.mkdtemp(prefix="copydesk-test-")
)
os.environ.pop("COPYDESK_PRODUCTION", None)

from editorial.settings import *  # noqa: F403

# The real hasher is slow on purpose, and hundreds of tests log somebody in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Pages are tested without collecting the static files first.
STORAGES = {
    **STORAGES,  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
