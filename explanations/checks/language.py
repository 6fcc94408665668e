"""In which language a text is written, judged by its own words alone.

The names in it are no evidence: "Despacito by Luis Fonsi" is not Spanish. A few words are not
either, so only what is clear is said.
"""

import logging
from array import array
from collections.abc import Sequence
from functools import cache
from mmap import ACCESS_READ, mmap
from tempfile import TemporaryFile
from typing import Final, Literal, cast

import regex
from py3langid.langid import MODEL_FILE, LanguageIdentifier

# Fewer languages, fewer chance hits: no desk writes Latin or Occitan, and short lines often look
# like one of them.
_LANGUAGES: Final = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr"),
    *("hu", "id", "it", "ja", "ko", "lt", "lv", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl"),
    *("sv", "th", "tr", "uk", "vi", "zh"),
)
# By how much another language must be the likelier one, in the identifier's logarithms.
_CLEAR: Final = 16.0
# A stretch of a text in the right language is judged more carefully than the whole of it.
_CLEAR_STRETCH: Final = 30.0
_FEWEST_LETTERS: Final = 12
_FEWEST_WORDS: Final = 3
_STRETCH_WORDS: Final = 6
_NOT_LATIN: Final = regex.compile(r"[\p{L}--\p{Latin}]", regex.VERSION1)
_LETTER: Final = regex.compile(r"\p{L}")
_MOSTLY: Final = 0.5
# What an English line is made of; two of them and it is English, however odd the rest.
_ENGLISH: Final = frozenset(
    (
        *("the", "and", "with", "of", "that", "this", "your", "you", "for", "from", "its", "it's"),
        *("is", "are", "was", "into", "over", "their", "every", "which", "where", "when", "than"),
        *("these", "those", "what", "who", "by", "to", "an", "at", "keeps", "makes", "job", "asks"),
        *("profile", "years", "track", "beats", "minute", "about", "through", "like", "have"),
        *("without", "between", "after", "before", "while", "they", "we're", "you're", "you'll"),
    )
)
_FEWEST_ENGLISH: Final = 2
_NAMES: Final = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean",
    "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
# Neighbours that short texts do not tell apart.
_ALIKE: Final = (
    {"da", "no", "sv"},
    {"cs", "sk"},
    {"hr", "sl"},
    {"es", "pt"},
    {"ru", "uk", "bg"},
    {"de", "nl"},
    {"zh", "ja"},
)
# Letters of other scripts than the language's own.
_NOT_ARABIC: Final = regex.compile(r"[\p{L}--\p{Arabic}]", regex.VERSION1)
_NOT_CYRILLIC: Final = regex.compile(r"[\p{L}--\p{Cyrillic}]", regex.VERSION1)
_STRANGE: Final = {
    "ar": _NOT_ARABIC,
    "bg": _NOT_CYRILLIC,
    "el": regex.compile(r"[\p{L}--\p{Greek}]", regex.VERSION1),
    "fa": _NOT_ARABIC,
    "he": regex.compile(r"[\p{L}--\p{Hebrew}]", regex.VERSION1),
    "hi": regex.compile(r"[\p{L}--\p{Devanagari}]", regex.VERSION1),
    "ja": regex.compile(r"[\p{L}--[\p{Han}\p{Hiragana}\p{Katakana}ー]]", regex.VERSION1),
    "ko": regex.compile(r"[\p{L}--\p{Hangul}]", regex.VERSION1),
    "ru": _NOT_CYRILLIC,
    "th": regex.compile(r"[\p{L}--\p{Thai}]", regex.VERSION1),
    "uk": _NOT_CYRILLIC,
    "zh": regex.compile(r"[\p{L}--\p{Han}]", regex.VERSION1),
}
_FEWEST_STRANGE_LETTERS: Final = 4


def other_language(text: str, words: Sequence[str], locale: str) -> str:
    """Return the name of the language of a text where it is plainly not that of `locale`, else "".

    The names in the text must be blanked out; `words` are its words without case, their
    apostrophes straight. A locale of which nothing is known gets "".
    """
    wanted = locale.replace("_", "-").split("-")[0].lower()
    if wanted not in _LANGUAGES:
        return ""
    if script := _other_script(text, wanted):
        return script
    if len(words) < _FEWEST_WORDS or sum(map(len, words)) < _FEWEST_LETTERS:
        return ""
    if wanted == "en" and _is_plainly_english(words):
        return _language_of_a_stretch(words, wanted)
    return _clearly_another(" ".join(words), wanted, _CLEAR)


def _is_plainly_english(words: Sequence[str]) -> bool:
    return sum(word in _ENGLISH for word in words) >= _FEWEST_ENGLISH


def _language_of_a_stretch(words: Sequence[str], wanted: str) -> str:
    """Look at both ends of a text: a model that slips into another language stays there."""
    if len(words) < 2 * _STRETCH_WORDS:
        return ""
    for stretch in (words[: len(words) // 2], words[len(words) // 2 :]):
        if wanted == "en" and _is_plainly_english(stretch):
            continue
        if found := _clearly_another(" ".join(stretch), wanted, _CLEAR_STRETCH):
            return found
    return ""


def _clearly_another(text: str, wanted: str, clear: float) -> str:
    ranked = _identifier().rank(text)
    best, score = ranked[0]
    if best == wanted or any({best, wanted} <= alike for alike in _ALIKE):
        return ""
    expected = next(value for language, value in ranked if language == wanted)
    return _NAMES[best] if score - expected >= clear else ""


def _other_script(text: str, wanted: str) -> str:
    """Name the language of a text of which most letters are none of the wanted language's."""
    if text.isascii() and wanted not in _STRANGE:
        return ""
    strange = len(_STRANGE.get(wanted, _NOT_LATIN).findall(text))
    if strange < _FEWEST_STRANGE_LETTERS or strange <= _MOSTLY * len(_LETTER.findall(text)):
        return ""
    best = _identifier().rank(" ".join(text.split()))[0][0]
    return "" if best == wanted else _NAMES[best]


def load_language_model() -> None:
    """Load what tells languages apart, some 40 MB: once, before a process forks into several."""
    _identifier()


@cache
def _identifier() -> LanguageIdentifier:
    """Return the identifier, loaded once a process."""
    logging.getLogger("py3langid").setLevel(logging.WARNING)
    every = LanguageIdentifier.from_model_file(MODEL_FILE)
    every.set_languages(_LANGUAGES)
    # Made anew, so that the tables of the other hundred languages are given back.
    return LanguageIdentifier(
        every.nb_ptc,
        every.nb_pc,
        every.nb_classes,
        _mapped(every.tk_nextmove),
        every.tk_output,
        tk_row=every.tk_row,
    )


def _mapped(table: "array[int]") -> "memoryview[int] | array[int]":
    """Return a table as a file that is mapped, so that only what is read of it takes memory.

    A few hundred pages of the automaton's ten thousand are, in any one language. The file has no
    name and ends with the process; without room for it the table stays as it is.
    """
    try:
        with TemporaryFile() as file:
            table.tofile(file)
            file.flush()
            whole = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
            return whole.cast(cast("Literal['I']", table.typecode))
    except OSError:
        return table
