"""The review screen as an editor uses it, for the tests that drive it."""

from playwright.sync_api import Locator, Page, expect

from explanations.models import Draft

# Longer than decision keys sleep after a new draft.
AWAKE_MS = 650


class Desk:
    """One browser page with the review screen."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address

    @property
    def draft(self) -> Locator:
        """The draft's text."""
        return self.page.locator("#draft")

    def open(self) -> None:
        """Go to the review screen and wait until it takes decisions."""
        self.page.goto(f"{self.address}/review/")
        expect(self.draft).to_be_focused()
        self.page.wait_for_timeout(AWAKE_MS)

    def open_from_the_front_page(self) -> None:
        """Begin the day as an editor does: Enter on the front page."""
        self.page.goto(f"{self.address}/")
        # A browser sets the focus with its first picture, which on a busy machine comes late.
        expect(self.page.get_by_role("link", name="Start")).to_be_focused()
        self.page.keyboard.press("Enter")
        expect(self.draft).to_be_focused()

    def shows(self, draft: Draft) -> None:
        """The draft is on the desk, and its keys are awake."""
        expect(self.page.locator("#draft-number")).to_have_text(f"Draft {draft.pk}")
        expect(self.draft).to_be_focused()
        self.page.wait_for_timeout(AWAKE_MS)

    def is_empty(self) -> None:
        """Nothing waits any more."""
        expect(self.page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, words: str) -> None:
        """Type into what has the focus."""
        self.page.keyboard.type(words)

    def select_words(self, words: str) -> None:
        """Walk the word cursor to `words` and extend the selection over them."""
        self.press("Escape", "ArrowRight")
        first, *rest = words.split()
        for _step in range(60):
            if self.selected() == first.strip(".!,?"):
                break
            self.press("ArrowRight")
        for _word in rest:
            self.press("Shift+ArrowRight")
        assert self.selected() == words.strip(".!,?")

    def selected(self) -> str:
        """Return the words that are painted as selected."""
        return str(
            self.page.evaluate(
                "[...(CSS.highlights.get('desk-selection') ?? [])].map(String).join('')"
            )
        )
