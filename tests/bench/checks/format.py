"""Format: what a model leaves around its line, and lines that are none."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from tests.bench.checks.frame import Corpus, Line
from tests.bench.checks.music_lines import (
    CREDITS,
    LISTENING,
    NUMBERS,
    PLAIN,
    correct_music_lines,
)

NAME: Final = "format"
CHECKS: Final = frozenset({"format"})

# A question and its answer are two sentences.
_ONE_SENTENCE: Final = tuple(
    template for template in (*PLAIN, *CREDITS, *LISTENING, *NUMBERS) if "?" not in template
)
_MARKS: Final = (
    "Hush! no, {base} by {artist} is louder than that.",
    "J. Cole would nod along as {artist} plays {base}.",
    "{artist} vs. the clock: {base} is over before you know it.",
    "Dr. Dre fans, meet {artist} and {base}.",
    "{artist}, a.k.a. the reason your chair is empty, plays {base}.",
    "A St. Patrick's parade in one song: {base} by {artist}.",
    "Who else but {artist} would end a night with {base}?",
    "{artist} makes {base} jump!",
    "Slow, slower … {artist} lets {base} take its time.",
    "{artist} rolls {base} out at {tempo} BPM, i.e. faster than your bus.",
    "Mr. Blue Sky has nothing on {artist}'s {base}.",
    "It is 3 a.m. somewhere, and {artist} knows it on {base}.",
    "{artist} brings R&B, EDM and a DJ's patience to {base}.",
    "{artist} – {base}: {subgenre} for the last bus home.",
    "{base}, by {artist}, is {subgenre} at its most restless.",
)
_SECOND_SENTENCES: Final = (
    "It never lets go.",
    "You will want to hear it again.",
    "A warm evening follows.",
    "Turn it up.",
    "The drums stay close behind.",
    "Nothing about it sits still.",
    "{artist} knows it.",
    "{base} stays with you.",
    "Give it three minutes!",
    "Who could sit still?",
)
_TALK: Final = (
    "Sure, here is a one-liner: {line}",
    "Sure! Here's your line: {line}",
    "Here is the sentence you asked for: {line}",
    "Certainly! {line}",
    "Of course! Here's one: {line}",
    "Absolutely, here is a line about the track:\n{line}",
    "Okay, {line}",
    "Here's a one-liner for {base}: {line}",
    "Based on the facts provided, {line}",
    "I'd be happy to help! {line}",
    "{line} Let me know if you would like another version.",
    "{line} I hope this helps!",
    "{line} (17 words)",
    "As an AI language model, I cannot listen to {base} by {artist}.",
    "I'm sorry, but I can't write about {base}.",
    "I cannot provide an explanation for {base} by {artist}.",
    "I am unable to determine what makes {base} by {artist} special.",
    "I apologize, but I do not have enough information about {artist}.",
)
_LABELS: Final = (
    "Explanation: {line}",
    "One-liner: {line}",
    "Line: {line}",
    "Answer: {line}",
    "Output: {line}",
    "Assistant: {line}",
    "**Explanation:** {line}",
    "Recommendation: {line}",
    "Music one-liner: {line}",
    "Sentence: {line}",
    "Response: {line}",
    "Title: {base} {line}",
    "Caption: {line}",
    "Draft 1: {line}",
    "Final answer: {line}",
)
_AROUND: Final = (
    '"{line}"',
    "“{line}”",
    "'{line}'",
    "«{line}»",
    "**{line}**",
    "*{line}*",
    "`{line}`",
    "# {line}",
    "- {line}",
    "> {line}",
    "1. {line}",
    "_{line}_",
    "```\n{line}\n```",
    "* {line}",
)
_TOKENS: Final = (
    "<|im_end|>",
    "<|endoftext|>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<|eot_id|>",
    "<end_of_turn>",
    "{{ item.artist }}",
    "{{ /item/title }}",
    "{artist}",
    "[Artist]",
    "[artist name]",
    "[Song Title]",
    "<title>",
    "{% endif %}",
    "<<SYS>>",
    "### Response:",
    "<s>",
    "[insert genre]",
    "${title}",
    "&amp;",
    "\\n",
    "<br>",
    "<think>",
)
_EMOJI: Final = ("🔥", "🎶", "❤️", "✨🎧", "😍", "💃", "🎸", "🙌🏽")
_OTHER_LANGUAGES: Final = (
    "{artist} trae un ritmo que no deja de moverse en {base}.",
    "Con {base}, {artist} convierte la noche en una fiesta tranquila.",
    "{artist} macht aus {base} einen ruhigen Abend mit offenen Fenstern.",
    "Mit {base} bringt {artist} die Tanzfläche langsam zum Leuchten.",
    "{artist} offre avec {base} une balade douce pour la fin de la nuit.",
    "Sur {base}, {artist} laisse la basse parler avant la voix.",
    "{artist} porta {base} in pista senza mai perdere la calma.",
    "Com {base}, {artist} deixa a noite mais leve e mais quente.",
    "{artist} brengt met {base} een rustig nummer voor de late avond.",
    "{artist} zamienia {base} w spokojną noc pełną basu.",
    "{artist} låter {base} växa långsamt till något stort.",
    "{artist} превращает {base} в тихий вечер у открытого окна.",
    "{artist}は{base}で静かな夜を踊らせる。",
    "{artist} 用 {base} 把安静的夜晚变成舞池。",
    "{artist}, {base} ile geceyi yavaşça ısıtıyor.",
)
_PADDING: Final = (
    "with a patience that few singers would dare to show so late in a night as long as this one",
    "while the drums, the bass, the keys and the strings take turns at what nobody will say",
    "and anybody who has ever waited for a bus in the rain will know at once what is meant by it",
)


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines of one sentence, some with marks that only look like another one."""
    for line in correct_music_lines(corpus, random, (*_ONE_SENTENCE, *_MARKS)):
        if _words(line.text) <= 15:
            yield line


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines with one fault of shape, each kind as often as any other."""
    kinds = list(_CORRUPTIONS.items())
    for line in correct_music_lines(corpus, random, _ONE_SENTENCE):
        kind, corrupt = random.choice(kinds)
        text = corrupt(line, random)
        if text and text != line.text:
            yield Line(text, line.recommendation, kind)


def _filled(template: str, line: Line) -> str:
    item: dict[str, str] = line.recommendation["item"]
    return (
        template.replace("{line}", line.text)
        .replace("{artist}", item["artist"])
        .replace("{base}", item["title"])
    )


def _chosen(templates: tuple[str, ...]) -> Callable[[Line, Random], str]:
    return lambda line, random: _filled(random.choice(templates), line)


def _second_sentence(line: Line, random: Random) -> str:
    return f"{line.text} {_filled(random.choice(_SECOND_SENTENCES), line)}"


def _token(line: Line, random: Random) -> str:
    token = random.choice(_TOKENS)
    if random.random() < 0.5:
        return f"{line.text}{token}"
    words = line.text.split(" ")
    at = random.randrange(1, len(words))
    return " ".join([*words[:at], token, *words[at:]])


def _emoji(line: Line, random: Random) -> str:
    return f"{line.text} {random.choice(_EMOJI)}"


def _too_long(line: Line, random: Random) -> str:
    return f"{line.text.rstrip('.!')}, {random.choice(_PADDING)}."


def _capitals(line: Line, random: Random) -> str:
    return line.text.upper()


def _cut_off(line: Line, random: Random) -> str:
    words = line.text.split(" ")
    if len(words) < 6:
        return ""
    cut = " ".join(words[: random.randrange(4, len(words) - 1)])
    return "" if cut[-1] in ".!?…" else cut


_CORRUPTIONS: Final[dict[str, Callable[[Line, Random], str]]] = {
    "talk": _chosen(_TALK),
    "label": _chosen(_LABELS),
    "around": _chosen(_AROUND),
    "second sentence": _second_sentence,
    "token": _token,
    "emoji": _emoji,
    "language": _chosen(_OTHER_LANGUAGES),
    "too long": _too_long,
    "capitals": _capitals,
    "cut off": _cut_off,
}


def _words(text: str) -> int:
    return len(text.split())
