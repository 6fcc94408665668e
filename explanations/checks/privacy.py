"""Privacy: ways to reach somebody and keys that open something, which no explanation has a reason
to hold.

What a fact says itself is no finding: an artist may be called "@onefive", an employer
"Booking.com".
"""

import re
from collections.abc import Iterator
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject

VERSION = 2
CATEGORY = "harmful"

# Looked for from the beginning of a word only, so that a long one is not searched from each letter.
_EMAIL = regex.compile(
    r"(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}"
)
# A bare domain counts in small letters and with a common ending only: "ASP.NET" is a skill, and a
# full stop without a space is a slip.
_LINK = regex.compile(
    r"\bhttps?://[^\s<>()\[\]\"]+|\bwww\.[^\s<>()\[\]\"]+"
    r"|(?<![\p{L}\p{N}.@-])[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|info|io|app|dev|co\.uk|de|fr)"
    r"(?:/[^\s<>()\[\]\"]*)?(?![\p{L}\p{N}-])"
)
# With its country, or in three groups as North America writes it; a bare row of digits may be a
# count, and grounding has its say on that.
_PHONE = regex.compile(
    r"(?<![\p{L}\p{N}])(?:\+[0-9](?:[ ()./-]{0,2}[0-9]){6,14}"
    r"|\(?[0-9]{3}\)?[ .-][0-9]{3}[ .-][0-9]{4})(?![\p{L}\p{N}])"
)
_HANDLE = regex.compile(r"(?<![\p{L}\p{N}@._%+-])@[A-Za-z0-9_][A-Za-z0-9_.]{0,28}[A-Za-z0-9_]")

# What services give their keys to be known by; the desk's own tokens among them.
_SECRET = regex.compile(
    r"(?<![\p{L}\p{N}])(?:(?:sk|pk|rk|gh[opsu]|github_pat|glpat|xox[abprs]|hf|desk)[-_][A-Za-z0-9_-]{16,}"
    r"|AKIA[0-9A-Z]{16}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}[A-Za-z0-9_.-]*)"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----"
)

_AT_SIGN = re.compile("@")
_DOT_WITHIN = re.compile(r"\.[a-z]|://|www")
_DIGIT = re.compile(r"[0-9]")
_KEY_LIKE = re.compile(r"[-_][A-Za-z0-9_-]{16}|AKIA|eyJ|-----BEGIN")

# Beside each pattern what no match is without: most texts have nothing of it, and cost little.
_KINDS: Final = (
    (_AT_SIGN, _EMAIL, "An e-mail address stands in the text."),
    (_DOT_WITHIN, _LINK, "A link stands in the text."),
    (_DIGIT, _PHONE, "A telephone number stands in the text."),
    (_AT_SIGN, _HANDLE, "Somebody's handle stands in the text."),
    (_KEY_LIKE, _SECRET, "A key or a token stands in the text."),
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each address, link, number, handle or key, each part of the text once."""
    taken: list[tuple[int, int]] = []
    for hint, pattern, message in _KINDS:
        if not hint.search(subject.masked):
            continue
        for found in pattern.finditer(subject.masked):
            start, end = found.span()
            if any(start < past and begun < end for begun, past in taken):
                continue
            taken.append((start, end))
            yield Finding(
                check="privacy",
                version=VERSION,
                severity="error",
                message=message,
                start=start,
                end=end,
                category=CATEGORY,
            )
