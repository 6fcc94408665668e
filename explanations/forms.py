"""The forms of this app's pages."""

from django import forms


class DeliveryForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="NDJSON or CSV, gzipped or not. Bad lines are named and stop nothing else.",
        widget=forms.ClearableFileInput(
            attrs={"accept": ".jsonl,.ndjson,.json,.csv,.gz,application/x-ndjson,text/csv"}
        ),
    )
    catalogue_owner = forms.CharField(
        label="Catalogue owner",
        max_length=200,
        required=False,
        help_text="Whom a wrong fact is reported to, such as an address or a team.",
    )
