"""`{% load presence %}`: the tags by which a page takes part."""

import json
import logging
from typing import Any
from uuid import UUID

from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import get_script_prefix
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from presence.auth import visitor_name
from presence.conf import get_settings
from presence.guests import guest_person
from presence.identity import anonymous_name
from presence.middleware import guest_of
from presence.strings import overlay_strings

logger = logging.getLogger(__name__)
register = template.Library()


@register.simple_tag(takes_context=True)
def presence_overlay(
    context: Context, board: Any, surface: str = "", name: str = "", theme: str = "", bar: str = ""
) -> str:
    """Put everyone's cursors and the people over the page.

    `board` is a board, its UUID, or that as text; `surface` a CSS selector of the element that is
    shared (the viewport where empty); `name` what a guest is called (a kind anonymous name where
    empty); `theme` "light" or "dark" (as the visitor's system where empty); `bar` where the people
    stand (docs/overlay.md). It speaks the active language. Renders nothing with presence switched
    off, and nothing, with a line in the log, where anything goes wrong: the page comes first.
    """
    try:
        if not get_settings().ENABLED:
            return ""
        shown = {"surface": surface, "theme": theme, "bar": bar}
        return _overlay(context, UUID(str(getattr(board, "pk", board))), name, shown)
    except Exception:  # nothing that presence does may break the page
        logger.exception("could not embed the presence overlay")
        return ""


def _overlay(context: Context, board: UUID, name: str, shown: dict[str, str]) -> SafeString:
    request: HttpRequest | None = context.get("request")
    attributes = {
        "board": board,
        "endpoint": f"{get_script_prefix()}ws/presence/{board}/",
        "name": name if request is None else _name(request, name),
        **shown,
        "stylesheet": static("presence/overlay.css"),
        "strings": _json(overlay_strings()),
    }
    # Literals in a template count as safe, and would end the attribute with their first quote.
    given = [(key, escape(value)) for key, value in attributes.items() if value]
    return format_html(
        '<script type="module" src="{}"{}></script><presence-overlay{}></presence-overlay>',
        static("presence/overlay.js"),
        _nonce(context, request),
        format_html_join("", ' {}="{}"', given),
    )


def _json(strings: dict[str, Any]) -> str:
    return json.dumps(strings, ensure_ascii=False, separators=(",", ":")) if strings else ""


def _name(request: HttpRequest, asked: str) -> str:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return visitor_name(user) or ""
    guest = guest_of(request)
    return asked or anonymous_name(guest_person(guest))


def _nonce(context: Context, request: HttpRequest | None) -> SafeString | str:
    """Return the script's nonce where the site's content security policy works with nonces."""
    nonce = context.get("csp_nonce")
    if nonce is None:
        nonce = getattr(request, "csp_nonce", None)
    # Both Django's and django-csp's are lazy: false until somebody reads them.
    return format_html(' nonce="{}"', str(nonce)) if nonce is not None else ""
