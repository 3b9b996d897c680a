"""What a page costs the browser while a hundred people on its board move."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from playwright.sync_api import Browser, Page

from benchmarks.load import WARM_UP, Load
from tests.support.browser import main_thread_tasks
from tests.support.server import ROOT, Server

PEOPLE, RATE, SECONDS = 100, 20.0, 5.0
LONGEST_US = 50_000

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
    load = Load(server.port, f"/ws/presence/{board}/", "presence", PEOPLE, RATE, seconds)
    command = [sys.executable, "-m", "benchmarks.clients"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    people = subprocess.Popen(command, cwd=ROOT, env=server.environment, **pipes)  # type: ignore[call-overload]
    try:
        people.stdin.write(json.dumps(asdict(load)) + "\n")
        people.stdin.flush()
        assert people.stdout.readline() == "ready\n"

        def move() -> None:
            people.stdin.write(f"{time.monotonic()}\n")
            people.stdin.flush()

        yield move
    finally:
        people.kill()
        people.communicate()


def used_heap(page: Page) -> int:
    """Return the bytes of script objects that are left after collecting garbage."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.enable")
    for _ in range(3):
        devtools.send("HeapProfiler.collectGarbage")
    used = int(devtools.send("Runtime.getHeapUsage")["usedSize"])
    devtools.detach()
    return used


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
        page.wait_for_timeout(WARM_UP * 1000)
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
    assert after - before < 200_000, measured
