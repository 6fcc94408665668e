"""The search over drafts and goldens over REST."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse, person_of
from explanations.api.drafts import DraftOutput
from explanations.models import Draft
from feedback.api.answers import invalid
from feedback.api.goldens import GoldenOutput
from feedback.models import Golden
from feedback.services.searching import (
    A_PAGE,
    DRAFTS,
    GOLDENS,
    MOST_CHARACTERS,
    MOST_NUMBER,
    About,
    Found,
    Search,
    SearchRefused,
    search,
)


class SearchInput(serializers.Serializer[Any]):
    """What to search for; what is asked for together must hold together."""

    words = serializers.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        help_text='Words in the text\'s own language; "in quotes" together, or, -without.',
    )
    pattern = serializers.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        trim_whitespace=False,
        help_text="A regular expression of PostgreSQL; it is stopped after a few seconds.",
    )
    task = serializers.SlugField(required=False)
    category = serializers.SlugField(
        required=False, help_text="Of a tag that an editor set on the draft."
    )
    check = serializers.CharField(
        required=False, max_length=60, help_text="That has found something in the draft."
    )
    model = serializers.CharField(required=False, max_length=200)
    prompt = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_NUMBER, help_text="The version's number."
    )
    run = serializers.IntegerField(required=False, min_value=1, max_value=MOST_NUMBER)
    made_from = serializers.DateField(required=False, help_text="A day of the desk, included.")
    made_to = serializers.DateField(required=False, help_text="A day of the desk, included.")
    similar_to = serializers.IntegerField(
        required=False, min_value=1, max_value=MOST_NUMBER, help_text="A draft's id."
    )


class DraftSearchInput(SearchInput):
    """What to search for among drafts."""

    state = serializers.MultipleChoiceField(choices=Draft.State.choices, required=False)


class GoldenSearchInput(SearchInput):
    """What to search for among goldens."""

    state = serializers.MultipleChoiceField(choices=Golden.State.choices, required=False)


class AnySearchInput(SearchInput):
    """What to search for among drafts or goldens."""

    state = serializers.MultipleChoiceField(
        choices=sorted({*Draft.State.values, *Golden.State.values}), required=False
    )


class PageInput(serializers.Serializer[Any]):
    """Which page of what was found."""

    before = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_NUMBER, help_text="`older` of the page before."
    )
    page_size = serializers.IntegerField(
        required=False, default=A_PAGE, min_value=1, max_value=500, help_text="Rows a page."
    )


class FoundDraftsOutput(serializers.Serializer[Any]):
    """How many drafts were found, and a page of them, the newest first."""

    total = serializers.IntegerField()
    by_state = serializers.DictField(
        child=serializers.IntegerField(), help_text="In every state, asked for or not."
    )
    older = serializers.IntegerField(
        allow_null=True, help_text="`before` of the next page; null on the last one."
    )
    results = DraftOutput(many=True, source="drafts")


class FoundGoldensOutput(FoundDraftsOutput):
    """How many goldens were found, and a page of them, the newest first."""

    results = GoldenOutput(many=True, source="goldens")  # type: ignore[assignment]


class SearchDraftsView(APIView):
    """Drafts by their words, a pattern, tags, checks and what made them."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(
        operation_id="search_drafts",
        parameters=[DraftSearchInput, PageInput],
        responses=FoundDraftsOutput,
    )
    def get(self, request: Request) -> Response:
        """Count what is found and return a page of it."""
        given = DraftSearchInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        return Response(
            FoundDraftsOutput(_found(request, search_of(DRAFTS, given.validated_data))).data
        )


class SearchGoldensView(APIView):
    """Goldens by their words, a pattern, and what is known of their drafts."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(
        operation_id="search_goldens",
        parameters=[GoldenSearchInput, PageInput],
        responses=FoundGoldensOutput,
    )
    def get(self, request: Request) -> Response:
        """Count what is found and return a page of it."""
        given = GoldenSearchInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        return Response(
            FoundGoldensOutput(_found(request, search_of(GOLDENS, given.validated_data))).data
        )


def search_of(about: About, asked: Mapping[str, Any]) -> Search:
    """Return the search that validated input asks for."""
    more = dict(asked)
    return Search(about=about, states=tuple(sorted(more.pop("state", ()))), **more)


def _found(request: Request, wanted: Search) -> Found:
    page = PageInput(data=request.query_params)
    page.is_valid(raise_exception=True)
    try:
        return search(wanted, person_of(request), **page.validated_data)
    except SearchRefused as refused:
        raise invalid({refused.field: [str(refused)]}) from refused
