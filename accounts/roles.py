"""Which role has which rights. This table is the only place that says so."""

from typing import Any, Final

EDITOR: Final = "Editor"
LEAD: Final = "Lead"
MANAGER: Final = "Manager"
ML_ENGINEER: Final = "ML engineer"

# Role -> codenames of the permissions that accounts.Person declares.
RIGHTS_BY_ROLE: Final[dict[str, frozenset[str]]] = {
    EDITOR: frozenset({"review", "read"}),
    LEAD: frozenset({"review", "read", "lead", "read_datasets"}),
    MANAGER: frozenset({"read", "read_datasets"}),
    ML_ENGINEER: frozenset({"draft", "build_datasets", "read_datasets", "read"}),
}


def ensure_roles(**_signal: Any) -> None:
    """Make each role's group hold exactly its rights. Safe to repeat."""
    from django.contrib.auth.models import Group, Permission

    for role, codenames in RIGHTS_BY_ROLE.items():
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(
            Permission.objects.filter(
                content_type__app_label="accounts",
                content_type__model="person",
                codename__in=codenames,
            )
        )
