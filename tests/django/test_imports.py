"""What a site imports: former names of modules, and the routes without Django's admin."""

import subprocess
import sys

import pytest

from presence import MOVED
from tests.support.server import ROOT

SETUP = "import django\nfrom django.conf import settings\n{configure}\ndjango.setup()\n"
EXAMPLE_SITE = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'"
WITHOUT_ADMIN = """
apps = ["django.contrib.auth", "django.contrib.contenttypes", "channels", "presence"]
settings.configure(INSTALLED_APPS=apps, ROOT_URLCONF="presence.urls")
"""
DOCUMENTED = {
    "history": ("minutes", "aminutes", "hours", "ahours"),
    "logs": ("JsonFormatter",),
    "middleware": ("GuestMiddleware",),
    "overview_admin": ("OverviewAdmin",),
    "processes": ("figures", "afigures"),
    "trend": ("plots_of",),
}


def run(code, configure=EXAMPLE_SITE):
    """Run code in a new interpreter after Django is set up; return its output and its warnings."""
    program = SETUP.format(configure=configure) + code
    done = subprocess.run(
        [sys.executable, "-W", "always::DeprecationWarning", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_a_module_is_found_under_its_former_name():
    code = "import sys\n"
    for former, names in DOCUMENTED.items():
        code += f"from presence.{former} import {', '.join(names)}\n"
        code += f"print(sys.modules['presence.{former}'].__spec__.name)\n"
    said, warned = run(code)
    assert said.split() == [MOVED[f"presence.{former}"] for former in DOCUMENTED]
    for former, present in MOVED.items():
        assert f"DeprecationWarning: {former} has moved to {present}." in warned


def test_a_module_that_never_was_is_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'presence\.nowhere'"):
        __import__("presence.nowhere")


def test_the_former_name_of_the_formatter_works_in_logging():
    config = {
        "version": 1,
        "formatters": {"json": {"()": "presence.logs.JsonFormatter"}},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "json",
                                "stream": "ext://sys.stdout"}},
        "root": {"handlers": ["stdout"]},
    }  # fmt: skip
    configure = f"{WITHOUT_ADMIN[:-2]}, LOGGING={config!r})"
    said, warned = run("import logging; logging.getLogger('x').error('It works.')", configure)
    assert '"message": "It works."' in said
    assert "presence.logs has moved to presence.server.logs." in warned


def test_routes_need_no_admin():
    code = """
from django.urls import resolve
from presence.routing import websocket_urlpatterns
print(resolve("/presence/history/hours.csv").url_name, resolve("/metrics").url_name)
print(*(route.pattern for route in websocket_urlpatterns))
"""
    said, _ = run(code, WITHOUT_ADMIN)
    patterns = ["ws/presence/<path:board>/", "^ws/presence/"]
    assert said.split() == ["history_hours", "metrics", *patterns]
