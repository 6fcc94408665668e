"""Requests that say what PostgreSQL cannot store are turned away before a view looks for it."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, Final

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase

NUL: Final = "\0"


class RefuseNul:
    """Answer 400 to a NUL in an address, a cookie or a form; in the database it would be a 500.

    JSON is read where it is used: `accounts.api.parsers` and `feedback.review_body` see to it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at what comes with every request. Raises BadRequest."""
        _refuse_nul([request.path, *request.COOKIES.values(), *_words(request.GET)])
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        _arguments: tuple[Any, ...],
        _named: dict[str, Any],
    ) -> None:
        """Look at a form. Raises BadRequest.

        A view that is exempt from the check of forms' tokens decides itself when its body is read.
        """
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return
        try:
            form = request.POST
        except UnreadablePostError:
            return  # the sender is gone
        _refuse_nul(_words(form))


def _words(form: QueryDict) -> Iterable[str]:
    return chain(form, *(values for _name, values in form.lists()))


def _refuse_nul(words: Iterable[Any]) -> None:
    if any(NUL in str(word) for word in words):
        raise BadRequest("The request contains a NUL character.")
