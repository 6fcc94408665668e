"""An editor's round on the review screen, with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Person
from explanations.models import Draft, Finding, Place, Run, Task
from feedback.models import FactReport, Golden, Review
from tests.browser.desk import Desk
from tests.conftest import LISTENER, TRACK, drafted, recommended

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def queue(run: Run, music_task: Task) -> list[Draft]:
    """Six lines, the most urgent first."""
    lines = [
        "Dead Rabbitts' latest single is a metalcore adrenaline rush!",
        "A metalcore storm at 172 BPM from Dead Rabbitts.",
        "An unmissable banger that will change your life.",
        "Deer Heart by Dead Rabbits is loud.",
        "Dead Rabbitts play for you.",
        "Something nobody can read.",
    ]
    return [
        drafted(
            run,
            recommended(music_task, f"track:{index}", TRACK, LISTENER, "Dead Rabbitts", 90 - index),
            line,
        )
        for index, line in enumerate(lines)
    ]


def test_six_drafts_are_decided_without_a_mouse(desk: Desk, queue: list[Draft]) -> None:
    desk.open_from_the_front_page()

    # A major tag on two words, a minor one beside it, and a rewrite.
    desk.shows(queue[0])
    desk.select_words("latest single")
    desk.press("3")
    desk.select_words("adrenaline rush")
    desk.press("4", "+")
    desk.press("e")
    desk.press("Control+a")
    desk.write("Dead Rabbitts play metalcore at 172 beats a minute.")
    expect(desk.page.locator("#rewrite-changes ins").first).to_be_visible()
    # Asked why all of it changed, the second key saves it as it is.
    desk.press("Control+Enter", "Control+Enter")

    # Good as it is.
    desk.shows(queue[1])
    desk.press("a")

    # The whole draft is generic: rejected.
    desk.shows(queue[2])
    desk.press("6", "x")

    # Fine but bland, with a criterion answered no by Tab and arrow keys.
    desk.shows(queue[3])
    desk.page.get_by_role("group", name=re.compile("^Specific")).get_by_label("no").focus()
    desk.press("Space", "Escape")
    desk.press("b")

    # To the lead, with a reason picked by its digit.
    desk.shows(queue[4])
    desk.press("l", "1", "Enter")

    # Unreviewable.
    desk.shows(queue[5])
    desk.press("u", "2", "Enter")

    desk.is_empty()
    reviews = {review.draft_id: review for review in Review.objects.all()}
    assert [reviews[draft.pk].outcome for draft in queue] == [
        "EDIT",
        "ACCEPT",
        "REJECT",
        "BLAND",
        "ESCALATE",
        "UNREVIEWABLE",
    ]
    edit = reviews[queue[0].pk]
    assert [(tag.category.slug, tag.severity, tag.quote) for tag in edit.tags.all()] == [
        ("unsupported", 5, "latest single"),
        ("tone", 5, "adrenaline rush"),
    ]
    golden = Golden.objects.get(review=edit)
    assert golden.text == "Dead Rabbitts play metalcore at 172 beats a minute."
    assert golden.grade == "exemplary"
    assert reviews[queue[3].pk].answers.get().answer == "no"
    assert reviews[queue[4].pk].reason == "guide"
    assert Place.objects.get(draft=queue[4]).state == Place.State.ESCALATED


def test_suggestions_are_stepped_through_taken_and_dismissed(
    desk: Desk, ready_draft: Draft, music_task: Task
) -> None:
    for words, slug in (("latest single", "timebound"), ("rush!", "tone")):
        start = ready_draft.text.index(words)
        Finding.objects.create(
            draft=ready_draft,
            check_name="test",
            check_version=1,
            level=Finding.Level.WARNING,
            message=f"About {words}",
            start=start,
            end=start + len(words),
            category=music_task.categories.get(slug=slug),
            pointer="/item/title",
        )
    desk.open()
    expect(desk.page.locator(".mark-row-finding")).to_have_count(2)

    desk.press("j", "Enter", "j", "Delete", "x")

    desk.is_empty()
    tag = Review.objects.get().tags.get()
    assert (tag.quote, tag.category.slug, tag.pointer) == (
        "latest single",
        "timebound",
        "/item/title",
    )
    assert tag.finding is not None


def test_the_blind_sample_shows_no_suggestions(desk: Desk, ready_draft: Draft) -> None:
    Draft.objects.update(blind=True)
    Finding.objects.create(
        draft=ready_draft, check_name="t", check_version=1, level="warning", message="Look here"
    )
    desk.open()

    expect(desk.page.get_by_text("Blind sample")).to_be_visible()
    expect(desk.page.get_by_text("Look here")).to_have_count(0)


def test_an_accept_against_a_standing_tag_is_refused_in_words_and_undone_with_z(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.open()
    desk.press("ArrowRight", "3", "a")
    expect(desk.page.get_by_role("alert")).to_contain_text("not accepted while a tag")

    desk.press("z")
    expect(desk.page.locator(".mark-row-tag")).to_have_count(0)
    desk.press("a")

    desk.is_empty()
    assert Review.objects.get().outcome == Review.Outcome.ACCEPT


def test_what_was_submitted_is_reopened_with_its_tags_and_its_golden_withdrawn(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.open()
    desk.select_words("latest single")
    desk.press("0")
    desk.press("a")
    desk.is_empty()

    desk.page.keyboard.press("Shift+Z")

    desk.shows(ready_draft)
    expect(desk.page.locator(".mark-row-tag")).to_contain_text("latest single")
    assert Golden.objects.get().state == Golden.State.WITHDRAWN


def test_a_fact_is_reported_and_another_added_without_leaving_the_draft(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.open()
    desk.press("ArrowRight", "3")
    desk.press("f")
    desk.page.get_by_label("Fact", exact=True).select_option("/item/genre")
    desk.page.get_by_label("The right value").fill("post-hardcore")
    desk.page.get_by_label("Source").first.fill("the sleeve")
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_text("reported", exact=True)).to_be_visible()
    desk.shows(ready_draft)

    desk.press("Shift+F")
    desk.page.get_by_label("Name", exact=True).fill("Producer")
    desk.page.get_by_label("Value", exact=True).fill("Andrew Wade")
    desk.page.locator("#add-source").fill("liner notes")
    desk.page.keyboard.press("Enter")

    expect(desk.page.locator(".desk-evidence")).to_contain_text("Andrew Wade")
    expect(desk.page.locator(".mark-row-tag")).to_have_count(1)
    report = FactReport.objects.get()
    assert (report.pointer, report.right_value) == ("/item/genre", "post-hardcore")


def test_a_structured_answer_is_rewritten_in_its_form(desk: Desk, ready_job_draft: Draft) -> None:
    desk.open()
    desk.select_words("Linux")
    desk.press("8", "e")
    desk.page.get_by_label("partial").check()
    match = desk.page.get_by_label("Match", exact=True).first
    match.fill("You have run PostgreSQL for years.")
    expect(desk.page.locator("#changes-matches-0-text ins").first).to_be_visible()
    # The verdict, and two stretches of the match: no tag explains them.
    match.press("Control+Enter")
    desk.press("1", "0", "0")

    desk.is_empty()
    review = Review.objects.get()
    assert review.outcome == Review.Outcome.EDIT
    assert review.rewrite_output is not None
    assert ready_job_draft.output is not None
    assert review.rewrite_output["verdict"] == "partial"
    assert review.rewrite.startswith("Partial fit")
    assert review.rewrite_output["gaps"] == ready_job_draft.output["gaps"]


def test_bullets_are_added_moved_and_taken_out_by_key(desk: Desk, ready_job_draft: Draft) -> None:
    page = desk.page
    matches = page.locator("[data-slots=matches]")
    first, second = "#rewrite-matches-0-text", "#rewrite-matches-1-text"
    desk.open()
    desk.press("e")
    page.locator(first).focus()
    desk.press("Alt+Enter")
    expect(page.locator(second)).to_be_focused()
    expect(matches).to_contain_text("2 of 3")
    desk.write("You have four years behind you.")
    page.locator("#rewrite-matches-1-fact").select_option("/audience/years_of_experience")

    # The bullet moves under the cursor, and its own changes go with it.
    page.locator(first).focus()
    desk.press("Alt+ArrowDown")
    expect(page.locator(first)).to_be_focused()
    expect(matches.locator("textarea").first).to_have_value("You have four years behind you.")
    expect(page.locator("#changes-matches-0-text")).to_be_hidden()
    expect(page.locator("#rewrite-changes ins")).to_contain_text("You have four years behind you.")
    expect(matches.get_by_role("button", name="Move down").last).to_be_disabled()

    # One too many goes again; its question is answered, and the order is kept.
    desk.press("Alt+Enter")
    desk.write("Too much.")
    desk.press("Alt+Delete")
    expect(matches).to_contain_text("2 of 3")
    expect(page.locator(first)).to_be_focused()
    desk.press("Control+Enter", "7")
    desk.is_empty()

    review = Review.objects.get()
    assert review.rewrite_output is not None
    assert ready_job_draft.output is not None
    assert [bullet["text"] for bullet in review.rewrite_output["matches"]] == [
        "You have four years behind you.",
        ready_job_draft.output["matches"][0]["text"],
    ]
    [change] = review.alignment
    assert (change["before"], change["cause"]) == ("", "missing")
    assert review.tags.get().scope == "missing"


def test_z_takes_back_what_was_typed_as_one_step(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.press("ArrowRight", "3", "e", "Control+End")
    desk.write(" Loudly, at last.")
    desk.press("Escape")
    field = desk.page.locator("#rewrite-text")
    expect(field).to_have_value(ready_draft.text + " Loudly, at last.")

    desk.press("z")
    expect(field).to_have_value(ready_draft.text)
    expect(desk.page.locator(".mark-row-tag")).to_have_count(1)
    desk.press("z")
    expect(desk.page.locator(".mark-row-tag")).to_have_count(0)


def test_a_note_on_a_tag_goes_into_the_review(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.press("ArrowRight", "3")
    desk.page.get_by_label("Note on the tag").focus()
    desk.write("Never said so.")
    expect(desk.page.locator("#save-state")).to_have_attribute("data-state", "saved")
    desk.page.get_by_label("The fact that the tag rests on").select_option("/item/artist")
    desk.draft.focus()
    desk.press("x")
    desk.is_empty()

    tag = Review.objects.get().tags.get()
    assert (tag.note, tag.pointer) == ("Never said so.", "/item/artist")


def test_keys_of_categories_are_each_editors_own(
    desk: Desk, queue: list[Draft], editor: Person
) -> None:
    page = desk.page
    desk.open()
    page.get_by_role("button", name="Keys", exact=False).first.click()
    page.get_by_role("link", name="Change the keys").click()
    page.get_by_label("Category 4").select_option("Q")
    page.get_by_label("Skip, with a reason").select_option("4")
    page.get_by_role("button", name="Keep these keys").click()
    expect(page.get_by_text("Your keys are kept.")).to_be_visible()

    desk.open()
    desk.press("ArrowRight", "q")
    words = desk.selected()
    row = page.locator(".mark-row-tag")
    expect(row).to_contain_text(f"Q Tone {words}")
    expect(page.locator("#announcement")).to_have_text(f"Tone, minor: {words}.")
    above = "getComputedStyle(document.querySelector('mark.begins'), '::before').content"
    assert page.evaluate(above) == '"Q"'
    expect(page.get_by_role("button", name="Q Tone", exact=True)).to_be_visible()

    # With Shift it says what it means; its digit is the key of something else now.
    desk.press("Shift+Q")
    expect(page.locator("[data-definition='4'].is-current")).to_be_visible()
    desk.press("Escape", "4")
    expect(page.locator("#reason-skip")).to_be_visible()
    desk.press("Escape")

    # It is the key of a cause as well, and stands behind the change that it explains.
    page.locator("#rewrite-text").fill(f"{queue[0].text} Loud!")
    desk.press("Control+Enter")
    expect(page.locator("#why")).to_be_focused()
    desk.press("4")
    expect(page.locator("#why")).to_be_visible()
    desk.press("q")
    desk.shows(queue[1])
    review = Review.objects.get()
    assert {tag.category.slug for tag in review.tags.select_related("category")} == {"tone"}
    assert [change["cause"] for change in review.alignment] == ["tone"]


def test_who_switches_keys_off_presses_none_by_accident(desk: Desk, queue: list[Draft]) -> None:
    Person.objects.update(character_keys=False)
    page = desk.page
    desk.open()
    desk.press("3", "Shift+Digit3")
    expect(page.locator("#marks")).to_be_empty()
    expect(page.locator("#definitions")).to_be_hidden()
    page.get_by_role("button", name="Skip").click()
    desk.press("2")
    expect(page.locator("#reason-skip [name=reason]:checked")).to_have_count(0)
    desk.press("Escape")
    expect(desk.draft).to_be_focused()
    page.locator("#rewrite-text").fill(f"{queue[0].text} Loud!")
    desk.press("Control+Enter")
    expect(page.locator("#why")).to_be_focused()
    desk.press("3")
    expect(page.locator("#why [aria-pressed=true]")).to_have_count(0)
    page.locator("#why").get_by_role("button", name="Unsupported").click()
    desk.shows(queue[1])


def test_keys_are_each_editors_own_or_switched_off(
    desk: Desk, queue: list[Draft], editor: Person
) -> None:
    Person.objects.update(own_keys={"accept": "KeyY", "next-mark": "Shift+KeyJ"})
    desk.open()
    desk.shows(queue[0])
    desk.press("a")
    desk.press("y")
    desk.shows(queue[1])
    desk.press("?")
    expect(desk.page.locator("#keys")).to_contain_text("YAccept as exemplary")
    desk.press("Escape")

    # Without letters, digits and signs: arrows and buttons do everything.
    Person.objects.update(own_keys={}, character_keys=False)
    desk.open()
    desk.press("a", "x", "3", "?")
    expect(desk.page.locator("#keys")).to_be_hidden()
    desk.press("ArrowRight", "Shift+ArrowRight")
    words = desk.selected()
    desk.page.locator("#categories").get_by_role("button", name="Tone").click()
    expect(desk.page.locator("#marks")).to_contain_text(words)
    desk.page.get_by_role("button", name="Reject").click()
    desk.shows(queue[2])
    assert list(Review.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "ACCEPT",
        "REJECT",
    ]
