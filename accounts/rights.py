"""Who may: the guards that every page and every REST view stands behind."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from django.contrib.auth.mixins import AccessMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.permissions import BasePermission

from accounts.models import AccessToken, Person

if TYPE_CHECKING:
    # REST framework's views import this module by its name in the settings.
    from rest_framework.request import Request
    from rest_framework.views import APIView

REVIEW: Final = "review"
LEAD: Final = "lead"
DRAFT: Final = "draft"
BUILD_DATASETS: Final = "build_datasets"
READ_DATASETS: Final = "read_datasets"
READ: Final = "read"

# What a token can be made for, in words that its maker reads; the right it needs besides.
SCOPES: Final[dict[str, tuple[str, str]]] = {
    "recommendations:write": ("import recommendations", DRAFT),
    "runs:write": ("start and steer runs", DRAFT),
    "prompts:write": ("write prompts, try them and make them active", DRAFT),
    "guides:write": ("write guides and make them active", LEAD),
    "reviews:write": ("claim drafts, submit reviews and judge goldens", REVIEW),
    "lead:write": (
        "withdraw goldens, settle disagreements and fact reports, overrule checks and act on all "
        "that was found",
        LEAD,
    ),
    "desk:read": ("read tasks, recommendations, runs, drafts and goldens", READ),
    "metrics:read": ("read the metrics that machines watch", READ),
    "datasets:read": ("list and download datasets", READ_DATASETS),
    "datasets:write": ("build datasets and cancel builds", BUILD_DATASETS),
    "webhooks:write": ("say who is told of datasets, and see what they were told", BUILD_DATASETS),
}


def has_right(person: object, right: str) -> bool:
    """Whether the person is active and holds the right, by role or as superuser."""
    return isinstance(person, Person) and person.has_perm(f"accounts.{right}")


def person_of(request: "HttpRequest | Request") -> Person:
    """Return who is logged in. Raises PermissionDenied, which a guarded view never sees."""
    if not isinstance(request.user, Person):
        raise PermissionDenied
    return request.user


class RightRequiredMixin(AccessMixin):
    """A page for those who hold one of `rights`; others log in, or get 403 if they have."""

    rights: Sequence[str] = ()
    raise_exception = False

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        """Let the request through, ask for a login, or refuse."""
        if not request.user.is_authenticated:
            return self.ask_to_log_in(request)
        if not any(has_right(request.user, right) for right in self.rights):
            self.raise_exception = True
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def ask_to_log_in(self, request: HttpRequest) -> HttpResponseBase:
        """A redirect for a page; for an htmx fragment a 401 that the page itself answers.

        A 302 would be followed by the browser and the login page swapped into the fragment.
        """
        if getattr(request, "htmx", False):
            return HttpResponse("Your session has ended. Log in again to go on.", status=401)
        return self.handle_no_permission()


class MayNothing(BasePermission):
    """The default of every REST view: closed until it says who may."""

    message = "This address is open to nobody."

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        """Refuse."""
        return False


class MayUse(BasePermission):
    """Needs the view's `rights[method]`, and with a token the view's `scopes[method]` too.

    A view declares `required_scope: dict[method, scope]`; the right comes from `SCOPES`.
    """

    message = "Your role or your token's scopes do not allow this."

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        """Whether person and token may call this method of this view."""
        scopes: dict[str, str] = getattr(view, "required_scope", {})
        scope = scopes.get(request.method or "", "")
        if request.method in {"HEAD", "OPTIONS"}:
            scope = scopes.get("GET", "") or next(iter(scopes.values()), "")
        if not scope or not has_right(request.user, SCOPES[scope][1]):
            return False
        return not isinstance(request.auth, AccessToken) or scope in request.auth.scopes
