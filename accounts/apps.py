"""People, roles, tokens and the log."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Keeps the roles' rights as `accounts.roles` says after every migration."""

    name = "accounts"

    def ready(self) -> None:
        """Hook the roles to the end of `migrate`, where Django itself makes permissions."""
        from accounts.roles import ensure_roles

        post_migrate.connect(ensure_roles, sender=self, dispatch_uid="accounts.ensure_roles")
