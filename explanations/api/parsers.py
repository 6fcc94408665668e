"""Reading the body of a delivery: not at all, here; it is handed on as it comes."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser


class _StreamParser(BaseParser):
    """Hands the stream on unread."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the stream itself."""
        return stream


class NdjsonStream(_StreamParser):
    """One JSON object a line."""

    media_type = "application/x-ndjson"


class CsvStream(_StreamParser):
    """Comma-separated values with a header."""

    media_type = "text/csv"


class GzipStream(_StreamParser):
    """Either of the two, packed."""

    media_type = "application/gzip"


class BinaryStream(_StreamParser):
    """Whatever a program that does not say sends; the content tells what it is."""

    media_type = "application/octet-stream"
