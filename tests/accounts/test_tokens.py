"""The tokens of programs: made by a person, and never opening more than that person may."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from accounts import roles
from accounts.models import AccessToken, LogEntry, Person
from accounts.rights import MayUse
from tests.conftest import TokenMaker, bearer

LIST = "/api/v1/tokens/"
# Needs a login or any token, whatever its scopes.
ROOT = "/api/v1/"


SCOPES_OF_ML_ENGINEER = [
    "recommendations:write",
    "runs:write",
    "desk:read",
    "datasets:read",
    "datasets:write",
]


class Runs(APIView):
    """Read by who may read, started by who may draft; nobody may delete."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "runs:write"}

    def get(self, request: Request) -> Response:
        return Response()

    post = delete = get


def ask(method: str, headers: dict[str, str]) -> int:
    """The status of the answer that Runs gives to the method."""
    request = getattr(APIRequestFactory(), method)("/", headers=headers)
    return Runs.as_view()(request).status_code


def post(browser: Client, **body: Any) -> Any:
    return browser.post(
        LIST, {"name": "nightly run", "scopes": ["desk:read"], **body}, "application/json"
    )


# Making ------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_and_kept_as_a_hash(editor_client: Client, editor: Person) -> None:
    made = post(editor_client)

    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    token = made.json()["token"]
    assert token.startswith("desk_")
    assert token.startswith(made.json()["id"])
    row = AccessToken.objects.get(user=editor)
    assert token not in str(vars(row))

    [listed] = editor_client.get(LIST).json()
    assert listed["name"] == "nightly run"
    assert token not in str(listed)


def test_a_token_opens_what_its_person_may(
    client: Client, editor: Person, token_for: TokenMaker
) -> None:
    token = token_for(editor, "desk:read")

    assert client.get(ROOT).status_code == 401
    assert client.get(ROOT, headers=bearer(token)).status_code == 200


def test_scopes_beyond_ones_role_are_refused(editor_client: Client) -> None:
    answer = post(editor_client, scopes=["desk:read", "runs:write"])

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "pointer": "/scopes",
            "detail": "Your role does not allow runs:write.",
            "code": "invalid",
        }
    ]
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "desk:read"},
        {"days": 0},
        {"days": 366},
        {"days": "soon"},
        {"name": ""},
        {"name": "x" * 101},
    ],
)
def test_what_no_token_can_be_is_refused_at_its_field(
    editor_client: Client, wrong: dict[str, Any]
) -> None:
    answer = post(editor_client, **wrong)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(f"/{next(iter(wrong))}")
    assert not AccessToken.objects.exists()


def test_a_token_ends_within_a_year(editor_client: Client, editor: Person) -> None:
    post(editor_client, days=365)

    left = AccessToken.objects.get(user=editor).expiry - timezone.now()
    assert timedelta(days=364) < left <= timedelta(days=365)


def test_an_account_without_a_role_can_make_none(nobody_special_client: Client) -> None:
    assert post(nobody_special_client).status_code == 400


def test_a_token_makes_lists_and_revokes_no_tokens(
    client: Client, editor_token: str, editor: Person
) -> None:
    row = AccessToken.objects.get(user=editor)
    headers = bearer(editor_token)
    body = {"name": "successor", "scopes": ["desk:read"]}

    answers = [
        client.get(LIST, headers=headers),
        client.post(LIST, body, "application/json", headers=headers),
        client.delete(f"{LIST}{row.token_key}/", headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert "never by a token" in answers[0].json()["detail"]
    assert AccessToken.objects.count() == 1


# Ending ------------------------------------------------------------------------------------------


def test_a_revoked_token_stops_at_once(
    editor_client: Client, client: Client, editor_token: str
) -> None:
    [listed] = editor_client.get(LIST).json()

    assert editor_client.delete(f"{LIST}{listed['id']}/").status_code == 204

    assert client.get(ROOT, headers=bearer(editor_token)).status_code == 401
    assert LogEntry.objects.get(action="token revoked").detail == {"token": listed["id"]}


def test_nobody_revokes_the_token_of_somebody_else(
    second_editor_client: Client, editor_token: str
) -> None:
    row = AccessToken.objects.get()

    assert second_editor_client.delete(f"{LIST}{row.token_key}/").status_code == 404
    assert AccessToken.objects.count() == 1


def test_an_expired_token_opens_nothing_and_says_where_to_get_another(
    client: Client, editor: Person, token_for: TokenMaker
) -> None:
    token = token_for(editor, "desk:read", expiry=timedelta(seconds=-1))

    answer = client.get(ROOT, headers=bearer(token))

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "/accounts/tokens/" in answer.json()["detail"]


def test_a_token_stops_when_its_person_is_deactivated(
    client: Client, editor: Person, editor_token: str
) -> None:
    editor.is_active = False
    editor.save()

    assert client.get(ROOT, headers=bearer(editor_token)).status_code == 401


def test_a_token_loses_what_its_person_loses(ml_engineer: Person, token_for: TokenMaker) -> None:
    headers = bearer(token_for(ml_engineer, "desk:read", "runs:write"))
    assert (ask("get", headers), ask("post", headers)) == (200, 200)

    ml_engineer.groups.set([Group.objects.get(name=roles.MANAGER)])
    assert (ask("get", headers), ask("post", headers)) == (200, 403)

    ml_engineer.groups.clear()
    assert (ask("get", headers), ask("post", headers)) == (403, 403)


def test_a_token_opens_only_its_scopes(ml_engineer: Person, token_for: TokenMaker) -> None:
    headers = bearer(token_for(ml_engineer, "desk:read"))

    assert (ask("get", headers), ask("post", headers)) == (200, 403)


def test_a_method_that_names_no_scope_is_open_to_nobody(
    ml_engineer: Person, token_for: TokenMaker
) -> None:
    headers = bearer(token_for(ml_engineer, *SCOPES_OF_ML_ENGINEER))

    assert ask("delete", headers) == 403


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer two words",
        "Bearer desk_0000000000",
        "Bearer desk_000\x00",
        "Bearer d\xe9sk",
        "Bearer \xed\xa0\x80",
    ],
)
def test_what_is_no_token_is_refused_and_breaks_nothing(
    client: Client, db: None, header: str
) -> None:
    assert client.get(ROOT, HTTP_AUTHORIZATION=header).status_code == 401


# The page ----------------------------------------------------------------------------------------

PAGE = "/accounts/tokens/"
FORM = {"name": "nightly run", "scopes": ["desk:read"], "days": "30"}


def test_the_page_shows_a_new_token_once(editor_client: Client, editor: Person) -> None:
    made = editor_client.post(PAGE, FORM)

    assert made.headers["Cache-Control"].startswith("max-age=0")
    token = made.context["token"]
    assert f'value="{token}"' in made.content.decode()
    assert token not in editor_client.get(PAGE).content.decode()
    assert "nightly run" in editor_client.get(PAGE).content.decode()


def test_the_page_offers_only_the_scopes_of_ones_role(
    editor_client: Client, nobody_special_client: Client
) -> None:
    page = editor_client.get(PAGE).content.decode()
    assert 'value="reviews:write"' in page
    assert 'value="runs:write"' not in page
    assert "has no role yet" in nobody_special_client.get(PAGE).content.decode()


def test_the_page_refuses_what_it_did_not_offer(editor_client: Client) -> None:
    answer = editor_client.post(PAGE, {**FORM, "scopes": ["runs:write"]})

    assert "is not one of the available choices" in answer.content.decode()
    assert not AccessToken.objects.exists()


def test_the_page_revokes_ones_own_token(editor_client: Client, editor_token: str) -> None:
    row = AccessToken.objects.get()

    editor_client.post(PAGE, {"revoke": row.token_key})

    assert not AccessToken.objects.exists()


def test_the_page_does_not_revoke_somebody_elses(
    second_editor_client: Client, editor_token: str
) -> None:
    row = AccessToken.objects.get()

    answer = second_editor_client.post(PAGE, {"revoke": row.token_key}, follow=True)

    assert "You have no such token" in answer.content.decode()
    assert AccessToken.objects.count() == 1


def test_a_tokens_name_is_never_markup(editor_client: Client) -> None:
    editor_client.post(PAGE, {**FORM, "name": "<script>alert(1)</script>"})

    assert "<script>alert" not in editor_client.get(PAGE).content.decode()
