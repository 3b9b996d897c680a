"""Waiting for what is to come, with a deadline: no sleep stands for an event."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE = 30.0
"""Seconds that something may take for which no time is promised, on a busy machine."""

SPARE = 5.0
"""Seconds by which a busy machine may be late with what is promised within a time. Tests with the
mark `alone` allow less."""

POLL = 0.01

LONG = bool(os.environ.get("PRESENCE_LONG"))
"""Whether tests that gain by it run for longer."""


def eventually(
    look: Callable[[], T | None], what: str | Callable[[], str], within: float = DEADLINE
) -> T:
    """Return the first true thing that `look` returns, or fail after `within` seconds.

    `what` says what was waited for; as a function, in the light of what there is by then.
    """
    end = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > end:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {within} s: {said}")
        time.sleep(POLL)
    return seen
