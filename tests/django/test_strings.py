"""What the overlay says in each language, and how the tag passes it on."""

import gettext
import html
import json
import re
from pathlib import Path

import pytest
from django.utils import translation

import presence
from presence.overlay import EXAMPLES, TEXTS, overlay_strings
from tests.django.test_tag import attributes, render

LOCALES = Path(presence.__file__).parent / "locale"
LANGUAGES = sorted(path.name for path in LOCALES.iterdir())
SCRIPT = Path(presence.__file__).parent / "client" / "src" / "overlay" / "strings.ts"


def entries(language: str) -> dict[str | tuple[str, int], str]:
    """Read a .po file as gettext reads a .mo: plural forms under (text, number of the form)."""
    text = (LOCALES / language / "LC_MESSAGES" / "django.po").read_text()
    found: dict[str | tuple[str, int], str] = {}
    for block in text.split("\n\n"):
        said = dict(re.findall(r'^(msg\w+(?:\[\d\])?) "(.*)"$', block, re.MULTILINE))
        for key, value in said.items():
            if key == "msgstr" and said["msgid"]:
                found[said["msgid"]] = value
            elif key.startswith("msgstr["):
                found[said["msgid"], int(key[7:-1])] = value
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_whole_and_compiled(language: str) -> None:
    with (LOCALES / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        catalog = gettext.GNUTranslations(file)
    compiled = {key: text for key, text in catalog._catalog.items() if key}  # type: ignore[attr-defined]
    assert compiled == entries(language), "run msgfmt, or django-admin compilemessages"
    assert set(TEXTS.values()) <= compiled.keys()
    for text in TEXTS.values():
        assert compiled[text] != text
        assert re.findall(r"\{\w+\}", compiled[text]) == re.findall(r"\{\w+\}", text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_speaks_it(language: str) -> None:
    app = Path(presence.__file__).parent
    page = (app / "templates/presence/admin/overview.html").read_text()
    texts = re.findall(r'translate "(.*?)" (?:as \w+ )?%', page)
    for name in ("admin/charts.py", "admin/overview.py"):
        texts += re.findall(r'gettext\("(.*?)"\)', (app / name).read_text())
    assert len(texts) > 30
    with translation.override(language):
        missing = {text for text in texts if translation.gettext(text) == text}
    assert missing <= {"Board", "Boards"}, "which are German, too"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_panel_of_a_board_speaks_it(language: str) -> None:
    folder = Path(presence.__file__).parent / "templates/presence/admin"
    pages = [(folder / name).read_text() for name in ("panel.html", "person.html")]
    texts = {text for page in pages for text in re.findall(r'translate "(.*?)" ', page)}
    assert len(texts) > 15
    with translation.override(language):
        missing = {text for text in texts if translation.gettext(text) == text}
    assert missing <= {"Name", "Tabs", "Action"}, "which are German or French, too"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_of_the_code_is_spoken(language: str) -> None:
    texts: set[str] = set()
    for file in Path(presence.__file__).parent.rglob("*.py"):
        texts |= {*re.findall(r'\b(?:n?gettext(?:_lazy)?|_)\(\s*"(.*?)"', file.read_text())}
    assert len(texts) > 30
    assert texts <= {key if isinstance(key, str) else key[0] for key in entries(language)}


def test_the_script_says_the_same_in_english() -> None:
    said = dict(re.findall(r'^  (\w+): "(.*)",$', SCRIPT.read_text(), re.MULTILINE))
    assert said.pop("locale") == "en"
    assert said == TEXTS


def test_english_is_left_to_the_script() -> None:
    for language in ("en", "en-gb", "tlh"):
        with translation.override(language):
            assert overlay_strings() == {}
            assert "strings" not in attributes(render())


def test_the_forms_of_arabic_under_examples_of_their_numbers() -> None:
    with translation.override("ar"):
        forms = overlay_strings()["people"]
    assert tuple(forms) == EXAMPLES
    assert len(set(forms.values())) == 6


def test_the_tag_speaks_the_active_language() -> None:
    with translation.override("de"):
        told = json.loads(html.unescape(attributes(render())["strings"]))
    assert told["locale"] == "de"
    assert told["hide"] == "Zeiger ausblenden"
    assert (told["people"]["1"], told["people"]["5"]) == (
        "{count} Person hier",
        "{count} Personen hier",
    )
