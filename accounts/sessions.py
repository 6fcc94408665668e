"""Sessions in the database, as Django keeps them."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.statements import Columns, Statement

_COLUMNS = Columns(Session, "session")
# With every request of everybody who is logged in.
_SESSION = Statement(
    """
    SELECT {session} FROM django_session session
    WHERE session.session_key = %(key)s AND session.expire_date > %(now)s
    """,
    session=_COLUMNS,
)


class SessionStore(db.SessionStore):
    """Django's, which finds a session by one prepared statement."""

    def _get_session_from_db(self) -> Session | None:
        found = _SESSION.row(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
            return None
        return _COLUMNS.read(found)
