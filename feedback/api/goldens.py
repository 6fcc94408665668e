"""Goldens over REST: listed page by page, one with its facts, and what may become of it."""

from collections.abc import Callable
from typing import Any, ClassVar, Final

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.models import Task
from feedback.api.answers import conflict
from feedback.models import Golden
from feedback.services.goldens import (
    MOST_REASON,
    GoldenRefused,
    approve_golden,
    facts_changed,
    find_still_right,
    rewrite_golden,
    send_back,
    waiting_for_new_review,
    what_checks_say,
    withdraw_golden,
)


class GoldenOutput(serializers.Serializer[Any]):
    """A text that editors stand behind."""

    id = serializers.IntegerField()
    task = serializers.CharField(source="task.slug")
    recommendation = serializers.IntegerField(source="recommendation_id")
    review = serializers.IntegerField(source="review_id")
    prompt = serializers.IntegerField(source="prompt_id")
    text = serializers.CharField()
    output = serializers.JSONField(allow_null=True)
    rests_on = serializers.ListField(
        child=serializers.CharField(), help_text="JSON pointers of the facts that it uses."
    )
    grade = serializers.CharField()
    state = serializers.CharField()
    state_reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


def golden_answer(golden: Golden) -> dict[str, object]:
    """Return what GoldenOutput describes, for the answer that must be quick."""
    return {
        "id": golden.pk,
        "task": golden.task.slug,
        "recommendation": golden.recommendation_id,
        "review": golden.review_id,
        "prompt": golden.prompt_id,
        "text": golden.text,
        "output": golden.output,
        "rests_on": golden.rests_on,
        "grade": golden.grade,
        "state": golden.state,
        "state_reason": golden.state_reason,
        "created_at": _TIME.to_representation(golden.created_at),
        "changed_at": _TIME.to_representation(golden.changed_at),
    }


_TIME: Final = serializers.DateTimeField()


class GoldenWithFactsOutput(GoldenOutput):
    """The same, with the facts it rests on as they were then."""

    facts = serializers.JSONField(source="snapshot.facts")
    sources = serializers.JSONField(
        source="snapshot.sources", help_text="JSON pointer -> source, of facts that people gave."
    )


class SaidOutput(serializers.Serializer[Any]):
    """What a check says of the golden's own text."""

    check = serializers.CharField(source="finding.check")
    version = serializers.IntegerField(source="finding.version")
    level = serializers.ChoiceField(source="finding.severity", choices=["error", "warning"])
    message = serializers.CharField(source="finding.message")
    start = serializers.IntegerField(source="finding.start", allow_null=True)
    end = serializers.IntegerField(source="finding.end", allow_null=True)
    category = serializers.CharField(source="finding.category")
    pointer = serializers.CharField(source="finding.pointer")
    forbids = serializers.BooleanField(help_text="Stands in the way of its approval.")
    may_be_overridden = serializers.BooleanField()
    is_overridden = serializers.BooleanField()
    is_dismissed = serializers.BooleanField(help_text="By its editor, in the draft.")


class WholeGoldenOutput(GoldenWithFactsOutput):
    """The same, with what the checks say of it now."""

    findings = SaidOutput(many=True)


class GoldenFilter(serializers.Serializer[Any]):
    """Which goldens to list."""

    task = serializers.SlugRelatedField(
        slug_field="slug", queryset=Task.objects.all(), required=False
    )
    state = serializers.ChoiceField(choices=Golden.State.choices, required=False)
    grade = serializers.ChoiceField(choices=Golden.Grade.choices, required=False)


class GoldensView(APIView):
    """All goldens."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="goldens_list", parameters=[GoldenFilter], responses=GoldenOutput(many=True)
    )
    def get(self, request: Request) -> Response:
        """List goldens, the newest first."""
        wanted = GoldenFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            Golden.objects.filter(**wanted.validated_data).select_related("task"),
            request,
            view=self,
        )
        return pages.get_paginated_response(GoldenOutput(page, many=True).data)


class GoldenView(APIView):
    """One golden."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="goldens_retrieve", responses=WholeGoldenOutput)
    def get(self, request: Request, golden_id: int) -> Response:
        """Read it, with its facts and what the checks say of it."""
        golden = (
            Golden.objects.select_related("task", "snapshot", "recommendation")
            .filter(pk=golden_id)
            .first()
        )
        if golden is None:
            raise _unknown()
        said = SaidOutput(what_checks_say(golden), many=True).data
        return Response({**GoldenWithFactsOutput(golden).data, "findings": said})


class ApprovalInput(serializers.Serializer[Any]):
    """Why a golden is approved in spite of what a check says."""

    override = serializers.CharField(
        max_length=MOST_REASON,
        required=False,
        allow_blank=True,
        help_text="A lead's reason; without one, or from others, an error forbids it.",
    )


class ReasonInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(
        max_length=MOST_REASON, help_text="Its editor reads it, or whoever looks later."
    )


class FactChangeOutput(serializers.Serializer[Any]):
    """A fact that is no longer as it was."""

    pointer = serializers.CharField(help_text="In the facts that the golden rests on.")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(
        allow_null=True, help_text="null where it is gone; a member of a list is told by its value."
    )
    came = serializers.ListField(help_text="Members that the list has had since.")


class GoldenToJudgeAnewOutput(GoldenOutput):
    """A golden that needs a new review, and why."""

    snapshot = serializers.IntegerField(
        source="recommendation.snapshot.number", help_text="The facts as they are now."
    )
    changes = FactChangeOutput(many=True, source="facts_that_changed")


class StillRightInput(serializers.Serializer[Any]):
    """What was looked at."""

    snapshot = serializers.IntegerField(min_value=1, help_text="The number of the facts seen.")


class RewriteInput(StillRightInput):
    """What the golden says from now on."""

    written = serializers.DictField(
        help_text='As the task\'s form of a rewrite has it; {"text": …} where it is one text.'
    )


_JUDGED = {
    200: GoldenOutput,
    409: OpenApiResponse(description="Its state, its editor or its facts do not allow it."),
}


class ApproveGoldenView(APIView):
    """Approve."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="goldens_approve", request=ApprovalInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Approve, as the second person, a golden that waits."""
        given = ApprovalInput(data=request.data)
        given.is_valid(raise_exception=True)
        override = given.validated_data.get("override", "")
        return _judged(lambda: approve_golden(golden_id, person_of(request), override))


class SendBackGoldenView(APIView):
    """Send back."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="goldens_send_back", request=ReasonInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Send somebody else's golden back to its editor, saying why."""
        reason = _reason(request)
        return _judged(lambda: send_back(golden_id, person_of(request), reason))


class GoldensToJudgeAnewView(APIView):
    """Goldens that need a new review."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}
    pagination_class = NewestFirst

    @extend_schema(operation_id="goldens_need_review", responses=GoldenToJudgeAnewOutput(many=True))
    def get(self, request: Request) -> Response:
        """List them with the facts that have changed, the newest golden first."""
        pages = self.pagination_class()
        page = pages.paginate_queryset(waiting_for_new_review(), request, view=self) or []
        for golden in page:
            golden.facts_that_changed = facts_changed(golden)  # type: ignore[attr-defined]
        return pages.get_paginated_response(GoldenToJudgeAnewOutput(page, many=True).data)


class StillRightView(APIView):
    """Still right."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="goldens_still_right", request=StillRightInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Approve again a golden that needs a new review: right with the facts as they are."""
        given = StillRightInput(data=request.data)
        given.is_valid(raise_exception=True)
        looked_at = given.validated_data["snapshot"]
        return _judged(lambda: find_still_right(golden_id, person_of(request), looked_at))


class RewriteGoldenView(APIView):
    """Rewrite."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="goldens_rewrite", request=RewriteInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Put another golden, which is returned, in the place of one that needs a new review."""
        given = RewriteInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        return _judged(
            lambda: rewrite_golden(
                golden_id, person_of(request), asked["written"], asked["snapshot"]
            )
        )


class WithdrawGoldenView(APIView):
    """Withdraw."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="goldens_withdraw", request=ReasonInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Take a golden out of what training uses, for good, saying why."""
        reason = _reason(request)
        return _judged(lambda: withdraw_golden(golden_id, person_of(request), reason))


def _judged(judge: Callable[[], Golden]) -> Response:
    """Judge a golden and show it; 409 where its state does not allow it. Raises NotFound."""
    try:
        golden = judge()
    except Golden.DoesNotExist as unknown:
        raise _unknown() from unknown
    except GoldenRefused as refusal:
        return conflict(str(refusal), "golden_refused")
    golden.refresh_from_db(fields=["changed_at"])
    return Response(GoldenOutput(golden).data)


def _reason(request: Request) -> str:
    given = ReasonInput(data=request.data)
    given.is_valid(raise_exception=True)
    return str(given.validated_data["reason"])


def _unknown() -> NotFound:
    return NotFound("There is no such golden.")
