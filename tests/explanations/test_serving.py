"""Which key goes to which model server."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from explanations.models import ModelServer
from explanations.services.drafting.serving import address_of

OURS = "http://10.0.0.5:8000/v1"
THEIRS = "http://elsewhere.example/v1"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two servers of ours, each with a key of its own."""
    monkeypatch.setenv("LLM_URL_EAST", "http://10.0.0.6:8000/v1")
    monkeypatch.setenv("LLM_API_KEY_EAST", "second key")
    with override_settings(LLM_URL=OURS, LLM_API_KEY="first key"):
        yield


@pytest.mark.parametrize(
    ("address", "variable", "key"),
    [
        (OURS, "LLM_API_KEY", "first key"),
        (f"{OURS}/", "LLM_API_KEY", "first key"),
        ("http://10.0.0.6:8000/v1", "LLM_API_KEY_EAST", "second key"),
        # Not to an address that somebody typed into a form.
        (THEIRS, "LLM_API_KEY", ""),
        (THEIRS, "LLM_API_KEY_EAST", ""),
        (OURS, "LLM_API_KEY_EAST", ""),
        (THEIRS, "LLM_API_KEY_NOBODY_SET", ""),
        (OURS, "", ""),
    ],
)
def test_a_key_goes_to_the_address_that_stands_beside_it_only(
    address: str, variable: str, key: str
) -> None:
    server = ModelServer(name="A", base_url=address, api_key_variable=variable)
    assert address_of(server).api_key == key
