"""Long lists are read page by page, and no page skips or repeats a row while others write."""

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Newest first, by the row's number; follow `next` until it is null."""

    ordering = "-id"
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    page_size_query_description = "Rows a page, 1 to 500."
    cursor_query_description = "Where the page begins; taken from `next` and `previous`."
