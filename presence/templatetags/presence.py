"""`{% load presence %}`: the tags by which a page takes part."""

import json
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString

from presence.api import board_id
from presence.auth import visitor_name
from presence.conf import get_settings
from presence.guests import guest_person
from presence.middleware import guest_of
from presence.overlay import overlay_strings
from presence.page_counts import Tally
from presence.protocol.identity import anonymous_name

logger = logging.getLogger(__name__)
register = template.Library()

TALLY = "presence.tally"
"""Where a page that is being rendered holds its counts."""


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
        return _overlay(context, board_id(board), name, shown)
    except Exception:  # nothing that presence does may break the page
        logger.exception("could not embed the presence overlay")
        return ""


@register.simple_tag(takes_context=True)
def presence_count(
    context: Context, board: Any, among: Iterable[Any] = (), every: float | str = ""
) -> str:
    """Show how many people are on a board, and keep the number up to date.

    `board` is a board, its UUID, or that as text; `among` the boards of a list that it is in, which
    are then asked for all at once; `every` how many seconds pass between two looks (5 where empty).
    The element is empty where the visitor may not come onto the board, where the number is not to
    be had now, and in a template that is rendered on an event loop: there the script fills it in.
    Renders nothing, with a line in the log, where anything else goes wrong.
    """
    try:
        return _count(context, board_id(board), map(board_id, among), every)
    except Exception:  # nothing that presence does may break the page
        logger.exception("could not show a count")
        return ""


def _count(context: Context, board: UUID, among: Iterable[UUID], every: float | str) -> SafeString:
    endpoint = reverse("presence:counts")
    enabled = get_settings().ENABLED
    script, tally = _counting(context) if enabled else ("", Tally(None))
    people = tally.count(board, among)
    given = {"board": board, "endpoint": endpoint, "count": people, "every": every}
    shown = [(key, escape(value)) for key, value in given.items() if value not in (None, "")]
    return format_html(
        "{}<presence-count{}>{}</presence-count>",
        script,
        format_html_join("", ' {}="{}"', shown),
        "" if people is None else people,
    )


def _counting(context: Context) -> tuple[SafeString | str, Tally]:
    """Return the script, the first time in a page, and the counts of the page."""
    # The undermost is shared by all templates that the page is made of, which Django keeps apart.
    page: Any = context.render_context.dicts[0]
    if TALLY in page:
        return "", page[TALLY]
    request: HttpRequest | None = context.get("request")
    tally = page[TALLY] = Tally(getattr(request, "user", None))
    return _script(context, request, "presence/count.js"), tally


def _script(context: Context, request: HttpRequest | None, path: str) -> SafeString:
    return format_html(
        '<script type="module" src="{}"{}></script>', static(path), _nonce(context, request)
    )


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
        "{}<presence-overlay{}></presence-overlay>",
        _script(context, request, "presence/overlay.js"),
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
