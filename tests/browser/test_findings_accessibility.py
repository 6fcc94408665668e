"""axe-core finds nothing on the pages of findings, in light and in dark, on a phone too."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Person
from explanations.models import Draft, Finding, Task
from explanations.services.blocking import Blocking, set_blocking
from explanations.services.dismissing import dismiss_for_task
from feedback.models import Golden
from tests.browser.test_accessibility import is_clean
from tests.browser.test_accessibility import page_of as page_of
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed, tag_on

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def findings(drafts: DraftMaker, music_task: Task, editor: Person) -> list[Finding]:
    """Three drafts with a finding each, of which Ada has taken one and dismissed one."""
    made = [
        Finding.objects.create(
            draft=draft,
            check_name="tone",
            check_version=1,
            level="error",
            message="“metalcore” is worn.",
            start=draft.text.index("metalcore"),
            end=draft.text.index("metalcore") + 9,
            category=music_task.categories.get(slug="tone"),
            gist="metalcore",
            blocked=True,
        )
        for draft in drafts(3)
    ]
    tag = tag_on(made[0].draft, "metalcore") | {"finding": made[0].pk}
    reviewed(editor, outcome="REJECT", tags=[tag])
    reviewed(
        editor,
        outcome="EDIT",
        rewrite="Dead Rabbitts' metalcore of 1987 burns.",
        dismissed=[made[1].pk],
    )
    return made


def test_the_pages_of_findings(
    page_of: Callable[[Person | None], Page],
    findings: list[Finding],
    lead: Person,
    music_task: Task,
) -> None:
    Draft.objects.filter(pk=findings[2].draft_id).update(state="BLOCKED")
    page = page_of(lead)
    page.goto(f"/drafts/{findings[2].draft_id}/")
    is_clean(page)
    page.locator("button[data-link=fact]").first.click()
    expect(page.locator("button[data-link=fact]").first).to_have_attribute("aria-pressed", "true")
    page.locator("main summary").first.click()
    is_clean(page)
    set_blocking(music_task, Blocking("nothing", {"format": "errors"}, redrafts=False), lead)
    dismiss_for_task(findings[2].pk, lead, "It is what it is called.")
    for address in (
        "/checks/",
        "/checks/music-oneliner/tone/",
        "/tasks/music-oneliner/checks/",
        "/drafts/?state=BLOCKED&check=format",
        f"/drafts/{findings[1].draft_id}/reviews/",
        f"/goldens/{Golden.objects.get().pk}/",
    ):
        page.goto(address)
        is_clean(page)
