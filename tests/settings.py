"""The desk's settings, in a home of its own: a test never meets a developer's data.

DATABASE_URL and BROKER_URL win when they are set; otherwise the session's own PostgreSQL and
Valkey are used, which `tests/conftest.py` starts.
"""

import atexit
import os
import shutil
import tempfile

# Kept in the environment, so that a program started by a test lives in the same home; each of the
# processes that share the tests has its own.
_SHARE = os.environ.get("PYTEST_XDIST_WORKER", "")
if os.environ.get("COPYDESK_TEST_HOME_OF") != _SHARE:
    os.environ["COPYDESK_TEST_HOME_OF"] = _SHARE
    os.environ["COPYDESK_TEST_HOME"] = tempfile.mkdtemp(prefix="copydesk-test-")
    atexit.register(shutil.rmtree, os.environ["COPYDESK_TEST_HOME"], ignore_errors=True)
os.environ["COPYDESK_HOME"] = os.environ["COPYDESK_TEST_HOME"]
os.environ.pop("COPYDESK_PRODUCTION", None)

from editorial.settings import *  # noqa: E402, F403

# A thread of a test's web server would keep the database open after the last test.
DATABASES["default"]["CONN_MAX_AGE"] = 0  # noqa: F405

# The real hasher is slow on purpose, and hundreds of tests log somebody in.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STATIC_ROOT = BASE_DIR / "static"  # noqa: F405
# Pages are tested without collecting the static files first.
STORAGES = {
    **STORAGES,  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
