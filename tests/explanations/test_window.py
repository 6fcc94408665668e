"""How many requests a server gets at once, and when it gets none."""

from explanations.services.drafting.breaker import ERRORS_TO_OPEN, Breaker
from explanations.services.drafting.window import Window


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(most: int, clock: Clock | None = None) -> Window:
    return Window(most, clock=clock or Clock())


def test_a_window_begins_open_and_counts_what_is_in_flight() -> None:
    window = opened(4)
    for _ in range(3):
        window.send()
    assert (window.in_flight, window.free) == (3, 1)
    window.end()
    assert window.free == 2


def test_a_window_begins_with_what_was_found_before() -> None:
    assert Window(64, found=5).limit == 5
    assert Window(4, found=50).limit == 4


def test_overload_halves_the_window() -> None:
    clock = Clock()
    window = opened(64, clock)
    sent_at = window.send()
    clock.now = 1.0
    window.shrink(sent_at)
    assert window.limit == 32


def test_refusals_of_one_burst_halve_it_once() -> None:
    clock = Clock()
    window = opened(64, clock)
    sent = [window.send() for _ in range(64)]
    clock.now = 1.0
    for sent_at in sent:
        window.shrink(sent_at)
    assert window.limit == 32


def test_a_refusal_after_the_halving_halves_it_again() -> None:
    clock = Clock()
    window = opened(64, clock)
    first = window.send()
    clock.now = 1.0
    window.shrink(first)
    clock.now = 2.0
    second = window.send()
    window.shrink(second)
    assert window.limit == 16


def test_a_window_never_closes() -> None:
    clock = Clock()
    window = opened(4, clock)
    for second in range(10):
        clock.now = float(second)
        window.shrink(window.send())
    assert window.limit == 1


def test_a_windowful_of_answers_opens_it_by_about_one() -> None:
    clock = Clock()
    window = opened(64, clock)
    sent_at = window.send()
    clock.now = 1.0
    window.shrink(sent_at)
    for _ in range(33):
        window.open_up()
    assert window.limit == 33


def test_a_window_opens_no_further_than_it_may() -> None:
    window = opened(2)
    for _ in range(100):
        window.open_up()
    assert window.limit == 2


def test_a_full_window_follows_its_new_bound_and_a_shrunken_one_does_not() -> None:
    full = opened(8)
    full.resize(16)
    assert full.limit == 16
    clock = Clock()
    shrunken = opened(8, clock)
    sent_at = shrunken.send()
    clock.now = 1.0
    shrunken.shrink(sent_at)
    shrunken.resize(16)
    assert shrunken.limit == 4
    shrunken.resize(2)
    assert shrunken.limit == 2


def test_a_breaker_opens_after_errors_in_a_row() -> None:
    breaker = Breaker(2.0, 60.0, Clock())
    for _ in range(ERRORS_TO_OPEN - 1):
        breaker.error("It is down.")
    assert not breaker.is_open
    breaker.error("It is down.")
    assert (breaker.is_open, breaker.trouble) == (True, "It is down.")


def test_an_answer_between_errors_keeps_it_closed() -> None:
    breaker = Breaker(2.0, 60.0, Clock())
    for _ in range(3 * ERRORS_TO_OPEN):
        for _ in range(ERRORS_TO_OPEN - 1):
            breaker.error("It is down.")
        breaker.success()
    assert not breaker.is_open


def test_a_probe_is_due_after_a_rest_that_doubles() -> None:
    clock = Clock()
    breaker = Breaker(2.0, 6.0, clock)
    breaker.open("It is down.")
    rests = []
    for _ in range(4):
        began = clock.now
        while not breaker.probe_is_due:
            clock.now += 0.5
        rests.append(clock.now - began)
        breaker.open("It is still down.")
    assert rests == [2.0, 4.0, 6.0, 6.0]


def test_a_breaker_that_was_found_open_is_probed_at_once() -> None:
    breaker = Breaker(2.0, 60.0, Clock())
    breaker.open_for_probe("It was down.")
    assert breaker.probe_is_due
    breaker.success()
    assert not breaker.is_open
    assert not breaker.probe_is_due
