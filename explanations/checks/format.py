"""Format: length, sentences, language, and what a model leaves around its line.

Mild where an editor can mend it in a second (a few words too many, quotation marks), strict where
the text is not the copy at all (control tokens, another language, a model talking to its user).
"""

from collections.abc import Iterator
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.language import other_language
from explanations.checks.subject import Subject
from explanations.context import control_tokens

VERSION = 3
CATEGORY = "format"
# Up to half as much again is a matter for the editor; beyond that the model missed the task.
SLACK = 1.5

_Span = tuple[int, int]
# Stands in the place of every letter of a named fact where what is around it matters.
_FACT: Final = "X"

# --- What is left over ----------------------------------------------------------------------------

_PLACEHOLDER_WORD: Final = (
    r"artist|band|singer|musician|title|track|song|album|single|genre|subgenre|tempo|bpm|year|date|"
    r"number|name|company|employer|organi[sz]ation|skills?|job|role|position|candidate|applicant|"
    r"user|listener|reader|city|country|degree|industry|verdict|item|audience|fact|value|adjective|"
    r"verb|noun|sentence|text|line|description|mood|feature|placeholder|blank|insert|your|x+"
)
_TEMPLATE_TOKEN: Final = regex.compile(
    r"<0x[0-9A-F]{2}>|\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}|\$\{[^{}\n]*\}|\{[\w./|:-]*\}|%\([\w.]+\)s|%[A-Z_]+%"
    r"|</?[a-z][\w./-]*(?:\s[^<>\n]*)?/?>"
    r"|[\[<(](?:(?:the|an?|insert|your|add|main|song|track|job|company)[ _-])*"
    rf"(?:{_PLACEHOLDER_WORD})"
    r"(?:[ _-](?:name|title|here|goes here|[0-9]+|of the \w+))*[\]>]"
    rf"|\[(?:insert|your|add|fill)\b[^\]\n]*\]"
    r"|###\s*(?:instruction|response|input|answer|end|system|user|assistant)\b:?"
    r"|\\[nrt](?![\p{L}])|\\u[0-9a-f]{4}|&(?:amp|quot|lt|gt|nbsp|apos|#[0-9]+);|\ufffd|[Ġ▁]"
    r"|\b(?:lorem ipsum|TODO|TBD)\b|\"(?:text|answer|output|verdict|matches|gaps)\"\s*:",
    flags=regex.IGNORECASE,
)
_TEMPLATE_SIGNS: Final = regex.compile(r"[{<\[%\\&#Ġ▁\ufffd\"$]|lorem|todo|tbd", regex.IGNORECASE)

# --- A model that talks ---------------------------------------------------------------------------

_LEADING_TALK: Final = regex.compile(
    r"[\s*_#>\"“']*(?:"
    r"(?:(?:sure|certainly|of course|okay|ok|absolutely|great|alright|no problem|definitely)"
    r"(?: thing)?[,!.:]*\s+)?"
    r"(?:here(?:'s|’s| is| are| you go| you are)(?! {2})|below is|below you|the following is"
    r"|this is)"
    r"(?: the| an?| your| my| one| some| another| our)?\b[^.!?\n]{0,160}:"
    r"|(?:as an ai|i am an ai|i'm an ai|i’m an ai|i cannot|i can not|i can['’]t help)\b"
    r"|(?:sure|certainly|of course|absolutely|definitely|great question)(?: thing)?[,!:]\s"
    r"|(?:okay|ok|alright|great|got it|understood|no problem|happy to help)[,!.]\s"
    r"|(?:i['’]d be|i would be|i am|i['’]m) (?:happy|glad|pleased|delighted) to\b"
    r"|(?:i hope|hope) (?:this|that|it) helps\b"
    r"|(?:let me|allow me to) (?:know|write|try|help|give|create|craft|present)\b"
    r"|(?:based on|according to|given|using) (?:the )?"
    r"(?:provided |given |above |following |available )?"
    r"(?:facts|information|data|details|prompt|instructions|metadata)\b"
    r")",
    flags=regex.IGNORECASE,
)
_TALK_INSIDE: Final = regex.compile(
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|assistant|chatbot)\b"
    r"|\b(?:ai|large) language model\b"
    r"|\bi(?:['’]m| am) (?:sorry|afraid|unable|not able|only an? (?:ai|assistant))\b"
    r"|\bi (?:apologi[sz]e|cannot|can['’]t|can not|won['’]t|will not|am unable to|do not|don['’]t) "
    r"(?:be able to )?(?:provide|write|generate|create|help|assist|fulfil|fulfill|comply|complete|"
    r"answer|determine|assess|evaluate|recommend|produce|offer|access|have (?:access|enough|the "
    r"(?:information|ability|facts)|any information|information)|discuss|engage|continue|do that)\b"
    r"|\bi apologi[sz]e\b|\bmy (?:guidelines|programming|training data|knowledge cutoff)\b"
    r"|\b(?:let me know|feel free to (?:ask|let me)|hope (?:this|that|it) helps)\b"
    r"|\b(?:there is|there's) (?:not enough|insufficient) information\b"
    r"|\bas (?:you )?requested\b|\bword count\s*:|[(\[]\d+ words\b[^)\]]*[)\]]"
    r"|\bthis (?:sentence|line|one-liner|explanation) (?:is|has|uses|contains|meets|stays|names)\b",
    flags=regex.IGNORECASE,
)
# Words without which neither is there; most texts have none of them.
_TALK_BEGINS: Final = frozenset(
    (
        *("sure", "certainly", "of", "okay", "ok", "absolutely", "great", "alright", "no", "got"),
        *("definitely", "here", "here's", "below", "the", "this", "as", "i", "i'm", "i'd", "hope"),
        *("understood", "happy", "let", "allow", "based", "according", "given", "using"),
    )
)
_TALK_HAS: Final = frozenset(
    (
        *("i", "i'm", "ai", "model", "assistant", "chatbot", "my", "me", "feel", "hope"),
        *("information", "requested", "word", "words", "this"),
    )
)
_LABEL_WORD: Final = (
    r"one[- ]?liner|explanation|suggestion|attempt|rewrite|"
    r"summary|description|sentence|line|recommendation|answer|output|"
    r"response|result|completion|caption|blurb|draft|copy|text|title|artist|genre|track|song|"
    r"assistant|user|system|human|ai|bot|model|note|reason|headline|tagline|review|example|"
    r"music|prompt|instruction|input|final answer|music[- ]oneliner|job[- ]fit|task|pitch|"
    r"option(?: \d)?|version(?: \d)?|q|a"
)
_LEADING_LABEL: Final = regex.compile(
    rf"[\s*_#>\"“'\[(]*(?:(?:the|a|an|my|your|our|short|final|suggested|new|revised|possible|one|"
    rf"music|song|track|job|fit|artist)[ -])*(?:{_LABEL_WORD})"
    r"(?:\s*\([^()\n]{1,30}\)|\s*#?\d{1,2})?[\s*_\])]*(?:\s+is|\s+would be)?(?:\s*[:：]|\s+[-–—]\s)"
    r"|\s*why (?:you|they|it|this|we|listeners?)\b[^.!?:\n]{0,50}:",
    flags=regex.IGNORECASE,
)

# --- Shape ----------------------------------------------------------------------------------------

_MARKDOWN: Final = regex.compile(
    r"(?P<both>\*\*\*?)(?=\S)[^*\n]+?\*\*\*?|(?P<both>__)[^_\n]+__|(?P<both>`+)[^`\n]+`+"
    r"|(?P<both>~~)[^~\n]+~~|^(?P<both>#{1,6})\s|^\s*(?P<both>>)\s|^(?P<both>\[)[xX ]\]\s"
    r"|\[[^\]\n]+\](?P<both>\()[^)\n]+\)"
    r"|(?<![\p{L}\p{N}*])(?P<both>\*)[^\s*][^*\n]*?(?<=\S)\*(?![\p{L}\p{N}*])"
    r"|(?<![\p{L}\p{N}_])(?P<both>_)[^\s_][^_\n]*?(?<=\S)_(?![\p{L}\p{N}_])",
    flags=regex.MULTILINE,
)
_LIST_ITEM: Final = regex.compile(r"^\s*(?:[-*•–]\s|\d{1,2}[.)]\s)", flags=regex.MULTILINE)
_HASHTAG: Final = regex.compile(r"(?<![\p{L}\p{N}&#])#\p{L}[\p{L}\p{N}_]+")
_MARK_SIGNS: Final = frozenset("*_`~#>[•")

_QUOTES: Final = {'"': '"', "“": "”", "„": "“”", "«": "»", "»": "«", "‘": "’", "'": "'", "「": "」"}
_ELISION: Final = regex.compile(
    r"['‘’](?:til|cause|bout|round|em|n|tis|twas|cos|\d0s)\b", regex.IGNORECASE
)
_OPENED: Final = regex.compile(r"(?<!\S)['‘](?=\p{L})")
_DOUBLE_QUOTE: Final = regex.compile(r"[\"“”„«»]")

_ABBREVIATION: Final = regex.compile(
    r"(?<![\p{L}\p{N}])(?:feat|ft|vs|mr|mrs|ms|dr|st|prof|sgt|lt|capt|no|nos|nr|op|vol|pt|pts|jr|"
    r"sr|inc|ltd|co|corp|bros|dept|approx|min|max|ca|cf|incl|est|rev|gen|gov|sen|hon|mt|ave|"
    r"e\.g|i\.e|a\.k\.a|u\.s|u\.k|ph\.d|b\.sc|m\.sc|m\.d|a\.m|p\.m|(?:\p{L}\.)+\p{L}|\p{Lu})\.",
    flags=regex.IGNORECASE,
)
_INITIAL: Final = regex.compile(r"^\s*\d{1,2}\.|(?<![\p{L}\p{N}.'’])\p{Lu}\.(?=\s\p{Lu})")
_SENTENCE_END: Final = regex.compile(
    r"(?:\.(?!\.)[\"'”’)\]]*(?=\s+[\p{L}\p{N}\"“'‘(¿¡])"
    r"|[!?]+[\"'”’)\]]*(?=\s+[\"“'‘(¿¡]*[\p{Lu}\p{Lo}\p{N}])"
    rf"|(?<=\S)(?:\.{{2,}}|…)(?=\s+(?!{_FACT})\p{{Lu}})"
    r"|(?<=\p{Ll}{3})[.!?](?=\p{Lu}\p{Ll}+\s)"
    r"|[。！？]+(?=\S)|[؟۔]+(?=\s*\S))"
)
_MARK_INSIDE: Final = regex.compile(r"[.!?…。！？؟۔]")
_LAST_MARKS: Final = " \n.!?…。！？؟।\"'”’)"
_ENDED: Final = regex.compile(r"[.!?…。！？؟।][\"'”’»›)\]】」*_`~]*$")
# A last word that ends nothing is short.
_TAIL: Final = 12
_LOOSE_END: Final = regex.compile(
    r"(?:[,;:–—(\[/&+]|\s-|-|\b(?:the|an?|of|with|and|to|for|in|at|by|from|that|which|is|are|as|its|"
    r"your|their|his|her|on|into|or|but|this|than|where|you|has|have|will|can|was|were|be|so|if))"
    r"(?:\.{2,}|…)?$",
    flags=regex.IGNORECASE,
)
_EMOJI: Final = regex.compile(
    r"[[\p{Emoji_Presentation}\p{Extended_Pictographic}♪♫♬♩★☆✓✔→]--[©®™‼⁉↔]]"
    r"[\ufe0f\u200d\p{Emoji_Modifier}\p{Extended_Pictographic}]*"
    r"|(?<![\p{L}\p{N}])(?:[:;=]-?[)(DPp]|<3|\^\^|xD)(?![\p{L}\p{N}])",
    flags=regex.VERSION1,
)
_CAPITAL_WORDS: Final = regex.compile(r"(?<![\p{L}])\p{Lu}{2,}(?:[\s,'’-]+(?:\p{Lu}{2,}|[AI]\b))+")
_SMALL_WORDS: Final = frozenset(
    (
        *("THE", "AND", "FOR", "WITH", "FROM", "OF", "BY", "IN", "ON", "IF", "YOU", "YOUR"),
        *("IS", "IT", "ITS", "AT", "TO"),
    )
)
_FEWEST_CAPITALS: Final = 5
_MOSTLY_CAPITALS: Final = 0.8
_SHOUTED_WORDS: Final = 3
_LONG_WORD: Final = 5
_LETTERS: Final = regex.compile(r"\p{L}+")
_INCHES: Final = regex.compile(r"\d\"")
_BRACKETS: Final = (("(", ")"), ("[", "]"), ("{", "}"))


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the shape of a text."""
    if not subject.text.strip():
        yield _finding("error", "The text is empty.")
        return
    yield from _too_many_words(subject)
    yield from _left_over(subject)
    yield from _talk_and_labels(subject)
    yield from _wrong_language(subject)
    yield from _markdown(subject)
    yield from _emoji(subject)
    yield from _capitals(subject)
    if is_one_line(subject):
        yield from _several_lines(subject)
        yield from _too_many_sentences(subject)
        yield from _quotes_around(subject)
        yield from _breaks_off(subject)
    else:
        yield from _same_bullet_twice(subject)
        yield from _bullets_break_off(subject)


def is_one_line(subject: Subject) -> bool:
    """Say whether the task wants a single line of plain text."""
    return subject.output is None and subject.output_format.fixed_schema() is None


def _too_many_words(subject: Subject) -> Iterator[Finding]:
    words = subject.output_format.word_count(subject.text, subject.facts, subject.mentions)
    if words > subject.word_limit:
        severe = words > subject.word_limit * SLACK
        message = f"{words} words where {subject.word_limit} are the most."
        yield _finding("error" if severe else "warning", message)


def _left_over(subject: Subject) -> Iterator[Finding]:
    past = 0
    spans = set(control_tokens(subject.masked))
    if _TEMPLATE_SIGNS.search(subject.masked):
        spans |= {found.span() for found in _TEMPLATE_TOKEN.finditer(subject.masked)}
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= past:
            message = "A token of the model or of the template is left over."
            yield _finding("error", message, (start, end))
            past = end


def _talk_and_labels(subject: Subject) -> Iterator[Finding]:
    words = [word.written for word in subject.words]
    talk = None
    if words and words[0] in _TALK_BEGINS:
        talk = _LEADING_TALK.match(subject.masked)
    if talk is None and not _TALK_HAS.isdisjoint(words):
        talk = _TALK_INSIDE.search(subject.masked)
    if talk:
        yield _finding("error", "The model talks to its user instead of writing.", talk.span())
        return
    if label := _LEADING_LABEL.match(subject.masked):
        yield _finding("warning", "A label stands before the text.", label.span())


def _wrong_language(subject: Subject) -> Iterator[Finding]:
    words = [word.written for word in subject.words]
    if found := other_language(subject.masked, words, subject.locale):
        yield _finding("error", f"This is written in {found}, not for “{subject.locale}”.")


def _markdown(subject: Subject) -> Iterator[Finding]:
    if _MARK_SIGNS.isdisjoint(subject.masked):
        if is_one_line(subject):
            yield from _list_item(subject)
        return
    past = 0
    for found in _MARKDOWN.finditer(subject.text):
        start, end = found.span()
        mark = found.span("both")[0]
        # What a fact writes itself is no markup, and a placeholder has been named already.
        if not subject.masked[mark].isspace() and start >= past:
            yield _finding("warning", _MARKED, (start, end))
            past = end
    for hashtag in _HASHTAG.finditer(subject.masked):
        yield _finding("warning", "A hashtag stands in the text.", hashtag.span())
    if is_one_line(subject):
        yield from _list_item(subject)


_MARKED: Final = "Markdown is shown as it is, not as formatting."


def _list_item(subject: Subject) -> Iterator[Finding]:
    if (found := _LIST_ITEM.match(subject.text)) and not _is_blank(subject, found.span()):
        yield _finding("warning", _MARKED, found.span())


def _is_blank(subject: Subject, span: _Span) -> bool:
    return subject.masked[slice(*span)].isspace()


def _emoji(subject: Subject) -> Iterator[Finding]:
    masked = subject.masked
    if subject.rules.emoji or (masked.isascii() and not _ASCII_SMILE.search(masked)):
        return
    for found in _EMOJI.finditer(masked):
        yield _finding("warning", "The guide allows no emoji.", found.span())


_ASCII_SMILE: Final = regex.compile(r"[:;=]-?[)(DPp]|<3|\^\^|xD")


def _capitals(subject: Subject) -> Iterator[Finding]:
    words = _LETTERS.findall(subject.masked)
    capitals = sum(len(word) for word in words if word.isupper())
    if capitals < _FEWEST_CAPITALS:
        return
    if capitals >= _MOSTLY_CAPITALS * sum(map(len, words)):
        if _is_shouted(words):
            yield _finding("warning", "It is written in capitals.")
        return
    for found in _CAPITAL_WORDS.finditer(subject.masked):
        if sum(len(word) >= _LONG_WORD for word in found.group().split()) >= _SHOUTED_WORDS:
            yield _finding("warning", "These words are written in capitals.", found.span())


def _is_shouted(words: list[str]) -> bool:
    """Say whether the capitals are more than abbreviations: "SQL, XML, AWS" shouts nothing."""
    return any(len(word) >= _LONG_WORD or word in _SMALL_WORDS for word in words)


def _several_lines(subject: Subject) -> Iterator[Finding]:
    lines = sum(bool(line.strip()) for line in subject.text.splitlines())
    if lines > 1:
        yield _finding("warning", f"{lines} lines where one was asked for.")


def _too_many_sentences(subject: Subject) -> Iterator[Finding]:
    if not _MARK_INSIDE.search(subject.masked.rstrip(_LAST_MARKS)):
        return
    calm = _without_abbreviations(subject)
    ends = list(_SENTENCE_END.finditer(calm.rstrip()))
    if ends:
        severe = len(ends) > 1
        message = f"{len(ends) + 1} sentences where one was asked for."
        start = ends[0].end()
        yield _finding("error" if severe else "warning", message, (start, len(subject.text)))


def _without_abbreviations(subject: Subject) -> str:
    """Return the text, as long as it is, without the full stops that end nothing."""
    characters = list(subject.text)
    for mention in subject.mentions:
        end = mention.end
        characters[mention.start : end] = _FACT * (end - mention.start)
    calm = _ABBREVIATION.sub(_blanked, "".join(characters)) if "." in subject.text else ""
    return _INITIAL.sub(_blanked, calm) if calm else "".join(characters)


def _blanked(found: "regex.Match[str]") -> str:
    return found.group().replace(".", " ")


def _quotes_around(subject: Subject) -> Iterator[Finding]:
    text = subject.text.strip()
    closing = _QUOTES.get(text[0])
    if closing and not _ELISION.match(text) and _is_quoted(text, closing):
        yield _finding("warning", "The whole text stands in quotation marks.")
    elif subject.masked.count('"') % 2 and not _INCHES.search(subject.masked):
        at = subject.masked.index('"')
        yield _finding("warning", "A quotation mark stands alone.", (at, at + 1))


def _is_quoted(text: str, closing: str) -> bool:
    """Say whether the first mark closes at the end, and nowhere before."""
    bare = text.rstrip(".!?… ")
    if len(bare) < 3 or bare[-1] not in closing:
        return False
    inside = bare[1:-1]
    if text[0] in "'‘":
        return not _OPENED.search(inside) and (bare != text or text[-2] in ".!?…")
    marks = list(_DOUBLE_QUOTE.finditer(inside))
    # “A” and “B” begins and ends with a mark too; in “say “A” now” the next one opens.
    before = inside[: marks[0].start()] if marks else ""
    return not marks or (len(marks) % 2 == 0 and (not before or before[-1].isspace()))


def _breaks_off(subject: Subject) -> Iterator[Finding]:
    text = subject.text.rstrip()
    for opening, closing in _BRACKETS:
        if subject.masked.count(opening) > subject.masked.count(closing):
            at = subject.masked.rindex(opening)
            yield _finding("warning", "A bracket is never closed.", (at, at + 1))
    if not _ENDED.search(text[-_TAIL:]):
        yield _finding("warning", "It breaks off: no full stop ends it.", _last_word(text))
    elif _LOOSE_END.search(text[-_TAIL:]) and not _is_blank(subject, _last_word(text)):
        yield _finding("warning", "It breaks off in the middle.", _last_word(text))


def _last_word(text: str) -> _Span:
    return max(text.rfind(" ") + 1, 0), len(text)


def _bullets_break_off(subject: Subject) -> Iterator[Finding]:
    start = 0
    for line in subject.text.split("\n"):
        bare = line.rstrip()
        tail = bare[-_TAIL:]
        if not _ENDED.search(tail) and _LOOSE_END.search(tail):
            first, last = start + _last_word(bare)[0], start + len(bare)
            if not _is_blank(subject, (first, last)):
                yield _finding("warning", "It breaks off in the middle.", (first, last))
        start += len(line) + 1


def _same_bullet_twice(subject: Subject) -> Iterator[Finding]:
    start = 0
    seen: set[str] = set()
    for line in subject.text.split("\n"):
        words = line.casefold().strip(" +−-.!")
        if words in seen and line:
            yield _finding("warning", "The same bullet stands twice.", (start, start + len(line)))
        seen.add(words)
        start += len(line) + 1


def _finding(severity: str, message: str, span: _Span | None = None) -> Finding:
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
