"""The two kinds of pages of the administration: configuration, and history."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import ModelAdmin, TabularInline
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from accounts import log
from accounts.rights import has_right, person_of

if TYPE_CHECKING:
    # Django's own classes take no type in brackets when they run.
    AnyModelAdmin = ModelAdmin[Model]
    AnyTabularInline = TabularInline[Model, Model]
    AnyUserAdmin = UserAdmin[Any]
    AnyForm = ModelForm[Model]
else:
    AnyModelAdmin, AnyTabularInline = ModelAdmin, TabularInline
    AnyUserAdmin, AnyForm = UserAdmin, ModelForm


class SeenByAll(AnyModelAdmin):
    """Whoever may enter the administration may look."""

    list_per_page = 50
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the pages in the index."""
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let everybody look who got in."""
        return self.admin_site.has_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted: what is over is retired, and what refers to it stays readable."""
        return False


class ConfigurationAdmin(SeenByAll):
    """Rows that whoever holds one of `rights` adds and changes; the log says who did."""

    rights: tuple[str, ...] = ()

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person's role configures this."""
        return any(has_right(request.user, right) for right in self.rights)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person's role configures this."""
        return self.has_add_permission(request)

    def save_model(self, request: HttpRequest, obj: Model, form: AnyForm, change: bool) -> None:
        """Save, and write down who changed which fields."""
        self.save_row(request, obj)
        log.record(
            person_of(request),
            f"{obj._meta.verbose_name} {'changed' if change else 'added'}",
            obj,
            fields=form.changed_data,
        )

    def save_row(self, request: HttpRequest, obj: Model) -> None:
        """Save the row; pages of rows with rules of their own call a service instead."""
        obj.save()


class HistoryAdmin(SeenByAll):
    """Rows that say what happened. The services write them; nobody edits them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is changed by hand."""
        return False


class ReadOnlyInline(AnyTabularInline):
    """What belongs to a row of history, shown with it."""

    extra = 0
    can_delete = False

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> list[str] | tuple[Any, ...]:
        """Make every field one to read."""
        return tuple(self.fields or ())

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let everybody look who sees the row."""
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is changed by hand."""
        return False
