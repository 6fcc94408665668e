"""A fact in doubt holds its drafts until a lead has settled it."""

import pytest

from accounts.models import Person
from explanations.models import Draft, Import, Recommendation
from explanations.services.facts import add_fact
from feedback.models import FactReport, Golden
from feedback.services.fact_reports import (
    Doubt,
    FactReportRefused,
    accept_report,
    refuse_report,
    report_fact,
)
from feedback.services.queue import claim_next
from tests.feedback.people_at_work import claimed, reviewed, submitted

WRONG_ARTIST = Doubt("/item/artist", "wrong", "The Dead Rabbitts", "the label's site")


class TestReport:
    def test_it_keeps_what_the_fact_said(self, editor: Person, ready_draft: Draft) -> None:
        report = report_fact(editor, ready_draft.recommendation, WRONG_ARTIST, ready_draft)
        assert report.value_then == "Dead Rabbitts"
        assert report.right_value == "The Dead Rabbitts"
        assert report.state == FactReport.State.OPEN
        assert report.draft == ready_draft

    def test_it_names_the_owner_of_the_catalogue(
        self, editor: Person, recommendation: Recommendation
    ) -> None:
        recommendation.delivery = Import.objects.create(
            source="tracks.jsonl", catalogue_owner="Catalogue team"
        )
        assert report_fact(editor, recommendation, WRONG_ARTIST).catalogue_owner == "Catalogue team"

    def test_it_holds_the_drafts_that_rest_on_the_fact(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        report_fact(editor, ready_draft.recommendation, WRONG_ARTIST)
        assert claim_next(editor) is None

    def test_what_is_in_hand_is_submitted_and_its_golden_waits_for_the_lead(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        in_hand = claimed(editor)
        report_fact(editor, ready_draft.recommendation, WRONG_ARTIST, ready_draft)

        golden = submitted(editor, in_hand, outcome="ACCEPT").golden

        assert golden is not None
        assert golden.state == Golden.State.PROPOSED
        assert golden.state_reason == "These facts are reported and not settled: /item/artist."

    def test_a_report_of_a_fact_that_the_text_does_not_use_holds_no_golden(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        in_hand = claimed(editor)
        report_fact(editor, ready_draft.recommendation, Doubt("/item/tempo_bpm", "wrong"))

        golden = submitted(editor, in_hand, outcome="ACCEPT").golden

        assert golden is not None
        assert golden.state == Golden.State.APPROVED

    def test_the_same_report_again_is_the_same_report(
        self, editor: Person, recommendation: Recommendation
    ) -> None:
        first = report_fact(editor, recommendation, WRONG_ARTIST)
        assert report_fact(editor, recommendation, WRONG_ARTIST) == first

    def test_two_editors_may_doubt_one_fact(
        self, editor: Person, second_editor: Person, recommendation: Recommendation
    ) -> None:
        report_fact(editor, recommendation, WRONG_ARTIST)
        report_fact(second_editor, recommendation, WRONG_ARTIST)
        assert FactReport.objects.count() == 2

    @pytest.mark.parametrize(
        ("doubt", "sentence"),
        [
            (Doubt("/item/label", "wrong"), "no such fact"),
            (Doubt("/item", "wrong"), "no such fact"),
            (Doubt("item", "stale"), "no such fact"),
            (Doubt("/item/artist", "dull"), "one of"),
            (Doubt("/item/artist", "missing"), "is there"),
            (Doubt("/audience/age", "missing"), "of the item"),
            (Doubt("/item/credits/singer", "missing"), "of the item"),
            (Doubt("/item/artist", "wrong", "The Dead Rabbitts"), "known from"),
            (Doubt("/item/artist", "not_for_showing", "x", "y"), "no right value"),
            (Doubt("/item/artist", "wrong", "", "y"), "Give the fact a value"),
            (Doubt("/item/artist", "wrong", note="n" * 501), "500"),
        ],
    )
    def test_what_makes_no_sense_is_refused(
        self, editor: Person, recommendation: Recommendation, doubt: Doubt, sentence: str
    ) -> None:
        with pytest.raises(FactReportRefused, match=sentence):
            report_fact(editor, recommendation, doubt)

    def test_another_doubt_about_the_same_fact_waits_for_the_lead(
        self, editor: Person, recommendation: Recommendation
    ) -> None:
        report_fact(editor, recommendation, WRONG_ARTIST)
        with pytest.raises(FactReportRefused, match="open report"):
            report_fact(editor, recommendation, Doubt("/item/artist", "stale"))


class TestAccepted:
    def test_the_fact_is_corrected_and_the_draft_made_again(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        report = report_fact(editor, ready_draft.recommendation, WRONG_ARTIST)
        accept_report(report.pk, lead, "Right.")
        ready_draft.refresh_from_db()
        now = ready_draft.recommendation.snapshot
        assert now is not None
        assert now.item["artist"] == "The Dead Rabbitts"
        assert now.sources["/item/artist"] == "the label's site"
        assert ready_draft.state == Draft.State.WITHDRAWN
        assert ready_draft.redrafts.get().state == Draft.State.PENDING

    def test_a_draft_that_does_not_rest_on_it_is_left_alone(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        doubt = Doubt("/item/tempo_bpm", "wrong", 99, "counted")
        accept_report(report_fact(editor, ready_draft.recommendation, doubt).pk, lead)
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.READY

    def test_a_golden_on_it_needs_a_new_review(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ACCEPT")
        accept_report(report_fact(editor, ready_draft.recommendation, WRONG_ARTIST).pk, lead)
        assert Golden.objects.get().state == Golden.State.NEEDS_REVIEW

    def test_a_fact_not_for_showing_is_hidden(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        doubt = Doubt("/audience/favourite_subgenres", "not_for_showing", note="Too private.")
        accept_report(report_fact(editor, recommendation, doubt).pk, lead)
        recommendation.refresh_from_db()
        assert recommendation.snapshot is not None
        assert "favourite_subgenres" not in recommendation.snapshot.audience

    def test_a_wrong_fact_whose_right_value_nobody_knows_is_hidden(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        accept_report(report_fact(editor, recommendation, Doubt("/item/album", "stale")).pk, lead)
        recommendation.refresh_from_db()
        assert recommendation.snapshot is not None
        assert "album" not in recommendation.snapshot.item

    def test_the_lead_may_know_better(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        report = report_fact(editor, recommendation, WRONG_ARTIST)
        accept_report(report.pk, lead, right_value="Dead Rabbitts (US)", source="their own site")
        recommendation.refresh_from_db()
        assert recommendation.snapshot is not None
        assert recommendation.snapshot.item["artist"] == "Dead Rabbitts (US)"

    def test_a_missing_fact_is_added(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        doubt = Doubt("/item/singer", "missing", "Craig Mabbitt", "the sleeve")
        accept_report(report_fact(editor, recommendation, doubt).pk, lead)
        recommendation.refresh_from_db()
        assert recommendation.snapshot is not None
        assert recommendation.snapshot.item["singer"] == "Craig Mabbitt"

    def test_a_missing_fact_that_nobody_knows_is_not(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        report = report_fact(editor, recommendation, Doubt("/item/singer", "missing"))
        with pytest.raises(FactReportRefused, match="Nobody has said"):
            accept_report(report.pk, lead)

    def test_other_reports_on_the_fact_are_settled_with_it(
        self, editor: Person, second_editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        first = report_fact(editor, recommendation, WRONG_ARTIST)
        second = report_fact(second_editor, recommendation, Doubt("/item/artist", "stale"))
        accept_report(first.pk, lead)
        second.refresh_from_db()
        assert second.state == FactReport.State.ACCEPTED

    def test_nothing_is_settled_twice(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        report = report_fact(editor, recommendation, WRONG_ARTIST)
        accept_report(report.pk, lead)
        with pytest.raises(FactReportRefused, match="already"):
            accept_report(report.pk, lead)
        with pytest.raises(FactReportRefused, match="already"):
            refuse_report(report.pk, lead, "No.")


class TestRefused:
    def test_the_drafts_go_on(self, editor: Person, lead: Person, ready_draft: Draft) -> None:
        report = report_fact(editor, ready_draft.recommendation, WRONG_ARTIST)
        refused = refuse_report(report.pk, lead, "The sleeve says so.")
        assert refused.state == FactReport.State.REFUSED
        assert refused.settled_by == lead
        assert claimed(editor).place.draft == ready_draft

    def test_never_without_a_reason(
        self, editor: Person, lead: Person, recommendation: Recommendation
    ) -> None:
        report = report_fact(editor, recommendation, WRONG_ARTIST)
        with pytest.raises(FactReportRefused, match="why"):
            refuse_report(report.pk, lead, " ")


class TestAddedInTheMiddleOfAReview:
    def test_the_draft_stays_the_editors_and_the_golden_rests_on_the_fact(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        now = add_fact(ready_draft.recommendation, "singer", "Craig Mabbitt", "the sleeve", editor)
        done = submitted(
            editor,
            assignment,
            outcome="EDIT",
            rewrite="Craig Mabbitt drives Dead Rabbitts to a metalcore adrenaline rush!",
        )
        assert done.golden is not None
        assert done.golden.snapshot == now
        assert done.golden.state == Golden.State.APPROVED
