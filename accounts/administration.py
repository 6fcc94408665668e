"""The two kinds of pages of the administration, configuration and history, and what can be done on
them: everything that changes history is done by a service.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.admin import ModelAdmin, ShowFacets, TabularInline
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.admin import UserAdmin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts import log
from accounts.models import Person
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


# Rows of a list that can be leafed through; who looks for others narrows the list.
MOST_LISTED: Final = 2_000
# Rows that one button acts on. Leads act on more at once from the page of a search.
MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Act:
    """A button over a list: what a service does to each row that is chosen."""

    name: str
    words: str
    """Marked for translators by whoever says them."""
    right: str
    """Of accounts.rights; "" for superusers alone."""
    do: Callable[[Any, Person, str], object]
    """Takes the row, who asks for it, and why."""
    refusals: tuple[type[Exception], ...] = ()
    """What the service raises where it does not do it: a sentence for people."""
    asks_why: bool = False
    at_once: bool = False
    """`do` takes all rows together, as a list."""


Finder = Callable[[QuerySet[Any], str], QuerySet[Any]]


def by_number(field: str) -> Finder:
    """Find rows by a number."""

    def find(rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
        is_number = typed.isascii() and typed.isdecimal() and len(typed) < 19
        return rows.filter(**{field: int(typed)}) if is_number else rows.none()

    return find


def by_words(field: str) -> Finder:
    """Find rows by exactly these words."""
    return lambda rows, typed: rows.filter(**{field: typed})


class _Listed(Paginator):  # type: ignore[type-arg]
    """Pages of a list that never counts a million rows."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, up to MOST_LISTED."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows[:MOST_LISTED].count()


class SeenByAll(AnyModelAdmin):
    """Whoever may enter the administration may look."""

    list_per_page = 50
    show_full_result_count = False
    # Counts beside each filter would count the table once for each.
    show_facets = ShowFacets.NEVER
    paginator = _Listed
    acts: Sequence[Act] = ()
    finders: Sequence[Finder] = ()
    """Ways to look for what was typed, the first that finds something counts. Each by an index: the
    search that Django brings compares upper-case copies of a million rows.
    """

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Show a field to search in where there is a way to look."""
        return ("pk",) if self.finders else tuple(self.search_fields)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find what was typed."""
        typed = search_term.strip()
        if not self.finders or not typed:
            return super().get_search_results(request, queryset, search_term)
        for find in self.finders:
            found = find(queryset, typed)
            if found.exists():
                return found, False
        return queryset.none(), False

    def page_of(self, row: Any) -> str:
        """Return the address of the row on the desk's own pages; empty where it has none."""
        return ""

    def get_view_on_site_url(self, obj: Model | None = None) -> str | None:
        """Lead to the row on the desk's own pages."""
        return (self.page_of(obj) or None) if obj is not None else None

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer what the person may do."""
        return {
            act.name: (_button(act), act.name, _(act.words))
            for act in self.acts
            if _may(request, act)
        }

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
    related: tuple[str, ...] = ()
    """What is shown of other rows, and read with these."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """Read all rows at once."""
        return super().get_queryset(request).select_related(*self.related)

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


def _may(request: HttpRequest, act: Act) -> bool:
    if not act.right:
        return request.user.is_active and request.user.is_superuser
    return has_right(request.user, act.right)


def _button(act: Act) -> Callable[[SeenByAll, HttpRequest, QuerySet[Model]], HttpResponse | None]:
    def press(
        page: SeenByAll, request: HttpRequest, chosen: QuerySet[Model]
    ) -> HttpResponse | None:
        rows = list(chosen[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            sentence = _("This acts on %(most)s rows at once; choose fewer.")
            page.message_user(request, sentence % {"most": MOST_AT_ONCE}, messages.ERROR)
            return None
        reason = request.POST.get("why", "").strip()
        if act.asks_why and not reason:
            return _ask_why(page, request, act, rows)
        _do_to_each(page, request, act, rows, reason)
        return None

    return press


def _ask_why(
    page: SeenByAll, request: HttpRequest, act: Act, rows: Sequence[Model]
) -> HttpResponse:
    context = {
        **page.admin_site.each_context(request),
        "title": _(act.words),
        "opts": page.model._meta,
        "act": act,
        "rows": rows,
        "checkbox": ACTION_CHECKBOX_NAME,
        "was_asked": "why" in request.POST,
    }
    return TemplateResponse(request, "admin/why.html", context)


def _do_to_each(
    page: SeenByAll, request: HttpRequest, act: Act, rows: Sequence[Model], reason: str
) -> None:
    """Do it row by row: one that is refused stops no other."""
    done = 0
    for row in [list(rows)] if act.at_once else rows:
        try:
            act.do(row, person_of(request), reason)
        except act.refusals as refused:
            about = "" if act.at_once else f"{row}: "
            page.message_user(request, f"{about}{refused}", messages.WARNING)
        else:
            done += len(rows) if act.at_once else 1
    if done:
        said = _("%(what)s: done to %(done)s.") % {"what": _(act.words), "done": done}
        page.message_user(request, said, messages.SUCCESS)
