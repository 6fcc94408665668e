"""What stands around a name: a credit, or what somebody has been listening to."""

from typing import Final

import regex

_IGNORE: Final = regex.IGNORECASE

_CREDIT_BEFORE: Final = regex.compile(
    r"\b(?:by|feat\.?|ft\.?|featuring|starring|courtesy of|from|with|in the hands of|thanks to|let"
    r"|lets|watch|see|hear|catch|as|when|where|while|and|&)\s+[\"“‘']?$",
    flags=_IGNORE,
)
_CREDIT_AFTER: Final = regex.compile(
    r"\.?(?:\s*[:—–]\s|\s-\s|['’]s?\b|\s+(?:and|&)\s+(?=\p{Lu})|\s+(?:feat\.?|ft\.?|featuring)\s"
    r"|\s+(?:took|gave|made|kept|let|ran|brought|found|sang|put|left|broke|went|came|drew|built|wrote"
    r"|cut|hit|set|threw|rode|flew|fell|held|led|lit|met|shot|stood|swept|wore|won|sent|sat|rose|spun"
    r"|stole|turned|brings|keeps|turns|takes|lets|makes|gives|sings|plays|raps|delivers|drops|serves"
    r"|shares|joins|teams|drives|hands|leads|trades|shows|sounds|rides|steers|pours|pushes)\b)"
)
_VERB_AFTER: Final = regex.compile(
    r"\.?(?:\s+with\s|\s+(?!says\b|dictates\b|suggests\b|demands\b|is\b|was\b|as\b|has\b|this\b)"
    r"\p{Ll}+(?:s|ed)\b|\s+(?:had|was|can|will|could|would|may|might|won['’]t|never|always)\b)"
)
_PLAIN_CREDIT_BEFORE: Final = regex.compile(
    r"\b(?:feat\.?|ft\.?|featuring|starring|courtesy of|(?:produced|written|sung|performed|remixed"
    r"|made|recorded|reworked) by|(?:track|song|single|cut|remix|tune|one|anthem|version)"
    r" (?:by|from))\s+$",
    flags=_IGNORE,
)
_MORE: Final = (
    r"(?:(?:your|the|that|those|some|more|all|recent|late|heavy|latest|much|too|so|a lot of|lots of"
    r"|favou?rites?|regulars?|hero|heroes|plays?|tracks?|songs?|by|from|of)\s+)*[\"“‘']?$"
)
# Nothing else can be meant …
_OF_LISTENER_BEFORE: Final = regex.compile(
    r"\b(?:your|you(?: and)?|recent|recently|fans? of|lovers? of|listeners? of|friends? of|next to"
    r"|after|like|alongside|beside|came for|come for|fell for|love (?:for|of)|neighbou?rs? of|if"
    r"|since|all (?:that|those)|playing|played|plays?|spinning|loved|enjoy(?:ed|ing)?|besides"
    r"|whenever|replay(?:ing|ed)?|room between|somewhere between|between)\s+" + _MORE,
    flags=_IGNORE,
)
# … or it may, where the artist is named as well.
_BESIDE_BEFORE: Final = regex.compile(
    r"\b(?:where|heard?|to|as|than|loves?|rate|dig|queued?|near|via|past|from|for|with|into|behind"
    r"|beyond|against|follow(?:s|ing|ed)?|beat|not only|more|much|when|while|because|until|before"
    r"|once|though|although|miss(?:ing)?|of)\s+" + _MORE,
    flags=_IGNORE,
)
_LISTENING_AFTER: Final = regex.compile(
    r"(?:['’]s?)?\s+(?:fans?|listeners?|lovers?|favou?rites?|streak|spins?|queue|rotation"
    r"|history|habit|sessions?|evenings?|nights?|mornings?|days?|weeks?|marathons?|crowd|playlists?"
    r"|phase|kick|mood|territory|shelf|diet|run|binge|regulars?|devotees?|people|corner|side|records?"
    r"|tracks?|songs?|moments?|energy|touch|keeps? you|left you|got you|gets you|has been|have been"
    r"|had you|has you|is your|are your|is on|are on|is in|are in|on repeat|on your|in your|rules? "
    r"your|runs? your|fills? your|sits? in|you)\b"
    # A verb as well, and then no listener's.
    r"|\s+plays(?=\s*[,.;:!?]|\s+(?:and|keep|have|has|lately|this|suggest|say|tell|show|point)\b)",
    flags=_IGNORE,
)
_LISTENER: Final = regex.compile(
    r"\b(?:you|your|you['’]\w+|fans?|listeners?|lovers?|playlist|queue|rotation|favou?rites?)\b",
    flags=_IGNORE,
)
_JOINT: Final = regex.compile(
    r"\s*(?:and|&|,|x|with|feat\.?|ft\.?|featuring|joins?|meets?|joined by|alongside)\s+",
    flags=_IGNORE,
)
_OWNING: Final = regex.compile(r"\.?(?:['’]s?\s[\"“‘']?|\s?[:—–]\s|\s-\s)")
_AT_WORK: Final = regex.compile(r"\b(?:at|for|with|by|from|of|joined|left|to)\s+(?:the\s+)?$")
_CHAIN: Final = regex.compile(r"\s*(?:,|,? and|,? or|&|to|then)\s+", flags=_IGNORE)
_SENTENCE_BEGINS: Final = regex.compile(r"(?:[.!?:…—–(]\s*|[\"“‘]|\n\W*)$")
_PLACE_BEFORE: Final = regex.compile(
    r"\b(?:in|across|around|over|through|throughout|from|to|of|this|last|every|each|since|on|for"
    r"|until|till|all|late|early|mid|a|an|the)[ -]$",
    flags=_IGNORE,
)
# Words with a capital of their own that are names of bands too.
_PROPER: Final = """
africa alabama america asia bangles berlin boston brazil britain california chicago china cuba
dallas detroit dublin egypt england europe florida france georgia germany hollywood houston india
ireland italy japan jersey kansas london madrid manchester memphis mexico miami nashville nevada
paris phoenix rome scotland spain sweden texas tokyo toronto venice vienna
american english french german italian japanese latin spanish swedish
monday tuesday wednesday thursday friday saturday sunday
christmas halloween easter valentine
january february march april may june july august september october november december
"""
_PROPER_WORDS: Final = frozenset(_PROPER.split())

# Words that begin a sentence far more often than they name a band.
_PLAIN: Final = """
air all another bad big black blue bush come cool dance dark deep dream everything fire free
future garbage girl go gold good happy heart heat heaven hello here home hope hot house just kiss
light live lonely lost love lucky magic more music never new night no now one only party play pop
pure rain red right run same silver slow smooth so soft soul sound space stay still summer sun
sunday sweet take texas then this time tonight train up wait warm water what when white why wild
winter yes you young
"""
_PLAIN_WORDS: Final = frozenset(_PLAIN.split())

_REACH: Final = 60


def is_credited(text: str, start: int, end: int) -> bool:
    """Say whether the words around ``[start, end)`` treat it as somebody who did something."""
    before = _CREDIT_BEFORE.search(text, max(0, start - _REACH), start)
    return bool(before or _CREDIT_AFTER.match(text, end))


def may_be_credited(text: str, end: int) -> bool:
    """Say whether what comes next could be what somebody does, or be many of something."""
    return bool(_VERB_AFTER.match(text, end))


def is_plainly_credited(text: str, start: int) -> bool:
    """Say whether nothing but a credit can be meant: "feat. X", "a remix by X"."""
    return bool(_PLAIN_CREDIT_BEFORE.search(text, max(0, start - _REACH), start))


def is_of_listener(text: str, start: int, end: int) -> bool:
    """Say whether it can only be what somebody plays: "your recent X nights"."""
    return bool(
        _OF_LISTENER_BEFORE.search(text, max(0, start - _REACH), start)
        or _LISTENING_AFTER.match(text, end)
    )


def is_beside(text: str, start: int) -> bool:
    """Say whether it may be named for comparison: "warmer than X"."""
    return bool(_BESIDE_BEFORE.search(text, max(0, start - _REACH), start))


def speaks_of_listener(text: str) -> bool:
    """Say whether the text speaks to somebody, or of those who listen."""
    return bool(_LISTENER.search(text))


def is_joint(text: str, end: int, start: int) -> bool:
    """Say whether what ends at ``end`` and what begins at ``start`` are joined as a pair."""
    return bool(_JOINT.fullmatch(text, end, start))


def is_at_work(text: str, start: int) -> bool:
    """Say whether somebody is said to work there, or for them: "your years at …"."""
    return bool(_AT_WORK.search(text, max(0, start - _REACH), start))


def is_owned(text: str, end: int, start: int) -> bool:
    """Say whether what begins at ``start`` is said to be whose name ends at ``end``."""
    return bool(_OWNING.fullmatch(text, end, start))


def is_chained(text: str, end: int, start: int) -> bool:
    """Say whether a list goes on: "Kygo, Avicii and X"."""
    return bool(_CHAIN.fullmatch(text, end, start))


def begins_sentence(text: str, start: int) -> bool:
    """Say whether any word would have a capital there."""
    before = text[max(0, start - 4) : start]
    return begins_text(text, start) or bool(_SENTENCE_BEGINS.search(before))


def begins_text(text: str, start: int) -> bool:
    """Say whether nothing but white space stands before it."""
    return not text[:start].strip()


def has_capital_anyway(text: str, start: int, end: int) -> bool:
    """Say whether it is a word with a capital of its own: a place, a month, a language."""
    return text[start:end].casefold() in _PROPER_WORDS


def is_plain_word(text: str, start: int, end: int) -> bool:
    """Say whether it is a word that sentences begin with."""
    return text[start:end].casefold() in _PLAIN_WORDS


def is_where_places_stand(text: str, start: int) -> bool:
    """Say whether a place or a time is to be expected: "across …", "last …"."""
    return bool(_PLACE_BEFORE.search(text, max(0, start - 12), start))
