"""Long lists are read page by page, and no page skips or repeats a row while others write."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Newest first, by the row's number; follow `next` until it is null."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    page_size_query_description = "Rows a page, 1 to 500."
    cursor_query_description = "Where the page begins; taken from `next` and `previous`."

    def decode_cursor(self, request: Request) -> Any:
        """Return where the page begins. Raises NotFound when that is no number of a row.

        REST framework hands whatever a cursor says to the database.
        """
        cursor = super().decode_cursor(request)
        position = "0" if cursor is None or cursor.position is None else str(cursor.position)
        if not (position.isascii() and position.isdecimal()):
            raise NotFound(self.invalid_cursor_message)
        return cursor
