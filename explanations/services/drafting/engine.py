"""One drainer: an event loop that keeps the servers' windows full until there is nothing to do.

Six loops work side by side: one claims, one judges answers, one writes what came of them, one
renews leases, one probes servers in trouble, and every request is a task of its own, so that nobody
waits for the slowest. PostgreSQL is spoken to in one thread, in transactions that are over before a
request begins. Answers are judged in a thread of their own: while one batch is being written, which
is mostly waiting, the next one is judged, which is mostly work.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Final

from django.db import InterfaceError, OperationalError

from explanations.model_server import (
    Completion,
    Misconfigured,
    ModelServerClient,
    ModelServerError,
    Overloaded,
    ServerAddress,
    Temporary,
)
from explanations.services.drafting import claiming, drainers, serving
from explanations.services.drafting.asking import Asked, Brief, CannotAsk, ask, load_brief
from explanations.services.drafting.breaker import Breaker
from explanations.services.drafting.claiming import Claim, Holding
from explanations.services.drafting.database import DatabaseThread
from explanations.services.drafting.judging import (
    DEFECT,
    Outcome,
    judge,
    judge_unasked,
    load_what_checks_know,
)
from explanations.services.drafting.pace import Pace
from explanations.services.drafting.serving import ServedModel
from explanations.services.drafting.window import Window
from explanations.services.drafting.writing import write

log = logging.getLogger(__name__)

# Drafts suspected of killing their drainer that are drafted, one by one, before the others.
SUSPECTS_AT_START: Final = 8
PROBE_EVERY_S: Final = 0.2
# A draft that waits for its time no longer than this is worth staying for.
WORTH_WAITING_S: Final = 30.0


@dataclass(slots=True)
class Server:
    """A server as one drainer sees it."""

    id: int
    address: ServerAddress
    window: Window


@dataclass(slots=True)
class Route:
    """The way to one model version on one server: it may be broken while others are not."""

    server: Server
    model: str
    breaker: Breaker


@dataclass(slots=True)
class Lane:
    """One model version: the routes that lead to it, and the drafts that wait for one of them."""

    routes: list[Route] = field(default_factory=list)
    waiting: deque[Asked] = field(default_factory=deque)
    empty_until: float = float("-inf")

    def open_routes(self) -> list[Route]:
        """Return the routes that may be taken."""
        return [route for route in self.routes if not route.breaker.is_open]

    def room(self) -> int:
        """Return how many drafts to claim: a windowful in flight and another one at hand."""
        open_routes = self.open_routes()
        free = sum(route.server.window.free for route in open_routes)
        at_hand = sum(route.server.window.limit for route in open_routes)
        if len(self.waiting) > at_hand // 2:
            return 0
        return max(0, free + at_hand - len(self.waiting))


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a draft, or did not."""

    asked: Asked
    result: Completion | ModelServerError
    served_by: str


class Engine:
    """Drafts until its time is up, nothing is left to do, or it is told to stop."""

    def __init__(self, name: str, pace: Pace, database: DatabaseThread) -> None:
        self._name = name
        self._pace = pace
        self._database = database
        self._judging = DatabaseThread("drafting-judging")
        self._client = ModelServerClient(
            timeout_s=pace.request_timeout_s, connect_timeout_s=pace.connect_timeout_s
        )
        self._servers: dict[int, Server] = {}
        self._lanes: dict[int, Lane] = {}
        self._briefs: dict[tuple[int, int], Brief | CannotAsk] = {}
        self._held: dict[int, Holding] = {}
        self._requests: dict[int, asyncio.Task[Completion]] = {}
        self._answers: list[Answer] = []
        self._outcomes: list[Outcome] = []
        self._trouble_to_tell: set[int] = set()
        self._something_ended = asyncio.Event()
        self._something_to_judge = asyncio.Event()
        self._something_to_write = asyncio.Event()
        self._stop = asyncio.Event()
        self._written = 0

    @property
    def written(self) -> int:
        """Return how many drafts this engine has brought to an end."""
        return self._written

    def stop(self) -> None:
        """Hand everything back as soon as possible. Safe to call again; not from other threads."""
        self._stop.set()
        self._judging.give_up()
        self._database.give_up()
        self._something_ended.set()

    async def run(self, hand_over: Callable[[], None] = lambda: None) -> None:
        """Draft until the time is up, there is nothing to do, or `stop` is called.

        `hand_over` is called in the database's thread as soon as no more drafts are claimed, so
        that a successor can begin while the last answers come home.
        """
        async with self._client:
            # Before anything is held: with a large catalogue it takes longer than a lease lasts.
            await self._judging.run(load_what_checks_know)
            await self._look_for_models()
            helpers = [
                asyncio.create_task(loop)
                for loop in (
                    self._keep_judging(),
                    self._keep_writing(),
                    self._keep_beating(),
                    self._keep_probing(),
                )
            ]
            try:
                await _unless_one_fails(helpers, self._keep_claiming())
                await self._database.run(hand_over)
                await _unless_one_fails(helpers, self._let_finish())
            finally:
                await _end(helpers)
                try:
                    await self._hand_everything_back()
                finally:
                    await self._judging.close()

    # Claiming ------------------------------------------------------------------------------------

    async def _keep_claiming(self) -> None:
        until = monotonic() + self._pace.drain_s
        idle_since: float | None = None
        for _ in range(SUSPECTS_AT_START):
            if not await self._draft_a_suspect():
                break
        while not self._stop.is_set() and monotonic() < until:
            if await self._claim_what_fits():
                idle_since = None
                continue
            if self._held or await self._draft_a_suspect() or await self._has_work_ahead():
                idle_since = None
            elif idle_since is None:
                idle_since = monotonic()
            elif monotonic() - idle_since >= self._pace.linger_s:
                return
            await self._until_something_ends(self._pace.idle_s)

    async def _claim_what_fits(self) -> bool:
        """Claim for every lane that has room; return whether anything came."""
        came = False
        for model_version_id, lane in list(self._lanes.items()):
            room = 0 if self._is_behind else min(lane.room(), self._pace.claim_at_most)
            if room and monotonic() >= lane.empty_until and not self._stop.is_set():
                claims = await self._claim(
                    partial(
                        claiming.claim, [model_version_id], room, self._name, self._pace.lease_s
                    )
                )
                if len(claims) < room:
                    # Answers come in all the time; none of them is a reason to look again at once.
                    lane.empty_until = monotonic() + self._pace.idle_s
                came = came or bool(claims)
        return came

    @property
    def _is_behind(self) -> bool:
        """Whether servers answer faster than answers are written: more must not pile up here."""
        return len(self._answers) + len(self._outcomes) >= 2 * self._pace.write_at_most

    async def _draft_a_suspect(self) -> bool:
        """Draft one row whose drainers died with it, with nothing else in flight."""
        open_lanes = [key for key, lane in self._lanes.items() if lane.open_routes()]
        if self._held or not open_lanes or self._stop.is_set():
            return False
        claims = await self._claim(
            partial(claiming.claim_suspect, open_lanes, self._name, self._pace.lease_s)
        )
        while self._held and not self._stop.is_set():
            await self._until_something_ends(self._pace.idle_s)
        return bool(claims)

    async def _claim(self, claim: Callable[[], list[Claim]]) -> list[Claim]:
        claims, asked, unasked = await self._database.run(self._claim_and_ask, claim)
        self._held.update((claim.holding.draft_id, claim.holding) for claim in claims)
        for draft in asked:
            self._lanes[draft.claim.model_version_id].waiting.append(draft)
        if unasked:
            self._outcomes += unasked
            self._something_to_write.set()
        self._send_waiting()
        return claims

    def _claim_and_ask(
        self, claim: Callable[[], list[Claim]]
    ) -> tuple[list[Claim], list[Asked], list[Outcome]]:
        """In the database's thread: claim, and make the requests."""
        claims = claim()
        asked: list[Asked] = []
        unasked: list[Outcome] = []
        for claimed in claims:
            try:
                asked.append(ask(claimed, self._brief(claimed)))
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:
                unasked.append(judge_unasked(claimed, error))
        return claims, asked, unasked

    def _brief(self, claim: Claim) -> Brief:
        key = (claim.prompt_id, claim.model_version_id)
        # Looked up once: the loop's thread forgets all briefs from time to time.
        brief = self._briefs.get(key)
        if brief is None:
            try:
                brief = load_brief(*key)
            except CannotAsk as error:
                brief = error
            self._briefs[key] = brief
        if isinstance(brief, CannotAsk):
            raise brief
        return brief

    async def _has_work_ahead(self) -> bool:
        """Whether drafts wait for a time that comes soon, or for a server to recover."""
        await self._look_for_models()
        served = [key for key, lane in self._lanes.items() if lane.routes]
        wait_s = await self._database.run(claiming.seconds_to_next, served)
        return wait_s is not None and wait_s <= WORTH_WAITING_S

    # Sending -------------------------------------------------------------------------------------

    def _send_waiting(self) -> None:
        for lane in self._lanes.values():
            while lane.waiting:
                free = [route for route in lane.open_routes() if route.server.window.free]
                if not free:
                    break
                route = max(free, key=lambda route: route.server.window.free)
                self._send(lane.waiting.popleft(), route)

    def _send(self, asked: Asked, route: Route) -> None:
        # Counted here and not in the task, which begins to run only after this loop has gone on.
        sent_at = route.server.window.send()
        request = asyncio.create_task(self._client.complete(route.server.address, asked.request))
        self._requests[asked.claim.holding.draft_id] = request
        request.add_done_callback(partial(self._came_back, asked, route, sent_at))

    def _came_back(
        self, asked: Asked, route: Route, sent_at: float, request: asyncio.Task[Completion]
    ) -> None:
        route.server.window.end()
        draft_id = asked.claim.holding.draft_id
        if self._requests.get(draft_id) is request:
            del self._requests[draft_id]
        if not request.cancelled():
            result = _result_of(request)
            self._answers.append(Answer(asked, result, route.server.address.name))
            self._something_to_judge.set()
            was_open = route.breaker.is_open
            _learn(result, route.server.window, route.breaker, sent_at)
            if route.breaker.is_open != was_open:
                self._trouble_to_tell.add(route.server.id)
        self._something_ended.set()
        self._send_waiting()

    # Judging and writing -------------------------------------------------------------------------

    async def _keep_judging(self) -> None:
        while True:
            await self._something_to_judge.wait()
            if len(self._answers) < self._pace.write_at_most:
                await asyncio.sleep(self._pace.write_every_s)
            await self._judge_batch()

    async def _judge_batch(self) -> None:
        answers = self._answers[: self._pace.write_at_most]
        outcomes = await self._judging.run(self._judge, answers)
        # Only now, so that none is lost when this is cut off: what was judged may be judged again.
        del self._answers[: len(answers)]
        if not self._answers:
            self._something_to_judge.clear()
        self._outcomes += outcomes
        self._something_to_write.set()

    def _judge(self, answers: list[Answer]) -> list[Outcome]:
        """In the judge's thread."""
        return [
            judge(answer.asked, answer.result, answer.served_by, self._pace) for answer in answers
        ]

    async def _keep_writing(self) -> None:
        while True:
            await self._something_to_write.wait()
            await self._write_batch()

    async def _write_batch(self) -> None:
        outcomes = self._outcomes[: self._pace.write_at_most]
        self._written += await self._database.run(write, outcomes)
        del self._outcomes[: len(outcomes)]
        if not self._outcomes:
            self._something_to_write.clear()
        for outcome in outcomes:
            self._let_go(outcome.holding)
        self._something_ended.set()

    # Beating -------------------------------------------------------------------------------------

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(self._pace.beat_s)
            renewed = list(self._held.values())
            still_ours = await self._database.run(claiming.renew, renewed, self._pace.lease_s)
            for holding in renewed:
                # What was written meanwhile is no longer held either, and needs no dropping.
                if holding.draft_id not in still_ours and self._let_go(holding):
                    self._drop(holding.draft_id)
            await self._database.run(drainers.beat, self._name, len(self._requests), self._written)
            await self._note_windows()
            self._briefs.clear()
            await self._look_for_models()

    def _let_go(self, holding: Holding) -> bool:
        """Hold a draft no longer; return whether it was held, and by this very attempt."""
        if self._held.get(holding.draft_id) != holding:
            return False
        del self._held[holding.draft_id]
        return True

    def _drop(self, draft_id: int) -> None:
        """Forget a draft that was cancelled or claimed by somebody else."""
        for lane in self._lanes.values():
            lane.waiting = deque(
                asked for asked in lane.waiting if asked.claim.holding.draft_id != draft_id
            )
        request = self._requests.pop(draft_id, None)
        if request is not None:
            request.cancel()

    # Servers -------------------------------------------------------------------------------------

    async def _look_for_models(self) -> None:
        for model in await self._database.run(serving.wanted_models):
            self._learn_of(model)
        self._send_waiting()

    def _learn_of(self, model: ServedModel) -> None:
        lane = self._lanes.setdefault(model.id, Lane())
        known = {route.server.id: route for route in lane.routes}
        lane.routes = []
        for row in model.servers:
            server = self._servers.setdefault(
                row.id, Server(row.id, row.address, Window(row.window, row.window_found))
            )
            server.address = row.address
            server.window.resize(row.window)
            route = known.get(row.id)
            if route is None:
                breaker = Breaker(self._pace.rest_s, self._pace.longest_rest_s)
                if row.trouble:
                    breaker.open_for_probe(row.trouble)
                route = Route(server, model.name, breaker)
            lane.routes.append(route)

    async def _keep_probing(self) -> None:
        while True:
            await asyncio.sleep(PROBE_EVERY_S)
            while self._trouble_to_tell:
                await self._tell_of_trouble(self._servers[self._trouble_to_tell.pop()])
            for route in self._routes():
                if route.breaker.probe_is_due:
                    await self._probe(route)

    async def _probe(self, route: Route) -> None:
        try:
            await self._client.prove_ready(route.server.address, route.model)
        except ModelServerError as error:
            route.breaker.open(error.sentence)
        else:
            route.breaker.success()
            self._something_ended.set()
            self._send_waiting()
        await self._tell_of_trouble(route.server)

    async def _tell_of_trouble(self, server: Server) -> None:
        troubles = [
            route.breaker.trouble
            for route in self._routes()
            if route.server is server and route.breaker.is_open
        ]
        if troubles:
            await self._database.run(serving.note_trouble, server.id, troubles[0])
        else:
            await self._database.run(serving.clear_trouble, server.id)

    async def _note_windows(self) -> None:
        for server in self._servers.values():
            await self._database.run(serving.note_window, server.id, server.window.limit)

    def _routes(self) -> list[Route]:
        return [route for lane in self._lanes.values() for route in lane.routes]

    # Ending --------------------------------------------------------------------------------------

    async def _let_finish(self) -> None:
        until = monotonic() + self._pace.finish_s
        unsent = [asked.claim.holding for lane in self._lanes.values() for asked in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
        await self._database.run(claiming.hand_back, unsent)
        for holding in unsent:
            self._let_go(holding)
        while self._held and not self._stop.is_set() and monotonic() < until:
            await self._until_something_ends(self._pace.idle_s)

    async def _hand_everything_back(self) -> None:
        await _end(list(self._requests.values()))
        while self._answers:
            await self._judge_batch()
        while self._outcomes:
            await self._write_batch()
        await self._database.run(claiming.hand_back, list(self._held.values()))
        self._held.clear()
        await self._note_windows()

    async def _until_something_ends(self, at_most_s: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._something_ended.wait(), at_most_s)
        self._something_ended.clear()


def _result_of(request: asyncio.Task[Completion]) -> Completion | ModelServerError:
    error = request.exception()
    if error is None:
        return request.result()
    if isinstance(error, ModelServerError):
        return error
    log.error("A request could not be made.", exc_info=error)
    return ModelServerError(DEFECT, str(error))


def _learn(
    result: Completion | ModelServerError, window: Window, breaker: Breaker, sent_at: float
) -> None:
    """Let the window and the breaker draw their conclusions from what a server did."""
    match result:
        case Overloaded(reason=reason):
            window.shrink(sent_at)
            # A server that is only busy needs less, not nothing; one that hangs, or that is busy
            # with a single request, is in trouble.
            if reason == "timeout" or window.limit == 1:
                breaker.error(result.sentence)
        case Temporary() | Misconfigured():
            breaker.error(result.sentence)
        case _:
            window.open_up()
            breaker.success()


async def _unless_one_fails(
    helpers: Iterable[asyncio.Task[None]], work: Coroutine[Any, Any, None]
) -> None:
    """Await `work`. Raises the error of a helper that fails, instead of waiting for ever."""
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait([task, *helpers], return_when=asyncio.FIRST_COMPLETED)
        for finished in done:
            finished.result()
    finally:
        await _end([task])


async def _end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    ending = list(tasks)
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
