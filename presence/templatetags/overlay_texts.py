"""The texts of the overlay in the language of the page."""

from typing import Any

from django.utils.translation import get_language, gettext, gettext_noop, ngettext

EXAMPLES = (0, 1, 2, 3, 5, 11, 21, 100, 1_000_000)
"""Numbers that cover every plural category of every language (Unicode CLDR, "Language Plural
Rules"). The browser knows the category of a live count, and gettext the form for a number, so each
form is sent under the numbers it belongs to."""

TEXTS = {
    "bar": gettext_noop("People here"),
    "everyone": gettext_noop("Show everyone"),
    "goTo": gettext_noop("Go to {name}"),
    "you": gettext_noop("{name} (you)"),
    "away": gettext_noop("{name} (away)"),
    "signedIn": gettext_noop("signed in"),
    "guest": gettext_noop("guest"),
    "hide": gettext_noop("Hide cursors"),
    "unseen": gettext_noop("Appear without a cursor"),
    "watching": gettext_noop("The board is full: you are watching"),
    "closed": gettext_noop("You cannot see who is here"),
    "lost": gettext_noop("No connection; trying again"),
    "removed": gettext_noop("You were removed"),
    "sign-in": gettext_noop("Sign in to see who is here"),
    "try-later": gettext_noop("Too busy; trying again"),
}
"""English texts by their names in the script, which has the same texts."""


def overlay_strings() -> dict[str, Any]:
    """Return the overlay's `strings`; empty for English, which the script has itself."""
    texts = {name: gettext(text) for name, text in TEXTS.items()}
    forms = {n: ngettext("{count} person here", "{count} people here", n) for n in EXAMPLES}
    if texts == TEXTS and forms[2] == "{count} people here":
        return {}
    return {"locale": get_language(), "people": forms, **texts}
