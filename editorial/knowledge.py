"""What the checks know, loaded beside the first requests of a web process."""

from collections.abc import Callable, Iterable
from typing import Any

from explanations.models import Task
from explanations.services.aside import aside
from explanations.services.catalogue import catalogue_now
from explanations.services.published import published_now

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class LoadingApplication:
    """Serve, and with the first request of this process begin to load what the checks know.

    A golden is checked when it is accepted. On a desk with 100,000 recommendations the first
    editor would wait half a minute for the names in them. It is not loaded before the fork: no page
    could be opened until then.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._is_loading = False

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if not self._is_loading:
            self._is_loading = True
            aside(load)
        return self._application(environ, start_response)


def load() -> None:
    """Load it all, in this thread."""
    catalogue_now()
    for slug in Task.objects.values_list("slug", flat=True):
        published_now(slug)
