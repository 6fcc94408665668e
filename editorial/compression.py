"""Pages travel compressed; what programs download does not."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

COMPRESSED = ("text/html", "text/javascript")


class CompressPages(GZipMiddleware):
    """Compress pages, their fragments and the words of scripts.

    Downloads and REST stay as they are: loaders of training files count their bytes by
    Content-Length, and many unpack nothing. Static files were compressed when they were collected.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress the response, where it is of that kind."""
        if response.streaming or not response.get("Content-Type", "").startswith(COMPRESSED):
            return response
        return super().process_response(request, response)
