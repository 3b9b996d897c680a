"""A real Chromium: the system's, since browsers are not downloaded."""

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
