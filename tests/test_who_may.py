"""Who may: every address of the desk, every method, every role, and the answer.

`who_may.csv` and `who_may_administration.csv` are read by people; this test holds the desk to
them. An address that is missing there fails, and so does one that answers differently. Where a
change is meant, `WHO_MAY=write pytest tests/test_who_may.py` writes the tables anew: read the
difference before you commit it.

Numbers in an address are of rows that do not exist. Whoever may not is refused all the same, and
so learns nothing about what exists; whoever may gets a 404, which here is a yes.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.views.generic import RedirectView

from accounts import roles
from accounts.models import Person
from accounts.rights import SCOPES
from tests.conftest import TokenMaker, bearer, person

ADMINISTRATION = "admin/"
TABLES = {
    False: Path(__file__).with_name("who_may.csv"),
    True: Path(__file__).with_name("who_may_administration.csv"),
}
ROLES = {
    "no role": None,
    "Editor": roles.EDITOR,
    "Lead": roles.LEAD,
    "Manager": roles.MANAGER,
    "ML engineer": roles.ML_ENGINEER,
}
# A token of somebody who may everything, with every scope but the one that is needed.
WRONG_SCOPE = "wrong scope"
COLUMNS = ["method", "address", "button", "scope", "anonymous", *ROLES, WRONG_SCOPE]

# Forms whose buttons need different rights: each button is a door of its own.
BUTTONS = {
    "drafts/<int:draft_id>/": ["decision=let_through", "decision=dismiss"],
    "tasks/<slug:slug>/checks/": ["usual=errors", "revoke=999999999"],
    "goldens/<int:golden_id>/": [
        f"decision={decision}" for decision in ("approve", "send_back", "reopen", "withdraw")
    ],
    "webhooks/": ["", "retire=999999999", "again=999999999"],
    "goldens/needs-review/": [
        f"decision={decision}&golden=999999999" for decision in ("still_right", "withdraw")
    ],
}

METHODS = ("get", "post", "put", "patch", "delete")
NOTHING = {
    "int": "999999999",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "path": "999999999",
}


@dataclass(frozen=True)
class Door:
    """One method of one address."""

    method: str
    address: str
    scope: str
    body: str

    @property
    def path(self) -> str:
        """A path at this address, with ids of nothing."""
        filled = re.sub(r"\^?\(\?P<app_label>[^)]*\)", "explanations", self.address)
        filled = filled.replace("(?P<url>.*)$", "nothing").removesuffix("$")
        return "/" + re.sub(
            r"<(?:(\w+):)?\w+>", lambda found: NOTHING.get(found[1] or "str", "nothing"), filled
        )


def doors() -> Iterator[Door]:
    """Every method of every address of the desk."""
    for address, callback in _views(get_resolver().url_patterns, ""):
        view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
        scopes: dict[str, str] = getattr(view, "required_scope", {})
        for method in _methods(view):
            bodies = BUTTONS.get(address, [""]) if method == "post" else [""]
            for body in bodies:
                yield Door(method.upper(), address, scopes.get(method.upper(), ""), body)


def _views(patterns: list[Any], prefix: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern):
            yield address, pattern.callback


def _methods(view: type | None) -> list[str]:
    # A function says nothing about its methods, and a redirect takes them all.
    if view is None or issubclass(view, RedirectView):
        return ["get", "post"]
    allowed = getattr(view, "http_method_names", METHODS)
    return [method for method in METHODS if method in allowed and hasattr(view, method)]


@pytest.fixture
def people(db: None) -> dict[str, Person | None]:
    """Somebody of each role, and nobody."""
    of_roles = {
        role: person(role.replace(" ", "-"), role, "", group) for role, group in ROLES.items()
    }
    return {"anonymous": None, **of_roles}


@pytest.fixture
def token_without(db: None, token_for: TokenMaker) -> Callable[[str], str]:
    """A token of somebody who may everything, with every scope but one."""
    owner = person("olu", "Olu", "Berg", None)
    owner.groups.set(Group.objects.all())
    tokens = {
        missing: token_for(owner, *[scope for scope in SCOPES if scope != missing])
        for missing in ("", *SCOPES)
    }
    return lambda missing: tokens[missing]


def answer(door: Door, browser: Client, headers: dict[str, str] | None = None) -> str:
    """What a browser or a program gets: yes, log in, or the status of a refusal."""
    response = browser.generic(
        door.method,
        door.path,
        "{}" if door.address.startswith("api/") else door.body,
        content_type="application/json"
        if door.address.startswith("api/")
        else "application/x-www-form-urlencoded",
        headers=headers,
    )
    assert response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (door, response)
    # Whoever logs out is sent to the login page too, but not back again.
    if response.headers.get("Location", "").startswith("/accounts/login/?next="):
        return "log in"
    if response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return str(response.status_code)
    return "yes"


def observed(
    administration: bool,
    people: dict[str, Person | None],
    token_without: Callable[[str], str],
) -> list[dict[str, str]]:
    """The table as the desk answers now."""
    rows = []
    browsers = {role: Client() for role in people}
    ordered = sorted(
        set(doors()),
        key=lambda door: (door.address, METHODS.index(door.method.lower()), door.body),
    )
    for door in ordered:
        if door.address.startswith(ADMINISTRATION) is not administration:
            continue
        row = {
            "method": door.method,
            "address": door.address,
            "button": door.body,
            "scope": door.scope,
        }
        for role, someone in people.items():
            if someone is not None and not _is_logged_in(browsers[role]):
                browsers[role].force_login(someone)
            row[role] = answer(door, browsers[role])
        row[WRONG_SCOPE] = answer(door, Client(), bearer(token_without(door.scope)))
        rows.append(row)
    return rows


def _is_logged_in(browser: Client) -> bool:
    session = browser.cookies.get(settings.SESSION_COOKIE_NAME)
    return session is not None and bool(session.value)


@pytest.mark.parametrize("administration", [False, True], ids=["desk", "administration"])
def test_every_address_answers_every_role_as_the_table_says(
    administration: bool,
    people: dict[str, Person | None],
    token_without: Callable[[str], str],
) -> None:
    found = observed(administration, people, token_without)
    if os.environ.get("WHO_MAY") == "write":
        with TABLES[administration].open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
    with TABLES[administration].open(newline="") as file:
        table = list(csv.DictReader(file))

    different = [row for row in found if row not in table]
    gone = [row for row in table if row not in found]
    assert not different, f"not as the table says: {different}"
    assert not gone, f"the table says what is no more: {gone}"


def test_every_door_of_the_api_names_its_scope_or_is_known_to_need_none() -> None:
    # Tokens make no tokens; the frame is open to whoever may come in at all.
    without = {
        "api/v1/",
        "api/v1/docs/",
        "api/v1/schema/",
        "api/v1/tokens/",
        "api/v1/tokens/<slug:token_id>/",
    }

    assert {
        door.address for door in doors() if door.address.startswith("api/") and not door.scope
    } == without


def test_the_right_scope_opens_what_a_wrong_one_does_not(
    people: dict[str, Person | None], token_for: TokenMaker
) -> None:
    owner = person("olu", "Olu", "Berg", None)
    owner.groups.set(Group.objects.all())
    tokens = {scope: token_for(owner, scope) for scope in SCOPES}

    refused = [
        door
        for door in doors()
        if door.scope and answer(door, Client(), bearer(tokens[door.scope])) != "yes"
    ]

    assert refused == []
