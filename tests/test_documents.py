"""The documents match the code: settings, checks, commands, files, functions and links."""

import ast
import re
from dataclasses import fields
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from benchmarks import report, rolling
from presence.conf import Settings
from presence.server.logs import EVENTS
from presence.store.base import ACCOUNT
from presence.store.history import SPANS
from presence.store.redis.scripts import Keys

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("deploy/*.md"),
        ROOT / "presence/PROTOCOL.md",
    ]
)


def text(name: str) -> str:
    return (ROOT / name).read_text()


def rows(name: str, section: str = "") -> dict[str, list[str]]:
    """Return the table rows of a section by their first cell; "": of the text before the first."""
    lines = text(name).partition(f"\n## {section}\n")[2] if section else text(name)
    found = re.findall(r"^\| `([^`]+)` \|(.*)\|$", lines.partition("\n## ")[0], re.MULTILINE)
    return {first: [cell.strip() for cell in rest.split("|")] for first, rest in found}


def test_every_setting_is_documented_with_its_default() -> None:
    documented = rows("docs/settings.md")
    for field in fields(Settings):
        assert field.name in documented, field.name
        default = documented[field.name][0].strip("`").strip('"')
        assert default == str(field.default), field.name


def test_every_variable_of_the_site_is_documented() -> None:
    source = text("presence_site/environment.py") + text("presence_site/settings.py")
    read = set(re.findall(r'environ(?:ment)?(?:\.get\(|, |\[)"([A-Z_]+)"', source))
    assert read >= {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"}
    assert read <= rows("docs/settings.md", "The example site").keys()


def test_every_check_is_documented() -> None:
    sources = map(text, ["presence/checks.py", "presence/admin/__init__.py"])
    raised = {number for each in sources for number in re.findall(r'"(presence\.[EW]\d+)"', each)}
    assert raised
    assert raised == rows("docs/checks.md").keys()


def test_every_management_command_is_documented_with_its_options() -> None:
    commands = [
        path for path in ROOT.glob("presence/management/commands/*.py") if path.stem[0] != "_"
    ]
    assert commands
    for command in commands:
        assert f"\n## {command.stem}\n" in text("docs/commands.md")
        documented = rows("docs/commands.md", command.stem).keys()
        for option in re.findall(r'add_argument\(\s*"([^"]+)"', command.read_text()):
            assert option in {row.split()[0] for row in documented}, f"{command.stem} {option}"


def test_every_situation_of_a_page_is_documented() -> None:
    pages = {path.stem: path.read_text() for path in ROOT.glob("tests/situations/pages/*.html")}
    reasons = {name: re.findall(r"{# impossible: (.+) #}", page) for name, page in pages.items()}
    impossible = {name: reason for name, reason in reasons.items() if reason}
    assert impossible
    assert rows("docs/overlay.md", "The same thing under both pointers") == impossible
    section = text("docs/overlay.md").partition("\n## The same thing under both pointers\n")[2]
    listed = re.findall(r"`([a-z0-9-]+)`", section.partition("\n|")[0])
    assert listed == sorted(pages.keys() - impossible)


def test_every_attribute_of_the_overlay_is_documented() -> None:
    source = "".join(path.read_text() for path in ROOT.glob("presence/client/src/overlay/*.ts"))
    observed = re.findall(r"observedAttributes = \[(.*)\]", source)[0].replace('"', "").split(", ")
    attributes = {*observed, *re.findall(r'getAttribute\("([a-z-]+)"\)', source)}
    assert attributes >= {"board", "surface", "avatars"}
    assert attributes <= rows("docs/overlay.md", "Attributes").keys()


def test_every_log_event_is_documented() -> None:
    source = text("presence/server/logs.py")
    events = {*re.findall(r'_log\(\s*"(\w+)"', source), *EVENTS.values()}
    assert events | {"refusal"} == rows("docs/operations.md", "Logs").keys()


def test_every_command_is_in_the_help() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    helped = set(re.findall(r"^([a-z]+):.*## ", text("Makefile"), re.MULTILINE))
    assert targets == helped
    for command in ("make run", "make check", "make test", "make bench", "make help"):
        assert command in text("README.md")


@pytest.mark.parametrize("made_by", [report, rolling])
def test_measured_figures_are_in_the_document(made_by: Any) -> None:
    made = text("docs/performance.md").partition(made_by.BEGIN)[2].partition(made_by.END)[0]
    assert "Measured on" in made
    assert re.search(r"^\|.*\d", made, re.MULTILINE)


def test_what_contributors_are_told_of_is_there() -> None:
    told = text("CONTRIBUTING.md")
    paths = re.findall(r"`((?:presence|tests|docs|deploy|\.ci)[\w.]*/[\w./]*)`", told)
    assert len(paths) > 25
    for path in paths:
        assert (ROOT / path).exists(), path
    targets = re.findall(r"^([a-z]+):.*## ", text("Makefile"), re.MULTILINE)
    assert {*re.findall(r"`make ([a-z]+)", told)} <= {*targets}


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#?([^)]*)\)", document.read_text()):
        if not target.startswith("http"):
            file = document.parent / target if target else document
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def test_the_readme_links_to_every_document() -> None:
    for document in [*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")]:
        path = str(document.relative_to(ROOT))
        assert path == "README.md" or f"]({path})" in text("README.md"), path


PRIVACY = text("docs/privacy.md")


def test_the_page_on_privacy_has_every_key_in_redis() -> None:
    keys, board = Keys("presence"), UUID(int=0)
    history = [(each, span.name, 7) for each in (board, None) for span in SPANS]
    arguments: dict[str, list[tuple[Any, ...]]] = {
        "board": [(board,)],
        "person": [(f"{ACCOUNT}<person>",), ("<person>",)],
        "name": [(board,)],
        "history": history,
    }
    found: set[str] = set()
    for name in vars(Keys):
        if name.startswith("_") or name == "prefix":
            continue
        made = getattr(keys, name)
        for each in [made(*given) for given in arguments[name]] if callable(made) else [made]:
            found |= {each} if isinstance(each, str) else {*each}
    assert len(found) > 20
    for key in found:
        shown = key.replace(board.hex, "<board>").replace(f"{ACCOUNT}<", "<")
        assert f"`{re.sub(':7$', ':<page>', shown)}`" in PRIVACY, key


def test_the_page_on_privacy_has_all_that_a_browser_keeps() -> None:
    stored = [
        "presence-hide",
        "presence-unseen",
        "presence-guest <origin>",
        Settings().GUEST_COOKIE,
    ]
    for name in stored:
        assert f"`{name}`" in PRIVACY
    sources = {path: path.read_text() for path in ROOT.glob("presence/client/src/**/*.ts*")}
    storage = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.")
    users = {path.name for path, source in sources.items() if storage.search(source)}
    assert users == {"environment.ts", "sharing.ts"}  # Who shares compares the CSRF cookie.
    writers = {path.name for path, source in sources.items() if "remember(" in source}
    assert writers == {"environment.ts", "preferences.ts", "tokens.ts"}
    python = {path: path.read_text() for path in ROOT.glob("presence/**/*.py")}
    setters = {path.name for path, source in python.items() if ".set_cookie(" in source}
    assert setters == {"guests.py"}
    assert not any("request.session[" in source for source in python.values())


def test_the_page_on_privacy_has_what_logs_contain_only_if_asked() -> None:
    source = text("presence/server/logs.py").partition("self._names")[2]
    for field in ("name", "person", "address"):
        assert f'"{field}"' in source
        assert f"`{field}`" in PRIVACY.partition("## What the logs contain")[2]


ARCHITECTURE = text("docs/architecture.md")
PLACES = set(re.findall(r"`([\w/.]+\.(?:py|ts|lua))(?::([\w.]+))?`", ARCHITECTURE))
"""Files, and functions, classes or constants in them: `path.py` and `path.py:Class.method`."""


def test_every_place_in_the_architecture_exists() -> None:
    assert len(PLACES) > 100
    assert [f"{file}:{name}" for file, name in sorted(PLACES) if not exists(file, name)] == []


def exists(file: str, name: str) -> bool:
    found = [path for path in (ROOT / "presence" / file, ROOT / file) if path.is_file()]
    if not found or not name:
        return bool(found)
    source = found[0].read_text()
    return name in (python_names(source) if file.endswith(".py") else re.findall(r"\w+", source))


def python_names(source: str) -> set[str]:
    """Return what a file defines: "function", "CONSTANT", "Class" and "Class.method"."""
    names = set()
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name, body=body):
                names |= {name, *(f"{name}.{getattr(inner, 'name', '')}" for inner in body)}
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return names


def test_each_way_has_at_most_eight_steps() -> None:
    ways = re.findall(r"^## (The way of .+)\n((?:.*\n)+?)(?=^## )", ARCHITECTURE, re.MULTILINE)
    assert len(ways) == 4
    for way, steps in ways:
        assert 3 <= len(re.findall(r"^\d\. ", steps, re.MULTILINE)) <= 8, way
