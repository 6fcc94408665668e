"""People, roles and the log in the administration."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts import log
from accounts.administration import AnyForm, AnyUserAdmin, HistoryAdmin
from accounts.models import LogEntry, Person
from accounts.rights import person_of

admin.site.unregister(Group)


class SuperusersOnly:
    """Accounts and roles are the business of whoever runs the desk."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the pages in the index."""
        return self._is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Look."""
        return self._is_superuser(request)

    def _is_superuser(self, request: HttpRequest) -> bool:
        return request.user.is_active and request.user.is_superuser


@admin.register(Person)
class PersonAdmin(SuperusersOnly, AnyUserAdmin):
    """Accounts. Nobody is deleted, because what they did stays: an account is deactivated."""

    list_display = ("username", "first_name", "last_name", "is_active", "is_superuser", "is_demo")
    list_filter = ("is_active", "groups")
    readonly_fields = ("last_login", "date_joined", "is_demo")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Role", {"fields": ("groups", "is_active", "is_superuser")}),
        ("History", {"fields": ("last_login", "date_joined", "is_demo")}),
    )
    filter_horizontal = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Make an account."""
        return self._is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change an account."""
        return self._is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody is deleted."""
        return False

    def save_model(self, request: HttpRequest, obj: Person, form: AnyForm, change: bool) -> None:
        """Save, and write down who changed which fields; never their values."""
        super().save_model(request, obj, form, change)
        log.record(
            person_of(request),
            "person changed" if change else "person added",
            obj,
            fields=form.changed_data,
        )


@admin.register(Group)
class RoleAdmin(SuperusersOnly, HistoryAdmin):
    """Roles, to look up: `accounts.roles` says what each may do."""

    list_display = ("name",)
    fields = ("name", "permissions")


@admin.register(LogEntry)
class LogEntryAdmin(HistoryAdmin):
    """Who did what to what, and when."""

    list_display = ("at", "actor", "action", "subject_type", "subject_id")
    list_filter = ("action",)
    list_select_related = ("actor",)
    search_fields = ("=subject_id", "=actor__username")
    ordering = ("-id",)
