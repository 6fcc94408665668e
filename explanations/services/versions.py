"""Write versions of guides and prompts by hand."""

from typing import Final

from django.db import transaction
from django.db.models import Max

from accounts.models import Person
from explanations.model_server import ParametersRefused, SamplingParameters
from explanations.models import Guide, Prompt, Task
from explanations.prompts import TemplateError, prompt_sha256, validate_template

EXAMPLE_KEYS: Final = {"facts", "answer"}


class VersionRefused(ValueError):
    """A version that could never be used; `field` says where, the message what to do."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def check_prompt(prompt: Prompt) -> None:
    """Raise VersionRefused where the prompt could not be rendered or sent."""
    try:
        validate_template(prompt.user_template)
    except TemplateError as error:
        raise VersionRefused("user_template", str(error)) from error
    try:
        SamplingParameters.of(prompt.parameters if isinstance(prompt.parameters, dict) else {"": 0})
    except ParametersRefused as error:
        raise VersionRefused("parameters", str(error)) from error
    if not isinstance(prompt.examples, list) or not all(_is_example(e) for e in prompt.examples):
        raise VersionRefused(
            "examples", 'Examples are a list of {"facts": {"item": …}, "answer": "…"}.'
        )


def save_version(version: Guide | Prompt, person: Person) -> None:
    """Save a version; a new one gets the next number of its task and its author.

    Raises VersionRefused when it is in use already, because then it never changes.
    """
    with transaction.atomic():
        # One at a time, or two new versions would get the same number.
        Task.objects.select_for_update().get(pk=version.task_id)
        kind = type(version)
        if version._state.adding:
            newest = kind._default_manager.filter(task=version.task).aggregate(last=Max("number"))
            version.number = (newest["last"] or 0) + 1
            version.created_by = person
        elif kind._default_manager.filter(pk=version.pk, used_at__isnull=False).exists():
            raise VersionRefused("note", "It has been used and never changes: write a new version.")
        if isinstance(version, Prompt):
            version.sha256 = prompt_sha256(
                version.system, version.user_template, version.examples, version.parameters
            )
        version.save()


def _is_example(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == EXAMPLE_KEYS
        and isinstance(value["facts"], dict)
        and isinstance(value["answer"], str)
    )
