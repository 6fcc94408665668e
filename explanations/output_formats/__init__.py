"""The output formats, by slug."""

from explanations.output_formats.base import (
    EditForm,
    FormField,
    FormGroup,
    Output,
    OutputFormat,
    ParsedOutput,
    UnusableOutput,
)
from explanations.output_formats.job_fit import JobFit
from explanations.output_formats.music_oneliner import MusicOneliner

__all__ = [
    "EditForm",
    "FormField",
    "FormGroup",
    "Output",
    "OutputFormat",
    "ParsedOutput",
    "UnknownOutputFormat",
    "UnusableOutput",
    "get_output_format",
    "output_format_slugs",
]

_FORMATS: dict[str, OutputFormat] = {
    output_format.slug: output_format for output_format in (MusicOneliner(), JobFit())
}


class UnknownOutputFormat(LookupError):
    """A task names an output format that this version of the desk does not have."""


def get_output_format(slug: str) -> OutputFormat:
    """Return the output format of this slug. Raises UnknownOutputFormat."""
    try:
        return _FORMATS[slug]
    except KeyError:
        raise UnknownOutputFormat(slug) from None


def output_format_slugs() -> list[str]:
    """Return the slugs of all output formats."""
    return sorted(_FORMATS)
