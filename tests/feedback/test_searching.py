"""What a search finds, how it counts, and what stops it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from accounts.models import Person
from explanations.models import Draft, Finding, Prompt, Recommendation, Run, Task, Trial
from feedback.services import searching
from feedback.services.searching import Found, Search, SearchRefused, TookTooLong, search
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.feedback.people_at_work import reviewed, tag_on, tag_on_all

Line = Callable[..., Draft]


@pytest.fixture
def line(run: Run, music_task: Task) -> Line:
    """A line about a track of its own: `line("Says so.", locale="de")`."""

    def make(text: str, locale: str = "en", **more: Any) -> Draft:
        about = recommended(music_task, f"track:{run.drafts.count()}", TRACK, LISTENER, "Ada")
        Recommendation.objects.filter(pk=about.pk).update(locale=locale)
        about.refresh_from_db()
        return drafted(run, about, text, **more)

    return make


def ids(found: Found) -> set[int]:
    return {text.pk for text in (*found.drafts, *found.goldens)}


# Words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("rush", True),
        ("rushes", True),
        ("adrenaline rush", True),
        ("rush adrenaline", True),
        ('"adrenaline rush"', True),
        ('"rush adrenaline"', False),
        ("rush -metalcore", False),
        ("waltz or rush", True),
        ("waltz rush", False),
        ("adrenal", False),
        ("O'Brien\\", False),
        ("((", False),
    ],
)
def test_words_are_found_as_a_reader_would(
    lead: Person, line: Line, words: str, is_found: bool
) -> None:
    line("A metalcore adrenaline rush!")
    assert search(Search(words=words), lead).total == is_found


def test_each_text_is_searched_in_its_own_language(lead: Person, line: Line) -> None:
    german = line("Die Lieder klingen nach Häusern am Meer.", "de-CH")
    english = line("The song rings like houses by the sea.", "en-GB")
    japanese = line("houses と Lieder", "ja")

    assert ids(search(Search(words="Haus"), lead)) == {german.pk}
    assert ids(search(Search(words="house"), lead)) == {english.pk}
    assert ids(search(Search(words="houses"), lead)) == {english.pk, japanese.pk}
    assert ids(search(Search(words="-rush"), lead)) == {german.pk, english.pk, japanese.pk}


def test_a_draft_that_is_not_written_says_nothing(lead: Person, run: Run, line: Line) -> None:
    about = line("A rush.").recommendation
    Draft.objects.create(
        run=run, task=run.task, recommendation=about, prompt=run.prompt,
        model_version=run.model_version, priority=0, ordinal=2,
    )  # fmt: skip
    assert search(Search(words="-waltz"), lead).total == 1
    assert search(Search(), lead).by_state == {"READY": 1, "PENDING": 1}


# Patterns ----------------------------------------------------------------------------------------


def test_a_pattern_tells_signs_and_cases_apart(lead: Person, line: Line) -> None:
    loud, quiet = line("LISTEN NOW!!"), line("Listen now.")

    assert ids(search(Search(pattern=r"!{2,}$"), lead)) == {loud.pk}
    assert ids(search(Search(pattern=r"\mListen"), lead)) == {quiet.pk}
    assert ids(search(Search(pattern=r"(?i)\mlisten"), lead)) == {loud.pk, quiet.pk}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("(", "parentheses"), ("a{2,1}", "repetition"), ("[z-a]", "range"), ("*a", "quantifier")],
)
def test_what_is_no_pattern_is_refused_in_the_databases_words(
    lead: Person, pattern: str, said: str
) -> None:
    with pytest.raises(SearchRefused, match=f"no regular expression: .*{said}") as refused:
        search(Search(pattern=pattern), lead)
    assert refused.value.field == "pattern"


def test_a_pattern_that_is_too_long_is_refused(lead: Person) -> None:
    with pytest.raises(SearchRefused, match="200 characters"):
        search(Search(pattern="a" * 201), lead)


# PostgreSQL's engine needs references back to be kept busy, where others do not.
PATHOLOGICAL = r"^(.+)(.+)(.+)\1\2\3b$"


def test_a_pattern_without_end_is_stopped_at_a_limit_that_is_named_and_the_desk_goes_on(
    lead: Person, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line("a" * 999 + "b")
    with monkeypatch.context() as soon:
        soon.setattr(searching, "LONGEST_S", 0.3)
        with pytest.raises(TookTooLong, match=r"stopped after 0\.3 seconds") as refused:
            search(Search(pattern=PATHOLOGICAL), lead)
    assert refused.value.field == "pattern"
    assert search(Search(pattern="b$"), lead).total == 1


def test_a_pattern_that_explodes_when_it_is_read_is_refused(lead: Person) -> None:
    with pytest.raises(SearchRefused, match="too complex"):
        search(Search(pattern="(((((x{1,9}){1,9}){1,9}){1,9}){1,9}){1,9}y"), lead)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*a){12}$"])
def test_what_stops_other_engines_does_not_stop_this_one(
    lead: Person, line: Line, pattern: str
) -> None:
    line("a" * 3000 + "c")
    search(Search(pattern=pattern), lead)


def test_the_time_limit_ends_with_the_search(lead: Person, line: Line) -> None:
    search(Search(words="rush"), lead)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


# By what is known of a draft ---------------------------------------------------------------------


def test_a_tag_is_found_while_its_review_stands(lead: Person, editor: Person, line: Line) -> None:
    bland = line("Nice track.")
    line("A rush.")
    reviewed(editor, outcome="REJECT", tags=[tag_on_all("generic")])
    assert ids(search(Search(category="generic"), lead)) == {bland.pk}
    assert search(Search(category="tone"), lead).total == 0


def test_what_a_check_has_found_is_found(lead: Person, line: Line) -> None:
    loud = line("LISTEN NOW!!")
    line("Listen now.")
    found_in(loud, "format")
    assert ids(search(Search(check="format"), lead)) == {loud.pk}


def found_in(draft: Draft, check: str) -> None:
    Finding.objects.create(
        draft=draft, check_name=check, check_version=1, level="warning", message="Look."
    )


def test_nobody_learns_of_findings_on_a_draft_that_they_may_still_review_blind(
    lead: Person, editor: Person, manager: Person, ml_engineer: Person, line: Line
) -> None:
    blind = line("LISTEN NOW!!", blind=True)
    found_in(blind, "format")
    for person, total in ((lead, 1), (ml_engineer, 1), (editor, 0), (manager, 0)):
        assert search(Search(check="format"), person).total == total
        assert search(Search(words="listen"), person).total == 1
    Draft.objects.filter(pk=blind.pk).update(state=Draft.State.REVIEWED)
    assert search(Search(check="format"), editor).total == 1


def test_by_what_made_it_and_when(lead: Person, run: Run, line: Line) -> None:
    draft = line("A rush.")
    today = draft.recommendation.created_at.date()
    fitting: list[dict[str, Any]] = [
        {"task": "music-oneliner"},
        {"model": "smollm2-135m-instruct"},
        {"prompt": 1},
        {"run": run.pk},
        {"made_from": date(2020, 1, 1)},
        {"made_to": date(2999, 12, 31)},
        {"made_from": today, "made_to": today},
        {"states": ["READY"]},
    ]
    others: list[dict[str, Any]] = [
        {"task": "job-fit"},
        {"model": "smollm2"},
        {"prompt": 2},
        {"run": run.pk + 1},
        {"run": 2**70},
        {"made_from": date(2999, 12, 31)},
        {"made_to": date(2020, 1, 1)},
        {"states": ["REVIEWED"]},
    ]
    assert [search(Search(**asked), lead).total for asked in fitting] == [1] * len(fitting)
    assert [search(Search(**asked), lead).total for asked in others] == [0] * len(others)


def test_all_that_is_asked_must_hold_together(lead: Person, line: Line) -> None:
    line("A rush.")
    line("A waltz!")
    assert search(Search(words="rush", pattern="!"), lead).total == 0
    assert search(Search(words="waltz", pattern="!", task="music-oneliner"), lead).total == 1


def test_what_is_like_a_draft_comes_whatever_its_endings_and_order(
    lead: Person, line: Line
) -> None:
    draft = line("Dead Rabbitts bring a metalcore adrenaline rush to your evening.")
    near = line("Dead Rabbitts brought a metalcore adrenaline rush for evenings.")
    line("Dead Rabbitts sing of winter, and nobody else could.")
    line("A waltz.")
    assert ids(search(Search(similar_to=draft.pk), lead)) == {draft.pk, near.pk}


@pytest.mark.parametrize("text", ["Rush.", "It's O'Brien\\'s \\ 'rush'", "🎉🎉", "the of and"])
def test_any_text_can_be_what_others_are_like(lead: Person, line: Line, text: str) -> None:
    search(Search(similar_to=line(text).pk), lead)


def test_only_a_draft_with_a_text_can_be_what_others_are_like(lead: Person) -> None:
    with pytest.raises(SearchRefused, match="no draft 7"):
        search(Search(similar_to=7), lead)


def test_drafts_of_trials_are_never_found(
    lead: Person, run: Run, next_prompt: Prompt, line: Line
) -> None:
    line("A rush.")
    trial = Trial.objects.create(
        task=run.task,
        prompt=run.prompt,
        against=next_prompt,
        model_version=run.model_version,
        sample=1,
        seed=1,
    )
    tried = Run.objects.create(
        task=run.task, prompt=run.prompt, model_version=run.model_version, trial=trial
    )
    Draft.objects.update(run=tried)
    assert search(Search(words="rush"), lead).total == 0


# Goldens -----------------------------------------------------------------------------------------


def test_goldens_are_found_by_their_own_words_and_their_drafts_makers(
    lead: Person, editor: Person, run: Run, line: Line
) -> None:
    draft = line("Dead Rabbitts bring a hype rush.")
    found_in(draft, "format")
    made = reviewed(
        editor,
        outcome="EDIT",
        rewrite="Dead Rabbitts: a metalcore rush.",
        tags=[tag_on(draft, "hype")],
    ).golden
    assert made is not None
    fitting: list[dict[str, Any]] = [
        {"words": "metalcore"},
        {"pattern": "core r"},
        {"category": "tone"},
        {"check": "format"},
        {"model": "smollm2-135m-instruct"},
        {"prompt": 1},
        {"run": run.pk},
        {"task": "music-oneliner"},
        {"states": ["APPROVED"]},
        {"similar_to": draft.pk},
    ]
    for asked in fitting:
        found = search(Search(about="goldens", **asked), lead)
        assert (ids(found), found.by_state) == ({made.pk}, {"APPROVED": 1})
    assert search(Search(about="goldens", words="hype"), lead).total == 0


# Counting and turning pages ----------------------------------------------------------------------


def test_counts_are_of_every_state_and_the_page_of_those_asked_for(
    lead: Person, line: Line
) -> None:
    line("A rush.")
    held = line("A rush.")
    Draft.objects.filter(pk=held.pk).update(state=Draft.State.QUARANTINED)
    found = search(Search(words="rush", states=["QUARANTINED"]), lead)
    assert (found.by_state, found.total) == ({"READY": 1, "QUARANTINED": 1}, 1)
    assert ids(found) == {held.pk}


def test_pages_follow_one_another_however_many_come_meanwhile(lead: Person, line: Line) -> None:
    made = [line(f"Rush {number}.").pk for number in range(5)]
    first = search(Search(words="rush"), lead, page_size=2)
    line("A later rush.")
    second = search(Search(words="rush"), lead, before=first.older, page_size=2)
    third = search(Search(words="rush"), lead, before=second.older, page_size=2)
    seen = [draft.pk for page in (first, second, third) for draft in page.drafts]
    assert seen == made[::-1]
    assert third.older is None
    assert third.total == 6


def test_what_was_asked_can_be_written_down() -> None:
    asked = Search(words="rush", states=("READY",), made_from=date(2026, 1, 2), run=7)
    assert Search.from_asked(asked.as_asked()).as_asked() == asked.as_asked()
    assert Search().as_asked() == {"about": "drafts"}


def test_a_search_is_a_fixed_number_of_statements(
    lead: Person, line: Line, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        line(f"Rush {number}.")
    # Savepoint, time limit, the search, the limit as before, the end, and what is shown of it.
    with django_assert_num_queries(6):
        search(Search(words="rush"), lead)
