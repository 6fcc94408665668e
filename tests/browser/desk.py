"""The review screen as an editor uses it, for the tests that drive it."""

from playwright.sync_api import Locator, Page, expect

from explanations.models import Draft

# Longer than decision keys sleep after a new draft.
AWAKE_MS = 650

UNTIL_MS = 60_000
LOOK_AGAIN_MS = 50


class Desk:
    """One browser page with the review screen."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self._hurries = False
        self._stands_still = False

    def hurry(self) -> None:
        """Let the browser's clock be turned, so that nobody waits for keys to wake up."""
        self.page.clock.install()
        self._hurries = True

    def stand_still(self) -> None:
        """Let time pass in the browser only where the test says so, however busy the machine is.

        What has to happen before something else then does: a key is pressed within half a second,
        a tab is closed before its work is saved. Ask for `hurry` first, and open the page.
        """
        self.page.clock.pause_at(self.page.evaluate("Date.now()") / 1000 + 1)
        self._stands_still = True

    def let_pass(self, milliseconds: int) -> None:
        """Let time pass where it stands still: pictures are drawn, and all that is due is done."""
        self.page.clock.run_for(milliseconds)

    def until_awake(self) -> None:
        """Wait until decisions are taken: half a second after the draft was painted."""
        if self._stands_still:
            self.let_pass(AWAKE_MS)
            return
        # The half second begins with the picture, which on a busy machine comes late.
        self.page.evaluate(
            "() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame("
            "() => requestAnimationFrame(seen))))"
        )
        if self._hurries:
            self.page.clock.fast_forward(AWAKE_MS)
        else:
            self.page.wait_for_timeout(AWAKE_MS)

    def until(self, holds: str) -> None:
        """Wait until an expression in the page's own words holds.

        Playwright's `wait_for_function` looks again from within the page, by `eval`, which the
        desk's pages forbid: it works where the expression holds at once, and only there.
        """
        for _look in range(UNTIL_MS // LOOK_AGAIN_MS):
            if self.page.evaluate(f"Boolean({holds})"):
                return
            self.page.wait_for_timeout(LOOK_AGAIN_MS)
        raise AssertionError(f"{holds} did not come to hold within {UNTIL_MS} ms.")

    @property
    def draft(self) -> Locator:
        """The draft's text."""
        return self.page.locator("#draft")

    def open(self) -> None:
        """Go to the review screen and wait until it takes decisions."""
        self.page.goto(f"{self.address}/review/")
        expect(self.draft).to_be_focused()
        self.until_awake()

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
        self.until_awake()

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

    def save_as_it_is(self) -> None:
        """Save the rewrite, and once more where the desk asks why something changed."""
        self.press("Control+Enter")
        if self.page.locator("#why").is_visible():
            self.press("Control+Enter")

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

    def ends_of(self, words: str) -> list[tuple[float, float]]:
        """Return where the first and the last sign of `words` stand in the window."""
        ends = self.page.evaluate(
            """(words) => {
              const draft = document.getElementById("draft");
              const start = draft.textContent.indexOf(words);
              const nodes = document.createTreeWalker(draft, NodeFilter.SHOW_TEXT);
              const at = (unit) => {
                let node = nodes.root;
                nodes.currentNode = nodes.root;
                while ((node = nodes.nextNode())) {
                  if (unit < node.length) return [node, unit];
                  unit -= node.length;
                }
              };
              const middle = (unit) => {
                const range = document.createRange();
                const [node, offset] = at(unit);
                range.setStart(node, offset);
                range.setEnd(node, offset + 1);
                const box = range.getBoundingClientRect();
                return [box.x + box.width / 2, box.y + box.height / 2];
              };
              return [middle(start), middle(start + words.length - 1)];
            }""",
            words,
        )
        return [(x, y) for x, y in ends]

    def tap_words(self, words: str) -> None:
        """Put a finger on the first of `words`, and then on the last."""
        first, last = self.ends_of(words)
        for x, y in [first, last] if len(words.split()) > 1 else [first]:
            self.page.touchscreen.tap(x, y)

    def selected(self) -> str:
        """Return the words that are painted as selected."""
        return str(
            self.page.evaluate(
                "[...(CSS.highlights.get('desk-selection') ?? [])].map(String).join('')"
            )
        )
