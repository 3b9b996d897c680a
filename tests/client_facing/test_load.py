"""What a page costs the browser while a hundred people on its board move."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from benchmarks.client import Room, run_client
from benchmarks.workload import Workload
from tests.support.browser import main_thread_tasks
from tests.support.server import Server

PEOPLE, RATE, SECONDS = 100, 20.0, 5.0
SETTLED = 2.0
"""Seconds of moves before anything is measured."""

LONGEST_US = 50_000

MOST_HEAP = 1_000_000
"""Bytes by which the heap may grow: what is kept of each of the 10,000 moves would be more. On a
busy machine the browser is still compiling the script then, which takes up to half of it."""

WATCH = """() => {
  window.longTasks = [];
  const note = list => list.getEntries().forEach(({duration}) => longTasks.push(duration));
  new PerformanceObserver(note).observe({type: 'longtask'});
  window.gaps = [];
  let last = performance.now();
  const next = now => { gaps.push(now - last); last = now; requestAnimationFrame(next); };
  requestAnimationFrame(next);
}"""


@contextmanager
def crowd(server: Server, board: str, seconds: float) -> Iterator[Callable[[], None]]:
    """Put a hundred people on a board; calling the result lets them move for so many seconds."""
    work = Workload(PEOPLE, 1, RATE, warm_up=0.0, seconds=seconds)
    room = Room(server.port, f"/ws/presence/{board}/", board)
    with run_client("presence", [room], work) as people:
        assert people.joins().joined == PEOPLE
        yield lambda: people.start(time.monotonic())


def used_heap(page: Page) -> int:
    """Return the bytes of script objects that are left after collecting garbage."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.enable")
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    used = int(devtools.send("Runtime.getHeapUsage")["usedSize"])
    devtools.detach()
    return used


@pytest.mark.alone
def test_a_hundred_cursors_at_twenty_updates_a_second(
    browser: Browser,
    server: Server,
    look: Callable[..., Page],
    board: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    page = look()
    with crowd(server, board, 3 * SECONDS) as move:
        page.wait_for_function(f"""() => document.querySelector('presence-overlay').shadowRoot
            .querySelector('[part=count]').dataset.count === '{PEOPLE + 1}'""")
        move()
        page.wait_for_function(f"""() => document.querySelector('presence-overlay').shadowRoot
            .querySelectorAll('.on').length === {PEOPLE}""")
        page.wait_for_timeout(SETTLED * 1000)
        before = used_heap(page)
        page.evaluate(WATCH)
        browser.start_tracing(page=page, path=tmp_path / "trace.json", categories=["toplevel"])
        page.wait_for_timeout(SECONDS * 1000)
        trace = browser.stop_tracing()
        after = used_heap(page)
        gaps, long_tasks = page.evaluate("[gaps, longTasks]")
    tasks = main_thread_tasks(trace)
    measured = (
        f"{len(tasks)} tasks, the longest {max(tasks) / 1000:.1f} ms of CPU; {len(gaps)} frames,"
        f" the longest gap {max(gaps):.0f} ms; by the wall clock, long tasks of {long_tasks} ms;"
        f" heap {before} -> {after} bytes"
    )
    record_property("measured", measured)
    assert len(gaps) > SECONDS * 20, measured
    assert len(tasks) > len(gaps), measured
    assert max(tasks) <= LONGEST_US, measured
    # The recorded gaps are a part of it.
    assert after - before < MOST_HEAP, measured
