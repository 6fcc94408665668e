"""Where two who wait for each other cannot be kept apart, one of them begins again."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

TRIES: Final = 3

P = ParamSpec("P")
R = TypeVar("R")


def again_after_deadlock(step: Callable[P, R]) -> Callable[P, R]:
    """Run a step in a transaction, and anew when the database ended it to free somebody else."""

    @wraps(step)
    def tried(*arguments: P.args, **more: P.kwargs) -> R:
        for tries_left in reversed(range(TRIES)):
            try:
                with transaction.atomic():
                    return step(*arguments, **more)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected) or not tries_left:
                    raise
        raise AssertionError

    return tried
