"""The frame of the REST API: its root, its document, its one shape of errors."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import Person
from tests.conftest import TokenMaker

ROOT = "/api/v1/"
TOKENS = "/api/v1/tokens/"


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of this status and code; return it."""
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["title"]
    assert problem["detail"].endswith(".")
    return problem


def test_the_root_names_where_to_begin(editor_client: Client) -> None:
    listed = editor_client.get(ROOT).json()

    assert listed["tokens"] == "http://testserver/api/v1/tokens/"
    assert "schema" in listed
    assert not any("<" in address for address in listed.values())


def test_the_document_has_no_warnings(capfd: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def test_every_address_of_the_api_is_in_the_document(editor_client: Client) -> None:
    answer = editor_client.get(
        "/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}
    )
    paths = json.loads(answer.content)["paths"]

    assert set(editor_client.get(ROOT).json().values()) <= {
        f"http://testserver{path}" for path in [*paths, "/api/v1/schema/", "/api/v1/docs/"]
    }
    for operations in paths.values():
        for operation in operations.values():
            assert operation["responses"]["default"]["content"].keys() == {
                "application/problem+json"
            }


def test_the_pages_bring_everything_from_here(editor_client: Client) -> None:
    page = editor_client.get("/api/v1/docs/").content.decode()

    assert "http://" not in page
    assert "https://" not in page
    assert "<style" not in page


def test_the_pages_ask_for_a_login(client: Client, db: None) -> None:
    answer = client.get("/api/v1/docs/")

    assert answer.headers["Location"] == "/accounts/login/?next=/api/v1/docs/"


# Errors ------------------------------------------------------------------------------------------


def test_without_a_login_the_answer_says_how_to_come_in(client: Client, db: None) -> None:
    problem = assert_problem(client.get(ROOT), 401, "not_authenticated")

    assert "credentials" in problem["detail"]


def test_a_wrong_method(editor_client: Client) -> None:
    answer = editor_client.put(TOKENS, {}, "application/json")

    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


def test_nothing_at_the_address(editor_client: Client) -> None:
    assert_problem(editor_client.get("/api/v1/no-such-thing/"), 404, "not_found")
    assert_problem(editor_client.delete(f"{TOKENS}desk_nothing/"), 404, "not_found")


def test_a_person_gets_a_page_instead(editor_client: Client) -> None:
    answer = editor_client.get("/no-such-thing/")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "NaN",
        '{"name": "\\ud800", "scopes": ["desk:read"]}',
        '{"name": "a\\u0000b", "scopes": ["desk:read"]}',
        '{"a\\u0000b": 1}',
        b"\xff\xfe",
        "[" * 100_000,
    ],
)
def test_a_body_that_cannot_be_read(editor_client: Client, body: str | bytes) -> None:
    answer = editor_client.post(TOKENS, body, content_type="application/json")

    assert_problem(answer, 400, "parse_error")


@pytest.mark.parametrize("body", ["[]", "1", "null", '"text"'])
def test_a_body_of_the_wrong_kind(editor_client: Client, body: str) -> None:
    assert_problem(
        editor_client.post(TOKENS, body, content_type="application/json"), 400, "invalid"
    )


def test_a_body_beyond_all_measure(editor_client: Client) -> None:
    body = b'{"name": "' + b"x" * 6_000_000 + b'"}'

    assert_problem(
        editor_client.post(TOKENS, body, content_type="application/json"), 413, "too_large"
    )


def test_a_body_of_another_type(editor_client: Client) -> None:
    answer = editor_client.post(TOKENS, "name=x", content_type="application/x-www-form-urlencoded")

    assert_problem(answer, 415, "unsupported_media_type")


def test_a_wrong_field_is_named_by_its_pointer(editor_client: Client) -> None:
    body = {"name": "", "scopes": ["desk:read", "nothing"]}

    problem = assert_problem(editor_client.post(TOKENS, body, "application/json"), 400, "invalid")

    assert [error["pointer"] for error in problem["errors"]] == ["/name", "/scopes/1"]


def test_a_session_without_the_csrf_token_is_refused(editor: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(editor)

    assert_problem(
        browser.post(TOKENS, {"name": "x"}, "application/json"), 403, "permission_denied"
    )


def test_a_mistake_of_the_desk_itself(
    editor: Person, token_for: TokenMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret inner words")

    monkeypatch.setattr("accounts.api.tokens.tokens_of", broken)
    browser = Client(raise_request_exception=False)
    browser.force_login(editor)

    problem = assert_problem(browser.get(TOKENS), 500, "error")

    assert "secret" not in str(problem)
