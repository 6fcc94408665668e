"""What is answered when no view answers: a problem for programs, a page for people."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import defaults

from accounts.api.problems import is_for_the_api, plain_problem


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 400."""
    if is_for_the_api(request):
        return plain_problem(400, "The request cannot be read.", "bad_request")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 403."""
    if is_for_the_api(request):
        return plain_problem(403, "Your role does not allow this.", "permission_denied")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Answer 404."""
    if is_for_the_api(request):
        return plain_problem(
            404,
            f"There is nothing at {request.path}; /api/v1/docs/ says what there is.",
            "not_found",
        )
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500."""
    if is_for_the_api(request):
        return plain_problem(500, "The desk made a mistake; its log says more.", "error")
    return defaults.server_error(request)
