"""Output formats: a model's answer becomes a text for people, or a reason for them."""

import json
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explanations.output_formats import (
    UnknownOutputFormat,
    UnusableOutput,
    get_output_format,
    output_format_slugs,
)
from explanations.output_formats.job_fit import fit_of

ONELINER = get_output_format("music-oneliner")
JOB_FIT = get_output_format("job-fit")

TRACK: dict[str, object] = {
    "item": {"title": "Lean On (feat. MØ & DJ Snake)", "artist": "Major Lazer", "tempo_bpm": 98},
    "audience": {},
}
JOB: dict[str, Any] = {
    "item": {
        "title": "Bookkeeper",
        "skills_wanted": ["Microsoft Excel", "SAP software", "Intuit QuickBooks"],
        "years_wanted": 4,
    },
    "audience": {
        "headline": "Payroll Clerk",
        "skills": ["Microsoft Word", "Microsoft Excel"],
        "years_of_experience": 2,
        "did": ["Kept the pay records of forty people."],
    },
}
MATCH = {"fact": "Microsoft Excel", "text": "You already work with Microsoft Excel."}
GAP = {
    "fact": "SAP software",
    "text": "The job asks for SAP software.",
    "next_step": "Try a beginners' course.",
}
ANSWER: dict[str, Any] = {"matches": [MATCH], "gaps": [GAP], "verdict": "partial"}


def reason(completion: str, facts: Mapping[str, object] = JOB, output_format: Any = JOB_FIT) -> str:
    """Return the reason for which an answer is refused."""
    with pytest.raises(UnusableOutput) as refused:
        output_format.parse(completion, facts)
    assert refused.value.sentence.endswith(".")
    return refused.value.reason_code


def changed(**changes: object) -> str:
    return json.dumps(ANSWER | changes)


def job(*, wanted: int, met: int, years_wanted: float, years: float) -> dict[str, object]:
    skills = [f"Skill {number}" for number in range(wanted)]
    return {
        "item": {"skills_wanted": skills, "years_wanted": years_wanted},
        "audience": {"skills": skills[:met], "years_of_experience": years},
    }


def test_both_formats_are_found_by_their_slugs() -> None:
    assert output_format_slugs() == ["job-fit", "music-oneliner"]
    assert [get_output_format(slug).slug for slug in output_format_slugs()] == output_format_slugs()


def test_an_unknown_format_says_so() -> None:
    with pytest.raises(UnknownOutputFormat, match="haiku"):
        get_output_format("haiku")


class TestMusicOneliner:
    def test_a_finished_line_is_the_text(self) -> None:
        parsed = ONELINER.parse(" Major Lazer  make Lean On sway.\n", TRACK)
        assert (parsed.text, parsed.output) == ("Major Lazer make Lean On sway.", None)

    @pytest.mark.parametrize(
        ("completion", "code"),
        [
            ("", "empty"),
            (" \u200b\x00\n ", "empty"),
            ("One line.\nAnd another.", "several_lines"),
            ("Major Lazer make Lean On sway and", "unfinished"),
            ("Very " * 80 + "long.", "too_long"),
        ],
    )
    def test_what_is_no_line_ends_in_a_reason(self, completion: str, code: str) -> None:
        assert reason(completion, TRACK, ONELINER) == code

    @pytest.mark.parametrize(
        "line", ["Is it “Lean On”?", "夜に駆ける。", "هل تسمع؟", "So it ends…"]
    )
    def test_sentences_end_differently_in_other_scripts(self, line: str) -> None:
        assert ONELINER.parse(line, TRACK).text == line

    def test_title_artist_and_guests_do_not_count_as_words(self) -> None:
        assert ONELINER.word_count("Major Lazer's Lean On lets MØ float over 98 beats.", TRACK) == 5

    def test_a_line_needs_no_schema(self) -> None:
        assert ONELINER.response_schema(TRACK) is None

    def test_a_form_gives_the_text(self) -> None:
        output = ONELINER.validated({"text": " Lean On sways. "}, TRACK)
        assert ONELINER.render(output) == "Lean On sways."

    def test_a_form_with_anything_else_is_refused(self) -> None:
        with pytest.raises(UnusableOutput):
            ONELINER.validated({"text": "Lean On sways.", "verdict": "strong"}, TRACK)

    def test_training_completes_the_line_itself(self) -> None:
        assert ONELINER.completion("Lean On sways.", None, TRACK) == "Lean On sways."

    def test_a_line_rests_on_the_facts_that_it_names(self) -> None:
        text = "At 98 bpm Major Lazer sway."
        assert ONELINER.rests_on(text, None, TRACK) == ["/item/tempo_bpm", "/item/artist"]


class TestVerdictRule:
    @pytest.mark.parametrize(
        ("wanted", "met", "years_wanted", "years", "verdict"),
        [
            (4, 2, 3, 3, "strong"),
            (4, 4, 3, 2, "partial"),
            (4, 4, 3, 0, "weak"),
            (4, 4, 3.5, 1, "partial"),
            (3, 1, 0, 0, "partial"),
            (4, 1, 0, 9, "weak"),
            (0, 0, 2, 5, "strong"),
        ],
    )
    def test_skills_and_years_decide(
        self, wanted: int, met: int, years_wanted: float, years: float, verdict: str
    ) -> None:
        facts = job(wanted=wanted, met=met, years_wanted=years_wanted, years=years)
        assert fit_of(facts).verdict == verdict

    def test_skills_are_compared_whatever_their_case(self) -> None:
        facts = {"item": {"skills_wanted": ["SAP"]}, "audience": {"skills": ["sap"]}}
        assert fit_of(facts).skills_met == 1


class TestJobFit:
    def test_people_read_the_verdict_first(self) -> None:
        assert JOB_FIT.parse(json.dumps(ANSWER), JOB).text == (
            "Partial fit\n"
            "+ You already work with Microsoft Excel.\n"
            "− The job asks for SAP software. Try a beginners' course."
        )

    def test_labels_become_pointers_of_the_right_side(self) -> None:
        output = JOB_FIT.parse(json.dumps(ANSWER), JOB).output
        assert output is not None
        assert output["matches"] == [MATCH | {"fact": "/audience/skills/1"}]
        assert output["gaps"] == [GAP | {"fact": "/item/skills_wanted/1"}]

    def test_pointers_are_taken_as_they_are(self) -> None:
        answer = changed(matches=[MATCH | {"fact": "/audience/did/0"}])
        output = JOB_FIT.parse(answer, JOB).output
        assert JOB_FIT.rests_on("", output, JOB) == ["/audience/did/0", "/item/skills_wanted/1"]

    def test_training_completes_what_the_model_would_have_answered(self) -> None:
        parsed = JOB_FIT.parse(json.dumps(ANSWER), JOB)
        completion = JOB_FIT.completion(parsed.text, parsed.output, JOB)
        assert json.loads(completion) == ANSWER
        assert list(json.loads(completion)) == ["matches", "gaps", "verdict"]
        assert JOB_FIT.parse(completion, JOB) == parsed

    @pytest.mark.parametrize(
        ("completion", "code"),
        [
            ("", "not_json"),
            ("Sure, here is the JSON: {}", "not_json"),
            (json.dumps(ANSWER)[:-9], "not_json"),
            (json.dumps(ANSWER) + " {}", "not_json"),
            ('{"verdict": "weak", "verdict": "strong"}', "not_json"),
            ("[" * 5_000, "not_json"),
            (" " * 9_000, "too_long"),
            ("[]", "wrong_shape"),
            ("{}", "wrong_shape"),
            (changed(score=7), "wrong_shape"),
            (changed(matches="none"), "wrong_shape"),
            (changed(matches=["Excel"]), "wrong_shape"),
            (changed(matches=[MATCH | {"text": 7}]), "wrong_shape"),
            (changed(matches=[MATCH | {"extra": "x"}]), "wrong_shape"),
            (changed(gaps=[MATCH]), "wrong_shape"),
            (changed(verdict="perfect"), "no_verdict"),
            (changed(verdict=["strong"]), "no_verdict"),
            (changed(matches=[], gaps=[]), "no_evidence"),
            (changed(matches=[MATCH] * 4), "too_many_bullets"),
            (changed(matches=[MATCH | {"text": " . "}]), "empty_bullet"),
            (changed(matches=[MATCH | {"text": "You " + "know " * 40 + "it."}]), "cut_bullet"),
            (changed(matches=[MATCH | {"text": "You already work with"}]), "cut_bullet"),
            (changed(matches=[MATCH | {"fact": "Microsoft Access"}]), "no_such_fact"),
            (changed(matches=[MATCH | {"fact": "SAP software"}]), "no_such_fact"),
            (changed(matches=[MATCH | {"fact": "/item/skills_wanted/0"}]), "no_such_fact"),
            (changed(matches=[MATCH | {"fact": "/audience/skills"}]), "no_such_fact"),
            (changed(matches=[MATCH | {"fact": "/audience/skills/9"}]), "no_such_fact"),
            (changed(matches=[MATCH | {"fact": None}]), "no_such_fact"),
        ],
    )
    def test_any_other_answer_ends_in_a_reason(self, completion: str, code: str) -> None:
        assert reason(completion) == code

    def test_a_sentence_that_the_schema_cut_off_is_no_bullet(self) -> None:
        text = "You " + "w" * 101 + "."
        assert reason(changed(matches=[MATCH | {"text": text}])) == "cut_bullet"

    def test_a_person_may_write_a_little_longer(self) -> None:
        output = {
            "matches": [{"fact": "/audience/did/0", "text": "You " + "w" * 120 + "."}],
            "gaps": [],
            "verdict": "weak",
        }
        assert JOB_FIT.validated(output, JOB) == output

    def test_hostile_text_is_cleaned_before_it_is_kept(self) -> None:
        answer = changed(matches=[MATCH | {"text": "You\u202e know\x00 \nExcel\ud800 well."}])
        assert "+ You know Excel well.\n" in JOB_FIT.parse(answer, JOB).text

    @given(st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["matches", "gaps", "verdict", "text", "fact", "next_step"]),
            inner,
            max_size=3,
        ),
        max_leaves=12,
    ))  # fmt: skip
    def test_no_json_whatever_breaks_the_parser(self, answer: object) -> None:
        try:
            parsed = JOB_FIT.parse(json.dumps(answer), JOB)
        except UnusableOutput:
            return
        assert parsed.output is not None
        assert parsed.text == JOB_FIT.render(parsed.output)


class TestJobFitSchema:
    def schema(self, facts: Mapping[str, object]) -> dict[str, Any]:
        schema = JOB_FIT.response_schema(facts)
        assert schema is not None
        jsonschema.Draft202012Validator.check_schema(schema)
        return schema

    def test_the_model_writes_its_evidence_before_the_verdict(self) -> None:
        assert list(self.schema(JOB)["properties"]) == ["matches", "gaps", "verdict"]

    def test_facts_of_the_row_are_the_only_ones_on_offer(self) -> None:
        properties = self.schema(JOB)["properties"]
        offered = {
            name: [
                label
                for bullet in properties[name]["prefixItems"]
                for label in bullet["properties"]["fact"]["enum"]
            ]
            for name in ("matches", "gaps")
        }
        assert offered["matches"] == ["Microsoft Excel"]
        assert sorted(offered["gaps"]) == ["Intuit QuickBooks", "SAP software", "years wanted: 4"]

    def test_no_fact_is_offered_to_two_bullets(self) -> None:
        facts = job(wanted=6, met=0, years_wanted=9, years=0)
        bullets = self.schema(facts)["properties"]["gaps"]["prefixItems"]
        labels = [label for bullet in bullets for label in bullet["properties"]["fact"]["enum"]]
        assert len(labels) == len(set(labels)) == 6

    def test_an_answer_that_keeps_to_the_schema_is_usable(self) -> None:
        facts = job(wanted=2, met=1, years_wanted=0, years=0)
        answer = {
            "matches": [{"fact": "Skill 0", "text": "You already know Skill 0."}],
            "gaps": [
                {
                    "fact": "Skill 1",
                    "text": "The job asks for Skill 1.",
                    "next_step": "Read a book.",
                }
            ],
            "verdict": "strong",
        }
        jsonschema.validate(answer, self.schema(facts))
        assert JOB_FIT.parse(json.dumps(answer), facts).output is not None

    def test_a_profile_with_nothing_in_common_is_offered_its_background(self) -> None:
        facts = {
            "item": {"skills_wanted": ["SAP"]},
            "audience": {"headline": "Clerk", "skills": []},
        }
        bullet = self.schema(facts)["properties"]["matches"]["prefixItems"][0]
        assert bullet["properties"]["fact"]["enum"] == ["Clerk"]

    def test_without_facts_there_is_nothing_to_list(self) -> None:
        schema = self.schema({"item": {}, "audience": {}})
        assert schema["properties"]["matches"]["maxItems"] == 0
        assert schema["properties"]["gaps"]["maxItems"] == 0

    def test_the_fixed_schema_takes_every_answer_that_the_one_of_the_row_takes(self) -> None:
        facts = job(wanted=2, met=1, years_wanted=0, years=0)
        fixed = JOB_FIT.fixed_schema()
        assert fixed is not None
        jsonschema.Draft202012Validator.check_schema(fixed)
        answer = {
            "matches": [{"fact": "Skill 0", "text": "You already know Skill 0."}],
            "gaps": [],
            "verdict": "strong",
        }
        jsonschema.validate(answer, fixed)
        assert list(fixed["properties"]) == ["matches", "gaps", "verdict"]  # type: ignore[call-overload]
        assert JOB_FIT.parse(json.dumps(answer), facts).output is not None

    def test_what_the_fixed_schema_lets_through_is_checked_afterwards(self) -> None:
        facts = job(wanted=2, met=1, years_wanted=0, years=0)
        answer = {
            "matches": [{"fact": "A skill of nobody", "text": "You already know it."}],
            "gaps": [],
            "verdict": "strong",
        }
        fixed = JOB_FIT.fixed_schema()
        assert fixed is not None
        jsonschema.validate(answer, fixed)
        with pytest.raises(UnusableOutput, match="no fact of the profile"):
            JOB_FIT.parse(json.dumps(answer), facts)

    def test_a_line_has_no_schema_of_either_kind(self) -> None:
        assert ONELINER.fixed_schema() is None
