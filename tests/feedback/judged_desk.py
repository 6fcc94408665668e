"""A desk on which much was judged: rows as reviews leave them, many at a time."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Person
from explanations.models import Category, Criterion, Draft, Place, Recommendation, Run
from feedback.models import CriterionAnswer, Golden, Review, Tag
from feedback.services.statistics.keeping import keep_statistics
from tests.conftest import LISTENER, TRACK, recommended

OUTCOMES = Review.Outcome


class JudgedDesk:
    """Judges drafts of runs about one track; `count` has them counted."""

    def __init__(self, editor: Person) -> None:
        self.editor = editor
        self._tracks: dict[int, Recommendation] = {}

    def judge(
        self,
        run: Run,
        number: int,
        outcome: str = "ACCEPT",
        *,
        days_ago: int = 1,
        blind: bool = True,
        tags: Sequence[tuple[str, int]] = (),
        answers: Mapping[str, str] | None = None,
        editor: Person | None = None,
        about: Recommendation | None = None,
        words_changed: int = 1,
        text: str = "Dead Rabbitts sound metalcore for the {ordinal}th time.",
        quote: str = "metalcore",
        **review: Any,
    ) -> list[Draft]:
        """Judge so many drafts of a run alike, each tag on the quoted words; return them."""
        if about is None:
            about = self._tracks.get(run.task_id) or recommended(
                run.task, "track:judged", TRACK, LISTENER, group="Dead Rabbitts"
            )
            self._tracks[run.task_id] = about
        made = run.drafts.count()
        drafts = Draft.objects.bulk_create(
            Draft(
                run=run,
                task=run.task,
                recommendation=about,
                snapshot=about.snapshot,
                prompt=run.prompt,
                model_version=run.model_version,
                ordinal=ordinal,
                priority=50,
                blind=blind,
                state=Draft.State.REVIEWED,
                settled_outcome=outcome,
                attempt=1,
                text=text.format(ordinal=ordinal),
            )
            for ordinal in range(made + 1, made + number + 1)
        )
        places = Place.objects.bulk_create(
            Place(draft=draft, task=run.task, priority=50, state=Place.State.DONE)
            for draft in drafts
        )
        at = timezone.localtime().replace(hour=12) - timedelta(days=days_ago)
        is_edit = outcome == OUTCOMES.EDIT
        given = {
            "guide": run.task.guide,
            "active_ms": 60_000,
            "rewrite": "Dead Rabbitts sound loud." if is_edit else "",
            "alignment": [_change(words_changed)] if is_edit else [],
            "reason": "broken" if outcome == OUTCOMES.UNREVIEWABLE else "",
            **review,
        }
        reviews = Review.objects.bulk_create(
            Review(
                draft=place.draft,
                place=place,
                editor=editor or self.editor,
                key=uuid.uuid4(),
                body_sha256="4" * 64,
                outcome=outcome,
                created_at=at,
                **given,
            )
            for place in places
        )
        self._say(reviews, run, quote, tags, answers or {})
        if is_edit:
            _rewrite(reviews, about)
        return drafts

    def _say(
        self,
        reviews: Sequence[Review],
        run: Run,
        quote: str,
        tags: Sequence[tuple[str, int]],
        answers: Mapping[str, str],
    ) -> None:
        categories = {each.slug: each for each in Category.objects.filter(task=run.task)}
        criteria = {each.slug: each for each in Criterion.objects.filter(task=run.task)}
        Tag.objects.bulk_create(
            Tag(
                review=review,
                ordinal=ordinal,
                category=categories[slug],
                severity=severity,
                scope=Tag.Scope.SPAN,
                start=(start := review.draft.text.index(quote)),
                end=start + len(quote),
                quote=quote,
            )
            for review in reviews
            for ordinal, (slug, severity) in enumerate(tags, start=1)
        )
        CriterionAnswer.objects.bulk_create(
            CriterionAnswer(review=review, criterion=criteria[slug], answer=answer)
            for review in reviews
            for slug, answer in answers.items()
        )

    def count(self) -> None:
        """Have everything counted."""
        keep_statistics()


def _change(words: int) -> dict[str, Any]:
    return {
        "start": 20,
        "end": 29,
        "before": "metalcore",
        "after_start": 20,
        "after_end": 24,
        "after": " ".join(["loud"] * words),
        "tags": [1],
        "by": "near",
        "cause": "",
    }


def _rewrite(reviews: Sequence[Review], about: Recommendation) -> None:
    Golden.objects.bulk_create(
        Golden(
            task=about.task,
            recommendation=about,
            review=review,
            snapshot=about.snapshot,
            prompt=review.draft.prompt,
            text=review.rewrite,
            grade="exemplary",
            state="APPROVED",
        )
        for review in reviews
    )
