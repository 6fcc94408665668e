"""The request that a claimed draft makes of the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from explanations.checks import Thresholds
from explanations.guide_rules import GuideRules
from explanations.model_server import ChatRequest, ParametersRefused, SamplingParameters
from explanations.models import ModelVersion, Prompt
from explanations.output_formats import (
    OutputFormat,
    UnknownOutputFormat,
    get_output_format,
)
from explanations.prompts import (
    Message,
    SchemaChoice,
    TemplateError,
    opening_messages,
    user_message,
)
from explanations.services.blocking import thresholds_of
from explanations.services.dismissing import Dismissals, dismissals_of
from explanations.services.drafting.claiming import Claim
from explanations.services.versions import rules_of

BROKEN_PROMPT: Final = "broken_prompt"
NO_FACTS: Final = "no_facts"


class CannotAsk(Exception):
    """A draft for which no request can be made. `reason` is a code, `sentence` for people."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Brief:
    """What all drafts of one prompt and one model have in common."""

    task_slug: str
    output_format: OutputFormat
    word_limit: int
    reviews_wanted: int
    rules: GuideRules | None
    """Those of the task's guide; None where it has no guide."""
    thresholds: Thresholds
    dismissals: Dismissals
    redrafts_blocked: bool
    category_ids: Mapping[str, int]
    """The task's categories that are in use, by slug."""
    model: str
    opening: Sequence[Message]
    user_template: str
    parameters: SamplingParameters
    schema: SchemaChoice


@dataclass(frozen=True, slots=True)
class Asked:
    """A claimed draft and its request, ready to be sent."""

    claim: Claim
    brief: Brief
    request: ChatRequest


def load_brief(prompt_id: int, model_version_id: int) -> Brief:
    """Read the brief of a prompt and a model. Raises CannotAsk when the prompt is of no use."""
    prompt = Prompt.objects.select_related("task__guide").get(pk=prompt_id)
    try:
        return Brief(
            task_slug=prompt.task.slug,
            output_format=get_output_format(prompt.task.output_format),
            word_limit=prompt.task.word_limit,
            reviews_wanted=prompt.task.reviews_wanted,
            rules=rules_of(prompt.task),
            thresholds=thresholds_of(prompt.task),
            dismissals=dismissals_of(prompt.task),
            redrafts_blocked=prompt.task.redrafts_blocked,
            category_ids=dict(
                prompt.task.categories.filter(retired_at__isnull=True).values_list("slug", "id")
            ),
            model=ModelVersion.objects.get(pk=model_version_id).name,
            opening=opening_messages(prompt.system, prompt.examples, prompt.user_template),
            user_template=prompt.user_template,
            parameters=SamplingParameters.of(prompt.parameters),
            schema=cast("SchemaChoice", prompt.schema),
        )
    except (TemplateError, KeyError, TypeError) as error:
        raise _broken(error) from error
    except ParametersRefused as refused:
        raise CannotAsk(BROKEN_PROMPT, f"The prompt's parameters are wrong: {refused}") from None
    except UnknownOutputFormat:
        raise CannotAsk(
            BROKEN_PROMPT, f"The output format “{prompt.task.output_format}” is unknown here."
        ) from None


def ask(claim: Claim, brief: Brief) -> Asked:
    """Return the request for one draft. Raises CannotAsk."""
    if claim.facts is None:
        raise CannotAsk(NO_FACTS, "The recommendation has no facts.")
    try:
        message = user_message(brief.user_template, claim.facts, claim.told)
    except (TemplateError, KeyError, TypeError) as error:
        raise _broken(error) from error
    schema = chosen_schema(brief.output_format, brief.schema, claim.facts)
    messages = [*brief.opening, message]
    return Asked(claim, brief, ChatRequest.of(brief.model, messages, brief.parameters, schema))


def chosen_schema(
    output_format: OutputFormat, schema: SchemaChoice, facts: Mapping[str, object]
) -> dict[str, object] | None:
    """Return the JSON schema that a prompt version wants sent with a row; None for none."""
    match schema:
        case "row":
            return output_format.response_schema(facts)
        case "fixed":
            return output_format.fixed_schema()
        case "none":
            return None


def _broken(error: Exception) -> CannotAsk:
    return CannotAsk(BROKEN_PROMPT, f"The prompt cannot be filled in: {error}")
