"""The forms of this app's pages."""

from typing import Any

from django import forms

from accounts.models import AccessToken, Person
from accounts.services.tokens import offered_scopes


class TokenForm(forms.Form):
    """What a new token is for, what it opens and how long."""

    name = forms.CharField(
        max_length=AccessToken._meta.get_field("name").max_length,
        label="What is it for?",
        help_text="The program that will use it, so that you know it again.",
    )
    scopes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, label="It may", choices=()
    )
    days = forms.TypedChoiceField(
        coerce=int,
        choices=[(7, "a week"), (30, "30 days"), (90, "90 days"), (365, "a year")],
        initial=90,
        label="It ends after",
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        """Offer the scopes that the person's rights allow."""
        super().__init__(*args, **kwargs)
        # The mapping of fields does not say that this one has choices.
        self.fields["scopes"].choices = list(offered_scopes(person).items())  # type: ignore[attr-defined]
