"""The forms in which prompts and guides are written."""

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from django import forms
from django.utils.translation import gettext_lazy as _

from explanations.guide_rules import MOST_EXCLAMATION_MARKS, GuideRules, read_rules
from explanations.model_server import (
    MOST_STOPS,
    MOST_TOKENS,
    PARAMETER_NAMES,
    USUAL_TEMPERATURE,
    USUAL_TOKENS,
)
from explanations.models import Guide, Prompt, Task
from explanations.output_formats import get_output_format
from explanations.services.versions import (
    MOST_NOTE,
    WrittenGuide,
    WrittenPrompt,
    guide_problems,
    prompt_problems,
)

# What people type into a form comes with the line ends of the network.
_LINE_END: Final = "\r\n"


class WordsField(forms.CharField):
    """A longer text, kept as it was typed but for its line ends."""

    def __init__(self, rows: int, **more: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows, "class": "text-mono"})
        super().__init__(widget=widget, strip=False, **more)

    def to_python(self, value: Any) -> str:
        """Return the text with the line ends that models read."""
        return str(super().to_python(value) or "").replace(_LINE_END, "\n")


class JsonField(WordsField):
    """JSON, typed; a mistake in it is named by its line."""

    def to_python(self, value: Any) -> Any:
        """Return what the JSON says; None where nothing is typed."""
        text = super().to_python(value)
        if not text.strip():
            return None
        try:
            return json.loads(text, parse_constant=_no_number)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"Line {error.lineno}, column {error.colno}: this is no JSON. {error.msg}."
            ) from None
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is no JSON. {error}") from None


class VersionForm(forms.Form):
    """What the forms of both kinds of versions have in common."""

    note = forms.CharField(
        required=False,
        max_length=MOST_NOTE,
        label=_("What is new, in a few words"),
        help_text=_("Shown in the list of versions."),
    )

    def refuse(self, problems: Mapping[str, str]) -> None:
        """Show what is wrong with the version, each at its field."""
        for name, sentence in problems.items():
            self.add_error(name if name in self.fields else None, sentence)


class GuideForm(VersionForm):
    """A guide version."""

    text = WordsField(rows=28, label=_("Guide"), help_text=_("Markdown, without links and images."))
    avoid = WordsField(
        rows=8,
        required=False,
        label=_("Words and phrases to avoid"),
        help_text=_("One a line. Checks point at them, unless a fact says them itself."),
    )
    exclamation_marks = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_EXCLAMATION_MARKS,
        label=_("Most exclamation marks"),
        help_text=_("0 for none at all; any number if empty."),
    )
    emoji = forms.BooleanField(required=False, label=_("Emoji are allowed"))
    second_person = forms.ChoiceField(
        choices=[
            ("either", _("as it comes")),
            ("expected", _("every text speaks to “you”")),
            ("avoided", _("no text speaks to “you”")),
        ],
        required=False,
        widget=forms.RadioSelect,
        label=_("Second person"),
    )

    def __init__(self, typed: Mapping[str, Any] | None, start: Guide | None) -> None:
        rules = read_rules(start.rules) if start else GuideRules()
        super().__init__(
            typed,
            initial={
                **rules.as_json(),
                "avoid": "\n".join(rules.avoid),
                "text": start.text if start else "",
            },
        )

    def clean(self) -> dict[str, Any]:
        """Say everything that is wrong at once."""
        cleaned = super().clean() or {}
        written = self.written()
        problems = guide_problems(written.text, written.rules)
        self.refuse({name: said for name, said in problems.items() if name not in self.errors})
        return cleaned

    def written(self) -> WrittenGuide:
        """Return what the form says, as far as its fields can be read."""
        typed = self.cleaned_data
        phrases = [line.strip() for line in typed.get("avoid", "").splitlines()]
        return WrittenGuide(
            text=typed.get("text", ""),
            rules={
                "avoid": [phrase for phrase in phrases if phrase],
                "exclamation_marks": typed.get("exclamation_marks"),
                "emoji": typed.get("emoji", False),
                "second_person": typed.get("second_person") or "either",
            },
        )


class PromptForm(VersionForm):
    """A prompt version."""

    system = WordsField(
        rows=6,
        required=False,
        label=_("System text"),
        help_text=_("Comes first and is the same for every draft."),
    )
    user_template = WordsField(
        rows=10,
        label=_("User template"),
        help_text="Words, and facts on lines of their own: "
        "<code>Skills: {{ /audience/skills | 6 items, 40 characters }}</code>. "
        "The line of a fact that is not there is left out.",
    )
    examples = JsonField(
        rows=10,
        required=False,
        label=_("Examples"),
        help_text='A JSON list of <code>{"facts": {"item": …, "audience": …}, "answer": "…"}'
        "</code>; they stand between the system text and the facts.",
    )
    temperature = forms.FloatField(
        required=False, help_text=f"0 to 2; {USUAL_TEMPERATURE} if empty."
    )
    top_p = forms.FloatField(
        required=False, label=_("Top p"), help_text=_("0.01 to 1; 1 if empty.")
    )
    max_tokens = forms.IntegerField(
        required=False,
        label=_("Most tokens"),
        help_text=f"1 to {MOST_TOKENS}; {USUAL_TOKENS} if empty.",
    )
    stop = JsonField(
        rows=1,
        required=False,
        label=_("Stop"),
        help_text=f'A JSON list of at most {MOST_STOPS} texts, such as <code>["\\n"]</code>.',
    )
    schema = forms.ChoiceField(
        choices=Prompt.Schema.choices,
        initial=Prompt.Schema.ROW,
        widget=forms.RadioSelect,
        label=_("JSON schema"),
    )

    def __init__(self, task: Task, typed: Mapping[str, Any] | None, start: Prompt | None) -> None:
        super().__init__(typed, initial=self.words_of(start) if start else None)
        self.task = task
        if get_output_format(task.output_format).fixed_schema() is None:
            del self.fields["schema"]

    def clean(self) -> dict[str, Any]:
        """Say everything that is wrong at once, also what only the whole shows."""
        cleaned = super().clean() or {}
        problems = prompt_problems(self.task, self.written())
        self.refuse({name: said for name, said in problems.items() if name not in self.errors})
        return cleaned

    @staticmethod
    def words_of(prompt: Prompt) -> dict[str, Any]:
        """Return what the form begins with when a version is the start of the next one."""
        parameters: Mapping[str, Any] = prompt.parameters
        stop = parameters.get("stop")
        return {
            "system": prompt.system,
            "user_template": prompt.user_template,
            "examples": json.dumps(prompt.examples, ensure_ascii=False, indent=2),
            "schema": prompt.schema,
            **{name: parameters[name] for name in PARAMETER_NAMES - {"stop"} if name in parameters},
            "stop": "" if stop is None else json.dumps(stop, ensure_ascii=False),
        }

    def written(self) -> WrittenPrompt:
        """Return what the form says, as far as its fields can be read."""
        typed = self.cleaned_data
        examples = typed.get("examples")
        return WrittenPrompt(
            system=typed.get("system", ""),
            user_template=typed.get("user_template", ""),
            examples=[] if examples is None else examples,
            parameters={
                name: typed[name] for name in sorted(PARAMETER_NAMES) if typed.get(name) is not None
            },
            schema=typed.get("schema", Prompt.Schema.ROW),
        )


def _no_number(said: str) -> NoReturn:
    raise ValueError(f"{said} is no number in JSON.")
