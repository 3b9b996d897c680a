import os
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec, resolve_name
from pathlib import Path
from textwrap import indent
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.urls import NoReverseMatch, Resolver404, resolve

from presence.checks import reaches_urls
from presence.conf import NAME, get_settings
from presence.management.edits import (
    Unusual,
    add_item,
    add_lines,
    add_urls_import,
    defines,
    list_with,
    taken_from,
)
from presence.runtime import serving

TITLE = "What this site has, and lacks, for live cursors:"
STATIC = "django.contrib.staticfiles"
INCLUDE = 'path("", include("presence.urls"))'

ROUTE = """\
# Django must be set up before this import.
from presence.routing import with_presence  # noqa: E402

NAME = with_presence(NAME)"""

ASGI = """\
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "MODULE")
NAME = get_asgi_application()
"""

HINT = "\nTo have these changes made, add --write to the command."

NEXT = """
Nothing is missing. Next, run `python manage.py migrate`, and put this into the template of a page:

    {% load presence %}
    {% presence_overlay post %}

`post` is an object of your model; a name in quotes is a room without a model. Then run
`python manage.py runserver`, and open the page in two browsers."""

Edit = Callable[[str], str]


@dataclass(frozen=True)
class Finding:
    """Something that the site has or lacks.

    `block` is what to add to the end of `file`, as a developer would; `edit` makes the same change
    in the text of the file. Without `edit`, only a person can decide. No block: nothing is missing.
    """

    what: str
    file: Path | None = None
    block: str = ""
    edit: Edit | None = None


class Command(BaseCommand):
    """Sets up a site for presence: docs/commands.md."""

    help = (
        "Says what the settings, asgi.py and urls.py of this site lack for live cursors, as blocks "
        "to copy. With --write it makes these changes. Exit status: 0 nothing is missing, 1 "
        "something is."
    )
    # What they would complain about is what this command is for.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "board",
            nargs="*",
            help="a model whose objects are boards, such as blog.Post; named rooms need none",
        )
        parser.add_argument(
            "--guests",
            action="store_true",
            help="let guests in where a board has no rule; else only signed-in users",
        )
        parser.add_argument(
            "--write", action="store_true", help="make the changes, in place of printing them"
        )

    def handle(self, *args: Any, board: list[str], guests: bool, write: bool, **_: Any) -> None:
        labels = [_label(name) for name in board]
        findings = list(_findings(labels, guests))
        missing = [finding for finding in findings if finding.block]
        if missing and write:
            sys.exit(self._write(findings, [*board, *(["--guests"] if guests else [])]))
        self._report(findings, _example(labels))
        if missing:
            self.stdout.write(HINT)
            sys.exit(1)

    def _report(self, findings: list[Finding], example: str) -> None:
        """Print what there is, and what to add to each file."""
        self.stdout.write(f"{TITLE}\n")
        blocks: dict[Path | None, list[str]] = {}
        for finding in findings:
            self.stdout.write(f"  {'missing' if finding.block else 'ok':9}{finding.what}")
            if finding.block:
                blocks.setdefault(finding.file, []).append(indent(finding.block, "    "))
        for file, added in blocks.items():
            where = f"the end of {os.path.relpath(file)}" if file else "your site"
            self.stdout.write("\n".join([f"\nAdd to {where}:\n", *added]))
        if not blocks:
            model = example.rpartition(".")[2].lower()
            self.stdout.write(NEXT.replace("post", model))

    def _write(self, findings: list[Finding], arguments: list[str]) -> int:
        """Change the files, and return how a new process of this command ended, whose report this
        prints. If the site does not load with the changes, undo them."""
        before: dict[Path, bytes | None] = {}
        notes = []
        for finding in findings:
            try:
                _change(finding, before)
            except (Unusual, OSError, SyntaxError, UnicodeError) as error:
                where = os.path.relpath(finding.file) if finding.file else "your site"
                notes.append(f"Left to you in {where}: {error}.\n  {finding.block}")
        done = subprocess.run(  # noqa: S603 (this command)
            [sys.executable, "-m", "django", "presence_quickstart", "--no-color", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if not done.stdout.startswith(TITLE):
            for file, text in before.items():
                file.unlink() if text is None else file.write_bytes(text)
            self._report(findings, "")
            reason = done.stderr.strip().rpartition("\n")[2]
            raise CommandError(f"Nothing is changed: the site does not load with it: {reason}")
        notes += [f"Changed {os.path.relpath(file)}" for file in before]
        self.stdout.write("\n".join([*notes, "", done.stdout.replace(HINT, "").strip()]))
        return done.returncode


def _findings(labels: list[str], guests: bool) -> Iterator[Finding]:
    yield from _apps()
    yield from _asgi_setting()
    yield from _presence_setting(labels, guests)
    asgi = getattr(settings, "ASGI_APPLICATION", None) or _asgi_beside_wsgi()
    yield from _route(asgi.replace(":", "."))
    yield from _urls()


def _apps() -> Iterator[Finding]:
    names = [config.name for config in apps.get_app_configs()]
    what = '"daphne" comes before the static files in INSTALLED_APPS: runserver serves WebSockets'
    if "daphne" not in names:
        yield _item("INSTALLED_APPS", "daphne", what, first=True)
    elif STATIC in names and names.index(STATIC) < names.index("daphne"):
        block = '# Move "daphne" to the beginning of INSTALLED_APPS.'
        yield Finding(what, _settings_file("INSTALLED_APPS"), block)
    else:
        yield Finding(what)
    what = f"{STATIC} is in INSTALLED_APPS: it serves the scripts of presence"
    yield Finding(what) if STATIC in names else _item("INSTALLED_APPS", STATIC, what)


def _asgi_setting() -> Iterator[Finding]:
    what = "ASGI_APPLICATION names the application that serves WebSockets"
    found = getattr(settings, "ASGI_APPLICATION", None)
    if found and ":" in found:
        block = f'# Write it with a dot: ASGI_APPLICATION = "{found.replace(":", ".")}"'
        yield Finding(what, _settings_file("ASGI_APPLICATION"), block)
        return
    yield Finding(what) if found else _setting("ASGI_APPLICATION", f'"{_asgi_beside_wsgi()}"', what)


def _presence_setting(labels: list[str], guests: bool) -> Iterator[Finding]:
    what = "PRESENCE names the models whose objects are boards"
    if not hasattr(settings, NAME):
        value = _source({"BOARDS": labels} | ({"GUESTS": True} if guests else {}))
        hint = "" if labels else f'  # such as "{_example(labels)}"; named rooms need none'
        yield _setting(NAME, value + hint, what)
        return
    try:
        given = get_settings()
    except ImproperlyConfigured as error:
        yield Finding(what, _settings_file(NAME), f"# {error}")
        return
    known = {label.lower() for label in given.board_labels}
    lacking = [label for label in labels if label.lower() not in known]
    boards = _source([*given.board_labels, *lacking])
    yield _key("BOARDS", boards, what) if lacking else Finding(what)
    if guests and not given.GUESTS:
        yield _key("GUESTS", "True", "PRESENCE lets guests in")


def _route(asgi: str) -> Iterator[Finding]:
    module, _, name = asgi.rpartition(".")
    what = f"{module} serves the WebSockets of presence"
    file = _file_of(module)
    route = ROUTE.replace("NAME", name)
    if file is None:
        package = find_spec(module.rpartition(".")[0]) if "." in module else None
        folders = list(package.submodule_search_locations or ()) if package else []
        text = ASGI.replace("MODULE", settings.SETTINGS_MODULE).replace("NAME", name)
        text += f"\n{route}"
        new = Path(folders[0], f"{module.rpartition('.')[2]}.py") if folders else None
        yield Finding(what, new, text, lambda source: add_lines(source, text))
        return
    try:
        import_module(module)
    except Exception as error:  # noqa: BLE001 (the site's own code)
        yield Finding(what, file, f"# It cannot be imported: {error!r}")
        return
    if serving.is_set():
        yield Finding(what)
    else:
        yield Finding(what, file, route, lambda source: add_lines(source, route, after=name))


def _urls() -> Iterator[Finding]:
    what = f"{settings.ROOT_URLCONF} includes presence.urls: counts, tokens, metrics, health"
    file = _file_of(settings.ROOT_URLCONF)
    try:
        if reaches_urls():
            yield Finding(what)
        else:
            block = f"# Move {INCLUDE} before a pattern that matches any path."
            yield Finding(what, file, block)
        return
    except NoReverseMatch:
        pass
    try:
        resolve("/presence/counts/")
        taken = True
    except Resolver404:
        taken = False
    add_last = f"urlpatterns += [{INCLUDE}]"
    more = list_with("urlpatterns", INCLUDE, first=True) if taken else add_last
    block = f"from django.urls import include, path\n\n{more}"

    def edit(source: str) -> str:
        if taken:
            raise Unusual("a pattern of yours matches /presence/counts/, so put it before that")
        return add_urls_import(add_item(source, "urlpatterns", INCLUDE), "include", "path")

    yield Finding(what, file, block, edit)


def _item(name: str, text: str, what: str, first: bool = False) -> Finding:
    """Return the finding that a list of the settings lacks a text."""
    item = f'"{text}"'

    def edit(source: str) -> str:
        return add_item(source, name, item, first=first)

    return Finding(what, _settings_file(name), list_with(name, item, first=first), edit)


def _setting(name: str, value: str, what: str) -> Finding:
    """Return the finding that a setting is missing."""
    block = f"{name} = {value}"
    # Where the lists are, which all settings modules of the site share.
    file = _settings_file("INSTALLED_APPS")
    return Finding(what, file, block, lambda source: add_lines(source, block, binds=name))


def _key(name: str, value: str, what: str) -> Finding:
    """Return the finding that `PRESENCE` lacks a value of a key."""
    block = f'{NAME}["{name}"] = {value}'
    return Finding(
        what, _settings_file(NAME), block, lambda source: add_lines(source, block, after=NAME)
    )


def _source(value: object) -> str:
    return str(value).replace("'", '"')


def _change(finding: Finding, before: dict[Path, bytes | None]) -> None:
    """Change the file of a finding; `before` gets what it was. Raises `Unusual` where it is better
    left alone."""
    file = finding.file
    if not finding.block:
        return
    if file is None or finding.edit is None:
        raise Unusual("only you can decide this")
    if {"site-packages", "dist-packages"} & set(file.parts):
        raise Unusual("this file is not of your site")
    old = file.read_bytes() if file.exists() else None
    new = finding.edit((old or b"").decode()).encode()
    before.setdefault(file, old)
    file.write_bytes(new)


def _settings_file(name: str) -> Path | None:
    """Return the file that defines a setting: of the settings module, or of those that it imports
    from. It is the settings module's own where that cannot be told."""
    waiting, seen = [settings.SETTINGS_MODULE], set()
    while waiting:
        module = waiting.pop(0)
        file = _file_of(module)
        if file is None or module in seen:
            continue
        seen.add(module)
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        try:
            source = file.read_text("utf-8")
            if defines(source, name):
                return file
            waiting += [resolve_name(each, package) for each in taken_from(source, name)]
        except (UnicodeError, SyntaxError, ImportError):  # Such a file is left alone.
            continue
    return _file_of(settings.SETTINGS_MODULE)


def _file_of(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _asgi_beside_wsgi() -> str:
    """Return the dotted path of the ASGI application, in the package of wsgi.py or of the URLs."""
    wsgi = getattr(settings, "WSGI_APPLICATION", None) or settings.ROOT_URLCONF
    package = wsgi.removesuffix(".application").rpartition(".")[0]
    return f"{package}.asgi.application".lstrip(".")


def _label(name: str) -> str:
    try:
        return str(apps.get_model(name)._meta.label)
    except (LookupError, ValueError) as error:
        raise CommandError(
            f"{name} is no model of this site. Its models are: {', '.join(_models())}."
        ) from error


def _models() -> list[str]:
    """Return the models of the site's own apps, that of its users last."""
    found = [
        model._meta.label
        for config in apps.get_app_configs()
        if config.name != "presence"
        and not {"site-packages", "dist-packages"} & set(Path(config.path).parts)
        for model in config.get_models()
    ]
    return sorted(found, key=lambda label: label == settings.AUTH_USER_MODEL)


def _example(labels: list[str]) -> str:
    return next(iter([*labels, *_models()]), "blog.Post")
