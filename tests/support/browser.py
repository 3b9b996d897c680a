"""A real Chromium: the system's, since browsers are not downloaded."""

import json
import shutil

from playwright.sync_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright) -> Browser:
    """Start the browser; a machine without one fails the test that needs it."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, f"no browser here: install one of {', '.join(NAMES)}"
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


def main_thread_tasks(trace: bytes) -> list[int]:
    """Return the CPU time of each task of the page's main thread, in microseconds.

    Not the wall clock: on a machine that others use, a task that waits for a core is no slow task.
    """
    events = json.loads(trace)["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        event["tdur"]
        for event in events
        if (event["pid"], event["tid"]) in main
        and event.get("cat") == "toplevel"
        and "tdur" in event
    ]
