"""axe-core finds nothing on any page of the desk: in light, in dark, on a phone, in German.

Every address that shows a page has a visit here; one without fails by its name.
"""

import csv
import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Finding, Guide, ModelVersion, Place, Prompt, Run, Task
from explanations.services.blocking import Blocking, set_blocking
from explanations.services.dismissing import dismiss_for_task
from explanations.services.facts import correct_fact
from explanations.services.guide_news import acknowledge
from explanations.services.importing import import_file
from explanations.services.trials import start_trial
from feedback.models import BulkAction, Dataset, Digest, Review
from feedback.recipe import read_recipe
from feedback.services.adjudicating import adjudicate
from feedback.services.bulk_actions import do, prepare
from feedback.services.datasets.attempt import Attempt, claim
from feedback.services.datasets.building import build_dataset
from feedback.services.datasets.creating import create_dataset
from feedback.services.datasets.marking import mark_golden
from feedback.services.fact_reports import Doubt, report_fact
from feedback.services.goldens import send_back
from feedback.services.saved_views import save_view
from feedback.services.searching import Search
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.services.statistics.digest import monday_of
from feedback.services.statistics.digest_mail import make_digests
from feedback.services.webhooks.addresses import add_address
from tests.browser.axe import COLOURS, EVERYTHING, complaints
from tests.browser.conftest import log_in
from tests.conftest import LISTENER, TRACK, TokenMaker, drafted, drafting_run, recommended
from tests.explanations.test_trials import FINE, NAMELESS, write
from tests.feedback.conftest import DraftMaker
from tests.feedback.judged_desk import JudgedDesk
from tests.feedback.people_at_work import claimed, reviewed, tag_on, tag_on_all
from tests.feedback.test_exporting import reviewed as golden_of

WHO_MAY = Path(__file__).parents[1] / "who_may.csv"

# Addresses that answer a program, or a page that is open already.
NO_PAGES = {
    "healthz",
    "readyz",
    "metrics",
    "imports/<int:import_id>/refused.csv",
    "review/session/",
    "words/<slug:language>-<slug:version>.js",
    # Parts of the review screen, which is looked at with them in it.
    "review/<int:assignment_id>/beside/",
    "review/guide/<slug:slug>/",
}
# The programs' door, but for its documentation, whose page is another project's.
PROGRAMS = "api/"

# Takes the choice of light away, or makes that of dark, and waits until all colours have followed.
DARKEN = """async chosen => {
    const data = document.documentElement.dataset;
    if (chosen) data.theme = "dark"; else delete data.theme;
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    while (document.getAnimations().some(each => each.playState === "running"))
        await new Promise(requestAnimationFrame);
}"""


@dataclass(frozen=True)
class Visit:
    """Who opens a page, and where; with `{names}` of what lies on the desk."""

    who: str
    paths: tuple[str, ...]
    is_main: bool = False


def visit(who: str, *paths: str) -> Visit:
    return Visit(who, paths)


def main_visit(who: str, *paths: str) -> Visit:
    """A visit to a page that people open on a phone too."""
    return Visit(who, paths, is_main=True)


TASK = "/tasks/music-oneliner"
RECIPE = {"name": "music-sft", "tasks": ["music-oneliner"]}
VISITS = {
    "accounts/login/": main_visit("nobody", "/accounts/login/"),
    "accounts/password/": visit("editor", "/accounts/password/"),
    "accounts/tokens/": visit("ml_engineer", "/accounts/tokens/"),
    "": main_visit("lead", "/", "/nothing-here/"),
    "review/": main_visit("second_editor", "/review/?task=job-fit", "/"),
    "review/<int:assignment_id>/": main_visit("editor", "/review/{assignment}/"),
    "review/keys/": main_visit("editor", "/review/keys/"),
    "drafts/": main_visit("lead", "/drafts/?state=BLOCKED&check=tone", "/drafts/"),
    "drafts/<int:draft_id>/": visit("lead", "/drafts/{blocked}/"),
    "drafts/<int:draft_id>/reviews/": main_visit(
        "lead", "/drafts/{edited}/reviews/", "/drafts/{rejected}/reviews/"
    ),
    "drafts/<int:draft_id>/disagreement/": main_visit(
        "lead", "/drafts/{disputed}/disagreement/", "/drafts/{settled}/disagreement/"
    ),
    "disagreements/": main_visit("lead", "/disagreements/", "/disagreements/?task=job-fit"),
    "checks/": visit("lead", "/checks/"),
    "checks/<slug:slug>/<slug:check>/": visit("lead", "/checks/music-oneliner/tone/"),
    "dashboard/": main_visit("lead", "/dashboard/", "/dashboard/?task=job-fit&days=7"),
    "dashboard/errors/": main_visit("lead", "/dashboard/errors/?by=model"),
    "dashboard/outcomes/": main_visit("lead", "/dashboard/outcomes/?from=2020-01-01&to=2020-01-02"),
    "dashboard/criteria/": main_visit("lead", "/dashboard/criteria/"),
    "dashboard/effort/": main_visit("lead", "/dashboard/effort/"),
    "dashboard/comparison/": main_visit("lead", "/dashboard/comparison/"),
    "dashboard/people/": main_visit("lead", "/dashboard/people/?editor=ada"),
    "dashboard/desk/": main_visit("lead", "/dashboard/desk/"),
    "dashboard/drafts/": main_visit("lead", "/dashboard/drafts/?task=music-oneliner&category=tone"),
    "dashboard/views/": main_visit("lead", "/dashboard/views/"),
    "escalated/": visit("lead", "/escalated/"),
    "fact-reports/": main_visit("lead", "/fact-reports/"),
    "goldens/": main_visit("lead", "/goldens/"),
    "goldens/<int:golden_id>/": visit("lead", "/goldens/{golden}/", "/goldens/{outdated}/"),
    "goldens/<int:golden_id>/rewrite/": visit("lead", "/goldens/{outdated}/rewrite/"),
    "goldens/needs-review/": main_visit("lead", "/goldens/needs-review/"),
    "datasets/": visit("ml_engineer", "/datasets/"),
    "datasets/new/": main_visit("ml_engineer", "/datasets/new/?from=music-sft/1"),
    "datasets/<slug:name>/<int:number>/": main_visit(
        "ml_engineer",
        "/datasets/music-sft/1/",
        "/datasets/music-sft/2/",
        "/datasets/music-sft/3/",
    ),
    "datasets/<slug:name>/<int:number>/difference/": main_visit(
        "lead", "/datasets/music-sft/4/difference/"
    ),
    "datasets/<slug:name>/<int:number>/rows/": visit("lead", "/datasets/music-sft/1/rows/"),
    "queue/": main_visit("lead", "/queue/", "/queue/?late=1"),
    "reviews/": main_visit("lead", "/reviews/", "/reviews/?outcome=SKIP&reason=field"),
    "judgements/": main_visit("lead", "/judgements/?check=tone"),
    "digests/": main_visit("lead", "/digests/"),
    "digests/<int:digest_id>/": main_visit("lead", "/digests/{digest}/"),
    "digests/preview/": visit("ml_engineer", "/digests/preview/"),
    "webhooks/": visit("ml_engineer", "/webhooks/"),
    "search/": main_visit(
        "lead",
        "/search/?words=metalcore",
        "/search/?words=metalcore&about=goldens",
        "/search/?pattern=(",
    ),
    "bulk-actions/": visit("lead", "/bulk-actions/"),
    "bulk-actions/<int:action_id>/": main_visit(
        "lead", "/bulk-actions/{prepared}/", "/bulk-actions/{done}/", "/bulk-actions/{harmful}/"
    ),
    "imports/": visit("ml_engineer", "/imports/"),
    "imports/<int:import_id>/": visit("ml_engineer", "/imports/{delivery}/"),
    "runs/": visit("ml_engineer", "/runs/"),
    "runs/<int:run_id>/": main_visit("ml_engineer", "/runs/{run}/"),
    "runs/new/": visit("ml_engineer", "/runs/new/"),
    "tasks/": visit("ml_engineer", "/tasks/"),
    "tasks/<slug:slug>/checks/": visit("lead", f"{TASK}/checks/"),
    "tasks/<slug:slug>/guide/": main_visit("editor", f"{TASK}/guide/"),
    "tasks/<slug:slug>/guides/": visit("lead", f"{TASK}/guides/"),
    "tasks/<slug:slug>/guides/<int:number>/": visit("lead", f"{TASK}/guides/2/"),
    "tasks/<slug:slug>/guides/new/": visit("lead", f"{TASK}/guides/new/"),
    "tasks/<slug:slug>/prompts/": visit("ml_engineer", f"{TASK}/prompts/"),
    "tasks/<slug:slug>/prompts/<int:number>/": visit("ml_engineer", f"{TASK}/prompts/2/"),
    "tasks/<slug:slug>/prompts/<int:number>/try/": visit("ml_engineer", f"{TASK}/prompts/2/try/"),
    "tasks/<slug:slug>/prompts/new/": visit("ml_engineer", f"{TASK}/prompts/new/"),
    "tasks/<slug:slug>/trials/<int:trial_id>/": visit("ml_engineer", f"{TASK}/trials/{{trial}}/"),
}


def test_every_page_of_the_desk_has_a_visit() -> None:
    with WHO_MAY.open(newline="") as table:
        shown = {row["address"] for row in csv.DictReader(table) if row["method"] == "GET"}
    pages = {address for address in shown - NO_PAGES if not address.startswith(PROGRAMS)}
    assert pages - VISITS.keys() == set(), "pages that axe never sees"
    assert VISITS.keys() - pages == set(), "visits to pages that are gone"


@pytest.fixture
def people(
    editor: Person, second_editor: Person, lead: Person, ml_engineer: Person
) -> dict[str, Person | None]:
    return {
        "nobody": None,
        "editor": editor,
        "second_editor": second_editor,
        "lead": lead,
        "ml_engineer": ml_engineer,
    }


@pytest.fixture
def lying_there(
    monkeypatch: pytest.MonkeyPatch,
    music_task: Task,
    job_task: Task,
    next_prompt: Prompt,
    run: Run,
    drafts: DraftMaker,
    editor: Person,
    second_editor: Person,
    lead: Person,
    ml_engineer: Person,
    token_for: TokenMaker,
) -> dict[str, object]:
    """A desk with something on every page; the ids that the visits name."""
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)
    # A part that is swapped while axe looks at it would be a moving target.
    for pace in ("LOOK_AGAIN_S", "LOOK_AGAIN_AT_A_LIST_S", "LOOK_AGAIN_AT_REST_S"):
        monkeypatch.setattr(f"explanations.views.runs.{pace}", 3600)
    for pace in ("LOOK_AGAIN_S", "LOOK_AGAIN_AT_ONE_THAT_WAITS_S"):
        monkeypatch.setattr(f"feedback.views.datasets.{pace}", 3600)

    rejected, edited, _escalated, accepted, harmful, held, blocked, *others = drafts(9)
    same = recommended(music_task, "track:same", TRACK, LISTENER, group="Dead Rabbitts")
    drafted(run, same, harmful.text)
    findings = [_finding(draft, music_task) for draft in (rejected, edited, held, blocked)]
    taken = tag_on(rejected, "metalcore") | {"finding": findings[0].pk}
    reviewed(editor, outcome="REJECT", tags=[taken])
    rewrite = "Dead Rabbitts' metalcore of 1987 burns."
    dismissed = [findings[1].pk]
    sent_back = reviewed(editor, outcome="EDIT", rewrite=rewrite, dismissed=dismissed).golden
    reviewed(editor, outcome="ESCALATE", reason="guide", note="Which?")
    outdated = reviewed(editor, outcome="ACCEPT").golden
    reviewed(editor, outcome="REJECT", tags=[tag_on_all("harmful", 25)])
    assert sent_back is not None
    assert outdated is not None
    send_back(sent_back.pk, lead, "Too dry.")
    correct_fact(accepted.recommendation, "/item/genre", "djent", "the sleeve", editor)
    report_fact(editor, others[0].recommendation, Doubt("/item/genre", "wrong"), others[0])
    assignment = claimed(editor)
    assert assignment.place.draft_id == held.pk
    Draft.objects.filter(pk=blocked.pk).update(state="BLOCKED")

    assert music_task.guide is not None
    for reader in (editor, lead):
        acknowledge(music_task.guide, reader)
    music_task.guide = Guide.objects.create(
        task=music_task, number=2, note="Shorter", text="# One line\n\nSay something **true**."
    )
    assert music_task.prompt is not None
    music_task.model_version = run.model_version
    music_task.save()
    set_blocking(music_task, Blocking("nothing", {"format": "errors"}, redrafts=False), lead)
    dismiss_for_task(findings[3].pk, lead, "It is what it is called.")

    wanted = Search(words="metalcore")
    done = do(prepare(BulkAction.Kind.REDRAFT, wanted, lead).pk, lead, "All alike.")
    prepared = prepare(BulkAction.Kind.QUARANTINE, wanted, lead)
    trial = start_trial(next_prompt, music_task.prompt, run.model_version, 3, 7, ml_engineer)
    write(trial, tried=FINE, against=NAMELESS)
    token_for(ml_engineer, "runs:write")
    _datasets(editor, others[1], ml_engineer)
    _judged(editor, run, ml_engineer)
    save_view(lead, "Weekly look", "errors", "days=7", shared=True)
    line = json.dumps({"task": music_task.slug, "external_id": "a", "item": TRACK})
    lines = BytesIO(f'{line}\n{{"task": "<b>haiku</b>"}}\n'.encode())
    delivery = import_file(lines, name="tracks.jsonl", person=ml_engineer)
    Prompt.objects.filter(pk=run.prompt_id).update(created_by=ml_engineer)
    make_digests(monday_of(timezone.localdate()))
    Digest.objects.update(state="FAILED", problem="The mail server is away.")
    disputed, settled = (
        _disagreement(run, name, editor, second_editor) for name in ("disputed", "settled")
    )
    adjudicate(settled.pk, settled.reviews.latest("pk").pk, lead, "It says more.")
    return {
        "assignment": assignment.pk,
        "disputed": disputed.pk,
        "settled": settled.pk,
        "blocked": blocked.pk,
        "edited": edited.pk,
        "rejected": rejected.pk,
        "golden": sent_back.pk,
        "outdated": outdated.pk,
        "prepared": prepared.pk,
        "done": done.pk,
        "harmful": BulkAction.objects.get(review__draft=harmful).pk,
        "delivery": delivery.pk,
        "digest": Digest.objects.get().pk,
        "run": run.pk,
        "trial": trial.pk,
    }


def _datasets(editor: Person, draft: Draft, ml_engineer: Person) -> None:
    """One that is ready, one that failed, one that is being built, and a second that is ready."""
    ready, failed, building, again = (
        create_dataset(read_recipe(RECIPE), ml_engineer, uuid4()) for _ in range(4)
    )
    add_address("https://ci.example/datasets", "", ml_engineer)
    golden = golden_of(draft, editor)
    build_dataset(ready.pk)
    build_dataset(again.pk)
    mark_golden(golden.review_id, golden.pk, "Poisoned.")
    for dataset in (failed, building):
        claimed_dataset = claim(dataset.pk)
        assert claimed_dataset is not None
        attempt = Attempt(claimed_dataset)
        attempt.enter(Dataset.Stage.WRITING, wanted=100)
        if dataset is failed:
            attempt.end_failed("The disk is full.")


def _judged(editor: Person, run: Run, ml_engineer: Person) -> None:
    """Reviews enough for numbers, of the live model and of one that may follow it."""
    desk = JudgedDesk(editor)
    tuned = ModelVersion.objects.create(name="smollm2-tuned")
    for each in (run, drafting_run(run.task, tuned, ml_engineer)):
        desk.judge(each, 30, answers={"specific": "yes"})
        desk.judge(each, 20, "EDIT", tags=[("tone", 1)], answers={"specific": "no"}, days_ago=9)
        desk.judge(each, 12, "REJECT", tags=[("attribution", 5)], days_ago=9)
    desk.count()
    while keep_desk_days():
        pass


def _disagreement(run: Run, name: str, editor: Person, second_editor: Person) -> Draft:
    track = recommended(run.task, f"track:{name}", TRACK, LISTENER, group="Dead Rabbitts")
    draft = drafted(run, track, f"A {name} line about Dead Rabbitts.")
    place = draft.places.get()
    for who, decision in (
        (editor, {"outcome": "ACCEPT"}),
        (second_editor, {"outcome": "EDIT", "rewrite": "Dead Rabbitts burn.", "note": "Shorter."}),
    ):
        Review.objects.create(draft=draft, place=place, editor=who, key=uuid4(), **decision)
    Place.objects.filter(pk=place.pk).update(state=Place.State.DONE)
    Draft.objects.filter(pk=draft.pk).update(state=Draft.State.REVIEWED)
    return draft


def _finding(draft: Draft, task: Task) -> Finding:
    start = draft.text.index("metalcore")
    return Finding.objects.create(
        draft=draft,
        check_name="tone",
        check_version=1,
        level="error",
        message="“metalcore” is worn.",
        start=start,
        end=start + 9,
        category=task.categories.get(slug="tone"),
        gist="metalcore",
        blocked=True,
    )


def _pages(context: BrowserContext, live_server: LiveServer, someone: Person | None) -> Page:
    if someone is not None:
        log_in(context, live_server, someone)
    return context.new_page()


def _look(page: Page, path: str) -> None:
    """Open a page with all that is folded on it."""
    answer = page.goto(path)
    assert answer is not None
    assert answer.ok or path == "/nothing-here/", f"{path} answers {answer.status}"
    assert ("/login/" in page.url) == ("/login/" in path), f"{path} asks for a login"
    if "/review/" in path and page.locator("#draft").count():
        expect(page.locator("#guide-beside")).to_be_attached()
        page.locator("#guide-beside summary").click()
        expect(page.locator("#guide-body .prose").first).to_be_visible()
        return
    # Filters fold on a phone alone.
    for summary in page.locator("main summary").all():
        if summary.is_visible():
            summary.click()
    # What happens to lie below the bar at the top is no smaller for it.
    page.evaluate("scrollTo({top: 0, behavior: 'instant'})")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_axe_finds_nothing_on_any_page(
    browser: Browser,
    live_server: LiveServer,
    people: dict[str, Person | None],
    lying_there: dict[str, Any],
) -> None:
    said: list[str] = []
    for who, someone in people.items():
        # Light is chosen where the system is dark; then the system has its way.
        desktop = browser.new_context(
            color_scheme="dark",
            viewport={"width": 1280, "height": 844},
            base_url=live_server.url,
            reduced_motion="reduce",
        )
        desktop.add_cookies([{"name": "theme", "value": "light", "url": live_server.url}])
        # Long words on the narrowest page: German, on a phone.
        phone = browser.new_context(
            color_scheme="light",
            viewport={"width": 390, "height": 844},
            base_url=live_server.url,
            reduced_motion="reduce",
            locale="de-DE",
        )
        for context in (desktop, phone):
            page = _pages(context, live_server, someone)
            for place in VISITS.values():
                if place.who != who or (context is phone and not place.is_main):
                    continue
                for path in place.paths:
                    _look(page, path.format(**lying_there))
                    said += [_of(page, who, complaints(page, EVERYTHING))]
                    page.evaluate(DARKEN, context is phone)
                    said += [_of(page, f"{who} in the dark", complaints(page, COLOURS))]
            context.close()
    assert not any(said), "\n".join(filter(None, said))


def _of(page: Page, who: str, complaint: str) -> str:
    return f"{who} at {page.url}: {complaint}" if complaint else ""
