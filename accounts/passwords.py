"""What a new password ends besides the person's other sessions."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Person


class TokensEndWithThePassword:
    """Ends a person's tokens whenever they get a new password.

    Django tells its password validators of every changed password, whether it was changed on the
    page, in the administration or by `manage.py changepassword`; a guard in a view would miss two
    of the three. Sessions need nothing here: each carries a hash of the password. (Tokens do not,
    because that hash also changes when Django merely strengthens the stored form at a login.)
    """

    def validate(self, password: str, user: "Person | None" = None) -> None:
        """Accept every password; what makes one good is said by the other validators."""

    def password_changed(self, password: str, user: "Person | None" = None) -> None:
        """End the tokens of `user`, whose row has just been saved."""
        # The settings name this module while the models are not loaded yet.
        from accounts.services.tokens import revoke_all_tokens

        if user is not None and user.pk is not None:
            revoke_all_tokens(user, "the password was changed")

    def get_help_text(self) -> str:
        """Tell the person who is about to choose a password what else will happen."""
        return "Your other sessions and all your access tokens end when you change your password."
