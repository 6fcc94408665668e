"""The people, tasks and drafts that tests speak of.

With nothing set, a session that needs the database starts its own. To use a running PostgreSQL:

    DATABASE_URL=postgresql://postgres@127.0.0.1:5432/copydesk pytest

(the tests make and drop `test_copydesk` there; nothing else is touched).
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from django.utils import translation
from psycopg.errors import DeadlockDetected

from accounts import roles
from accounts.models import AccessToken, Person
from editorial.stack.home import Home
from editorial.stack.testing import embedded_parts
from explanations.models import (
    Category,
    Criterion,
    Draft,
    FactSnapshot,
    Guide,
    ModelServer,
    ModelVersion,
    Place,
    Prompt,
    Recommendation,
    Run,
    Severity,
    Task,
)
from explanations.output_formats import get_output_format
from explanations.services.catalogue import forget_catalogue
from explanations.services.published import forget_published

PASSWORD = "correct horse battery staple"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the browser come last: Playwright's event loop runs in this thread until the end, and
    nothing that begins an event loop of its own can run beside it.
    """
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(autouse=True)
def no_names_of_the_last_test() -> None:
    """The index of names outlives a test; the recommendations it was made from do not."""
    forget_catalogue()
    forget_published()


@pytest.fixture(autouse=True)
def no_language_of_the_last_test() -> Iterator[None]:
    """A request in German leaves its language to the thread that it was answered by."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session", autouse=True)
def emptied_again_after_a_deadlock() -> Iterator[None]:
    """The last request of a browser may still be answered while a test's tables are emptied."""
    empty = BaseDatabaseOperations.execute_sql_flush

    def empty_again(operations: BaseDatabaseOperations, statements: list[str]) -> None:
        for _ in range(10):
            try:
                return empty(operations, statements)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected):
                    raise
        return empty(operations, statements)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseDatabaseOperations, "execute_sql_flush", empty_again)
        yield


# The stack ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """PostgreSQL and Valkey run from the first test that needs the database to the last one."""
    with embedded_parts(os.environ, home=Home.of(os.environ)):
        yield


# People ------------------------------------------------------------------------------------------


def person(username: str, first_name: str, last_name: str, role: str | None) -> Person:
    """Somebody with a role, or with none."""
    made = Person.objects.create_user(
        username, f"{username}@desk.example", PASSWORD, first_name=first_name, last_name=last_name
    )
    if role:
        made.groups.add(Group.objects.get(name=role))
    return made


@pytest.fixture
def editor(db: None) -> Person:
    """Ada writes about music and reviews drafts."""
    return person("ada", "Ada", "Okafor", roles.EDITOR)


@pytest.fixture
def second_editor(db: None) -> Person:
    """Bela reviews beside Ada."""
    return person("bela", "Bela", "Novak", roles.EDITOR)


@pytest.fixture
def lead(db: None) -> Person:
    """Lin owns the guide and the taxonomy."""
    return person("lin", "Lin", "Haddad", roles.LEAD)


@pytest.fixture
def manager(db: None) -> Person:
    """Max reads the statistics."""
    return person("max", "Max", "Duarte", roles.MANAGER)


@pytest.fixture
def ml_engineer(db: None) -> Person:
    """Mia imports, drafts and trains."""
    return person("mia", "Mia", "Sørensen", roles.ML_ENGINEER)


@pytest.fixture
def nobody_special(db: None) -> Person:
    """Noor has an account and no role."""
    return person("noor", "Noor", "Ito", None)


def logged_in(someone: Person) -> Client:
    """A browser in which somebody has logged in."""
    browser = Client()
    browser.force_login(someone)
    return browser


@pytest.fixture
def editor_client(editor: Person) -> Client:
    return logged_in(editor)


@pytest.fixture
def second_editor_client(second_editor: Person) -> Client:
    return logged_in(second_editor)


@pytest.fixture
def lead_client(lead: Person) -> Client:
    return logged_in(lead)


@pytest.fixture
def manager_client(manager: Person) -> Client:
    return logged_in(manager)


@pytest.fixture
def ml_engineer_client(ml_engineer: Person) -> Client:
    return logged_in(ml_engineer)


@pytest.fixture
def nobody_special_client(nobody_special: Person) -> Client:
    return logged_in(nobody_special)


# Tokens ------------------------------------------------------------------------------------------

TokenMaker = Callable[..., str]
"""Somebody and the scopes -> the token as its maker sees it once."""


@pytest.fixture
def token_for() -> TokenMaker:
    """Make a token: `token_for(ml_engineer, "runs:write")`."""

    def make(owner: Person, *scopes: str, expiry: timedelta = timedelta(days=1)) -> str:
        _row, token = AccessToken.objects.create(
            user=owner, expiry=expiry, name="a test", scopes=list(scopes), prefix="desk_"
        )
        return str(token)

    return make


def bearer(token: str) -> dict[str, str]:
    """The headers of a program: `client.get(path, headers=bearer(token))`."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def editor_token(editor: Person, token_for: TokenMaker) -> str:
    return token_for(editor, "reviews:write", "desk:read")


@pytest.fixture
def ml_engineer_token(ml_engineer: Person, token_for: TokenMaker) -> str:
    return token_for(
        ml_engineer, "recommendations:write", "runs:write", "desk:read", "datasets:read"
    )


# Tasks -------------------------------------------------------------------------------------------

# Key, slug, name, usual severity; the words of definition and examples are not under test.
MUSIC_CATEGORIES = [
    ("1", "attribution", "Attribution", Severity.MAJOR),
    ("2", "contradicts", "Contradicts", Severity.MAJOR),
    ("3", "unsupported", "Unsupported", Severity.MAJOR),
    ("4", "tone", "Tone", Severity.MINOR),
    ("5", "harmful", "Harmful", Severity.CRITICAL),
    ("6", "generic", "Generic", Severity.MINOR),
    ("7", "timebound", "Timebound", Severity.MINOR),
    ("8", "language", "Language", Severity.MINOR),
    ("9", "format", "Format", Severity.MINOR),
    ("0", "taste", "Taste", Severity.NEUTRAL),
]
JOB_CATEGORIES = [
    ("1", "verdict", "Verdict", Severity.MAJOR),
    *MUSIC_CATEGORIES[1:6],
    ("7", "missing", "Missing", Severity.MAJOR),
    *MUSIC_CATEGORIES[7:],
]
KNOWN_TRACK = {"title": "Hurt", "artist": "Johnny Cash", "genre": "country"}
KNOWN_LINE = "Johnny Cash turns “Hurt” into a farewell, one plain chord at a time."
MUSIC_CRITERIA = ["specific", "grounded", "for-this-listener", "in-voice"]
JOB_CRITERIA = ["verdict-follows", "matches-evidenced", "gaps-actionable", "kind-and-candid"]


def taxonomy(
    task: Task, categories: list[tuple[str, str, str, Severity]], criteria: list[str]
) -> None:
    """Give the task its categories and criteria."""
    for ordinal, (key, slug, name, severity) in enumerate(categories, start=1):
        Category.objects.create(
            task=task,
            key=key,
            slug=slug,
            name=name,
            definition=f"What {name.lower()} means.",
            examples=["a bad one", "a good one"],
            severity=severity,
            ordinal=ordinal,
        )
    for ordinal, slug in enumerate(criteria, start=1):
        Criterion.objects.create(
            task=task,
            slug=slug,
            name=slug.replace("-", " ").capitalize(),
            question=f"Is it {slug.replace('-', ' ')}?",
            ordinal=ordinal,
        )


@pytest.fixture
def music_task(db: None) -> Task:
    """Why this track: one sentence of at most 18 words."""
    task = Task.objects.create(
        slug="music-oneliner",
        name="Music one-liner",
        output_format="music-oneliner",
        word_limit=18,
        blind_share=0,
    )
    task.guide = Guide.objects.create(task=task, number=1, text="# One line\n\nSay something true.")
    task.prompt = Prompt.objects.create(
        task=task,
        number=1,
        system="You write one sentence about a track from its facts.",
        user_template=(
            "Artist: {{ /item/artist }}\nTitle: {{ /item/title }}\nGenre: {{ /item/genre }}"
        ),
        examples=[{"facts": {"item": KNOWN_TRACK}, "answer": KNOWN_LINE}],
        parameters={"temperature": 0.2, "top_p": 0.9, "max_tokens": 60, "stop": ["\n"]},
        sha256="0" * 64,
    )
    task.save()
    taxonomy(task, MUSIC_CATEGORIES, MUSIC_CRITERIA)
    return task


@pytest.fixture
def next_prompt(music_task: Task) -> Prompt:
    """A second prompt of the music task, not used and not active."""
    assert music_task.prompt is not None
    return Prompt.objects.create(
        task=music_task,
        number=2,
        note="Vivid",
        system="You write one vivid sentence about a track from its facts.",
        user_template=music_task.prompt.user_template,
        examples=music_task.prompt.examples,
        parameters=music_task.prompt.parameters,
        sha256="3" * 64,
    )


@pytest.fixture
def job_task(db: None) -> Task:
    """Am I a good fit: a verdict, matches and gaps."""
    task = Task.objects.create(
        slug="job-fit", name="Job fit", output_format="job-fit", word_limit=120, blind_share=0
    )
    task.guide = Guide.objects.create(task=task, number=1, text="# Fit\n\nBe kind and candid.")
    task.prompt = Prompt.objects.create(
        task=task,
        number=1,
        system="You compare a profile with a job.",
        user_template="Job: {{ /item/title }}\nProfile: {{ /audience/skills | 6 items }}",
        examples=[],
        parameters={"temperature": 0.2, "top_p": 0.9, "max_tokens": 400},
        sha256="1" * 64,
    )
    task.save()
    taxonomy(task, JOB_CATEGORIES, JOB_CRITERIA)
    return task


# The machine side --------------------------------------------------------------------------------

TRACK: dict[str, Any] = {
    "kind": "track",
    "title": "Deer Heart",
    "artist": "Dead Rabbitts",
    "album": "This Emptiness",
    "genre": "metalcore",
    "energy": 0.96,
    "tempo_bpm": 172,
}
LISTENER: dict[str, Any] = {
    "recently_played": [{"title": "Doomsday", "artist": "Architects"}],
    "favourite_subgenres": ["metalcore", "post-hardcore"],
}
JOB: dict[str, Any] = {
    "kind": "job",
    "title": "Database administrator",
    "skills_wanted": ["PostgreSQL", "Linux", "Python"],
    "years_wanted": 3,
}
PROFILE: dict[str, Any] = {
    "headline": "Systems analyst",
    "skills": ["PostgreSQL", "Python"],
    "years_of_experience": 4,
    "did": ["Kept the booking database running through two moves."],
}


def recommended(
    task: Task,
    external_id: str,
    item: dict[str, Any],
    audience: dict[str, Any],
    group: str,
    priority: int = 50,
) -> Recommendation:
    """A recommendation with its first fact snapshot."""
    made = Recommendation.objects.create(
        task=task,
        external_id=external_id,
        group=group,
        locale="en",
        priority=priority,
        content_sha256="2" * 64,
    )
    made.snapshot = FactSnapshot.objects.create(
        recommendation=made, number=1, item=item, audience=audience
    )
    made.save()
    return made


@pytest.fixture
def model_version(db: None) -> ModelVersion:
    """A base model on a server of its own."""
    server = ModelServer.objects.create(name="Own server", base_url="http://127.0.0.1:9/v1")
    version = ModelVersion.objects.create(name="smollm2-135m-instruct")
    version.servers.add(server)
    return version


@pytest.fixture
def recommendation(music_task: Task) -> Recommendation:
    """A metalcore track for somebody who likes metalcore."""
    return recommended(music_task, "track:deer-heart", TRACK, LISTENER, group="Dead Rabbitts")


@pytest.fixture
def job_recommendation(job_task: Task) -> Recommendation:
    """A database job for a systems analyst."""
    return recommended(job_task, "job:dba:1", JOB, PROFILE, group="Database administrator")


def drafting_run(task: Task, model: ModelVersion, creator: Person) -> Run:
    """A run with the task's own prompt."""
    assert task.prompt is not None
    return Run.objects.create(
        task=task, prompt=task.prompt, model_version=model, created_by=creator
    )


@pytest.fixture
def run(music_task: Task, model_version: ModelVersion, ml_engineer: Person) -> Run:
    """Mia's run over the music task."""
    return drafting_run(music_task, model_version, ml_engineer)


def drafted(
    run: Run,
    recommendation: Recommendation,
    text: str,
    output: dict[str, Any] | None = None,
    rests_on: list[str] | None = None,
    **more: Any,
) -> Draft:
    """A draft that the model has written and that waits in the queue."""
    draft = Draft.objects.create(
        run=run,
        task=run.task,
        recommendation=recommendation,
        snapshot=recommendation.snapshot,
        prompt=run.prompt,
        model_version=run.model_version,
        priority=recommendation.priority,
        state=Draft.State.READY,
        attempt=1,
        text=text,
        output=output,
        rests_on=rests_on or [],
        finish_reason="stop",
        **more,
    )
    Place.objects.create(draft=draft, task=run.task, priority=draft.priority)
    return draft


@pytest.fixture
def ready_draft(run: Run, recommendation: Recommendation) -> Draft:
    """A line about a track, with an open place."""
    return drafted(
        run,
        recommendation,
        "Dead Rabbitts' latest single is a metalcore adrenaline rush!",
        rests_on=["/item/artist", "/item/genre"],
    )


JOB_OUTPUT: dict[str, Any] = {
    "matches": [{"text": "You have worked with PostgreSQL.", "fact": "/audience/skills/0"}],
    "gaps": [
        {
            "text": "Linux is wanted.",
            "fact": "/item/skills_wanted/1",
            "next_step": "Set up a small server at home.",
        }
    ],
    "verdict": "strong",
}


@pytest.fixture
def ready_job_draft(
    job_task: Task,
    job_recommendation: Recommendation,
    model_version: ModelVersion,
    ml_engineer: Person,
) -> Draft:
    """An answer about a job, with an open place."""
    return drafted(
        drafting_run(job_task, model_version, ml_engineer),
        job_recommendation,
        get_output_format(job_task.output_format).render(JOB_OUTPUT),
        output=JOB_OUTPUT,
        rests_on=["/audience/skills/0", "/item/skills_wanted/1"],
    )
