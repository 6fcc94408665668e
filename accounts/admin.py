"""People, roles and the log in the administration."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from accounts import log
from accounts.administration import (
    Act,
    AnyForm,
    AnyUserAdmin,
    HistoryAdmin,
    SeenByAll,
    by_words,
)
from accounts.models import AccessToken, LogEntry, Person
from accounts.rights import person_of
from accounts.services.people import let_log_in_again
from accounts.services.tokens import revoke_all_tokens, revoke_somebodys_token
from accounts.words import translatable

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
class PersonAdmin(SuperusersOnly, SeenByAll, AnyUserAdmin):
    """Accounts. Nobody is deleted, because what they did stays: an account is deactivated."""

    acts = (
        Act(
            "let_log_in_again",
            translatable("Forget failed logins"),
            "",
            lambda row, by, _why: let_log_in_again(row, by),
        ),
        Act(
            "revoke_tokens",
            translatable("Revoke all tokens"),
            "",
            lambda row, by, why: revoke_all_tokens(row, f"{by}: {why}"),
            asks_why=True,
        ),
    )

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

    def save_model(self, request: HttpRequest, obj: Model, form: AnyForm, change: bool) -> None:
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


def _about(entries: QuerySet[Any], typed: str) -> QuerySet[Any]:
    """Find what was done to one thing, named as the log names it."""
    said = typed.split()
    if len(said) != 2 or not said[1].isdecimal() or len(said[1]) > 18:
        return entries.none()
    return entries.filter(subject_type=said[0].lower(), subject_id=int(said[1]))


@admin.register(LogEntry)
class LogEntryAdmin(HistoryAdmin):
    """Who did what to what, and when."""

    list_display = ("at", "actor", "action", "subject_type", "subject_id")
    list_select_related = ("actor",)
    search_help_text = gettext_lazy("A username, or what it is about: draft 12")
    finders = (_about, by_words("actor__username"))
    ordering = ("-id",)


@admin.register(AccessToken)
class AccessTokenAdmin(SuperusersOnly, HistoryAdmin):
    """The tokens of programs; of each only what tells it from the others."""

    acts = (
        Act(
            "revoke",
            translatable("Revoke"),
            "",
            lambda row, by, _why: revoke_somebodys_token(row, by),
        ),
    )
    list_display = ("token_key", "name", "user", "scopes", "created", "expiry")
    list_select_related = ("user",)
    finders = (by_words("token_key"), by_words("user__username"))
    fields = ("token_key", "name", "user", "scopes", "created", "expiry")
