"""What comes with an assignment in one statement is what the ORM would have brought."""

import pytest
from django.db.models import Model
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Category, Dismissal, Draft, Finding
from explanations.services.facts import add_fact
from feedback.models import Assignment
from feedback.services.queue import get_assignment
from tests.feedback.people_at_work import claimed


def values(row: Model | None) -> dict[str, object]:
    """All columns of a row."""
    assert row is not None
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def found(draft: Draft, words: str = "", slug: str = "") -> Finding:
    start = draft.text.index(words) if words else None
    return Finding.objects.create(
        draft=draft,
        check_name="grounding",
        check_version=1,
        level=Finding.Level.WARNING,
        message=f"About {words or 'all of it'}.",
        start=start,
        end=None if start is None else start + len(words),
        category=Category.objects.get(task=draft.task, slug=slug) if slug else None,
        pointer="/item/genre" if words else "",
    )


@pytest.fixture
def assignment(editor: Person, ready_draft: Draft) -> Assignment:
    """Ada holds the draft, and has typed something."""
    held = claimed(editor)
    Assignment.objects.filter(pk=held.pk).update(work={"note": "ß", "tags": []}, revision=1)
    return held


def test_every_column_is_as_the_orm_reads_it(assignment: Assignment) -> None:
    whole = get_assignment(assignment.pk, assignment.editor)
    read = Assignment.objects.with_draft().get(pk=assignment.pk)

    draft, expected = whole.place.draft, read.place.draft
    assert values(whole) == values(read)
    assert values(whole.place) == values(read.place)
    assert values(whole.place.task) == values(read.place.task)
    assert values(draft) == values(expected)
    assert values(draft.task) == values(read.place.task)
    assert values(draft.snapshot) == values(expected.snapshot)
    assert values(draft.recommendation) == values(expected.recommendation)
    assert draft.recommendation.snapshot is draft.snapshot


def test_it_asks_the_database_for_nothing_more(
    assignment: Assignment, editor: Person, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        draft = get_assignment(assignment.pk, editor).place.draft
        assert draft.snapshot is not None
        assert (draft.task.slug, draft.snapshot.item) != (draft.recommendation.locale, {})
        assert draft.standing_findings == []


def test_the_facts_as_they_are_now_come_with_those_that_the_model_was_shown(
    assignment: Assignment, lead: Person
) -> None:
    draft = assignment.place.draft
    add_fact(draft.recommendation, "drummer", "Abi", "the sleeve", lead)

    whole = get_assignment(assignment.pk, assignment.editor).place.draft

    now = whole.recommendation.snapshot
    assert now is not None
    assert whole.snapshot is not None
    assert (whole.snapshot.number, now.number) == (1, 2)
    assert "Abi" in now.item.values()


def test_findings_come_in_the_order_of_the_text_with_their_category(assignment: Assignment) -> None:
    draft = assignment.place.draft
    words = draft.text.split()
    about_all = found(draft)
    second, first = found(draft, words[2]), found(draft, words[0], "timebound")
    dismissed = found(draft, words[1])
    Finding.objects.filter(pk=dismissed.pk).update(
        dismissal=Dismissal.objects.create(
            task=draft.task,
            check_name="grounding",
            gist="a",
            reason="It is.",
            dismissed_by=assignment.editor,
        )
    )

    standing = get_assignment(assignment.pk, assignment.editor).place.draft.standing_findings

    assert [finding["id"] for finding in standing] == [first.pk, second.pk, about_all.pk]
    assert standing[0] == {
        "id": first.pk,
        "check_name": "grounding",
        "level": "warning",
        "message": f"About {words[0]}.",
        "start": 0,
        "end": len(words[0]),
        "category": "timebound",
        "pointer": "/item/genre",
    }
    assert (standing[2]["start"], standing[2]["category"]) == (None, "")


def test_a_draft_of_the_blind_sample_comes_without_findings(assignment: Assignment) -> None:
    draft = assignment.place.draft
    found(draft)
    Draft.objects.filter(pk=draft.pk).update(blind=True)

    assert get_assignment(assignment.pk, assignment.editor).place.draft.standing_findings == []
