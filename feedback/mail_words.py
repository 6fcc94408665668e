"""Other people's words, safe to stand in a mail. No Django.

Mail programs make links of whatever looks like one, also in plain text. What models and editors
wrote must not lead anywhere, and must not look like a line of ours.
"""

import re
from typing import Final

_BREAK: Final = "\u200b"
"""Nothing to see, and no mail program makes a link across it."""
_JOINT: Final = re.compile(r"(?<=\S)([.:/@\\#?&=])(?=\S)")
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_UNSEEN: Final = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def unlinked(text: str, most: int = 400) -> str:
    """Return the text as one line of at most `most` characters in which nothing is a link."""
    line = _BLANK.sub(" ", _UNSEEN.sub("", text)).strip()
    if len(line) > most:
        line = line[: most - 1].rstrip() + "…"
    return _JOINT.sub(rf"\1{_BREAK}", line)
