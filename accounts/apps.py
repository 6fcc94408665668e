"""People, roles, tokens and the log."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class DeskAdminConfig(admin_apps.AdminConfig):
    """Django's administration, opened by roles."""

    default = False  # the settings name it; `accounts` itself means the class below
    default_site = "accounts.admin_site.DeskAdminSite"


class AccountsConfig(AppConfig):
    """Keeps the roles' rights as `accounts.roles` says after every migration."""

    name = "accounts"

    def ready(self) -> None:
        """Hook the roles to the end of `migrate`, where Django itself makes permissions."""
        from accounts.roles import ensure_roles

        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="accounts.ensure_roles")
