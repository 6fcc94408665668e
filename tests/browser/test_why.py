"""The strip "why?", the tags behind changes, and what the rewrite says while it is written."""

import pytest
from playwright.sync_api import expect

from explanations.models import Draft, Task
from feedback.models import Review
from tests.browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The draft: Dead Rabbitts' latest single is a metalcore adrenaline rush!


def test_what_no_tag_explains_is_asked_once_and_answered_by_a_key(
    desk: Desk, ready_draft: Draft
) -> None:
    page = desk.page
    strip, changes = page.locator("#why"), page.locator("#rewrite-changes")
    desk.open()
    desk.select_words("latest")
    desk.press("7")
    desk.select_words("single")
    desk.press("4")
    rows = page.locator(".mark-row-tag")
    expect(rows.filter(has_text="did not change")).to_have_count(0)

    # While it is written: which tag explains what, and which tag's words stand as they were.
    desk.press("e")
    page.locator("#rewrite-text").fill("Dead Rabbitts' 2019 single is a metalcore adrenaline rush.")
    expect(changes.locator(".explains").first).to_contain_text("7")
    expect(changes.locator(".explains.is-open")).to_have_count(1)
    expect(rows.filter(has_text="its words did not change")).to_contain_text("single")

    # One save asks; Esc goes back to the words, and typing closes the strip.
    desk.press("Control+Enter")
    expect(strip).to_be_focused()
    expect(strip).to_contain_text("!")
    expect(page.locator("#announcement")).to_have_text("Why? ! became ..")
    desk.press("Escape")
    expect(strip).to_be_hidden()
    expect(page.locator("#rewrite-text")).to_be_focused()
    desk.press("Control+Home")
    desk.write("Loud: ")
    desk.press("Control+Enter")
    expect(strip).to_contain_text("1 of 2")
    assert not Review.objects.exists()

    # A key answers, the arrows go back, another key answers anew; the last answer saves.
    desk.press("4")
    expect(strip).to_contain_text("2 of 2")
    desk.press("ArrowLeft")
    expect(strip.get_by_role("button", name="Tone")).to_have_attribute("aria-pressed", "true")
    desk.press("3")
    expect(strip).to_contain_text("2 of 2")
    desk.press("0")
    desk.is_empty()

    review = Review.objects.get()
    assert [(change["before"], change["cause"]) for change in review.alignment] == [
        ("", "unsupported"),
        ("latest", ""),
        ("!", "taste"),
    ]
    assert [(tag.category.slug, tag.scope, tag.quote) for tag in review.tags.all()] == [
        ("timebound", "span", "latest"),
        ("tone", "span", "single"),
        ("unsupported", "missing", ""),
    ]

    # Taken back, all of it is there again.
    desk.press("Shift+Z")
    expect(page.locator("#rewrite-text")).to_have_value(review.rewrite)
    expect(page.locator(".mark-row-tag")).to_have_count(2)
    expect(changes.locator(".explains.is-open")).to_have_count(0)


def test_a_second_save_saves_it_as_it_is(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.press("e")
    desk.page.locator("#rewrite-text").fill(ready_draft.text.replace("latest", "2019"))
    desk.press("Control+Enter")
    expect(desk.page.locator("#why")).to_be_focused()
    desk.press("Control+Enter")
    desk.is_empty()

    assert [change["cause"] for change in Review.objects.get().alignment] == [""]


def test_a_rewrite_is_one_question_and_a_tag_on_all_of_it_answers_it(
    desk: Desk, ready_draft: Draft
) -> None:
    strip = desk.page.locator("#why")
    desk.open()
    desk.press("e")
    desk.page.locator("#rewrite-text").fill("Double kicks and no mercy: Deer Heart at 172 BPM.")
    desk.press("Control+Enter")
    expect(strip).to_contain_text("More than 60 % changed")

    # Tagged as a whole after all, nothing is left to ask.
    desk.press("Escape", "Escape", "Escape", "6")
    expect(desk.page.locator("#rewrite-changes .is-open")).to_have_count(0)
    desk.press("e", "Control+Enter")
    desk.is_empty()
    assert all(1 in change["tags"] for change in Review.objects.get().alignment)


def test_where_the_task_wants_each_change_explained_nothing_less_is_saved(
    desk: Desk, ready_draft: Draft
) -> None:
    Task.objects.update(every_change_explained=True)
    strip = desk.page.locator("#why")
    desk.open()
    desk.press("e")
    desk.page.locator("#rewrite-text").fill(ready_draft.text.replace("latest", "2019"))
    desk.press("Control+Enter", "Control+Enter")
    expect(strip).to_be_visible()
    expect(strip.get_by_role("button", name="Save as it is")).to_have_count(0)
    strip.get_by_role("button", name="Timebound").click()
    desk.is_empty()

    assert Review.objects.get().tags.get().quote == "latest"


def test_a_name_that_no_fact_knows_is_pointed_at_while_it_is_typed_and_added_as_a_fact(
    desk: Desk, ready_draft: Draft
) -> None:
    page = desk.page
    warning = page.locator("#rewrite-findings")
    desk.open()
    desk.press("e")
    page.locator("#rewrite-text").fill(
        "Dead Rabbitts' single, produced by Andrew Wade, is a metalcore rush!"
    )
    expect(warning).to_contain_text("Andrew Wade")
    page.get_by_role("button", name="Add as a fact").click()
    expect(page.locator("#add-value")).to_have_value("Andrew Wade")
    page.locator("#add-name").fill("producer")
    page.locator("#add-source").fill("liner notes")
    desk.press("Enter")

    expect(page.locator(".desk-evidence")).to_contain_text("Andrew Wade")
    expect(page.locator("#rewrite-text")).to_be_focused()
    with page.expect_response("**/check/"):
        desk.write(" ")
    expect(warning).to_be_hidden()
    desk.save_as_it_is()
    desk.is_empty()
    golden = Review.objects.get().goldens.get()
    assert golden.state == "APPROVED"
    assert golden.snapshot.sources["/item/producer"] == "liner notes"


def test_a_long_rewrite_is_compared_without_a_lag(desk: Desk, ready_draft: Draft) -> None:
    """2,000 characters, a word changed in every five: what one more letter costs."""
    desk.open()
    spent = desk.page.evaluate(
        """async () => {
            const { align } = await import("/static/feedback/alignment.js");
            const words = Array.from({ length: 380 }, (_nothing, index) => `w${(index * 7) % 90}`);
            const before = words.join(" ").padEnd(2000, "x").slice(0, 2000);
            const after = words.map((word, index) => (index % 5 ? word : `v${index}`)).join(" ");
            const times = [];
            for (let letter = 0; letter < 40; letter += 1) {
                const began = performance.now();
                const found = align(before, after + "y".repeat(letter), []);
                times.push(performance.now() - began);
                if (!found.changes.length) throw new Error("nothing changed");
            }
            times.sort((one, other) => one - other);
            return { median: times[20], slowest: times[39] };
        }"""
    )
    told = f"2,000 characters: {spent['median']:.1f} ms a letter, {spent['slowest']:.1f} at most"
    print(told)  # noqa: T201  (a figure to read; no test can hold a machine to it)

    # One comparison for each letter, however many things on the page show it.
    desk.press("e")
    runs = desk.page.evaluate(
        """async () => {
            const field = document.getElementById("rewrite-text");
            let runs = 0;
            const shown = new MutationObserver(() => { runs += 1; });
            shown.observe(document.getElementById("rewrite-changes"), { childList: true });
            field.value += " Loud";
            field.dispatchEvent(new InputEvent("input", { bubbles: true }));
            await new Promise((resolve) => setTimeout(resolve));
            return runs;
        }"""
    )
    assert runs == 1
