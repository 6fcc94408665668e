"""How quickly the desk hands an editor the next draft, keeps their work and takes their review.

    python tests/bench/bench_review.py [one] [fifty] [pairs] [few] [many]

Starts a desk of its own (`manage.py up`, PostgreSQL that flushes to disk) with 100,000 drafts that
wait and 1,000,000 reviews behind them, warms it up as a desk is that people work at, and measures,
or only what is named:

- one    one editor at the review screen without a pause: the next draft with its part of the page,
         a save, a submission, and both in one round trip, as the screen does it
- fifty  fifty editors at once who think for two seconds a draft, saved twice meanwhile
- pairs  10,000 claims and submissions by eight REST clients as fast as they can
- few    one editor and eight clients where only 10,000 drafts wait
- many   the same with 1,000,000

Of each, how long the server worked on it (gunicorn's own log of requests) and how long the client
waited, who shares the processors with the server. Beside them stands what the same machine needs in
the same minute for the same writes in bare PostgreSQL transactions, and for a page that asks the
database one thing.
"""

import asyncio
import json
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402
import orjson  # noqa: E402
import psycopg  # noqa: E402

from editorial.stack.addresses import resolve  # noqa: E402
from editorial.stack.model_server import free_port  # noqa: E402
from tests.stack.conftest import READY, RunningDesk, up_environment  # noqa: E402

PARTS: Final = ("one", "fifty", "pairs", "few", "many")
# What waits on each desk, and the reviews behind it.
SIZES: Final = {
    "few": (10_000, 1_000_000),
    "": (100_000, 1_000_000),
    "many": (1_000_000, 1_000_000),
}
ONE_ROUNDS: Final = 300
EDITORS: Final = 50
SECONDS_OF_FIFTY: Final = 60
THINKING_S: Final = 2.0
CLIENTS: Final = 8
PAIRS: Final = 10_000
PAIRS_ON_ANOTHER_SIZE: Final = 2_000
TRIVIAL_TIMES: Final = 300
# Each thread of the web server plans each statement once and learns names before it is quick.
WARM_EDITORS: Final = 16
WARM_ROUNDS: Final = 24
WARM_PAIRS: Final = 800
WARM_WITHIN_S: Final = 400

# Outcomes as editors decide: weights by what they send.
DECISIONS: Final = {"ACCEPT": 45, "BLAND": 10, "EDIT": 30, "REJECT": 15}


def main(parts: Sequence[str]) -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    figures: dict[str, Any] = {"cores": os.cpu_count() or 1}
    for size, on_one_desk in (
        ("", {"one", "fifty", "pairs"}),
        ("few", {"few"}),
        ("many", {"many"}),
    ):
        if wanted := [part for part in PARTS if part in on_one_desk & set(parts)]:
            figures |= on_a_desk(size, wanted)
    print()
    print(json.dumps(figures))


def on_a_desk(size: str, parts: Sequence[str]) -> dict[str, Any]:
    """Bring up a desk of a size and measure on it."""
    ready, reviews = SIZES[size]
    print(f"\n{ready:,} drafts wait, {reviews:,} reviews stand", flush=True)
    measured = subprocess.run(
        [sys.executable, "-u", __file__, "measure", str(ready), str(reviews), *parts],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    *table, last = measured.splitlines()
    print("\n".join(table), flush=True)
    figures: dict[str, Any] = json.loads(last)
    return figures


def measure_here(ready: int, reviews: int, parts: Sequence[str]) -> dict[str, Any]:
    """Fill a desk and measure these parts on it; the last line printed is for `main`."""
    from tests.bench.many_reviews import count_the_past, fill

    figures: dict[str, Any] = {}
    with running_desk() as desk:
        began = time.monotonic()
        fill(desk.home, ready, reviews)
        count_the_past()
        print(f"  {'filled in':40}{time.monotonic() - began:>8.1f} s", file=sys.stderr)
        people = People(desk)
        begun = time.monotonic()
        warm_up(people, desk)
        print(f"  {'warm after':40}{time.monotonic() - begun:>8.1f} s", file=sys.stderr)
        for part in parts:
            figures |= MEASURES[part](people)
    return figures


# Parts --------------------------------------------------------------------------------------------


def one(people: "People") -> dict[str, Any]:
    """One editor, without a pause."""
    waited, worked = measured(people, editing(people, 1, rounds=ONE_ROUNDS))
    bare = bare_transactions(people.database_url, ONE_ROUNDS)
    trivial = asyncio.run(trivial_pages(people, 1, TRIVIAL_TIMES))
    print_times("One editor: the server", worked)
    print_times("and the client", waited)
    print_times("beside it", {"bare_claim": bare.claim, "bare_submit": bare.submit, **trivial.took})
    return {
        "one": summary(worked),
        "one_waited": summary(waited),
        "bare": summary({"claim": bare.claim, "submit": bare.submit}),
    }


def fifty(people: "People") -> dict[str, Any]:
    """Fifty editors who think."""
    waited, worked = measured(people, editing(people, EDITORS, seconds=SECONDS_OF_FIFTY))
    print_times(f"{EDITORS} editors, {THINKING_S:.0f} s a draft: the server", worked)
    print_times("and the client", waited)
    return {"fifty": summary(worked), "fifty_waited": summary(waited)}


def pairs(people: "People") -> dict[str, Any]:
    """Eight clients, and whether anything was given out twice."""
    mark = people.server_times.mark()
    done = asyncio.run(pairing(people, PAIRS))
    worked = people.server_times.since(mark, done.took)
    trivial = asyncio.run(trivial_pages(people, CLIENTS, 5 * TRIVIAL_TIMES))
    print_times(f"{CLIENTS} clients, {PAIRS:,} pairs: the server", worked)
    print_times("and the client", done.took)
    print(f"{'pairs a second':30}{done.per_s:>10.1f}")
    print(f"{'trivial pages a second':30}{trivial.per_s:>10.1f}")
    print(f"{'given out twice':30}{done.doubled:>10}")
    return {
        "pairs_per_s": done.per_s,
        "double_claims": done.doubled,
        "trivial_per_s": trivial.per_s,
        "page_kb": done.page_kb,
    }


def another_size(people: "People") -> dict[str, Any]:
    """One editor and eight clients on a desk of another size."""
    waited, worked = measured(people, editing(people, 1, rounds=ONE_ROUNDS))
    done = asyncio.run(pairing(people, PAIRS_ON_ANOTHER_SIZE))
    print_times("One editor: the server", worked)
    print_times("and the client", waited)
    print(f"{'pairs a second':30}{done.per_s:>10.1f}")
    return {
        f"at_{people.waiting()}": {
            **summary(worked),
            "pairs_per_s": done.per_s,
            "double_claims": done.doubled,
        }
    }


MEASURES: Final[dict[str, Callable[["People"], dict[str, Any]]]] = {
    "one": one,
    "fifty": fifty,
    "pairs": pairs,
    "few": another_size,
    "many": another_size,
}

Times = dict[str, list[float]]


def summary(took: Times) -> dict[str, float]:
    """Return p50, p95 and p99 of each thing, in milliseconds."""
    return {
        f"{what}_p{percent}_ms": percentile(seconds, percent)
        for what, seconds in took.items()
        for percent in (50, 95, 99)
    }


def percentile(seconds: Sequence[float], percent: int) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def print_times(title: str, took: Times) -> None:
    """Print a table of percentiles."""
    print(f"\n{title:30}{'n':>7}{'p50':>9}{'p95':>9}{'p99':>9}{'max':>9}  ms")
    for what, seconds in took.items():
        figures = "".join(f"{percentile(seconds, percent):>9.1f}" for percent in (50, 95, 99, 100))
        print(f"{what.replace('_', ' '):30}{len(seconds):>7}{figures}")


def measured(people: "People", at_work: Coroutine[Any, Any, Times]) -> tuple[Times, Times]:
    """Let people work; return how long they waited and how long the server worked, by what."""
    mark = people.server_times.mark()
    waited = asyncio.run(at_work)
    return waited, people.server_times.since(mark, waited)


# People at work -----------------------------------------------------------------------------------


class People:
    """Editors with a session and a token each, made in the desk's database."""

    def __init__(self, desk: RunningDesk) -> None:
        self.base = f"http://127.0.0.1:{desk.port}"
        self.server_times = ServerTimes(access_log(desk.home.root))
        self.database_url = resolve({"COPYDESK_HOME": str(desk.home.root)}).database_url
        self.sessions: list[str] = []
        self.tokens: list[str] = []
        self._make()

    def waiting(self) -> int:
        """How many places are open, in round numbers."""
        from explanations.models import Place

        return round(Place.objects.filter(state="OPEN").count(), -4)

    def _make(self) -> None:
        from datetime import timedelta

        from django.conf import settings
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.auth.models import Group
        from django.contrib.sessions.backends.db import SessionStore

        from accounts import roles
        from accounts.models import Person
        from accounts.services.tokens import make_token

        editors = Group.objects.get(name=roles.EDITOR)
        for number in range(EDITORS):
            person = Person.objects.create(username=f"bench{number}")
            person.groups.add(editors)
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.save()
            self.sessions.append(str(session.session_key))
            if number < CLIENTS:
                _row, token = make_token(person, "bench", ["reviews:write"], timedelta(days=1))
                self.tokens.append(token)


@dataclass
class Client:
    """One person's connection to the desk."""

    http: aiohttp.ClientSession
    took: Times
    chance: random.Random

    async def ask(self, what: str, method: str, path: str, body: object = None) -> bytes:
        """Ask and return the answer's body; remember how long it took."""
        begun = time.perf_counter()
        data = None if body is None else orjson.dumps(body)
        headers = {WHAT_HEADER: what}
        async with self.http.request(method, path, data=data, headers=headers) as answer:
            said = await answer.read()
        assert answer.status < 300, f"{method} {path}: {answer.status} {said[:300]!r}"
        self.took[what].append(time.perf_counter() - begun)
        return said


CSRF: Final = "b" * 32


@asynccontextmanager
async def at_the_screen(people: People, number: int, took: Times) -> AsyncIterator[Client]:
    """Sit an editor down at the review screen."""
    headers = {
        "HX-Request": "true",
        "X-CSRFToken": CSRF,
        "Content-Type": "application/json",
        "Accept-Encoding": "gzip",
    }
    cookies = {"sessionid": people.sessions[number], "csrftoken": CSRF}
    async with aiohttp.ClientSession(people.base, headers=headers, cookies=cookies) as http:
        yield Client(http, took, random.Random(number))


async def editing(people: People, editors: int, *, rounds: int = 0, seconds: float = 0) -> Times:
    """Let so many editors work, for so many drafts each or so long; return what took how long."""
    took: Times = defaultdict(list)
    end = time.monotonic() + seconds

    async def edit(number: int) -> None:
        async with at_the_screen(people, number, took) as client:
            if seconds:
                await asyncio.sleep(client.chance.random() * THINKING_S)
            await client.ask("open", "GET", "/review/")
            done = 0
            while done < rounds or time.monotonic() < end:
                await review_one_by_one(client, thinking=bool(seconds))
                await review_in_one_trip(client, thinking=bool(seconds))
                done += 2

    await asyncio.gather(*(edit(number) for number in range(editors)))
    took.pop("open")
    return dict(took)


async def review_one_by_one(client: Client, *, thinking: bool) -> None:
    """Ask for the draft, and submit it as a program with a session would: two requests."""
    draft = page_data(await client.ask("claim", "GET", "/review/"))
    await work(client, draft, thinking=thinking)
    await client.ask(
        "submit",
        "POST",
        f"/api/v1/drafts/{draft['draft']['id']}/reviews/",
        {"key": str(uuid.uuid4()), **decision(client.chance, draft["draft"])},
    )


async def review_in_one_trip(client: Client, *, thinking: bool) -> None:
    """Submit as the screen does: the answer holds the next draft."""
    draft = page_data(await client.ask("claim", "GET", "/review/"))
    await work(client, draft, thinking=thinking)
    body = {"key": str(uuid.uuid4()), "body": decision(client.chance, draft["draft"])}
    page_data(await client.ask("submit_and_next", "POST", draft["submit"], body))


async def work(client: Client, draft: dict[str, Any], *, thinking: bool) -> None:
    """Think, and save once or twice as the screen saves by itself."""
    revision = draft["assignment"]["revision"]
    for _save in range(2 if thinking else 1):
        if thinking:
            await asyncio.sleep(client.chance.uniform(0.75, 1.25) * THINKING_S / 2)
        work = {"rewrite": draft["draft"]["text"] + " ", "note": "", "tags": [], "answers": {}}
        saved = await client.ask(
            "save",
            "POST",
            draft["assignment"]["save"],
            {"work": work, "revision": revision, "active_ms": 1000},
        )
        revision = orjson.loads(saved)["revision"]


PAGE_DATA: Final = re.compile(rb'<script id="review-page"[^>]*>(.*?)</script>', re.DOTALL)


def page_data(page: bytes) -> dict[str, Any]:
    """Return what the screen's script is given."""
    found = PAGE_DATA.search(page)
    assert found, page[:2000]
    data: dict[str, Any] = orjson.loads(found[1])
    return data


def decision(chance: random.Random, draft: dict[str, Any]) -> dict[str, Any]:
    """Return what an editor sends about a draft: outcomes and tags in real shares."""
    [outcome] = chance.choices(list(DECISIONS), list(DECISIONS.values()))
    body: dict[str, Any] = {"outcome": outcome, "active_ms": 1500}
    text, output = draft["text"], draft["output"]
    if outcome in {"EDIT", "REJECT"}:
        words = [match.span() for match in re.finditer(r"\w{4,}", text)]
        spans = chance.sample(words, min(len(words), chance.choice((1, 1, 2))))
        body["tags"] = [
            {
                "category": chance.choice(("unsupported", "tone", "generic", "language")),
                "severity": 1,
                "scope": "span",
                "start": start,
                "end": end,
                "quote": text[start:end],
            }
            for start, end in spans
        ]
    if outcome == "EDIT":
        if output is None:
            body["rewrite"] = text.replace("best", "finest") + " Play it once more."
        else:
            body["rewrite_output"] = {
                "matches": output["matches"][:1],
                "gaps": output["gaps"],
                "verdict": output["verdict"],
            }
    return body


# Programs at work ---------------------------------------------------------------------------------


@dataclass
class Paired:
    """What clients reached that claim and submit."""

    per_s: float
    took: Times
    doubled: int = 0
    page_kb: float = 0.0
    claimed: Counter[int] = field(default_factory=Counter)


async def pairing(people: People, count: int) -> Paired:
    """Let clients claim and submit, so often in all."""
    took: Times = defaultdict(list)
    claimed: Counter[int] = Counter()
    left = iter(range(count))

    async def pair(number: int, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with aiohttp.ClientSession(people.base, headers=headers) as http:
            client = Client(http, took, random.Random(number))
            for _ in left:
                given = orjson.loads(await client.ask("claim", "POST", "/api/v1/queue/claim/", {}))
                draft = given["draft"]
                claimed[draft["id"]] += 1
                await client.ask(
                    "submit",
                    "POST",
                    f"/api/v1/drafts/{draft['id']}/reviews/",
                    {"key": str(uuid.uuid4()), **decision(client.chance, draft)},
                )

    begun = time.monotonic()
    await asyncio.gather(*(pair(number, token) for number, token in enumerate(people.tokens)))
    per_s = round(count / (time.monotonic() - begun), 1)
    doubled = sum(times - 1 for times in claimed.values()) + reviewed_twice()
    async with at_the_screen(people, EDITORS - 1, defaultdict(list)) as client:
        page_kb = round(len(await client.ask("page", "GET", "/review/")) / 1000, 1)
    return Paired(per_s, dict(took), doubled, page_kb, claimed)


def reviewed_twice() -> int:
    """How many drafts with one place have two reviews that stand."""
    with psycopg.connect(os.environ["BENCH_DATABASE"]) as database:
        row = database.execute(
            """
            SELECT count(*) FROM (
                SELECT place_id FROM feedback_review GROUP BY place_id HAVING count(*) > 1
            ) AS twice
            """
        ).fetchone()
    assert row
    return int(row[0])


# References ---------------------------------------------------------------------------------------


@dataclass
class Bare:
    """How long the same writes take without a desk around them."""

    claim: list[float] = field(default_factory=list)
    submit: list[float] = field(default_factory=list)


def bare_transactions(database_url: str, rounds: int) -> Bare:
    """Claim and submit by hand-written SQL on one connection, each in a transaction."""
    bare = Bare()
    with psycopg.connect(database_url, autocommit=True) as database:
        row = database.execute("SELECT id FROM accounts_person WHERE username = 'past7'").fetchone()
        assert row
        [editor] = row
        for _ in range(rounds):
            begun = time.perf_counter()
            with database.transaction():
                place = database.execute(BARE_CLAIM).fetchone()
                assert place
                database.execute(BARE_LOOK, place[:1])
                leased = database.execute(BARE_LEASE, [place[0], editor]).fetchone()
                assert leased
            bare.claim.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            with database.transaction():
                for statement in BARE_SUBMIT:
                    database.execute(
                        statement,
                        {
                            "place": place[0],
                            "draft": place[1],
                            "assignment": leased[0],
                            "editor": editor,
                            "key": uuid.uuid4(),
                        },
                    )
            bare.submit.append(time.perf_counter() - begun)
    return bare


BARE_CLAIM: Final = """
SELECT place.id, place.draft_id, draft.text, snapshot.item, snapshot.audience
FROM explanations_place place
JOIN explanations_draft draft ON draft.id = place.draft_id
JOIN explanations_factsnapshot snapshot ON snapshot.id = draft.snapshot_id
WHERE place.state = 'OPEN' AND NOT EXISTS (
    SELECT FROM feedback_assignment held WHERE held.place_id = place.id AND held.state = 'ACTIVE'
)
ORDER BY place.priority DESC, place.id LIMIT 1 FOR NO KEY UPDATE OF place SKIP LOCKED
"""
BARE_LOOK: Final = """
SELECT id FROM feedback_assignment WHERE place_id = %s AND state = 'ACTIVE'
"""
BARE_LEASE: Final = """
INSERT INTO feedback_assignment
    (place_id, editor_id, slot, state, leased_until, work, revision, active_ms)
VALUES (%s, %s, 1, 'ACTIVE', now() + interval '3 minutes', '{}', 0, 0) RETURNING id
"""
BARE_SUBMIT: Final = (
    """
    UPDATE feedback_assignment SET state = 'SUBMITTED', ended_at = now(), active_ms = 1500
    WHERE id = %(assignment)s
    """,
    """
    INSERT INTO feedback_review
        (draft_id, place_id, assignment_id, editor_id, key, body_sha256, outcome, reason, note,
         rewrite, alignment, active_ms)
    VALUES (%(draft)s, %(place)s, %(assignment)s, %(editor)s, %(key)s, '', 'BLAND', '', '', '',
            '[]', 1500)
    """,
    "UPDATE explanations_place SET state = 'DONE' WHERE id = %(place)s",
    """
    UPDATE explanations_draft SET state = 'REVIEWED', settled_outcome = 'BLAND'
    WHERE id = %(draft)s
    """,
    """
    INSERT INTO accounts_logentry (actor_id, action, subject_type, subject_id, detail, at)
    VALUES (%(editor)s, 'reviewed', 'draft', %(draft)s, '{}', now())
    """,
)


async def trivial_pages(people: People, clients: int, count: int) -> Paired:
    """Ask for a page of the same server that only looks whether the database answers."""
    took: Times = defaultdict(list)
    left = iter(range(count))

    async def look() -> None:
        async with aiohttp.ClientSession(people.base) as http:
            client = Client(http, took, random.Random(0))
            for _ in left:
                await client.ask("trivial_page", "GET", "/healthz")

    begun = time.monotonic()
    await asyncio.gather(*(look() for _ in range(clients)))
    return Paired(round(count / (time.monotonic() - begun), 1), dict(took))


# What the server says -----------------------------------------------------------------------------

# A request's word for itself comes back in the server's log, with the microseconds it took from its
# head to the last byte of its answer.
WHAT_HEADER: Final = "X-Bench"
ACCESS_LOG_FORMAT: Final = f"%({{{WHAT_HEADER.lower()}}}i)s %(D)s"


def access_log(home: Path) -> Path:
    """Where the web server of a desk writes how long each request took."""
    return home.with_name(home.name + "-requests.log")


class ServerTimes:
    """How long the web server worked on each request."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def mark(self) -> int:
        """Return where the log ends now."""
        return self._log.stat().st_size

    def since(self, mark: int, waited: Times) -> Times:
        """Return the times of all that was waited for since a mark; each is written a bit later."""
        deadline = time.monotonic() + 60
        while True:
            took = self._read(mark)
            if all(len(took[what]) >= len(times) for what, times in waited.items()):
                return {what: took[what] for what in waited}
            assert time.monotonic() < deadline, {what: len(took[what]) for what in waited}
            time.sleep(0.2)

    def _read(self, mark: int) -> Times:
        took: Times = defaultdict(list)
        with self._log.open() as log:
            log.seek(mark)
            for line in log:
                what, _space, microseconds = line.strip().rpartition(" ")
                took[what].append(int(microseconds) / 1_000_000)
        return took


# A desk to measure --------------------------------------------------------------------------------


def warm_up(people: People, desk: RunningDesk) -> None:
    """Work until the desk is as one that people have worked at: names read, statements planned."""
    asyncio.run(editing(people, WARM_EDITORS, rounds=WARM_ROUNDS))
    asyncio.run(pairing(people, WARM_PAIRS))
    deadline = time.monotonic() + WARM_WITHIN_S
    while time.monotonic() < deadline and busy_share(desk) > 0.05:
        time.sleep(1)


def busy_share(desk: RunningDesk) -> float:
    """Return which share of a processor the desk needs while nobody asks it for anything."""

    def spent() -> float:
        return sum(sum(part.cpu_times()[:2]) for part in desk.parts())

    before, begun = spent(), time.monotonic()
    time.sleep(4)
    return (spent() - before) / (time.monotonic() - begun)


@contextmanager
def running_desk() -> Iterator[RunningDesk]:
    """Bring up a desk that nothing drafts on; this process speaks to its database."""
    home = Path(tempfile.mkdtemp(prefix="copydesk-bench-"))
    port = free_port(None)
    # Nobody answers there: the model is no part of what is measured.
    model = {"LLM_URL": "http://127.0.0.1:9/v1"}
    logged = ("--access-logfile", str(access_log(home)), "--access-logformat", ACCESS_LOG_FORMAT)
    logging = {"GUNICORN_CMD_ARGS": shlex.join(logged)}
    try:
        with RunningDesk(home, port, **model, **logging) as desk:
            desk.wait_until_it_says(READY)
            os.environ.update({**up_environment(home, port), **model})
            os.environ["BENCH_DATABASE"] = resolve({"COPYDESK_HOME": str(home)}).database_url
            import django

            django.setup()
            yield desk
            desk.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
        access_log(home).unlink(missing_ok=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure_here(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
    else:
        named = sys.argv[1:] or list(PARTS)
        if unknown := set(named) - set(PARTS):
            sys.exit(f"{', '.join(sorted(unknown))}: there are only {', '.join(PARTS)}")
        main(named)
