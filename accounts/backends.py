"""Who may what, asked of the database once a request."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission
from django.db.models import Q

from accounts.models import Person


class RolesBackend(ModelBackend):
    """Django's own backend, which asks twice: for a person's own permissions and for their roles'.

    It is asked with every request, before anything else is done.
    """

    def get_all_permissions(self, user_obj: Person | AnonymousUser, obj: Any = None) -> set[str]:
        """Return `app.codename` of all that the person may."""
        if not isinstance(user_obj, Person) or not user_obj.is_active or obj is not None:
            return set()
        held: set[str] | None = getattr(user_obj, "_perm_cache", None)
        if held is None:
            held = set(_permissions(user_obj))
            user_obj._perm_cache = held  # type: ignore[attr-defined]
        return held


def _permissions(person: Person) -> list[str]:
    permissions = Permission.objects.order_by()
    if not person.is_superuser:
        permissions = permissions.filter(Q(group__user=person) | Q(user=person))
    rows = permissions.values_list("content_type__app_label", "codename")
    return [f"{app}.{codename}" for app, codename in rows]
