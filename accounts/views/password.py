"""Changing one's password."""

from django.contrib import messages
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.http import HttpResponse
from django.urls import reverse_lazy
from django.utils.translation import gettext as _


class ChangePassword(PasswordChangeView):
    """A new password; other sessions end by Django, tokens by accounts.passwords."""

    template_name = "accounts/password.html"
    success_url = reverse_lazy("password_change")

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Save, and say what has ended."""
        response = super().form_valid(form)
        messages.success(
            self.request,
            _("Your password is changed. Your other sessions and your access tokens have ended."),
        )
        return response
