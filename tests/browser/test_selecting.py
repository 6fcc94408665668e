"""What is selected is what is stored: in every script, by keyboard, mouse and touch."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft, Run, Task
from feedback.models import Tag
from tests.browser.conftest import log_in
from tests.browser.desk import Desk
from tests.conftest import LISTENER, TRACK, drafted, recommended

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A draft, the words that the cursor walks over in it, and which of them are tagged.
SCRIPTS = {
    "emoji before the words": (
        "🎉🎉 A banger from Ada.",
        ["🎉", "🎉", "A", "banger", "from", "Ada"],
    ),
    "a family joined by ZWJ": ("For the 👨‍👩‍👧‍👦 tonight.", ["For", "the", "👨‍👩‍👧‍👦", "tonight"]),
    "skin tones and flags": ("Wave 👋🏽 to 🇸🇪 now.", ["Wave", "👋🏽", "to", "🇸🇪", "now"]),
    "accents as marks": ("Cafe\u0301 Bele\u0301n plays.", ["Cafe\u0301", "Bele\u0301n", "plays"]),
    "letters outside the first plane": ("𝔇eep 𝒸uts here.", ["𝔇eep", "𝒸uts", "here"]),
    "Arabic": ("أغنية دافئة مثل المساء.", ["أغنية", "دافئة", "مثل", "المساء"]),
    "Arabic around Latin": ("أغنية Deer Heart جميلة.", ["أغنية", "Deer", "Heart", "جميلة"]),
    "a hyphen joins": ("A high-energy hip-hop duo.", ["A", "high-energy", "hip-hop", "duo"]),
    "Hebrew": ("שיר שקט לערב.", ["שיר", "שקט", "לערב"]),
}


def on_the_desk(run: Run, task: Task, text: str) -> Draft:
    """A draft with this text, alone in the queue."""
    return drafted(run, recommended(task, "track:one", TRACK, LISTENER, "Ada"), text)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_word_cursor_stops_at_each_word_and_every_tag_quotes_its_own(
    desk: Desk, run: Run, music_task: Task, script: str
) -> None:
    text, words = SCRIPTS[script]
    draft = on_the_desk(run, music_task, text)
    # On the screen the next word of a right-to-left text lies to the left.
    onward = "ArrowLeft" if script in {"Arabic", "Arabic around Latin", "Hebrew"} else "ArrowRight"
    desk.open()

    walked = []
    for number, _word in enumerate(words):
        desk.press(onward)
        walked.append(desk.selected())
        if number < 5:
            desk.press(str(number + 1))
    desk.press("x")
    desk.is_empty()

    assert walked == words
    tags = list(Tag.objects.order_by("start"))
    assert [tag.quote for tag in tags] == words[:5]
    assert [draft.text[tag.start : tag.end] for tag in tags] == words[:5]


def test_japanese_is_walked_word_by_word_without_spaces(
    desk: Desk, run: Run, music_task: Task
) -> None:
    draft = on_the_desk(run, music_task, "宇多田ヒカルの声が光る。")
    desk.open()

    walked = []
    for _step in range(4):
        desk.press("ArrowRight")
        walked.append(desk.selected())
    desk.press("Escape", "ArrowRight", "Shift+ArrowRight", "3", "x")
    desk.is_empty()

    assert "".join(walked) == draft.text[: len("".join(walked))]
    tag = Tag.objects.get()
    assert tag.quote == draft.text[tag.start : tag.end] == walked[0] + walked[1]


def test_character_steps_never_split_what_a_reader_sees_as_one(
    desk: Desk, run: Run, music_task: Task
) -> None:
    draft = on_the_desk(run, music_task, "👨‍👩‍👧‍👦e\u0301🇸🇪!")
    desk.open()

    desk.press("c")
    walked = []
    for _step in range(4):
        desk.press("ArrowRight")
        walked.append(desk.selected())
    desk.press("9", "x")
    desk.is_empty()

    assert walked == ["👨‍👩‍👧‍👦", "e\u0301", "🇸🇪", "!"]
    assert Tag.objects.get().quote == "!"
    assert draft.text.endswith("!")


def test_overlapping_tags_lie_on_lanes_of_their_own(desk: Desk, run: Run, music_task: Task) -> None:
    on_the_desk(run, music_task, "A loud and new single.")
    desk.open()

    desk.select_words("loud and new")
    desk.press("4")
    desk.select_words("new single")
    desk.press("7", "x")
    desk.is_empty()

    assert {tag.quote for tag in Tag.objects.all()} == {"loud and new", "new single"}


def test_a_double_click_selects_a_word_and_a_category_button_tags_it(
    desk: Desk, run: Run, music_task: Task
) -> None:
    on_the_desk(run, music_task, "🎉 Loudly made.")
    desk.open()
    desk.page.mouse.dblclick(*desk.ends_of("udly")[0])
    # The browser tells of what a mouse has selected in its own time.
    desk.until("CSS.highlights.get('desk-selection')?.size")
    assert desk.selected() == "Loudly"
    desk.page.get_by_role("button", name="3 Unsupported").click()
    expect(desk.page.locator(".mark-row-tag")).to_contain_text("Loudly")
    desk.page.get_by_role("button", name="Reject").click()
    desk.is_empty()

    assert Tag.objects.get().quote == "Loudly"


def test_on_a_phone_words_are_tagged_by_touch(
    browser: Browser, live_server: LiveServer, editor: Person, run: Run, music_task: Task
) -> None:
    draft = on_the_desk(run, music_task, "An unmissable banger 🎉 for you.")
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    log_in(phone, live_server, editor)
    desk = Desk(phone.new_page(), live_server.url)
    desk.open()
    # What a long press does there: the system selects words.
    desk.draft.evaluate(
        """(draft) => getSelection().setBaseAndExtent(
            draft.firstChild, 3, draft.firstChild, 20)"""
    )
    # The categories come to the thumb.
    expect(desk.page.locator("#categories")).to_be_in_viewport(ratio=1)
    desk.page.get_by_role("button", name="4 Tone").tap()
    expect(desk.page.locator(".mark-row-tag")).to_contain_text("unmissable banger")
    desk.page.get_by_role("button", name="Reject").tap()
    desk.is_empty()
    phone.close()

    tag = Tag.objects.get()
    assert tag.quote == "unmissable banger" == draft.text[tag.start : tag.end]
