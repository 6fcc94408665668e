"""Sentences and bullets, and the facts that bear them out or do not."""

from typing import Any

import pytest

from explanations.assertions import Remark, assertions_of, evidence_in, split_assertions
from explanations.context import leaf_facts
from explanations.output_formats import get_output_format
from tests.conftest import JOB, JOB_OUTPUT, LISTENER, PROFILE, TRACK

TRACK_FACTS = {"item": TRACK, "audience": LISTENER}
JOB_FACTS = {"item": JOB, "audience": PROFILE}


def said(text: str, words: str, category: str) -> Remark:
    """A finding on these words."""
    return Remark(text.index(words), text.index(words) + len(words), category)


def sentences(text: str, facts: dict[str, Any] | None = None) -> list[str]:
    """The assertions of a text, as words."""
    mentions = evidence_in(text, leaf_facts(facts or {}))
    return [text[start:end] for start, end in split_assertions(text, mentions)]


def standings(text: str, facts: dict[str, Any], *findings: Remark, **more: Any) -> list[str]:
    """How each assertion of a text stands."""
    mentions = evidence_in(text, leaf_facts(facts))
    return [each.standing for each in assertions_of(text, mentions, findings, **more)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One line.", ["One line."]),
        ("First one. Second one!", ["First one.", "Second one!"]),
        ("“Turn it up!” Then again.", ["“Turn it up!”", "Then again."]),
        ("Ed Sheeran feat. Khalid. Again.", ["Ed Sheeran feat. Khalid.", "Again."]),
        ("Godzilla vs. Kong and J. Cole. Loud.", ["Godzilla vs. Kong and J. Cole.", "Loud."]),
        ("R.E.M. sound tired. So what.", ["R.E.M. sound tired.", "So what."]),
        ("At 3.5 times the speed.", ["At 3.5 times the speed."]),
        ("Wait… it goes on.", ["Wait… it goes on."]),
        ("No. 1 with St. Vincent.", ["No. 1 with St. Vincent."]),
        ("彼女は歌う。美しい。", ["彼女は歌う。", "美しい。"]),
        ("Strong fit\n+ You know Python. Well.\n\n− Linux is wanted.", [
            "Strong fit", "+ You know Python. Well.", "− Linux is wanted.",
        ]),
        ("", []),
        (" \n ", []),
    ],
)  # fmt: skip
def test_a_text_is_split_where_its_sentences_and_bullets_end(
    text: str, expected: list[str]
) -> None:
    assert sentences(text) == expected


def test_a_title_with_a_stop_in_it_is_one_sentence() -> None:
    facts = {"item": {"title": "Stop! In the Name of Love", "artist": "The Supremes"}}
    text = "The Supremes beg on Stop! In the Name of Love. Dance."
    assert sentences(text, facts) == ["The Supremes beg on Stop! In the Name of Love.", "Dance."]


def test_spans_count_code_points() -> None:
    text = "🎉🎉 Yes! Dead Rabbitts."
    assert split_assertions(text) == [(0, 7), (8, 22)]
    assert text[8:22] == "Dead Rabbitts."


def test_an_assertion_that_names_a_fact_is_supported_by_it() -> None:
    text = "Dead Rabbitts play metalcore. It is a filthy thrill."
    mentions = evidence_in(text, leaf_facts(TRACK_FACTS))
    first, second = assertions_of(text, mentions, [])
    assert first.standing == "supported"
    assert first.pointers[0] == "/item/artist"
    assert "/item/genre" in first.pointers
    assert (second.standing, second.pointers) == ("without evidence", ())


@pytest.mark.parametrize("category", ["contradicts", "verdict", "attribution"])
def test_a_finding_that_a_fact_says_otherwise_contradicts_its_assertion(category: str) -> None:
    text = "Dead Rabbitts play jazz. Dead Rabbitts tour."
    found = said(text, "jazz", category)
    assert standings(text, TRACK_FACTS, found) == ["contradicted", "supported"]


def test_a_finding_that_no_fact_supports_leaves_its_assertion_without_evidence() -> None:
    text = "Dead Rabbitts topped the charts in 1987."
    assert standings(text, TRACK_FACTS, said(text, "1987", "unsupported")) == ["without evidence"]


def test_a_finding_about_manners_or_about_the_whole_text_changes_nothing() -> None:
    text = "Dead Rabbitts are amazing."
    manners, whole = said(text, "amazing", "tone"), Remark(None, None, "attribution")
    assert standings(text, TRACK_FACTS, manners, whole) == ["supported"]


def test_a_number_that_a_fact_holds_is_evidence() -> None:
    text = "It runs at 172 beats a minute."
    (mention,) = evidence_in(text, leaf_facts(TRACK_FACTS))
    assert (text[mention.start : mention.end], mention.pointer) == ("172", "/item/tempo_bpm")


def test_a_small_number_is_evidence_only_beside_the_name_of_its_fact() -> None:
    leaves = leaf_facts(JOB_FACTS)
    assert [m.pointer for m in evidence_in("You bring 4 years.", leaves)] == [
        "/audience/years_of_experience"
    ]
    assert evidence_in("You bring 4 apples.", leaves) == []


def test_a_bullet_rests_on_the_fact_that_it_was_written_for() -> None:
    job_fit = get_output_format("job-fit")
    text = job_fit.render(JOB_OUTPUT)
    mentions = evidence_in(text, leaf_facts(JOB_FACTS))
    lines = job_fit.facts_of_lines(JOB_OUTPUT)
    verdict, match, gap = assertions_of(text, mentions, [], lines)
    assert verdict.pointers == ("/audience/skills/0", "/item/skills_wanted/1")
    assert match.pointers[0] == "/audience/skills/0"
    assert gap.pointers[0] == "/item/skills_wanted/1"
    assert {verdict.standing, match.standing, gap.standing} == {"supported"}


def test_a_verdict_against_the_rule_is_contradicted() -> None:
    job_fit = get_output_format("job-fit")
    text = job_fit.render(JOB_OUTPUT)
    found = said(text, "Strong fit", "verdict")
    lines = job_fit.facts_of_lines(JOB_OUTPUT)
    assert standings(text, JOB_FACTS, found, facts_of_lines=lines)[0] == "contradicted"
