"""From one record of a delivery to a recommendation that may go in, or to the reason why not.

Plain checks on plain values: at tens of thousands of lines a second an object of a serializer
library per line would be the largest cost of an import.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final, NamedTuple, NoReturn

import orjson

from explanations.delivery_file import CsvRecord, JsonRecord, Readable, Refusal, records

MAX_ID_CHARACTERS: Final = 200
MAX_LOCALE_CHARACTERS: Final = 35
MAX_POINTER_CHARACTERS: Final = 300
MAX_DEPTH: Final = 12
MAX_FACT_BYTES: Final = 10_000
DEFAULT_LOCALE: Final = "en"

REQUIRED: Final = ("task", "external_id", "item")
FIELDS: Final = frozenset(
    {"task", "external_id", "group", "locale", "priority", "stratum", "item", "audience"}
)
SIDES: Final = ("item", "audience")
POPULAR: Final = "popular"
NICHE: Final = "niche"
STRATA: Final = (POPULAR, NICHE)
"""How many people meet the item; a line may leave it to its priority."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# BCP 47: language, script, region, variants, extensions, private use.
_LOCALE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?",
    re.IGNORECASE,
)
_TYPED_COLUMN = re.compile(r"(?P<path>.+):(?P<type>number|json)")
# Beyond these the JSON reader would round an integer to a float without a word.
_LARGEST_NUMBER: Final = 2.0**63


class RecommendationLine(NamedTuple):
    """A record that may go in. `item` and `audience` are canonical JSON, keys sorted."""

    line: int
    task: str
    external_id: str
    group: str
    locale: str
    priority: int
    stratum: str
    """One of STRATA, or empty."""
    item: bytes
    audience: bytes
    content_sha256: str


class _Refused(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def read_recommendations(
    source: Readable, tasks: Collection[str], *, max_bytes: int | None = None
) -> Iterator[RecommendationLine | Refusal]:
    """Yield every record of an NDJSON or CSV file, gzipped or not, as checked or as refused.

    `tasks` are the slugs that are known; `max_bytes` bounds what the file unpacks to. Two records
    with one id are both yielded: telling them apart needs the whole file.

    Raises UnreadableFileError when the file, or the rest of it, cannot be read.
    """
    for record in records(source, max_bytes=max_bytes):
        yield record if isinstance(record, Refusal) else check_record(record, tasks)


def check_record(
    record: JsonRecord | CsvRecord, tasks: Collection[str]
) -> RecommendationLine | Refusal:
    """Give the recommendation that a record holds, or say which field keeps it out and why."""
    try:
        if isinstance(record, JsonRecord):
            document = _parsed(record.text)
        else:
            document = _assembled(record.cells)
        return _checked(record.line, document, tasks)
    except _Refused as refused:
        return Refusal(record.line, refused.field, refused.reason)


def _checked(line: int, document: dict[str, Any], tasks: Collection[str]) -> RecommendationLine:
    if not document.keys() <= FIELDS:
        unknown = min(document.keys() - FIELDS)
        raise _Refused(_quoted(unknown), f"There is no field “{_quoted(unknown)}”.")
    for field in REQUIRED:
        if field not in document:
            raise _Refused(field, f"The field “{field}” is missing.")
    task = document["task"]
    if not isinstance(task, str):
        raise _Refused("task", f"“task” must be text, not {_kind(task)}.")
    if task not in tasks:
        raise _Refused("task", f"There is no task “{_quoted(task)}”.")
    external_id = _name("external_id", document["external_id"])
    group = _name("group", document["group"]) if "group" in document else external_id
    locale = _checked_locale(document.get("locale", DEFAULT_LOCALE))
    priority = _checked_priority(document.get("priority", 0))
    stratum = _checked_stratum(document["stratum"]) if "stratum" in document else ""
    item = _side("item", document["item"])
    if not document["item"]:
        raise _Refused("item", "“item” has no facts.")
    audience = _side("audience", document.get("audience", {}))
    digest = hashlib.sha256(f"{group}\n{locale}\n{priority}\n".encode())
    if stratum:  # a line that has none is the same as before there were any
        digest.update(f"{stratum}\n".encode())
    digest.update(item)
    digest.update(b"\n")
    digest.update(audience)
    return RecommendationLine(
        line,
        task,
        external_id,
        group,
        locale,
        priority,
        stratum,
        item,
        audience,
        digest.hexdigest(),
    )


def _name(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise _Refused(field, f"“{field}” must be text, not {_kind(value)}.")
    if not value or value.isspace():
        raise _Refused(field, f"“{field}” is empty.")
    if len(value) > MAX_ID_CHARACTERS:
        raise _Refused(
            field, f"“{field}” has {len(value):,} characters; {MAX_ID_CHARACTERS} are allowed."
        )
    if _CONTROL.search(value):
        raise _Refused(field, f"“{field}” contains a control character.")
    return value


def is_locale(value: str) -> bool:
    """Whether this is a language tag such as en or pt-BR."""
    return len(value) <= MAX_LOCALE_CHARACTERS and _LOCALE.fullmatch(value) is not None


def _checked_locale(value: object) -> str:
    if not isinstance(value, str):
        raise _Refused("locale", f"“locale” must be text, not {_kind(value)}.")
    if not is_locale(value):
        raise _Refused("locale", f"“{_quoted(value)}” is no language tag such as en or pt-BR.")
    return value


def _checked_priority(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Refused("priority", "“priority” must be a whole number.")
    if not 0 <= value <= 100:
        raise _Refused("priority", f"“priority” must be 0 to 100, not {_quoted(str(value))}.")
    return value


def _checked_stratum(value: object) -> str:
    if not isinstance(value, str):
        raise _Refused("stratum", f"“stratum” must be text, not {_kind(value)}.")
    if value not in STRATA:
        raise _Refused(
            "stratum", f"“stratum” must be {' or '.join(STRATA)}, not “{_quoted(value)}”."
        )
    return value


# Facts -------------------------------------------------------------------------------------------


def fact_problem(value: object) -> str:
    """Say in a sentence why a single fact's value cannot be taken; "" if it can."""
    if value is None or value in ("", [], {}) or (isinstance(value, str) and value.isspace()):
        return "Give the fact a value."
    try:
        written = orjson.dumps(value)
        _check_member("value", value, 0, 1)
        _refuse_nul("value", value, written)
    except (TypeError, UnicodeEncodeError):
        return "The value is not text, a number, true or false, or a list of those."
    except _Refused as refused:
        return refused.reason
    if len(written) > MAX_FACT_BYTES:
        return f"The value has {len(written):,} bytes; {MAX_FACT_BYTES:,} are allowed."
    return ""


def _side(side: str, value: object) -> bytes:
    if not isinstance(value, dict):
        raise _Refused(side, f"“{side}” must be an object, not {_kind(value)}.")
    _check_members(side, value, len(side) + 1, 1)
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    _refuse_nul(side, value, written)
    return written


def _check_members(side: str, value: dict[str, Any] | list[Any], length: int, depth: int) -> None:
    """Refuse what no pointer of a storable length reaches, and numbers that were rounded.

    `length` is that of the pointer to `value`.
    """
    if depth > MAX_DEPTH:
        raise _Refused(side, f"“{side}” is nested more than {MAX_DEPTH} levels deep.")
    if type(value) is dict:
        for key, member in value.items():
            reach = length + 1 + (len(key) if key.isidentifier() else _pointer_part(side, key))
            _check_member(side, member, reach, depth)
    else:
        for member in value:
            # A slash and the longest index that a line of this length has room for.
            _check_member(side, member, length + 7, depth)


def _check_member(side: str, member: Any, reach: int, depth: int) -> None:
    kind = type(member)
    if kind is dict or kind is list:
        _check_members(side, member, reach, depth + 1)
    elif kind is float and not -_LARGEST_NUMBER < member < _LARGEST_NUMBER:
        raise _Refused(
            side, f"“{side}” has a number beyond 64 bits; send it as text to keep its digits."
        )
    if reach > MAX_POINTER_CHARACTERS:
        raise _Refused(side, f"“{side}” has a fact with a name that is too long.")


def _pointer_part(side: str, key: str) -> int:
    """The characters that a name takes in a pointer, where two are escaped."""
    if not key:
        raise _Refused(side, f"“{side}” has a fact without a name.")
    return len(key) + key.count("/") + key.count("~")


def _refuse_nul(side: str, value: object, written: bytes) -> None:
    """Refuse the one character that PostgreSQL cannot store."""
    if b"\\u0000" in written and _holds_nul(value):
        raise _Refused(side, f"“{side}” contains a NUL character.")


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(member) for key, member in value.items())
    return isinstance(value, list) and any(_holds_nul(member) for member in value)


# NDJSON ------------------------------------------------------------------------------------------


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        document = _unambiguous(text)
    except orjson.JSONDecodeError as error:
        _explain(text, error)
    if not isinstance(document, dict):
        raise _Refused("", f"The line must be one JSON object, not {_kind(document)}.")
    return document


def _unambiguous(text: bytes) -> Any:
    """Read JSON in which no object says a name twice. Raises orjson.JSONDecodeError."""
    value = orjson.loads(text)
    try:
        written = orjson.dumps(value)
    except TypeError:
        raise _Refused("", "The line is nested too deeply.") from None
    # The reader lets the last of two equal names win in silence. Each lost member takes its colon
    # along; a colon cannot come or go otherwise, unless one is written as an escape.
    if b"\\u003" in text or text.count(b":") != written.count(b":"):
        _refuse_repeated_names(text)
    return value


def _refuse_repeated_names(text: bytes) -> None:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _value in pairs]
            repeated = next(name for name in names if names.count(name) > 1)
            raise _Refused(
                _quoted(repeated), f"The name “{_quoted(repeated)}” stands twice in one object."
            )
        return found

    try:
        json.loads(text, object_pairs_hook=members)
    except RecursionError:
        raise _Refused("", "The line is nested too deeply.") from None


def _explain(text: bytes, error: orjson.JSONDecodeError) -> NoReturn:
    """Refuse a line that is not JSON, in words for whoever has to mend it."""
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        raise _Refused("", f"The line is not UTF-8 (byte {wrong.start + 1}).") from None
    if b"\0" in text:
        raise _Refused("", "The line contains a NUL character.")
    if "surrogate" in error.msg:
        raise _Refused("", "A text contains half of a surrogate pair.")
    if "depth" in error.msg or "recursion" in error.msg.lower():
        raise _Refused("", "The line is nested too deeply.")
    if "infinity" in error.msg:
        raise _Refused("", "A number is too large to be kept.")
    constant = re.search(rb"(?<=[\s:,\[])-?(?:NaN|Infinity)\b", text)
    if constant and constant.start() <= error.pos < constant.end():
        raise _Refused("", f"{constant.group().decode()} is not a JSON value.")
    raise _Refused("", f"The line is not valid JSON: {error.msg} at character {error.pos + 1}.")


# CSV ---------------------------------------------------------------------------------------------


def _assembled(cells: dict[str, str]) -> dict[str, Any]:
    """Make of a CSV record what the same line of NDJSON would be.

    `item` and `audience` are JSON cells, or are spread over columns such as `item.title`. A cell
    is text, so that the album 1989 stays an album, unless it is a JSON list or object or its
    column is marked `:number` or `:json`. An empty cell says nothing.
    """
    document: dict[str, Any] = {}
    for column, cell in cells.items():
        if not cell:
            continue
        side, dot, path = column.partition(".")
        if dot and side in SIDES:
            _place(document, side, path, cell)
        elif column in SIDES and column in document:
            raise _Refused(column, f"“{column}” is said in one cell and in columns of its own.")
        elif column in SIDES:
            document[column] = _json_cell(column, cell)
        elif column == "priority":
            document[column] = _number_cell(column, cell)
        else:
            document[column] = cell
    return document


def _place(document: dict[str, Any], side: str, path: str, cell: str) -> None:
    typed = _TYPED_COLUMN.fullmatch(path)
    column = f"{side}.{path}"
    value: Any = cell
    if typed:
        path = typed["path"]
        value = (
            _number_cell(column, cell) if typed["type"] == "number" else _json_cell(column, cell)
        )
    elif cell.startswith(("[", "{")):
        value = _list_or_text(cell)
    *parents, name = path.split(".")
    place = document.setdefault(side, {})
    for parent in parents:
        place = place.setdefault(parent, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict) or name in place:
        raise _Refused(
            _quoted(column), f"The column “{_quoted(column)}” says a fact a second time."
        )
    place[name] = value


def _list_or_text(cell: str) -> Any:
    """A list or an object if it is one; “[Untitled]” is a title."""
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell


def _json_cell(column: str, cell: str) -> Any:
    try:
        return _unambiguous(cell.encode())
    except orjson.JSONDecodeError as error:
        raise _Refused(
            _quoted(column),
            f"The cell is not valid JSON: {error.msg} at character {error.pos + 1}.",
        ) from None
    except _Refused as refused:
        raise _Refused(_quoted(column), refused.reason) from None


def _number_cell(column: str, cell: str) -> int | float:
    try:
        number = orjson.loads(cell)
    except orjson.JSONDecodeError:
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _Refused(_quoted(column), f"“{_quoted(cell)}” is not a number.")
    return number


def _kind(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def _quoted(text: str) -> str:
    """Text of the sender, short and in one visible line, for a reason."""
    visible = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in text[:60]
    )
    return visible + "…" if len(text) > 60 else visible
