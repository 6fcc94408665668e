"""Twenty reviews in a row, by keyboard alone and by touch alone: every stored tag quotes exactly
the words that were selected, in every script.
"""

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft, Run, Task
from feedback.models import Review, Tag
from tests.browser.conftest import log_in
from tests.browser.desk import Desk
from tests.conftest import LISTENER, TRACK, drafted, recommended

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class Line:
    """A draft, what is to be selected in it, and the category's key; no key accepts it as it is."""

    text: str
    words: str = ""
    key: str = ""
    is_rewritten: bool = False

    @property
    def onward(self) -> str:
        """Where the next word lies on the screen."""
        return "Left" if self.text[0] >= "\u0590" and self.text[0] <= "\u08ff" else "Right"


# Lines as models write them, of tracks that there are, and what makes selecting them hard.
LINES = [
    Line("Dead Rabbitts' latest single is a metalcore adrenaline rush!", "latest single", "7"),
    Line("“Hurt” finds Johnny Cash at his most exposed, one plain chord at a time."),
    Line("🎉🎉 Katy Perry’s banger will change your life 🔥", "change your life 🔥", "4", True),
    Line("For the 👨‍👩‍👧‍👦 in the back seat: Kacey Musgraves, unhurried.", "👨‍👩‍👧‍👦 in", "9"),
    Line("Wave 👋🏽 to 🇸🇪 – Robyn dances on her own again.", "🇸🇪", "9"),
    Line("Cafe\u0301 Tacvba’s Bele\u0301n hums like a street at noon.", "Bele\u0301n", "1"),
    Line("𝔇eep 𝒸uts from Boards of Canada, warm as old tape.", "𝔇eep 𝒸uts", "9"),
    Line("أغنية دافئة مثل المساء من فيروز.", "دافئة مثل", "4"),
    Line("أغنية Deer Heart جميلة جدا.", "Deer Heart", "1"),
    Line("שיר שקט לערב של עידן רייכל.", "שקט לערב", "6"),
    Line("宇多田ヒカルの声が、夜の窓に光る。"),
    Line("王菲 唱 得 像 风 一样。", "风", "8", True),
    Line("นักร้อง เสียง หวาน", "เสียง", "8"),
    Line("First it whispers.\r\nThen Mogwai roar.", "whispers.\r\nThen", "9"),
    Line("Sigur Rós glow,\r\n\r\nand the room goes quiet.", "quiet", "6"),
    Line("A high-energy hip-hop duo with nothing to prove.", "high-energy hip-hop", "6", True),
    Line("Beyoncé’s ‘Halo’ — a 2008 hymn for people in love.", "2008", "3"),
    Line("  Spaces first, then Yo La Tengo.  ", "Spaces first", "8"),
    Line("C’est la vie, says Khaled; the accordion agrees.", "C’est la", "8"),
    Line("Nina Simone plays it straight. It hurts."),
]
REWRITE = "It says what is known, and no more."


@pytest.fixture
def queue(run: Run, music_task: Task) -> list[Draft]:
    """The lines, in their order."""
    return [
        drafted(
            run,
            recommended(music_task, f"track:{index}", TRACK, LISTENER, "Ada", 90 - index),
            line.text,
        )
        for index, line in enumerate(LINES)
    ]


def are_stored_as_selected(queue: list[Draft]) -> None:
    """Each draft has its one decision, and each tag its words, in code points."""
    decided = {review.draft_id: review.outcome for review in Review.objects.all()}
    assert Review.objects.count() == len(LINES)
    for draft, line in zip(queue, LINES, strict=True):
        wanted = "EDIT" if line.is_rewritten else "REJECT" if line.key else "ACCEPT"
        assert decided[draft.pk] == wanted, line.text
        tags = list(Tag.objects.filter(review__draft=draft))
        assert [tag.quote for tag in tags] == ([line.words] if line.words else []), line.text
        assert all(draft.text[tag.start : tag.end] == tag.quote for tag in tags)


def test_by_keyboard_alone(desk: Desk, queue: list[Draft]) -> None:
    desk.hurry()
    desk.open()
    for draft, line in zip(queue, LINES, strict=True):
        desk.shows(draft)
        if line.words:
            for _step in range(40):
                desk.press(f"Arrow{line.onward}")
                if line.words.startswith(desk.selected()):
                    break
            while desk.selected() != line.words:
                before = desk.selected()
                desk.press(f"Shift+Arrow{line.onward}")
                assert desk.selected() != before, line.text
            desk.press(line.key)
        if line.is_rewritten:
            desk.press("e", "Control+a")
            desk.page.keyboard.insert_text(REWRITE)
            desk.save_as_it_is()
        else:
            desk.press("x" if line.key else "a")
    desk.is_empty()

    are_stored_as_selected(queue)


def test_by_touch_alone(
    browser: Browser, live_server: LiveServer, editor: Person, queue: list[Draft]
) -> None:
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    log_in(phone, live_server, editor)
    desk = Desk(phone.new_page(), live_server.url)
    desk.hurry()
    desk.open()
    categories = desk.page.locator("#categories")
    for draft, line in zip(queue, LINES, strict=True):
        desk.shows(draft)
        if line.words:
            desk.tap_words(line.words)
            assert desk.selected() == line.words
            expect(categories).to_be_in_viewport(ratio=1)
            categories.locator(f"[data-category='{line.key}']").tap()
            expect(desk.page.locator(".mark-row-tag")).to_have_count(1)
        if line.is_rewritten:
            desk.page.get_by_role("textbox", name="Rewrite").tap()
            desk.page.get_by_role("textbox", name="Rewrite").fill(REWRITE)
            desk.page.get_by_role("button", name="Save the golden and go on").tap()
            if desk.page.locator("#why").is_visible():
                desk.page.get_by_role("button", name="Save as it is").tap()
        else:
            desk.page.get_by_role("button", name="Reject" if line.key else "Accept").tap()
    desk.is_empty()
    phone.close()

    are_stored_as_selected(queue)
