"""The forms of this app's pages."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import AccessToken, Person
from accounts.services.tokens import offered_scopes


class TokenForm(forms.Form):
    """What a new token is for, what it opens and how long."""

    name = forms.CharField(
        max_length=AccessToken._meta.get_field("name").max_length,
        label=_("What is it for?"),
        help_text=_("The program that will use it, so that you know it again."),
    )
    scopes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, label=_("It may"), choices=()
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(7, _("a week")), (30, _("30 days")), (90, _("90 days")), (365, _("a year"))],
        initial=90,
        label=_("It ends after"),
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        """Offer the scopes that the person's rights allow."""
        super().__init__(*args, **kwargs)
        # The mapping of fields does not say that this one has choices.
        self.fields["scopes"].choices = list(offered_scopes(person).items())  # type: ignore[attr-defined]
