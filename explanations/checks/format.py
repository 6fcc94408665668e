"""Format: length, sentences, and what a model leaves around its line.

Mild where an editor can mend it in a second (a few words too many, quotation marks), strict where
the text is not the copy at all (control tokens, a model talking to its user).
"""

from collections.abc import Iterator

import regex

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject

VERSION = 1
CATEGORY = "format"
# Up to half as much again is a matter for the editor; beyond that the model missed the task.
SLACK = 1.5

_CONTROL_TOKEN = regex.compile(
    r"<[|｜][^<>\n]{0,40}[|｜]>|</?s>|<</?SYS>>|\[/?INST\]|</?(?:start|end)_of_turn>|<0x[0-9A-F]{2}>"
    r"|</?think>|\{\{[^{}\n]*\}\}",
    flags=regex.IGNORECASE,
)
_LEADING_TALK = regex.compile(
    r"\s*(?:(?:sure|certainly|of course|okay|ok|absolutely|great)[,!.:]?\s+)?"
    r"(?:here(?:'s| is| are)|below is|this is) (?:the|a|an|your|my|one)\b[^.!?\n]{0,60}:"
    r"|\s*(?:as an ai|i am an ai|i'm an ai|i cannot|i can't help)\b"
    r"|\s*(?:sure|certainly|of course|absolutely)[,!]\s",
    flags=regex.IGNORECASE,
)
_LEADING_LABEL = regex.compile(
    r"\s*(?:line|sentence|answer|output|response|title|artist|genre|track|assistant|user|system)\s*:",
    flags=regex.IGNORECASE,
)
_MARKDOWN = regex.compile(
    r"\*\*[^*\n]+\*\*|__[^_\n]+__|`[^`\n]+`|^#{1,6}\s|^\s*[-*]\s|\[[^\]\n]+\]\([^)\n]+\)",
    flags=regex.MULTILINE,
)
_QUOTES_AROUND = regex.compile(r"\s*([\"'“‘«„]).+[\"'”’»“][.!?]?\s*", flags=regex.DOTALL)
_INNER_QUOTE = regex.compile(r"[\"“”«»„]")
_ABBREVIATION = regex.compile(
    r"\b(?:feat|ft|vs|mr|mrs|ms|dr|st|no|vol|pt|jr|sr|etc|e\.g|i\.e|(?:\p{L}\.)+\p{L})\.",
    flags=regex.IGNORECASE,
)
_SENTENCE_END = regex.compile(r"(?:[.!?…]+[\"'”’)]*(?=\s+\S)|[。！？]+(?=\S)|[؟۔]+(?=\s*\S))")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the shape of a text."""
    if not subject.text.strip():
        yield _finding("error", "The text is empty.")
        return
    yield from _too_many_words(subject)
    yield from _control_tokens(subject)
    yield from _talk_and_labels(subject)
    if subject.output is None:
        yield from _too_many_sentences(subject)
        yield from _quotes_around(subject)
        yield from _markdown(subject)
    else:
        yield from _same_bullet_twice(subject)


def _too_many_words(subject: Subject) -> Iterator[Finding]:
    words = subject.output_format.word_count(subject.text, subject.facts, subject.mentions)
    if words > subject.word_limit:
        severe = words > subject.word_limit * SLACK
        message = f"{words} words where {subject.word_limit} are the most."
        yield _finding("error" if severe else "warning", message)


def _control_tokens(subject: Subject) -> Iterator[Finding]:
    for found in _CONTROL_TOKEN.finditer(subject.masked):
        yield _finding("error", "A control token of the model is left over.", found.span())


def _talk_and_labels(subject: Subject) -> Iterator[Finding]:
    talk = _LEADING_TALK.match(subject.masked)
    if talk:
        yield _finding("error", "The model talks to its user instead of writing.", talk.span())
        return
    label = _LEADING_LABEL.match(subject.masked)
    if label:
        yield _finding("warning", "A label stands before the text.", label.span())


def _too_many_sentences(subject: Subject) -> Iterator[Finding]:
    calm = _ABBREVIATION.sub(lambda found: " " * len(found.group()), subject.masked)
    ends = list(_SENTENCE_END.finditer(calm.rstrip()))
    if ends:
        severe = len(ends) > 1
        message = f"{len(ends) + 1} sentences where one was asked for."
        start = ends[0].end()
        yield _finding("error" if severe else "warning", message, (start, len(subject.text)))


def _quotes_around(subject: Subject) -> Iterator[Finding]:
    around = _QUOTES_AROUND.fullmatch(subject.text)
    if around and not _INNER_QUOTE.search(subject.text.strip()[1:-2]):
        yield _finding("warning", "The whole text stands in quotation marks.")


def _markdown(subject: Subject) -> Iterator[Finding]:
    for found in _MARKDOWN.finditer(subject.text):
        start, end = found.span()
        if not subject.masked[start:end].isspace():
            message = "Markdown is shown as it is, not as formatting."
            yield _finding("warning", message, (start, end))


def _same_bullet_twice(subject: Subject) -> Iterator[Finding]:
    start = 0
    seen: set[str] = set()
    for line in subject.text.split("\n"):
        words = line.casefold().strip(" +−-.!")
        if words in seen and line:
            yield _finding("warning", "The same bullet stands twice.", (start, start + len(line)))
        seen.add(words)
        start += len(line) + 1


def _finding(severity: str, message: str, span: tuple[int, int] | None = None) -> Finding:
    start, end = span or (None, None)
    return Finding(
        check="format",
        version=VERSION,
        severity="error" if severity == "error" else "warning",
        message=message,
        start=start,
        end=end,
        category=CATEGORY,
    )
