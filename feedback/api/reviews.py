"""Reviews over REST: submit one, read those of a draft, take one back."""

import uuid
from typing import Any, ClassVar, cast

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse, person_of
from explanations.api.keys import KEY_HEADER
from explanations.models import Draft
from feedback.api.answers import conflict, invalid
from feedback.api.assignments import (
    GONE,
    AssignmentOutput,
    ClaimInput,
    asked_for,
    lease_lost,
)
from feedback.api.goldens import GoldenOutput, golden_answer
from feedback.explained_edit import EXPLANATIONS
from feedback.models import Assignment, Review
from feedback.outcomes import MOST_TAGS, SEVERITIES, UNDO_REASONS, Outcome
from feedback.review_body import ANSWERS, MOST_CAUSES, SCOPES, BodyRefused, parse_body
from feedback.services.queue import LeaseLost, assignment_on, claim_next, prepare_next
from feedback.services.reviewing import (
    AlreadySubmitted,
    KeyReused,
    Submitted,
    UndoRefused,
    reviews_of,
    submit_review,
    undo_review,
)
from feedback.when_sent import when_sent


class TagInput(serializers.Serializer[Any]):
    """An error; a span is half-open, in Unicode code points, and quotes its very words."""

    category = serializers.SlugField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    scope = serializers.ChoiceField(choices=SCOPES)
    start = serializers.IntegerField(required=False, allow_null=True, min_value=0)
    end = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    quote = serializers.CharField(required=False, allow_blank=True)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)
    pointer = serializers.CharField(required=False, allow_blank=True, max_length=300)
    finding = serializers.IntegerField(required=False, allow_null=True)


class CauseInput(serializers.Serializer[Any]):
    """Why an edit changed what no tag explains; its place in the draft, in code points."""

    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=0)
    category = serializers.SlugField(help_text="A neutral one, taste, makes no tag; others do.")


class ReviewInput(serializers.Serializer[Any]):
    """A decision. It is read by `feedback.review_body`; this describes it for the API's pages."""

    key = serializers.UUIDField(required=False, help_text=f"Or the header {KEY_HEADER}.")
    outcome = serializers.ChoiceField(choices=list(Outcome))
    reason = serializers.CharField(required=False, allow_blank=True, help_text="From a short list.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    rewrite = serializers.CharField(required=False, allow_blank=True)
    rewrite_output = serializers.DictField(
        required=False, allow_null=True, help_text="Instead of rewrite, where the task has fields."
    )
    tags = serializers.ListField(child=TagInput(), required=False, max_length=MOST_TAGS)
    dismissed = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        required=False,
        help_text="Findings that are wrong. A tag that names a finding takes it.",
    )
    causes = serializers.ListField(child=CauseInput(), required=False, max_length=MOST_CAUSES)
    answers = serializers.DictField(child=serializers.ChoiceField(choices=ANSWERS), required=False)
    active_ms = serializers.IntegerField(required=False, min_value=0)
    next = ClaimInput(
        required=False,
        help_text="Claim the next draft with the same request; {} takes whatever comes first.",
    )


class TagOutput(serializers.Serializer[Any]):
    """An error that the editor marked."""

    ordinal = serializers.IntegerField()
    category = serializers.CharField(source="category.slug")
    severity = serializers.IntegerField()
    scope = serializers.CharField()
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)
    quote = serializers.CharField()
    note = serializers.CharField()
    pointer = serializers.CharField()
    finding = serializers.IntegerField(source="finding_id", allow_null=True)


class ChangeOutput(serializers.Serializer[Any]):
    """`before` at `[start, end)` of the draft became `after` there in the rewrite; code points."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()
    before = serializers.CharField()
    after_start = serializers.IntegerField()
    after_end = serializers.IntegerField()
    after = serializers.CharField()
    tags = serializers.ListField(
        child=serializers.IntegerField(), help_text="The ordinals of the tags that explain it."
    )
    by = serializers.ChoiceField(
        choices=EXPLANATIONS, allow_null=True, help_text="How they were found; null for no tag."
    )
    cause = serializers.CharField(
        default="", help_text="The category that the editor gave when asked why, or nothing."
    )


class ReviewOutput(serializers.Serializer[Any]):
    """A review as it was submitted."""

    id = serializers.IntegerField()
    draft = serializers.IntegerField(source="draft_id")
    editor = serializers.CharField()
    outcome = serializers.CharField()
    reason = serializers.CharField()
    note = serializers.CharField()
    rewrite = serializers.CharField()
    rewrite_output = serializers.JSONField(allow_null=True)
    alignment = ChangeOutput(
        many=True, help_text="The changes that turn the draft into the rewrite, in order."
    )
    tags = TagOutput(many=True)
    findings = serializers.SerializerMethodField(
        help_text="Finding -> taken, dismissed or left; of those that the review showed."
    )
    answers = serializers.SerializerMethodField()
    guide = serializers.IntegerField(source="guide_id", allow_null=True)
    supersedes = serializers.IntegerField(source="supersedes_id", allow_null=True)
    created_at = serializers.DateTimeField()

    def get_findings(self, review: Review) -> dict[str, str]:
        """Return what became of each finding."""
        return {str(each.finding_id): each.verdict for each in review.judgements.all()}

    def get_answers(self, review: Review) -> dict[str, str]:
        """Return the answers by the slug of their criterion."""
        return {each.criterion.slug: each.answer for each in review.answers.all()}


class SubmittedOutput(serializers.Serializer[Any]):
    """What a submission became."""

    review = serializers.IntegerField(source="review.pk")
    outcome = serializers.CharField(source="review.outcome")
    alignment = ChangeOutput(source="review.alignment", many=True)
    golden = GoldenOutput(allow_null=True)
    replayed = serializers.BooleanField(help_text="Whether it had been answered before.")


def submitted_answer(submitted: Submitted) -> dict[str, object]:
    """Return what SubmittedOutput describes: a serializer costs more than the writing."""
    review, golden = submitted.review, submitted.golden
    return {
        "review": review.pk,
        "outcome": review.outcome,
        "alignment": [{"by": None, "cause": "", **change} for change in review.alignment],
        "golden": golden_answer(golden) if golden else None,
        "replayed": submitted.replayed,
    }


class SubmittedAndNextOutput(SubmittedOutput):
    """What a submission became, and the next draft."""

    next = AssignmentOutput(
        required=False,
        allow_null=True,
        help_text="Only where it was asked for; null when none waits.",
    )


class UndoInput(serializers.Serializer[Any]):
    """Why, for whoever wants to say so."""

    reason = serializers.ChoiceField(
        choices=list(UNDO_REASONS),
        required=False,
        allow_blank=True,
        default="",
        help_text="That the golden was sent back is known without saying so.",
    )


class UndoneOutput(serializers.Serializer[Any]):
    """The superseding row, and the draft leased again; null where the draft is gone by now."""

    review = serializers.IntegerField(source="review.pk")
    supersedes = serializers.IntegerField(source="review.supersedes_id")
    assignment = AssignmentOutput(allow_null=True)


class DraftReviewsView(APIView):
    """The reviews of a draft."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "reviews:write"}

    @extend_schema(operation_id="reviews_list", responses=ReviewOutput(many=True))
    def get(self, request: Request, draft_id: int) -> Response:
        """List them, the newest first, those taken back included."""
        if not Draft.objects.without_trials().filter(pk=draft_id).exists():
            raise NotFound("There is no such draft.")
        return Response(ReviewOutput(reviews_of(draft_id), many=True).data)

    @extend_schema(
        operation_id="reviews_create",
        request=ReviewInput,
        parameters=[
            OpenApiParameter(
                KEY_HEADER,
                uuid.UUID,
                OpenApiParameter.HEADER,
                description="Made once for each assignment, or `key` in the body.",
            )
        ],
        responses={
            201: SubmittedAndNextOutput,
            200: SubmittedAndNextOutput,
            409: OpenApiResponse(description="Another body under this key, or already submitted."),
            410: GONE,
        },
    )
    def post(self, request: Request, draft_id: int) -> Response:
        """Submit your decision on a draft that you have claimed; the same key counts once."""
        editor = person_of(request)
        try:
            key = _key(request)
            next_one = _next(request)
            asked = None if next_one is None else asked_for(editor, next_one)
            body = parse_body(_decision(request.data))
            submitted = submit_review(editor, assignment_on(draft_id, editor, key), key, body)
        except Assignment.DoesNotExist as unknown:
            raise NotFound("You have not claimed such a draft.") from unknown
        except BodyRefused as refusal:
            raise invalid(refusal.errors) from refusal
        except KeyReused as reused:
            return conflict(str(reused), "key_reused")
        except AlreadySubmitted as already:
            return conflict(str(already), "already_submitted", review=already.review.pk)
        except LeaseLost as lost:
            return lease_lost(lost)
        answer = submitted_answer(submitted)
        following = None
        if asked is not None:
            following = claim_next(editor, **asked)
            answer["next"] = AssignmentOutput(following).data if following else None
        response = Response(
            answer, status=status.HTTP_200_OK if submitted.replayed else status.HTTP_201_CREATED
        )
        if asked is not None and following is not None:
            ahead = asked
            when_sent(response, lambda: prepare_next(editor, **ahead))
        return response


class UndoView(APIView):
    """A review taken back."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(
        operation_id="reviews_undo",
        request=UndoInput,
        responses={
            200: UndoneOutput,
            409: OpenApiResponse(description="It cannot be taken back any more."),
        },
    )
    def post(self, request: Request, review_id: int) -> Response:
        """Take back one of your last ten reviews; the draft is yours again. Safe to repeat."""
        given = UndoInput(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            undone = undo_review(person_of(request), review_id, given.validated_data["reason"])
        except Review.DoesNotExist as unknown:
            raise NotFound("You have no such review.") from unknown
        except UndoRefused as refusal:
            return conflict(str(refusal), "undo_refused")
        return Response(UndoneOutput(undone).data)


def _key(request: Request) -> uuid.UUID:
    given = request.headers.get(KEY_HEADER)
    if given is None and isinstance(request.data, dict):
        given = request.data.get("key")
    try:
        return uuid.UUID(cast("str", given))
    except (ValueError, TypeError, AttributeError):
        sentence = f"A UUID, here or in the header {KEY_HEADER}, made once for each assignment."
        raise BodyRefused({"key": [sentence]}) from None


def _next(request: Request) -> object:
    return request.data.get("next") if isinstance(request.data, dict) else None


def _decision(data: object) -> object:
    """Return the body without what is about the request and no part of the review."""
    if not isinstance(data, dict):
        return data
    return {name: value for name, value in data.items() if name not in {"key", "next"}}
