"""What the overlay says, in the language of the page."""

from typing import Any

from django.utils.translation import get_language, gettext, gettext_noop, ngettext

EXAMPLES = (0, 1, 2, 3, 5, 11, 21, 100, 1_000_000)
"""Numbers among which every plural category of every language has one (Unicode CLDR, "Language
Plural Rules"). The count is live, so the browser chooses the form: it knows the categories, and
gettext knows the forms."""

TEXTS = {
    "bar": gettext_noop("People here"),
    "everyone": gettext_noop("Show everyone"),
    "goTo": gettext_noop("Go to {name}"),
    "you": gettext_noop("{name} (you)"),
    "away": gettext_noop("{name} (away)"),
    "hide": gettext_noop("Hide cursors"),
    "unseen": gettext_noop("Appear without a cursor"),
}
"""By their names in the script, which has the same in English."""


def overlay_strings() -> dict[str, Any]:
    """Return the overlay's `strings` in the active language; nothing where they are the English
    ones, which the script has by itself."""
    texts = {name: gettext(text) for name, text in TEXTS.items()}
    forms = {number: _people(number) for number in EXAMPLES}
    if texts == TEXTS and forms[2] == "{count} people here":
        return {}
    return {"locale": get_language(), "people": forms, **texts}


def _people(number: int) -> str:
    return ngettext("{count} person here", "{count} people here", number)
