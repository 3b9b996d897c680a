"""The catalogues: every language has every text, in Python, in templates and in the script."""

import gettext
import re
from pathlib import Path

import pytest

import presence
from presence.templatetags.overlay_texts import TEXTS

APP = Path(presence.__file__).parent
LOCALES = APP / "locale"
LANGUAGES = sorted(path.name for path in LOCALES.iterdir())
SCRIPT = next(APP.glob("client/src/**/strings.ts"))
CALL = re.compile(r'\b(?:n?gettext(?:_lazy|_noop)?|_)\(\s*"(.*?)"')
TAG = re.compile(r'translate "(.*?)" ')
FIELD = re.compile(r"\{\w+\}|%\(\w+\)s")
BY_DJANGO = {"History"}
"""Texts that the catalogues of Django's admin have."""
SAME = {"Action", "Board", "Boards", "Name", "Online", "Tabs", "online"}
"""English words that German or French has, too."""

Entries = dict[str | tuple[str, int], str]


def source_texts():
    """Yield the texts of the code and of the templates."""
    for file in APP.rglob("*.py"):
        yield from CALL.findall(file.read_text())
    for file in (APP / "templates").rglob("*.html"):
        yield from TAG.findall(file.read_text())


def entries(language):
    """Read a .po file as gettext reads a .mo: plural forms under (text, number of the form)."""
    text = (LOCALES / language / "LC_MESSAGES" / "django.po").read_text()
    found = {}
    for block in text.split("\n\n"):
        lines = dict(re.findall(r'^(msg\w+(?:\[\d\])?) "(.*)"$', block, re.MULTILINE))
        for key, value in lines.items():
            if key == "msgstr" and lines["msgid"]:
                found[lines["msgid"]] = value
            elif key.startswith("msgstr["):
                found[lines["msgid"], int(key[7:-1])] = value
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_whole_and_compiled(language):
    with (LOCALES / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        catalog = gettext.GNUTranslations(file)
    compiled = {key: text for key, text in catalog._catalog.items() if key}  # type: ignore[attr-defined]
    assert compiled == entries(language), "run msgfmt, or django-admin compilemessages"
    assert all(compiled.values())
    texts = {*source_texts()} - BY_DJANGO
    assert len(texts) > 80
    assert texts <= {key if isinstance(key, str) else key[0] for key in compiled}
    for key, text in compiled.items():
        if isinstance(key, str):
            assert sorted(FIELD.findall(text)) == sorted(FIELD.findall(key))
        else:
            assert {*FIELD.findall(text)} <= {*FIELD.findall(key[0])}
    assert {key for key, text in compiled.items() if key == text} <= SAME - {*TEXTS.values()}


def test_the_script_says_the_same_in_english():
    texts = dict(re.findall(r'^  "?([\w-]+)"?: "(.*)",$', SCRIPT.read_text(), re.MULTILINE))
    assert texts.pop("locale") == "en"
    assert texts == TEXTS
