"""Who somebody is and what they may, asked of the database once a request, in one statement."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser

from accounts.models import Person
from accounts.statements import Columns, Row, Statement

PERSON = Columns(Person, "person")
# Their own permissions and those of their roles; all there are for a superuser.
MAY = """
ARRAY(
    SELECT kind.app_label || '.' || permission.codename
    FROM auth_permission permission
    JOIN django_content_type kind ON kind.id = permission.content_type_id
    WHERE person.is_active AND (person.is_superuser OR permission.id IN (
        SELECT held.permission_id
        FROM accounts_person_groups member
        JOIN auth_group_permissions held ON held.group_id = member.group_id
        WHERE member.person_id = person.id
        UNION ALL
        SELECT own.permission_id
        FROM accounts_person_user_permissions own WHERE own.person_id = person.id
    ))
)
"""
_WHO_MAY_WHAT = Statement(
    "SELECT {may}, {person} FROM accounts_person person WHERE person.id = %(id)s",
    may=MAY,
    person=PERSON,
)


class RolesBackend(ModelBackend):
    """Django's own backend, which asks thrice: for a person, for their permissions, and for those
    of their roles.

    It is asked with every request, before anything else is done.
    """

    def get_user(self, user_id: Any) -> Person | None:
        """Return an active person, who knows what they may; None where there is none."""
        found = _WHO_MAY_WHAT.row(id=user_id)
        person = read_person(found) if found else None
        return person if person and self.user_can_authenticate(person) else None

    def get_all_permissions(self, user_obj: Person | AnonymousUser, obj: Any = None) -> set[str]:
        """Return `app.codename` of all that the person may."""
        if not isinstance(user_obj, Person) or not user_obj.is_active or obj is not None:
            return set()
        held: set[str] | None = getattr(user_obj, "_perm_cache", None)
        if held is None:
            found = _WHO_MAY_WHAT.row(id=user_obj.pk)
            held = set(found[0]) if found else set()
            user_obj._perm_cache = held  # type: ignore[attr-defined]
        return held


def read_person(row: Row) -> Person:
    """Return the person of a row of MAY and PERSON, who knows what they may."""
    may, *columns = row
    person = PERSON.read(columns)
    person._perm_cache = set(may)  # type: ignore[attr-defined]
    return person
