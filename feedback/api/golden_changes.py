"""What became of goldens, followed over REST from a number on."""

from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse
from feedback.models import Golden
from feedback.services.golden_changes import changes_since

MOST: Final = 500


class GoldenChangeOutput(serializers.Serializer[Any]):
    """A golden came to a state. Its text and what else is final come with it."""

    number = serializers.IntegerField(help_text="Without gaps, in the order of the feed.")
    state = serializers.ChoiceField(choices=Golden.State.choices)
    at = serializers.DateTimeField()
    golden = serializers.IntegerField(source="golden_id")
    task = serializers.CharField(source="golden.task.slug")
    recommendation = serializers.IntegerField(source="golden.recommendation_id")
    review = serializers.IntegerField(source="golden.review_id")
    grade = serializers.CharField(source="golden.grade")
    text = serializers.CharField(source="golden.text")


class GoldenChangesInput(serializers.Serializer[Any]):
    """Where the page begins."""

    since = serializers.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        required=False,
        default=0,
        help_text="The last number that you have; 0 is the beginning.",
    )
    page_size = serializers.IntegerField(
        min_value=1, max_value=MOST, required=False, default=100, help_text="1 to 500."
    )


class GoldenChangesOutput(serializers.Serializer[Any]):
    """One page of the feed."""

    since = serializers.IntegerField(help_text="For the next page, or to look again later.")
    more = serializers.BooleanField(help_text="Whether another page is there now.")
    results = GoldenChangeOutput(many=True)


class GoldenChangesView(APIView):
    """The feed."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(
        operation_id="goldens_changes",
        parameters=[GoldenChangesInput],
        responses=GoldenChangesOutput,
    )
    def get(self, request: Request) -> Response:
        """List what became of goldens since a number, the oldest first.

        No page skips or repeats a change, whoever writes meanwhile.
        """
        asked = GoldenChangesInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        since, page_size = asked.validated_data["since"], asked.validated_data["page_size"]
        found = list(changes_since(since).select_related("golden__task")[: page_size + 1])
        page = found[:page_size]
        return Response(
            {
                "since": page[-1].number if page else since,
                "more": len(found) > page_size,
                "results": GoldenChangeOutput(page, many=True).data,
            }
        )
