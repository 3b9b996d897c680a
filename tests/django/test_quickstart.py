"""`presence_quickstart` on new projects and on awkward ones, each in a folder of its own."""

import difflib
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.server import ROOT

SETTINGS, ASGI, URLS = "mysite/settings.py", "mysite/asgi.py", "mysite/urls.py"
LIST = '"django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"'
BASE = f"""\
SECRET_KEY = "x"  # of the tests
DJANGO_APPS = [{LIST}]
INSTALLED_APPS = DJANGO_APPS + [
    "django.contrib.staticfiles",
    "presence",
]
MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",  # who is it?
    "django.contrib.messages.middleware.MessageMiddleware"
)
ROOT_URLCONF = "config.urls"
STATIC_URL = "static/"
"""


@dataclass(frozen=True)
class Site:
    """A project in a folder, and its settings module."""

    folder: Path
    settings: str = "mysite.settings"

    def quickstart(self, *arguments: str, settings: str = "") -> tuple[int, str]:
        """Run the command, and return its exit status and what it said."""
        done = subprocess.run(
            [sys.executable, "-m", "django", "presence_quickstart", *arguments],
            cwd=self.folder,
            env=os.environ
            | {
                "DJANGO_SETTINGS_MODULE": settings or self.settings,
                "PYTHONPATH": str(ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def files(self) -> dict[str, bytes]:
        """Return what is in each file."""
        found = self.folder.rglob("*.py")
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    def write(self, **texts: str) -> None:
        """Write files; in their names, __ stands for a slash."""
        for name, text in texts.items():
            path = self.folder / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def change(self, file: str, old: str, new: str) -> None:
        """Change a text in a file."""
        path = self.folder / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `django-admin startproject` makes, with presence in it."""
    folder = tmp_path_factory.mktemp("project")
    command = [sys.executable, "-m", "django", "startproject", "mysite", str(folder)]
    subprocess.run(command, check=True)
    with (folder / SETTINGS).open("a") as settings:
        settings.write('\nINSTALLED_APPS += ["presence"]\n')
    return folder


@pytest.fixture
def site(project: Path, tmp_path: Path) -> Site:
    """A new project."""
    shutil.copytree(project, tmp_path, dirs_exist_ok=True)
    return Site(tmp_path)


def added(old: bytes, new: bytes) -> list[str]:
    """Return the lines that were added; fail if another one was changed."""
    lines = [*difflib.ndiff(old.decode().split("\n"), new.decode().split("\n"))]
    removed = [line[2:] for line in lines if line.startswith("- ")]
    assert set(removed) <= {"from django.urls import path"}
    return [line[2:].strip() for line in lines if line.startswith("+ ") and line[2:].strip()]


def test_a_new_project(site: Site) -> None:
    before = site.files()
    status, said = site.quickstart("auth.user")
    assert (status, said.count("\n  missing ")) == (1, 5)
    assert site.files() == before

    blocks = said.partition("Add to the end of")[2].partition("To have these")[0]
    by_hand = Site(site.folder / "by_hand")
    for name, text in before.items():
        by_hand.write(**{name.removesuffix(".py").replace("/", "__"): text.decode()})
    for block in blocks.split("Add to the end of "):
        file, _, lines = block.strip().partition(":\n")
        with (by_hand.folder / file).open("a") as out:
            out.write(textwrap.dedent(lines.lstrip("\n")))
    assert by_hand.quickstart("auth.User")[0] == 0

    status, said = site.quickstart("auth.User", "--guests", "--write")
    assert status == 0, said
    assert all(f"Changed {file}\n" in said for file in (SETTINGS, ASGI, URLS))
    assert "Nothing is missing. Next, " in said
    after = site.files()
    assert {name for name in after if name in before and after[name] != before[name]} == {
        SETTINGS,
        ASGI,
        URLS,
    }
    assert added(before[SETTINGS], after[SETTINGS]) == [
        "'daphne',",
        'ASGI_APPLICATION = "mysite.asgi.application"',
        'PRESENCE = {"BOARDS": ["auth.User"], "GUESTS": True}',
    ]
    assert added(before[ASGI], after[ASGI])[-1] == "application = with_presence(application)"
    assert added(before[URLS], after[URLS]) == [
        "from django.urls import include, path",
        "path('', include('presence.urls')),",
    ]
    assert site.quickstart("auth.User", "--guests", "--write")[0] == 0
    assert site.files() == after


def test_more_boards_and_guests_for_a_site_that_has_some(site: Site) -> None:
    assert site.quickstart("auth.User", "--write")[0] == 0
    before = site.files()
    assert 'PRESENCE["BOARDS"] = ["auth.User", "auth.Group"]' in site.quickstart("auth.Group")[1]
    assert site.quickstart("auth.Group", "auth.user", "--guests", "--write")[0] == 0
    after = site.files()
    assert {path for path in after if after[path] != before[path]} == {SETTINGS}
    assert added(before[SETTINGS], after[SETTINGS]) == [
        'PRESENCE["BOARDS"] = ["auth.User", "auth.Group"]',
        'PRESENCE["GUESTS"] = True',
    ]
    assert site.quickstart("auth.Group", "--guests", "--write")[0] == 0
    assert site.files() == after


def test_settings_in_a_package_without_an_asgi_module(tmp_path: Path) -> None:
    site = Site(tmp_path, "config.settings.dev")
    site.write(
        config__settings____init__="",
        config__settings__base=BASE,
        config__settings__dev="from .base import *\n\nDEBUG = True\n",
        config__settings__prod="from .base import *\nMIDDLEWARE = [*MIDDLEWARE]\n",
        config__urls="from django.urls import path\nurlpatterns = []\n",
    )
    before = site.files()
    status, said = site.quickstart("--write")
    assert status == 0, said
    after = site.files()
    assert {name for name in after if after[name] != before.get(name)} == {
        "config/settings/base.py",
        "config/urls.py",
        "config/asgi.py",
    }
    text = after["config/settings/base.py"].decode()
    assert '    "presence",\n]\nINSTALLED_APPS = ["daphne", *INSTALLED_APPS]\n' in text
    assert 'PRESENCE = {"BOARDS": []}  # such as "' in text
    assert site.quickstart(settings="config.settings.prod")[0] == 0


def test_an_awkward_site(site: Site) -> None:
    """What cannot be changed safely is left, with the reason; the rest is changed."""
    site.change(SETTINGS, "INSTALLED_APPS = [", "if True:\n  INSTALLED_APPS = [")
    site.change(
        URLS, "admin.site.urls),", "admin.site.urls),\n    path('<path:p>', admin.site.index),"
    )
    site.change(
        ASGI,
        "application = get_asgi_application()",
        "from channels.routing import ProtocolTypeRouter, URLRouter\n\n\n"
        "def wrap(application):  # our own\n    return application\n\n\n"
        "application = wrap(ProtocolTypeRouter(\n"
        '    {"http": get_asgi_application(), "websocket": URLRouter([])}\n))',
    )
    before = site.files()
    status, said = site.quickstart("--write")
    assert status == 1
    assert "Left to you in mysite/settings.py: it makes INSTALLED_APPS in a way" in said
    assert "Left to you in mysite/urls.py: a pattern of yours matches /presence/counts/" in said
    assert 'urlpatterns = [path("", include("presence.urls")), *urlpatterns]' in said
    assert said.count("\n  missing ") == 2
    after = site.files()
    assert after[URLS] == before[URLS]
    assert added(before[ASGI], after[ASGI])[-1] == "application = with_presence(application)"


def test_what_is_there_and_has_no_effect(site: Site) -> None:
    """URLs behind a pattern that matches any path, and an application as servers write it."""
    assert site.quickstart("--write")[0] == 0
    site.change(SETTINGS, '"mysite.asgi.application"', '"mysite.asgi:application"')
    site.change(URLS, "urlpatterns = [", "urlpatterns = [\n    path('<path:p>', admin.site.index),")
    before = site.files()
    for arguments in ((), ("--write",)):
        status, said = site.quickstart(*arguments)
        assert (status, said.count("\n  missing ")) == (1, 2)
        assert '# Write it with a dot: ASGI_APPLICATION = "mysite.asgi.application"' in said
        assert '# Move path("", include("presence.urls")) before a pattern that matches' in said
    assert site.files() == before


def test_a_site_of_which_no_file_can_be_changed(site: Site) -> None:
    path = site.folder / SETTINGS
    path.write_text(f"# coding: latin-1\n{path.read_text()}\nNAME = 'ü'\n", "latin-1")
    site.change(URLS, "from django.urls import path", "from django.urls import re_path as path")
    site.change(ASGI, "application = ", "raise RuntimeError('our fault')\napplication = ")
    before = site.files()
    status, said = site.quickstart("--write")
    assert status == 1
    assert said.count("Left to you in mysite/settings.py: 'utf-8' codec") == 3
    assert "its name path is not that of django.urls" in said
    assert "It cannot be imported: RuntimeError('our fault')" in said
    assert site.files() == before


def test_changes_with_which_the_site_does_not_load_are_taken_back(site: Site) -> None:
    site.change(URLS, "]\n", "]\nassert len(urlpatterns) == 1, 'no more pages'\n")
    site.change(URLS, "from django.urls import path", "from django.urls import path, include")
    before = site.files()
    status, said = site.quickstart("--write")
    assert (status, "Nothing is changed: the site does not load with it" in said) == (1, True)
    assert "no more pages" in said
    assert "Add to the end of mysite/asgi.py:" in said
    assert site.files() == before


def test_a_model_that_is_not_there(site: Site) -> None:
    site.write(
        blog____init__="",
        blog__models="from django.db import models\n\n\nclass Post(models.Model):\n    pass\n",
    )
    site.change(SETTINGS, '+= ["presence"]', '+= ["presence", "blog"]')
    status, said = site.quickstart("blog.Page")
    assert (status, "blog.Page is no model of this site. Its models are: blog.Post." in said) == (
        1,
        True,
    )
