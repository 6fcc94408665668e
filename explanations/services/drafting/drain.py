"""From the first claim to the last hand-back: one drainer's life."""

import asyncio
import logging
from collections.abc import Callable

from explanations.services.drafting import drainers
from explanations.services.drafting.database import DatabaseThread
from explanations.services.drafting.engine import Engine
from explanations.services.drafting.pace import Pace
from explanations.services.drafting.sweeping import finish_runs, work_waits

log = logging.getLogger(__name__)

OnStop = Callable[[Callable[[], None]], None]
"""Takes what is to be called, in the event loop, when the process has to end."""


def drain(pace: Pace, call_successor: Callable[[], None], on_stop: OnStop) -> int | None:
    """Draft until the time is up or nothing is left; return how many drafts came to an end.

    Returns None at once when enough drainers are at work. `call_successor` is called when work
    waits at the end; it must not block for long. Needs an event loop of its own.
    """
    return asyncio.run(_drain(pace, call_successor, on_stop))


async def _drain(pace: Pace, call_successor: Callable[[], None], on_stop: OnStop) -> int | None:
    database = DatabaseThread()
    name = drainers.drainer_name()
    try:
        if not await database.run(drainers.enter, name, pace.silent_s):
            return None
        engine = Engine(name, pace, database)
        on_stop(engine.stop)

        counted = 0

        def hand_over() -> None:
            nonlocal counted
            counted = engine.written
            # In this order: whoever starts a run now either finds this drainer gone, or left work
            # that is seen here.
            drainers.leave(name, counted)
            if work_waits():
                call_successor()

        await engine.run(hand_over)
        await database.run(drainers.count_ended, engine.written - counted)
        await database.run(finish_runs)
        log.info("%s ended %s drafts.", name, engine.written)
        return engine.written
    finally:
        try:
            await database.run(drainers.leave, name)
        finally:
            await database.close()
