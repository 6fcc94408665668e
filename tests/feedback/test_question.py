"""A question is one address: what is asked is read back from it, and rubbish is refused."""

from datetime import date
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.question import (
    ANSWERS,
    OUTCOMES,
    SAMPLES,
    SEVERITIES,
    STRATA,
    Question,
    QuestionRefused,
    read_question,
)

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
SLUGS = st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True)
LOCALES = st.sampled_from(["en", "pt-BR", "zh-Hant-TW", "de-x-desk"])
NUMBERS = st.integers(1, 999_999_999)


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Any question that can be asked, as `read_question` returns it."""
    first, last = sorted(draw(st.tuples(st.dates(), st.dates())))
    category, criterion = draw(st.just("") | SLUGS), draw(st.just("") | SLUGS)
    severity = draw(st.sampled_from(["", *SEVERITIES]))
    return read_question(
        Question(
            task=draw(SLUGS),
            models=tuple(draw(st.lists(NAMES, max_size=3))),
            prompts=tuple(draw(st.lists(NUMBERS, max_size=3))),
            locales=tuple(draw(st.lists(LOCALES, max_size=3))),
            strata=tuple(draw(st.lists(st.sampled_from(sorted(STRATA)), max_size=2))),
            guides=tuple(draw(st.lists(NUMBERS, max_size=3))),
            sample=draw(st.sampled_from(["", *SAMPLES])),
            first=draw(st.none() | st.just(first)),
            last=draw(st.none() | st.just(last)),
            outcome=draw(st.sampled_from(["", *OUTCOMES])),
            category=category,
            severity=severity,
            criterion=criterion,
            answer=draw(st.sampled_from(["", *ANSWERS])) if criterion else "",
            editor=draw(st.just("") | NAMES),
        ).as_parameters()
    )


@settings(max_examples=40, deadline=None)
@given(questions())
def test_what_is_asked_is_read_back_from_its_address(question: Question) -> None:
    query = question.as_query()
    again = read_question(parse_qs(query))
    assert again == question
    assert again.as_query() == query


def test_the_same_question_has_one_address() -> None:
    one = read_question(parse_qs("category=tone&model=b&model=a&task=t&severity=error&model=a"))
    assert one.as_query() == "task=t&model=a&model=b&category=tone"


def test_an_address_can_be_read_by_people() -> None:
    question = Question(
        task="music-oneliner",
        models=("v7",),
        sample="blind",
        first=date(2026, 11, 1),
        last=date(2026, 11, 22),
        category="tone",
    )
    assert question.as_query() == (
        "task=music-oneliner&model=v7&sample=blind&from=2026-11-01&to=2026-11-22&category=tone"
    )


def test_what_is_somebody_elses_is_left_alone() -> None:
    assert read_question(parse_qs("page=2&task=t")) == Question(task="t")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("task=a&task=b", "task"),
        ("task=<b>", "task"),
        ("task=t&prompt=0", "prompt"),
        ("task=t&prompt=one", "prompt"),
        ("prompt=1", "task"),
        ("task=t&guide=1234567890", "guide"),
        ("stratum=middling", "stratum"),
        ("sample=all", "sample"),
        ("from=yesterday", "from"),
        ("from=2026-11-31", "from"),
        ("from=2026-11-02&to=2026-11-01", "to"),
        ("outcome=ACCEPT", "outcome"),
        ("severity=3", "severity"),
        ("answer=no", "criterion"),
        ("criterion=specific&answer=perhaps", "answer"),
        ("model=" + "x" * 201, "model"),
        ("model=%00", "model"),
        ("&".join(f"model=m{number}" for number in range(51)), "model"),
    ],
)
def test_rubbish_is_refused_with_a_sentence_that_names_it(query: str, field: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        read_question(parse_qs(query))
    assert refused.value.field == field
    assert str(refused.value).endswith(".")
