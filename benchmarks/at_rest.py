"""`python -m benchmarks.at_rest`: what an overlay costs a browser while nobody moves.

A real Daphne, and a real browser with the page of a board: without an overlay, with one that shows
no cursor, and with one that shows the cursors of people at rest.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import command, descendants, describe, thread_time, wakes
from tests.support.browser import run_chromium
from tests.support.clients import inviting
from tests.support.firefox import run_firefox
from tests.support.server import OPEN_BOARD, Server, prepare, serve, site_environment
from tests.support.waiting import eventually

SETTLED = 5.0
"""Seconds from the last change of the page to the measurement: all transitions, and the page's last
poll, have ended."""

COLUMNS = 10
"""The people rest in a grid of so many columns."""

COUNT_FRAMES = """(() => {
  const request = requestAnimationFrame;
  window.requested = 0;
  window.requestAnimationFrame = (draw) => { requested += 1; return request(draw); };
})()"""

END_POLL = "void (fetch = () => new Promise(() => undefined))"
"""The page of the example asks for its counts every four seconds, and shows them. Here it waits for
the next answer for ever: the page itself is at rest."""

SHOWN = """(() => {
  const overlay = document.querySelector('presence-overlay');
  return overlay.client?.self ? overlay.shadowRoot.querySelectorAll('.on').length : -1;
})()"""
"""How many cursors the overlay shows; -1 without a session."""


@dataclass(frozen=True)
class Tab:
    """A page in a running browser: how to go to a URL, and how to evaluate an expression."""

    browser: str
    go: Callable[[str], object]
    evaluate: Callable[[str], object]


@dataclass(frozen=True)
class Cost:
    """CPU of the processes that render pages, and of the whole browser, in % of one core; how often
    threads of the first woke up in a second, which is the same on slow machines and fast ones; and
    the animation frames that the page requested in a second."""

    renderer: float
    browser: float
    wakes: float
    frames: float


@contextmanager
def chromium() -> Iterator[Tab]:
    """Run a Chromium until the block ends."""
    with run_chromium() as browser:
        page = browser.new_page()
        yield Tab("chrom", page.goto, page.evaluate)


@contextmanager
def firefox() -> Iterator[Tab]:
    """Run a Firefox until the block ends."""
    with TemporaryDirectory() as profile, run_firefox(Path(profile)) as browser:
        window = browser.first
        yield Tab("firefox", window.open, window.evaluate)


BROWSERS = {"chromium": chromium, "firefox": firefox}


def renders(arguments: list[str]) -> bool:
    """Return whether a browser's process renders pages, by its command line."""
    return "--type=renderer" in arguments or ("-contentproc" in arguments and "tab" in arguments)


def used(name: str) -> tuple[float, float, int]:
    """Return the seconds of CPU of the processes that render and of all of the browser's, and the
    wakes of those that render."""
    commands = {pid: command(pid) for pid in descendants(os.getpid())}
    own = [pid for pid, arguments in commands.items() if arguments and name in arguments[0]]
    rendering = [pid for pid in own if renders(commands[pid])]
    assert rendering, f"no process of {name} renders"
    return sum(map(thread_time, rendering)), sum(map(thread_time, own)), sum(map(wakes, rendering))


def measure(tab: Tab, seconds: int) -> Cost:
    """Measure a page after it has settled, over so many seconds."""
    tab.evaluate(END_POLL)
    time.sleep(SETTLED)
    tab.evaluate(COUNT_FRAMES)
    before, began = used(tab.browser), time.monotonic()
    time.sleep(seconds)
    after, passed = used(tab.browser), time.monotonic() - began
    frames = int(str(tab.evaluate("requested")))
    renderer, browser, woke = (end - start for start, end in zip(before, after, strict=True))
    return Cost(100 * renderer / passed, 100 * browser / passed, woke / passed, frames / passed)


@contextmanager
def arrived(server: Server, people: int) -> Iterator[None]:
    """Have so many people rest on the board, until the block ends."""
    with inviting(server, OPEN_BOARD) as invite:
        for number in range(people):
            guest = invite(f"Guest {number}")
            row, column = divmod(number, COLUMNS)
            guest.point((column + 0.5) / COLUMNS, (row + 0.5) / (people / COLUMNS))
        yield


def cost(browser: str, server: Server, people: int | None, seconds: int) -> Cost:
    """Measure the page of a board in a browser of its own, where so many people rest; None: without
    an overlay."""
    with arrived(server, people or 0), BROWSERS[browser]() as tab:

        def shows() -> bool:
            return tab.evaluate(SHOWN) == (people or 0)

        tab.go(server.page())
        eventually(shows, f"{people or 0} cursors", 30)
        if people is None:
            tab.evaluate("document.querySelector('presence-overlay').remove()")
            return measure(tab, seconds)
        measured = measure(tab, seconds)
        eventually(shows, f"still {people} cursors", 30)
        return measured


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.at_rest", description=__doc__)
    parser.add_argument("--people", type=int, default=50, help="so many cursors (50)")
    parser.add_argument("--seconds", type=int, default=10, help="for each figure (10)")
    parser.add_argument("--browser", choices=BROWSERS, action="append", help="one or both (both)")
    options = parser.parse_args()
    print(f"{describe()}\nCPU in % of one core, wakes and frames requested in a second")
    print(f"{'':32}{'renderer':>10}{'browser':>10}{'wakes':>10}{'frames':>10}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        environment = site_environment(folder)
        prepare(environment)
        server = stack.enter_context(serve(folder, environment))
        kinds = {"no overlay": None, "no cursor": 0, f"{options.people} cursors": options.people}
        for name in options.browser or BROWSERS:
            for what, people in kinds.items():
                found = cost(name, server, people, options.seconds)
                figures = f"{found.renderer:10.2f}{found.browser:10.2f}"
                figures += f"{found.wakes:10.1f}{found.frames:10.1f}"
                print(f"{name + ', ' + what:32}{figures}")


if __name__ == "__main__":
    main()
