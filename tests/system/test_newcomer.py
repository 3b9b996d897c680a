"""A newcomer follows README.md and docs/embedding.md word by word, with what `make dist` built, on
a site of their own, until two browsers see each other's cursors."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.browser import run_chromium
from tests.support.examples import Block, blocks
from tests.support.operator import pip_installs
from tests.support.server import ROOT, answers, free_port, run_program
from tests.support.waiting import DEADLINE

README, EMBEDDING = "README.md", "docs/embedding.md"
ADD, BY_HAND = "Add it to your site", "By hand, in five lines"
STEPS = ["", "1. The settings", "2. The socket", "3. The page"]
SEEN = "2 people here"

MODELS = """\
import uuid

from django.db import models


class Post(models.Model):
    title = models.CharField(max_length=50)


class Topic(models.Model):
    slug = models.SlugField(primary_key=True)


class Drawing(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
"""

URLS = """\
from django.contrib import admin
from django.urls import path
from django.views.generic import DetailView, TemplateView

from blog.models import Drawing, Post, Topic

urlpatterns = [
    path("admin/", admin.site.urls),
    path("posts/<int:pk>/", DetailView.as_view(model=Post, template_name="blog/post.html")),
    path("topics/<slug:pk>/", DetailView.as_view(model=Topic, template_name="blog/topic.html")),
    path(
        "drawings/<uuid:pk>/",
        DetailView.as_view(model=Drawing, template_name="blog/drawing.html"),
    ),
    path("lobby/", TemplateView.as_view(template_name="blog/lobby.html")),
]
"""

PREPARE = """
from django.core.management import call_command
call_command("makemigrations", "blog", verbosity=0)
call_command("migrate", verbosity=0)
from blog.models import *
Post.objects.create(pk=41, title="News")
Topic.objects.create(slug="live-cursors")
Drawing.objects.create(pk="00000000-0000-4000-8000-000000000041")
"""

PAGES = {
    "post": "posts/41/",
    "topic": "topics/live-cursors/",
    "drawing": "drawings/00000000-0000-4000-8000-000000000041/",
    "lobby": "lobby/",
}
"""The pages of the site, by their templates."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a folder and a virtual environment."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: str) -> str:
        """Run a command line, and return what it printed."""
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def follow(self, steps: Iterable[Block]) -> str:
        """Do what the blocks say, and return the command that runs the site at last."""
        run = ""
        for block in steps:
            for line in block.code.splitlines() if block.language == "sh" else ():
                if "runserver" in line:
                    run = line
                else:
                    self.run(line)
            if block.file:
                path = self.folder / block.file
                path.write_text(f"{path.read_text()}\n{block.code}")
        return run

    @contextmanager
    def running(self, command: str) -> Iterator[str]:
        """Run the site until the block ends; give its origin."""
        origin = f"127.0.0.1:{free_port()}"
        log = self.folder / "server.log"
        is_up = partial(answers, f"http://{origin}/lobby/")
        run = ["sh", "-c", f"exec {command} {origin}"]
        with run_program(run, log, is_up, cwd=self.folder, env=self.environment):
            yield f"http://{origin}/"


@pytest.fixture(scope="module")
def newcomer(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    """An empty folder, and a new virtual environment in which pip finds what `make dist` built, and
    the versions that the tests run with."""
    folder = tmp_path_factory.mktemp("newcomer")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    hidden = ("PYTHONPATH", "DJANGO_SETTINGS_MODULE", "COVERAGE", "PYTEST")
    own = {
        "PATH": f"{folder / 'venv/bin'}:{os.environ['PATH']}",
        "PIP_QUIET": "1",
        **pip_installs(folder, dist),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    (folder / "empty").mkdir()
    return Newcomer(folder / "empty", kept | own)


@pytest.fixture(scope="module")
def sites(newcomer: Newcomer) -> dict[str, Newcomer]:
    """Two equal sites of the newcomer, who has installed presence and knows nothing else of it."""
    newcomer.follow(blocks(README, ADD)[:1])
    newcomer.run("django-admin startproject mysite . && python manage.py startapp blog")
    templates = newcomer.folder / "blog/templates/blog"
    templates.mkdir(parents=True)
    for name in PAGES:
        (templates / f"{name}.html").write_text(f"<!doctype html><title>{name}</title>\n")
    (newcomer.folder / "blog/models.py").write_text(MODELS)
    (newcomer.folder / "mysite/urls.py").write_text(URLS)
    settings = newcomer.folder / "mysite/settings.py"
    settings.write_text(
        settings.read_text().replace("INSTALLED_APPS = [", "INSTALLED_APPS = [\n    'blog',")
    )
    newcomer.run(f"python manage.py shell -c '{PREPARE}'")
    copy = newcomer.folder.parent / "copy"
    shutil.copytree(newcomer.folder, copy)
    return {README: newcomer, EMBEDDING: Newcomer(copy, newcomer.environment)}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A real browser."""
    with run_chromium() as running:
        yield running


@pytest.fixture
def people(chromium: Browser) -> Iterator[list[Page]]:
    """A page each in two browsers, as those of two people."""
    contexts: list[BrowserContext] = [chromium.new_context() for _ in range(2)]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def see_each_other(people: list[Page], url: str) -> None:
    """Open a page as two people, and expect that each sees the other's pointer where it is."""
    for page in people:
        page.goto(url)
    for page in people:
        count = page.locator("presence-overlay [part=count]")
        expect(count).to_have_text(SEEN, timeout=1000 * DEADLINE)
    for number, (mover, observer) in enumerate([people, people[::-1]]):
        x, y = 200 + 100 * number, 150
        mover.mouse.move(x - 50, y)
        mover.mouse.move(x, y)
        observer.wait_for_function(
            """([x, y]) => {
                const [overlay] = document.getElementsByTagName("presence-overlay");
                const cursor = overlay.shadowRoot.querySelector("[part~=cursor]");
                const box = cursor?.getBoundingClientRect();
                const near = (a, b) => Math.abs(a - b) <= 1;
                return box && cursor.checkVisibility() && near(box.left, x) && near(box.top, y);
            }""",
            arg=[x, y],
            timeout=1000 * DEADLINE,
        )


def test_the_readme_and_its_command(sites: dict[str, Newcomer], people: list[Page]) -> None:
    site = sites[README]
    by_hand = blocks(README, BY_HAND, level=3)
    run = site.follow(b for b in blocks(README, ADD)[1:] if b not in by_hand)
    assert SEEN in " ".join((ROOT / README).read_text().split())
    with site.running(run) as origin:
        see_each_other(people, origin + PAGES["post"])


@pytest.mark.long
def test_the_steps_by_hand(sites: dict[str, Newcomer], people: list[Page]) -> None:
    site = sites[EMBEDDING]
    run = site.follow(block for step in STEPS for block in blocks(EMBEDDING, step))
    of_boards = blocks(EMBEDDING, "Boards")
    site.follow(of_boards)
    for tag, name in re.findall(r'(\{% presence_overlay "?(\w+)"? %\})', of_boards[1].code):
        template = site.folder / f"blog/templates/blog/{name}.html"
        if tag not in template.read_text():
            template.write_text(template.read_text() + "{% load presence %}" + tag)
    assert "Nothing is missing" in site.run("python manage.py presence_quickstart blog.Drawing")
    assert "no issues" in site.run("python manage.py check")
    with site.running(run) as origin:
        for page in PAGES.values():
            see_each_other(people, origin + page)


def test_the_lines_in_the_readme_are_those_of_the_steps() -> None:
    followed = [block for step in STEPS for block in blocks(EMBEDDING, step)]
    lines = blocks(README, BY_HAND, level=3)
    assert len(lines) == 2
    assert all(block in followed for block in lines)
