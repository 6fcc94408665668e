"""What was decided before about lines like a draft: what is found, and what never is."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Draft, Run, Task
from feedback.likeness import bands_of
from feedback.models import DecidedLine, Golden, Review
from feedback.services.goldens import withdraw_golden
from feedback.services.memory import Remembered, decided_before
from feedback.services.queue import claim_next
from feedback.services.reviewing import undo_review
from tests.conftest import LISTENER, TRACK, TokenMaker, bearer, drafted, recommended
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed, tag_on

pytestmark = pytest.mark.django_db

BOWIE = {**TRACK, "title": "Heroes", "artist": "David Bowie", "genre": "art rock"}
QUEEN = {**TRACK, "title": "Jealousy", "artist": "Queen", "genre": "rock"}


def line(run: Run, item: dict[str, Any], text: str, priority: int = 50, **more: Any) -> Draft:
    made = Draft.objects.count()
    about = recommended(
        run.task, f"track:m{made}", item, LISTENER, str(item["artist"]), priority=priority
    )
    # As the database has it: it keeps no order of the names in an object.
    return Draft.objects.get(pk=drafted(run, about, text, **more).pk)


def decided(editor: Person, draft: Draft, **body: Any) -> Review:
    """The editor decides this draft, which is the first of the queue."""
    draft.places.update(priority=100)
    return reviewed(editor, **({"outcome": "ACCEPT"} | body)).review


def found(draft: Draft) -> list[tuple[str, int]]:
    return [(each.why, each.draft.pk) for each in decided_before(draft)]


def only(draft: Draft) -> Remembered:
    (remembered,) = decided_before(draft)
    return remembered


class TestWhatIsFound:
    def test_the_same_item_comes_first_then_near_words_then_the_same_artist(
        self, editor: Person, run: Run
    ) -> None:
        near = line(run, QUEEN, "Queen keeps Jealousy light on its feet all night long.")
        artist = line(run, {**BOWIE, "title": "Ashes"}, "Ashes floats by, strange and bright.")
        item = line(run, BOWIE, "A wall of guitars and a shout: Heroes.")
        other = line(run, {**QUEEN, "artist": "ABBA"}, "Something else with nothing in common.")
        for each in (near, artist, item, other):
            decided(editor, each)
        draft = line(run, BOWIE, "David Bowie keeps Heroes light on its feet all night long.")

        assert found(draft) == [("item", item.pk), ("near", near.pk), ("group", artist.pk)]

    def test_it_comes_with_its_tags_and_what_was_written_instead(
        self, editor: Person, run: Run
    ) -> None:
        before = line(run, BOWIE, "Heroes is the best song in the world.")
        golden = "David Bowie lets Heroes climb until it shouts."
        decided(
            editor, before, outcome="EDIT", rewrite=golden, tags=[tag_on(before, "the best song")]
        )

        remembered = only(line(run, BOWIE, "Heroes by David Bowie rocks."))

        assert [tag.quote for tag in remembered.tags] == ["the best song"]
        assert remembered.golden is not None
        assert remembered.golden.text == golden

    def test_a_golden_that_was_withdrawn_is_nothing_to_start_from(
        self, editor: Person, lead: Person, run: Run
    ) -> None:
        decided(editor, line(run, BOWIE, "Heroes climbs."))
        withdraw_golden(Golden.objects.get().pk, lead, "No.")

        assert only(line(run, BOWIE, "Heroes by David Bowie rocks.")).golden is None

    def test_what_says_the_same_is_shown_once(self, editor: Person, run: Run) -> None:
        for _time in range(3):
            decided(editor, line(run, BOWIE, "Heroes climbs."))

        assert len(decided_before(line(run, BOWIE, "Heroes by David Bowie rocks."))) == 1

    def test_a_review_that_is_taken_back_is_forgotten(self, editor: Person, run: Run) -> None:
        review = decided(editor, line(run, BOWIE, "Heroes climbs."))
        undo_review(editor, review.pk)

        assert decided_before(line(run, BOWIE, "Heroes by David Bowie rocks.")) == []
        assert not DecidedLine.objects.exists()

    def test_a_skip_decides_nothing(self, editor: Person, run: Run) -> None:
        decided(editor, line(run, BOWIE, "Heroes climbs."), outcome="SKIP", reason="later")

        assert not DecidedLine.objects.exists()

    def test_another_task_has_a_memory_of_its_own(
        self, editor: Person, run: Run, ready_job_draft: Draft
    ) -> None:
        decided(editor, ready_job_draft)

        assert decided_before(line(run, BOWIE, ready_job_draft.text)) == []

    def test_what_others_decided_about_this_very_draft_is_not_told(
        self, editor: Person, second_editor: Person, music_task: Task, run: Run
    ) -> None:
        draft = line(run, BOWIE, "Heroes climbs.")
        draft.places.create(task=music_task, ordinal=2, priority=50)
        decided(editor, draft)

        assert decided_before(draft) == []


class TestNearWords:
    def test_names_do_not_count(self) -> None:
        one = bands_of("Queen keeps Jealousy light on its feet.", {"item": QUEEN, "audience": {}})
        two = bands_of("David Bowie keeps Heroes light on its feet.", {"item": BOWIE})
        assert one == two

    def test_of_too_few_words_nothing_is_said(self) -> None:
        assert bands_of("Heroes, David Bowie!", {"item": BOWIE}) == []


class TestThePage:
    def test_it_is_fetched_beside_the_draft(
        self, editor: Person, editor_client: Client, run: Run
    ) -> None:
        decided(editor, line(run, BOWIE, "Heroes climbs & shouts."))
        line(run, BOWIE, "Heroes by David Bowie rocks.")
        assignment = claim_next(editor)
        assert assignment is not None

        html = editor_client.get(f"/review/{assignment.pk}/beside/").content.decode()

        assert "Heroes climbs &amp; shouts." in html
        assert "the same item" in html
        assert "Start from it" in html
        assert "Heroes climbs" not in editor_client.get("/review/").content.decode()

    def test_of_a_blind_draft_nothing_was_decided_before(
        self, editor: Person, editor_client: Client, run: Run
    ) -> None:
        decided(editor, line(run, BOWIE, "Heroes climbs."))
        line(run, BOWIE, "Heroes by David Bowie rocks.", blind=True)
        assignment = claim_next(editor)
        assert assignment is not None

        html = editor_client.get(f"/review/{assignment.pk}/beside/").content.decode()

        assert "Decided before" not in html
        assert "Heroes climbs" not in html
        assert "Decided before" not in editor_client.get("/review/").content.decode()

    def test_somebody_elses_draft_tells_nothing(
        self, editor: Person, second_editor_client: Client, ready_draft: Draft
    ) -> None:
        assignment = claim_next(editor)
        assert assignment is not None
        answer = second_editor_client.get(f"/review/{assignment.pk}/beside/")
        assert answer.status_code == 404


class TestRest:
    def test_a_program_is_told_the_same_beside_an_assignment_of_its_own(
        self,
        editor: Person,
        second_editor: Person,
        token_for: TokenMaker,
        run: Run,
    ) -> None:
        before = line(run, BOWIE, "Heroes climbs.")
        made = decided(
            editor,
            before,
            outcome="EDIT",
            rewrite="Heroes climbs higher.",
            tags=[tag_on(before, "climbs")],
        )
        line(run, BOWIE, "Heroes by David Bowie rocks.")
        assignment = claim_next(editor)
        assert assignment is not None
        address = f"/api/v1/assignments/{assignment.pk}/decided-before/"
        own, other = (
            Client(headers=bearer(token_for(person, "reviews:write")))
            for person in (editor, second_editor)
        )

        [told] = own.get(address).json()

        assert (told["why"], told["review"], told["draft"]) == ("item", made.pk, before.pk)
        assert (told["text"], told["outcome"]) == ("Heroes climbs.", "EDIT")
        assert [tag["quote"] for tag in told["tags"]] == ["climbs"]
        assert told["golden_text"] == "Heroes climbs higher."
        assert other.get(address).status_code == 404

    def test_of_a_blind_draft_it_is_told_nothing(
        self, editor: Person, token_for: TokenMaker, run: Run
    ) -> None:
        decided(editor, line(run, BOWIE, "Heroes climbs."))
        line(run, BOWIE, "Heroes by David Bowie rocks.", blind=True)
        assignment = claim_next(editor)
        assert assignment is not None

        program = Client(headers=bearer(token_for(editor, "reviews:write")))

        assert program.get(f"/api/v1/assignments/{assignment.pk}/decided-before/").json() == []

    def test_however_much_was_decided_the_queries_are_the_same(
        self,
        editor: Person,
        editor_client: Client,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(8)
        for _time in range(7):
            reviewed(editor, outcome="ACCEPT")
        assignment = claim_next(editor)
        assert assignment is not None
        with django_assert_num_queries(12):
            editor_client.get(f"/review/{assignment.pk}/beside/")
