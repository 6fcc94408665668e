"""What an output format is: the shape of a model's answer, and the text that people see of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import regex

from explanations.context import Mention

Output = dict[str, object]
FieldKind = Literal["text", "choice", "fact"]

# A word is what a reader counts: letters and digits with whatever holds them together.
_WORD = regex.compile(r"[\p{L}\p{N}\p{M}]+(?:[-'’.&/][\p{L}\p{N}\p{M}]+)*")


class UnusableOutput(ValueError):
    """A model's answer is no draft. ``reason_code`` is for counting, ``sentence`` for people."""

    def __init__(self, reason_code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason_code = reason_code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class ParsedOutput:
    """A usable answer: the text that people see and tag, and the structure behind it where
    there is one.

    Facts in ``output`` are JSON pointers, whatever the model was asked to write.
    """

    text: str
    output: Output | None = None


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the form in which an editor rewrites a draft.

    ``name`` is its key in the output, or ``text`` where a format has no output. A ``choice`` offers
    ``choices``; a ``fact`` offers the leaves of ``side`` ("item" or "audience") as chips. ``line``
    is the line that people read of it, the names of fields in braces.
    """

    name: str
    label: str
    kind: FieldKind
    max_characters: int = 0
    choices: tuple[str, ...] = ()
    side: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class FormGroup:
    """Fields that repeat together, between ``at_least`` and ``at_most`` times (a bullet and
    its fact). ``line`` is the line that people read of each, the names of fields in braces.
    """

    name: str
    label: str
    fields: tuple[FormField, ...]
    at_least: int
    at_most: int
    line: str = ""


EditForm = tuple[FormField | FormGroup, ...]


class OutputFormat(Protocol):
    """What the desk asks of an output format. Implementations hold no state and know no
    database.
    """

    slug: str
    edit_form: EditForm

    def response_schema(self, facts: Mapping[str, object]) -> dict[str, object] | None:
        """Return the JSON schema to ask a model server for, made for these facts; None
        for plain text.
        """

    def fixed_schema(self) -> dict[str, object] | None:
        """Return the JSON schema that fits every row, which a server compiles only once; None
        for plain text.
        """

    def parse(self, completion_text: str, facts: Mapping[str, object]) -> ParsedOutput:
        """Read a model's complete answer. Raises UnusableOutput with a reason that an
        editor can read.
        """

    def validated(self, output: object, facts: Mapping[str, object]) -> Output:
        """Check what was built from ``edit_form``, its names as keys. Raises UnusableOutput."""

    def render(self, output: Output) -> str:
        """Return the text that people see and tag, from a validated output."""

    def completion(self, text: str, output: Output | None, facts: Mapping[str, object]) -> str:
        """Return what a model would have had to answer to get this text and output: what
        training completes.
        """

    def word_count(
        self, text: str, facts: Mapping[str, object], mentions: Sequence[Mention] | None = None
    ) -> int:
        """Count the words against the task's limit; the item's title and artist do not count.

        `mentions` are those of the text, for callers who have found them already.
        """

    def facts_of_lines(self, output: Output | None) -> list[list[str]]:
        """Return, line by line of the rendered text, the pointers on which the output says that it
        rests; none for plain text.
        """

    def rests_on(
        self,
        text: str,
        output: Output | None,
        facts: Mapping[str, object],
        mentions: Sequence[Mention] | None = None,
    ) -> list[str]:
        """Return the pointers of the facts that the text uses, in the order of first use.

        `mentions` are those of the text, for callers who have found them already.
        """


def render_lines(form: EditForm, output: Output) -> str:
    """Return the lines that people read of an output, in the order of its form.

    The browser makes the same from the same lines (`static/feedback/rewrite.js`), so that it can
    show what a rewrite changes of them.
    """
    lines: list[str] = []
    for part in form:
        if isinstance(part, FormGroup):
            bullets = output[part.name]
            assert isinstance(bullets, list)  # noqa: S101  (validated; for the type checker)
            lines += [part.line.format_map(bullet) for bullet in bullets]
        else:
            line = part.line.format_map(output)
            lines.append(line[:1].upper() + line[1:])
    return "\n".join(lines)


def count_words(text: str) -> int:
    """Count words as a reader would; punctuation, emoji and bullets are none."""
    return len(_WORD.findall(text))


def count_words_without_names(text: str, mentions: Iterable[Mention]) -> int:
    """Count the words of a text outside the item's title and its artist, guests and remixers."""
    kept = list(text)
    for mention in mentions:
        if mention.pointer in {"/item/title", "/item/artist"}:
            kept[mention.start : mention.end] = " " * (mention.end - mention.start)
    return count_words("".join(kept).replace(" 's", "").replace(" ’s", ""))


def pointers_mentioned(mentions: Iterable[Mention]) -> list[str]:
    """Return the pointers of the facts that a text names, in the order of first mention."""
    return list(dict.fromkeys(mention.pointer for mention in mentions))
