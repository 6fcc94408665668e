"""The administration: where the desk is configured and its history can be looked at."""

from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.rights import DRAFT, LEAD, has_right


class DeskAdminSite(AdminSite):
    """Open to whoever configures something: leads, ML engineers, superusers."""

    site_header = "Copydesk"
    site_title = "Copydesk"
    index_title = "Configuration and history"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person may come in; what they may change is said by each page."""
        return has_right(request.user, LEAD) or has_right(request.user, DRAFT)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Send strangers to the desk's one login page. Raises PermissionDenied for the others.

        Somebody who is logged in and may not come in would be sent to and fro for ever.
        """
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get(REDIRECT_FIELD_NAME, request.get_full_path()))
