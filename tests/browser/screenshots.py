"""Remake docs/screenshots/ from a running desk with its demo content.

    python -m tests.browser.screenshots http://127.0.0.1:8000 editor:PASSWORD lead:PASSWORD \\
        engineer:PASSWORD

`--states` takes those of the review screen's states alone. It reviews up to ten drafts of each
task on the way, and tries a prompt: run it when enough are ready, on a desk that nobody works at.
Look at each picture afterwards; a picture that needs an explanation shows something to fix.

    python -m tests.browser.screenshots http://127.0.0.1:8000 --runs engineer:PASSWORD STUB_PID

takes the pictures of runs. The desk's LLM_URL names a stub that answers slowly (`python -m
tests.stub_model_server --latency 2`, with LLM_WINDOW=6); it is stopped and let go on
for the pictures, and killed for the last ones.

    python -m tests.browser.screenshots http://127.0.0.1:8000 --datasets engineer:PASSWORD NAME

takes those of datasets. Versions 1 and 2 of NAME are ready, and the first holds something that was
withdrawn.

    python -m tests.browser.screenshots http://127.0.0.1:8000 --build engineer:PASSWORD NAME PID

asks for the next version by the recipe of version 1 of NAME, and takes the pictures of its build:
PID, the worker of datasets, is stopped while it writes, and let go on afterwards. The recipe has to
take it some seconds: some hundred goldens in every format.
"""

import argparse
import json
import os
import re
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.chromium import launch_options

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
DESK = (1280, 800)
PHONE = (390, 844)
# Longer than decision keys sleep after a new draft.
AWAKE_MS = 700


class Photographer:
    """One person's browser at the desk."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        login: str | None,
        size: tuple[int, int] = DESK,
        scheme: str = "light",
        locale: str = "en",
    ) -> None:
        is_phone = size == PHONE
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            base_url=address,
            locale=locale,
            has_touch=is_phone,
            is_mobile=is_phone,
        )
        self.page: Page = context.new_page()
        if login:
            name, password = login.split(":", 1)
            self.page.goto("/accounts/login/")
            self.page.locator("#id_username").fill(name)
            self.page.locator("#id_password").fill(password)
            self.page.locator("#id_password").press("Enter")
            self.page.wait_for_url(f"{address}/")

    def take(self, name: str, address: str | None = None, *, whole: bool = False) -> None:
        """Photograph what is seen of the page, or the `whole` of it, or of the one at `address`."""
        if address is not None:
            self.page.goto(address)
        self.page.wait_for_timeout(250)
        self.page.screenshot(path=FOLDER / f"{name}.png", full_page=whole)
        print(name)

    def review(self, task: str) -> None:
        """Open the review screen and wait until it takes decisions."""
        self.page.goto(f"/review/?task={task}")
        self.page.locator("#draft").wait_for()
        self.page.wait_for_timeout(AWAKE_MS)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def decide(self, *keys: str) -> None:
        """Press the keys of a decision and wait for the next draft."""
        self.press(*keys)
        self.page.wait_for_timeout(2 * AWAKE_MS)

    def save_as_it_is(self) -> None:
        """Save the rewrite, without a word on why if it is asked, and wait for the next draft."""
        saved = self.page.locator("#draft-number").inner_text()
        self.press("Control+Enter")
        why = self.page.locator("#why:not([hidden])")
        other = self.page.locator("#draft-number").filter(has_not_text=re.compile(f"^{saved}$"))
        why.or_(other).first.wait_for()
        if why.is_visible():
            self.press("Control+Enter")
        other.wait_for()
        self.page.wait_for_timeout(AWAKE_MS)

    def until(self, is_there: Callable[[Page], bool]) -> None:
        """Skip drafts until one shows what is wanted, or a few did not."""
        for _draft in range(12):
            if is_there(self.page):
                return
            self.decide("s", "4", "Enter")
            self.page.locator("#draft").wait_for()


def reviewing(editor: Photographer) -> None:
    """The review screen at work."""
    editor.review("music-oneliner")
    editor.until(lambda page: page.locator(".mark-row-finding").count() > 0)
    editor.press("j")
    editor.take("review-suggestions")
    editor.press("Enter", "Escape")
    editor.press(*["ArrowRight"] * 4, "Shift+ArrowRight", "6", "Shift+ArrowRight", "4", "+")
    editor.take("review-tags")
    editor.press("e", "Control+End")
    editor.press(*["Control+Shift+ArrowLeft"] * 3)
    editor.page.keyboard.type("worth hearing twice.")
    editor.page.wait_for_timeout(1500)
    editor.take("review-rewrite")
    editor.page.context.set_offline(True)
    editor.page.keyboard.type(" Or more.")
    editor.page.wait_for_timeout(1500)
    editor.take("review-offline")
    editor.page.context.set_offline(False)
    editor.page.locator("#save-state[data-state=saved]").wait_for()
    editor.save_as_it_is()
    editor.press("?")
    editor.page.locator("dialog[open]").wait_for()
    editor.take("keys")
    editor.press("Escape", "f")
    editor.take("report-a-fact")
    editor.page.get_by_label("The right value").fill("something else")
    editor.page.locator("#report-source").fill("the sleeve")
    editor.page.locator("#report-pointer").select_option(index=2)
    editor.decide("Enter")
    editor.decide("l", "1", "Enter")
    editor.decide("6", "x")
    editor.decide("a")
    editor.review("job-fit")
    editor.press("ArrowRight", "Shift+ArrowRight", "1")
    editor.take("review-job-fit", whole=True)
    editor.decide("x")


def finding_the_rest(lead: Photographer, suffix: str) -> None:
    """The search, what it would do to all that it finds, and goldens that need a new review."""
    lead.take(f"search{suffix}", "/search/?words=track")
    lead.page.get_by_role("button", name="Quarantine …").click()
    lead.page.get_by_label("Reason").fill("Each of them calls it a track.")
    lead.take(f"bulk-action{suffix}")
    lead.take(f"needs-review{suffix}", "/goldens/needs-review/")
    lead.take(f"fact-reports{suffix}", "/fact-reports/")


# Runs --------------------------------------------------------------------------------------------


def fill_in_a_run(engineer: Photographer) -> None:
    """Choose what to draft, and wait until the page has counted it."""
    page = engineer.page
    page.goto("/runs/new/")
    page.get_by_label("Task").select_option(label="Music one-liner")
    page.get_by_label("What has no draft yet").check()
    page.get_by_label("A fact says").fill("rock")
    page.get_by_label("A sample of").fill("60")
    page.get_by_label("Priority of the drafts").fill("80")
    page.locator("#holds").get_by_text("60 recommendations").wait_for()
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")


def start_a_run(engineer: Photographer) -> str:
    """Start it; return its address."""
    fill_in_a_run(engineer)
    engineer.page.get_by_role("button", name="Start the run").click()
    engineer.page.wait_for_url(re.compile(r"/runs/\d+/$"))
    return engineer.page.url


def wait_for_share(engineer: Photographer, share: float) -> None:
    """Watch a run until so much of it has ended."""
    bar = engineer.page.locator("#progress progress")
    while True:
        ended, total = (int(bar.get_attribute(name) or 0) for name in ("value", "max"))
        if ended >= share * total:
            return
        engineer.page.wait_for_timeout(200)


def runs(looks: Sequence[tuple[str, Photographer]], stub_pid: int) -> None:
    """A run from its form to its end, and one whose model server dies."""
    _name, watching = looks[0]

    def take_all(name: str, address: str) -> None:
        for look, engineer in looks:
            engineer.take(f"{name}{look}", address, whole=True)

    for look, engineer in looks:
        fill_in_a_run(engineer)
        engineer.take(f"run-new{look}", whole=True)
    # A model that does not answer for a while: the run stays as it is in all pictures.
    os.kill(stub_pid, signal.SIGSTOP)
    address = start_a_run(watching)
    take_all("run-0", address)
    os.kill(stub_pid, signal.SIGCONT)
    wait_for_share(watching, 0.4)
    os.kill(stub_pid, signal.SIGSTOP)
    take_all("run-40", address)
    os.kill(stub_pid, signal.SIGCONT)
    wait_for_share(watching, 1)
    watching.page.locator("#progress").get_by_text("done").wait_for(timeout=60_000)
    take_all("run-100", address)
    address = start_a_run(watching)
    wait_for_share(watching, 0.2)
    os.kill(stub_pid, signal.SIGKILL)
    watching.page.get_by_text("Nothing is sent to").wait_for(timeout=120_000)
    take_all("run-breaker", address)
    take_all("runs", "/runs/")


def take_runs(address: str, login: str, stub_pid: int) -> None:
    """Take the pictures of runs in light, in dark and on a phone."""
    options = launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        looks = [
            ("", Photographer(browser, address, login)),
            ("-dark", Photographer(browser, address, login, scheme="dark")),
            ("-phone", Photographer(browser, address, login, PHONE)),
        ]
        runs(looks, stub_pid)
        browser.close()


# Datasets ----------------------------------------------------------------------------------------


def datasets(looks: Sequence[tuple[str, Photographer]], name: str) -> None:
    """A recipe with its preview, a dataset, one with marks, and a difference."""
    for look, engineer in looks:
        page = engineer.page
        page.goto(f"/datasets/new/?from={name}/2")
        page.get_by_role("button", name="Look at it first").click()
        page.get_by_text("reviews give rows").wait_for()
        page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
        engineer.take(f"dataset-new{look}", whole=True)
        engineer.take(f"dataset{look}", f"/datasets/{name}/2/", whole=True)
        engineer.take(f"dataset-marked{look}", f"/datasets/{name}/1/")
        engineer.take(f"dataset-difference{look}", f"/datasets/{name}/2/difference/", whole=True)
        engineer.take(f"datasets{look}", "/datasets/")
        engineer.take(f"webhooks{look}", "/webhooks/", whole=True)


def take_datasets(address: str, login: str, name: str) -> None:
    """Take the pictures of datasets in light, in dark and on a phone."""
    options = launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        looks = [
            ("", Photographer(browser, address, login)),
            ("-dark", Photographer(browser, address, login, scheme="dark")),
            ("-phone", Photographer(browser, address, login, PHONE)),
        ]
        datasets(looks, name)
        browser.close()


# "1,200 of 5,000 rows", as the page has it once some of them are written.
SOME_ARE_WRITTEN = re.compile(r'max="[1-9]\d*" value="[1-9]\d*"')


def stopped_while_it_writes(page: Page, worker: psutil.Process) -> str:
    """Press "Build it" and stop the worker and its children in the middle; return the address."""
    page.get_by_role("button", name="Build it").click()
    page.locator("#progress").wait_for()
    while True:
        seen = page.request.get(page.url, headers={"HX-Request": "true"})
        if SOME_ARE_WRITTEN.search(seen.text()):
            for process in [*worker.children(recursive=True), worker]:
                process.suspend()
            return page.url
        if "HX-Refresh" in seen.headers:
            raise SystemExit("It was built too quickly to be seen: take more goldens or formats.")


def take_build(address: str, login: str, name: str, worker_pid: int) -> None:
    """Take the pictures of a build that is under way, in light, in dark and on a phone."""
    worker, options = psutil.Process(worker_pid), launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        looks = [
            ("", Photographer(browser, address, login)),
            ("-dark", Photographer(browser, address, login, scheme="dark")),
            ("-phone", Photographer(browser, address, login, PHONE)),
        ]
        page = looks[0][1].page
        page.goto(f"/datasets/new/?from={name}/1")
        try:
            build = stopped_while_it_writes(page, worker)
            for look, engineer in looks:
                engineer.take(f"dataset-build{look}", build)
        finally:
            for process in [worker, *worker.children(recursive=True)]:
                process.resume()
        browser.close()


# Prompts -----------------------------------------------------------------------------------------

VIVID = (
    "Write one vivid sentence of at most 16 words that tells a listener why the track is for them."
    " Name the artist and the genre. Use only the facts."
)


def trying(engineer: Photographer) -> None:
    """A prompt that is written, compared and tried."""
    page = engineer.page
    page.goto("/tasks/music-oneliner/prompts/new/?from=1")
    page.get_by_label("What is new").fill("Vivid, shorter, speaks to the listener")
    page.get_by_label("System text").fill(VIVID)
    page.get_by_role("button", name="Write it").click()
    if page.get_by_role("alert").count():  # written when the pictures were last taken
        page.goto("/tasks/music-oneliner/prompts/2/")
    engineer.take("prompt")
    page.get_by_role("link", name="Try it").click()
    page.get_by_label("Recommendations").fill("4")
    page.get_by_label("Seed").fill("51")
    page.get_by_role("button", name="Try it").click()
    page.locator("#summary:not([data-look-again-s])").wait_for(timeout=300_000)
    engineer.take("prompt-comparison", whole=True)


# Findings ----------------------------------------------------------------------------------------


def findings(looks: Sequence[tuple[str, Photographer]]) -> None:
    """A draft with findings and a fact lit up, and how right the checks are."""
    for look, lead in looks:
        lead.page.goto("/drafts/?task=music-oneliner&check=grounding")
        lead.page.locator(".cell-text a").first.click()
        lead.page.locator("button[data-link=fact]").first.focus()
        lead.take(f"draft-findings{look}", whole=True)
        lead.take(f"checks{look}", "/checks/", whole=True)
    _look, lead = looks[0]
    lead.take("task-checks", "/tasks/music-oneliner/checks/", whole=True)
    lead.page.goto("/drafts/?task=job-fit&state=READY")
    lead.page.locator(".cell-text a").first.click()
    lead.page.locator(".assertion-words").nth(1).focus()
    lead.take("draft-assertions", whole=True)


ARABIC = "أغنية دافئة من فيروز، مثل مساء طويل في بيروت."


def states(browser: Browser, address: str, editor: str, lead: str) -> None:
    """The review screen in the states that an editor meets now and then."""
    desk = Photographer(browser, address, editor)
    desk.review("music-oneliner")
    desk.press("e", "Control+End")
    desk.page.keyboard.type(" Play it twice.")
    desk.page.wait_for_timeout(1500)
    desk.press("Control+Enter")
    desk.take("review-why")
    desk.press("Escape")
    _two_tabs(desk)
    desk.page.locator("#rewrite-text").focus()
    desk.press("Control+End")
    desk.page.route(
        "**/work/",
        lambda route: route.fulfill(
            status=409,
            json={"reason": "taken", "message": "Somebody else has this draft now."},
        ),
    )
    desk.page.keyboard.type(" Late.")
    desk.page.locator("#ended[open]").wait_for()
    desk.take("review-lease-lost")
    desk.page.context.close()

    german = Photographer(browser, address, editor, locale="de-DE")
    german.review("music-oneliner")
    german.press("ArrowRight", "Shift+ArrowRight", "6")
    german.take("review-german")
    german.press("?")
    german.take("keys-german")
    german.take("keys-choice-german", "/review/keys/", whole=True)
    german.take("home-german", "/")
    german.page.context.close()

    arabic = Photographer(browser, address, editor)
    arabic.page.route(re.compile(r"/review/\?task="), _in_arabic)
    # Nothing of it is kept: the draft under it says something else.
    arabic.page.route("**/work/", lambda route: route.fulfill(json={"revision": 1}))
    arabic.review("music-oneliner")
    arabic.press(*["ArrowLeft"] * 2, "Shift+ArrowLeft", "4")
    arabic.take("review-right-to-left")
    # A browser that closes saves what it thinks unsaved, and that goes past the route.
    arabic.page.locator("#save-state[data-state=saved]").wait_for()
    arabic.page.context.close()

    phone = Photographer(browser, address, editor, PHONE)
    phone.review("music-oneliner")
    phone.press("ArrowRight", "Shift+ArrowRight")
    phone.take("review-phone-tagging")
    phone.page.locator("[data-category='4']").tap()
    phone.take("review-phone")
    phone.page.context.close()

    nothing = Photographer(browser, address, lead)
    nothing.take("review-empty", "/review/?task=job-fit&escalated=1")
    nothing.page.context.close()


def _two_tabs(desk: Photographer) -> None:
    """The same draft in another tab, which saves first."""
    other = desk.page.context.new_page()
    other.goto(desk.page.url)
    other.locator("#rewrite-text").fill("Another tab wrote this.")
    other.wait_for_timeout(2 * AWAKE_MS)
    other.close()
    desk.page.locator("#rewrite-text").focus()
    desk.press("Control+End")
    desk.page.keyboard.type(" Here.")
    desk.page.locator("#conflict[open]").wait_for()
    desk.take("review-conflict")
    desk.page.get_by_role("button", name="Keep what is here").click()
    desk.page.wait_for_timeout(2 * AWAKE_MS)


def _in_arabic(route: Route) -> None:
    """The same page about an Arabic line: the demo's models write none."""
    answer = route.fetch()
    page = answer.text()
    found = re.search(r'<script id="review-page" type="application/json">(.*?)</script>', page)
    if not found:
        route.fulfill(response=answer)
        return
    data = json.loads(found[1])
    data |= {"findings": [], "mentions": [], "assertions": [], "work": {}}
    data["draft"] |= {"text": ARABIC, "locale": "ar"}
    shown = json.dumps(data).replace("<", "\\u003c")
    route.fulfill(response=answer, body=page.replace(found[1], shown))


def links(editor: Photographer, look: str = "") -> None:
    """The review screen with a fact, and then an assertion, pointed at."""
    editor.review("music-oneliner")
    editor.page.locator("button[data-link=fact]").first.hover()
    editor.take(f"review-links{look}")
    editor.review("job-fit")
    # One of the blind sample shows none.
    editor.until(lambda page: page.locator(".assertion-words").count() > 1)
    editor.page.locator(".assertion-words").nth(1).focus()
    editor.take(f"review-assertions{look}")


def main() -> None:
    """Take all pictures, or those of runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("editor", nargs="?", help="name:password")
    parser.add_argument("lead", nargs="?", help="name:password")
    parser.add_argument("engineer", nargs="?", help="name:password")
    parser.add_argument("--states", action="store_true", help="of the review screen alone")
    parser.add_argument("--runs", nargs=2, metavar=("ENGINEER", "STUB_PID"))
    parser.add_argument("--datasets", nargs=2, metavar=("ENGINEER", "NAME"))
    parser.add_argument("--build", nargs=3, metavar=("ENGINEER", "NAME", "PID"))
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if given.runs:
        take_runs(given.address, given.runs[0], int(given.runs[1]))
        return
    if given.datasets:
        take_datasets(given.address, *given.datasets)
        return
    if given.build:
        login, name, worker_pid = given.build
        take_build(given.address, login, name, int(worker_pid))
        return
    if not given.engineer:
        parser.error("an editor, a lead and an engineer are needed, each name:password")
    options = launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**options)
        if given.states:
            states(browser, given.address, given.editor, given.lead)
            return
        Photographer(browser, given.address, None).take("login", "/accounts/login/")
        editor = Photographer(browser, given.address, given.editor)
        editor.take("home")
        reviewing(editor)

        dark = Photographer(browser, given.address, given.editor, scheme="dark")
        dark.review("music-oneliner")
        dark.press("ArrowRight", "Shift+ArrowRight", "3", "ArrowRight", "ArrowRight", "7")
        dark.take("review-dark")
        # What is begun would be on the desk for every other task too.
        dark.decide("s", "4", "Enter")
        dark.take("home-dark", "/")
        links(editor)
        links(dark, "-dark")

        Photographer(browser, given.address, given.editor, PHONE).take("home-phone")
        states(browser, given.address, given.editor, given.lead)

        lead = Photographer(browser, given.address, given.lead)
        for name, address in (
            ("goldens", "/goldens/"),
            ("for-the-lead", "/escalated/"),
            ("fact-reports", "/fact-reports/"),
            ("guide", "/tasks/music-oneliner/guide/"),
            ("drafts", "/drafts/"),
        ):
            lead.take(name, address)
        lead.page.goto("/goldens/")
        lead.page.locator(".cell-text a").last.click()
        lead.take("golden")
        findings(
            [
                ("", lead),
                ("-dark", Photographer(browser, given.address, given.lead, scheme="dark")),
                ("-phone", Photographer(browser, given.address, given.lead, PHONE)),
            ]
        )
        for suffix, someone in (
            ("", lead),
            ("-dark", Photographer(browser, given.address, given.lead, scheme="dark")),
            ("-phone", Photographer(browser, given.address, given.lead, PHONE)),
        ):
            finding_the_rest(someone, suffix)
        trying(Photographer(browser, given.address, given.engineer))
        browser.close()


if __name__ == "__main__":
    main()
