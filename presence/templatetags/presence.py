"""`{% load presence %}`: the template tags by which a page takes part."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial, wraps
from typing import Any, ParamSpec
from uuid import UUID

from django import template
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db.models import Model
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext

from presence.boards import NotABoard, board_of, is_room, privacy_of, quoted
from presence.checks import check_settings
from presence.conf import get_settings
from presence.guests import NotAPerson
from presence.page_counts import PagePresence
from presence.protocol.identity import Privacy
from presence.runtime import serving
from presence.sessions import request_user
from presence.templatetags.overlay_texts import overlay_strings

logger = logging.getLogger(__name__)
register = template.Library()
P = ParamSpec("P")

PARTS = ("anchors", "coordinates", "nested", "pictures", "shifts", "stack", "tokens", "visitor")
"""Scripts that overlay.js loads where a page needs them."""

PAGE, COUNT_SCRIPT = "presence.page", "presence.count_script"
"""Keys in a page's render context: its `PagePresence`, and that it has the script of counts."""


def never_fails(tag: Callable[P, str], comments: bool = True) -> Callable[P, str]:
    """Have a tag log its errors and render nothing then: presence must not break a page. With DEBUG
    an HTML comment says why, unless the tag is for places that take no `comments`."""

    @wraps(tag)
    def safe(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return tag(*args, **kwargs)
        except (NotABoard, NotAPerson) as error:
            logger.error("%s: the page shows nothing in its place: %s", tag.__name__, error)
            return _comment(f"{tag.__name__}: {error}") if comments else ""
        except Exception as error:
            logger.exception("%s: failed, the page shows nothing in its place", tag.__name__)
            return _comment(f"{tag.__name__}: {type(error).__name__}: {error}") if comments else ""

    return safe


def _comment(text: str) -> SafeString:
    """Return an HTML comment for the site's developer; nothing unless DEBUG is on."""
    # Nothing else in it ends a comment, and an entity would be shown as it is written.
    return SafeString(f"<!-- {text.replace('>', '&gt;')} -->" if settings.DEBUG else "")


@register.simple_tag(takes_context=True)
@never_fails
def presence_overlay(
    context: Context,
    board: Any,
    surface: str = "",
    name: str = "",
    theme: str = "",
    bar: str = "",
    label: str = "",
    shared: str = "",
    anchor: str = "",
    *,
    cursor_avatars: bool = False,
) -> str:
    """Show everyone's cursors and the people on a board over the page.

    `board` is an object of a model in `PRESENCE["BOARDS"]`, the name of a room, a reference such as
    "blog.post:42", or a UUID. `surface` is a CSS selector of the element that people share, by
    default the viewport. `name` is a guest's name, by default an anonymous one that the server
    chooses; it is left out where the board shows no guest's name. `theme` is "light" or "dark", by
    default the visitor's preference. `bar` is the place of the bar, `label` the board's name in it
    where the page has several, and `anchor` a CSS selector of the elements relative to which
    positions are told (docs/overlay.md). `shared` says whether the tabs of a browser share one
    socket: "yes", "no", or by default where that is safe. `cursor_avatars` shows people's pictures
    at their cursors, too. Renders nothing while presence is switched off, altogether or for the
    board. With DEBUG, a script tells the site's developer why a page cannot join.

    Renders the same for everybody, and looks at no cookie: a cache may keep the page.
    """
    if not get_settings().ENABLED:
        return _comment("presence_overlay: PRESENCE['ENABLED'] is False.")
    uuid = board_of(board)
    privacy = _privacy(board, uuid)
    if privacy is Privacy.OFF:
        return _comment(f"presence_overlay: the level of privacy of {board!r} is 'off'.")
    strings = overlay_strings()
    attributes = {
        "board": uuid,
        "endpoint": f"{get_script_prefix()}ws/presence/{quoted(uuid)}/",
        "name": name if privacy is Privacy.FULL else "",
        "surface": surface,
        "theme": theme,
        "bar": bar,
        "anchor": anchor,
        "cursor-avatars": "true" if cursor_avatars else "",
        "label": label,
        "parts": _parts(),
        "strings": json.dumps(strings, ensure_ascii=False, separators=(",", ":")) * bool(strings),
    }
    if shared == "yes" or (shared != "no" and _shares(context)):
        attributes["worker"] = static("presence/worker.js")
        attributes["login-cookie"] = settings.CSRF_COOKIE_NAME
    script = _script(context, "presence/overlay.js")
    if settings.DEBUG:
        attributes["debug"] = json.dumps(_hints(_request(context)))
        # First, so that it hears what the overlay says from the start.
        script = _script(context, "presence/debug.js") + script
    return script + _element("presence-overlay", attributes)


@register.simple_tag(takes_context=True)
@never_fails
def presence_count(
    context: Context, board: Any, among: Iterable[Any] = (), every: float | str = ""
) -> str:
    """Show how many people are on a board, and keep the number up to date.

    `board` is as for `presence_overlay`. `among` are the boards of the list that it is in; their
    numbers are asked for together. `every` is the interval of updates in seconds, by default 5. The
    element is empty where the number is not known or not for this visitor. The script fills it in
    later, also in templates rendered on an event loop, and in pages that Django's cache keeps: a
    number is for one visitor, and soon old.
    """
    uuid, script, people = board_of(board), SafeString(), None
    attributes = {"board": uuid, "endpoint": reverse("presence:counts")}
    if not get_settings().ENABLED:
        script = _comment("presence_count: PRESENCE['ENABLED'] is False.")
    elif _privacy(board, uuid) is Privacy.OFF:
        script = _comment(f"presence_count: the level of privacy of {board!r} is 'off'.")
    else:
        shared = _shared(context)
        if COUNT_SCRIPT not in shared:
            shared[COUNT_SCRIPT] = True
            script = _script(context, "presence/count.js")
        people = _page(context).count(uuid, map(board_of, among))
    attributes |= {"count": people, "every": every}
    return script + _element("presence-count", attributes, "" if people is None else people)


@register.simple_tag(takes_context=True)
@never_fails
def presence_last_seen(context: Context, user: Any) -> str:
    """Show when somebody was last on a board: "online", or "3 minutes ago".

    `user` is an account, its primary key, or a key of `presence.api`. Renders nothing for None and
    guests, where it is not known, where the site shows counts only, while presence is switched off,
    and on an event loop.
    """
    nobody = user is None or getattr(user, "is_anonymous", False)
    hidden = get_settings().PRIVACY in (Privacy.COUNTS_ONLY, Privacy.OFF)
    if nobody or hidden or not get_settings().ENABLED:
        return ""
    found = _page(context).whereabouts(user)
    if found is None or found.last_seen is None:
        return ""
    if found.online:
        text = gettext("online")
    elif datetime.now(UTC) - found.last_seen < timedelta(minutes=1):
        text = gettext("just now")
    else:
        text = gettext("%(time)s ago") % {"time": timesince(found.last_seen, depth=1)}
    return format_html(
        '<time class="presence-last-seen"{} datetime="{}">{}</time>',
        mark_safe(" data-online" * found.online),  # noqa: S308 (a constant)
        found.last_seen.isoformat(timespec="seconds"),
        text,
    )


@register.simple_tag(takes_context=True)
def presence_assets(context: Context, name: str) -> str:
    """Load the style sheet and the script of a page of presence's own, such as the admin's."""
    href = static(f"{name}.css")
    style = format_html('<link rel="stylesheet" href="{}"{}>', href, _nonce(context))
    return style + _script(context, f"{name}.js")


@register.filter
@partial(never_fails, comments=False)
def presence_board(board: Any) -> str:
    """Return the reference of a board, for an element or a script of the site's own."""
    return str(board_of(board))


def _privacy(board: Any, uuid: UUID) -> Privacy:
    """Return what a board tells, as far as the page knows without a query: of an object that is
    given by its reference, what the site tells. The socket knows it better."""
    if is_room(uuid):
        return privacy_of(str(uuid))
    if isinstance(board, Model):
        return privacy_of(board)
    level = get_settings().PRIVACY
    return Privacy(level) if level in [*Privacy] else Privacy.FULL


def _shares(context: Context) -> bool:
    """Return whether the tabs of a browser may share a socket. It is the person's who opened it, so
    they must see when somebody signs in, which gives the CSRF cookie another value. A policy with
    nonces may refuse workers, and would report each page."""
    readable = not (settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY)
    sent = "django.middleware.csrf.CsrfViewMiddleware" in settings.MIDDLEWARE
    return readable and sent and not _nonce(context)


def _hints(request: HttpRequest | None) -> dict[str, Any]:
    """Return what the site's developer may need to know: what is wrong if the page's socket cannot
    be opened at all, and what the system checks say, which not every server runs."""
    if isinstance(request, WSGIRequest):
        no_socket = (
            "This page comes from a WSGI server, which has no WebSockets. For runserver, put "
            "'daphne' first in INSTALLED_APPS and set ASGI_APPLICATION. Otherwise run an ASGI "
            "server, such as Daphne."
        )
    elif not serving.is_set():
        no_socket = (
            "The site's asgi.py does not route WebSockets to presence: wrap its application in "
            "presence.routing.with_presence. presence_quickstart does it."
        )
    else:
        no_socket = (
            "No WebSocket can be opened. Does asgi.py route them to presence, as with_presence "
            "does? Is the host in the browser in ALLOWED_HOSTS? Does the proxy, if there is one, "
            "pass WebSockets on? The server's log may say more."
        )
    found = [each for each in check_settings(None) if not each.is_silenced()]
    checks = [" ".join(filter(None, (f"{each.id}:", each.msg, each.hint))) for each in found]
    return {"noSocket": no_socket, "checks": checks}


def _element(name: str, attributes: Mapping[str, Any], text: object = "") -> SafeString:
    # escape, not format_html's conditional_escape: literals in a template count as safe, and a
    # quote in one would end the attribute.
    given = [(key, escape(value)) for key, value in attributes.items() if value not in (None, "")]
    return format_html("<{0}{1}>{2}</{0}>", name, format_html_join("", ' {}="{}"', given), text)


def _parts() -> str:
    """Return, as JSON, the URLs of what the overlay loads where a page needs it; nothing for those
    beside it, where it looks itself. Static files with hashes have other names."""
    urls = {name: static(f"presence/{name}.js") for name in PARTS}
    renamed = {name: url for name, url in urls.items() if not url.endswith(f"/presence/{name}.js")}
    return json.dumps(renamed) if renamed else ""


def _script(context: Context, path: str) -> SafeString:
    src = static(path)
    return format_html('<script type="module" src="{}"{}></script>', src, _nonce(context))


def _nonce(context: Context) -> str:
    """Return the attribute with the nonce of the site's content security policy if it has one. In a
    page that Django's cache keeps it is left out: it is for one response."""
    nonce = context.get("csp_nonce")
    # On the request, django-csp and Django itself have it under these names.
    for name in ("csp_nonce", "_csp_nonce"):
        nonce = getattr(_request(context), name, None) if nonce is None else nonce
    if _is_kept(context):
        nonce = None
    # The nonces of Django and of django-csp are lazy, and false until they are read.
    return "" if nonce is None else format_html(' nonce="{}"', str(nonce))


def _shared(context: Context) -> dict[str, Any]:
    """Return what all templates of the page share, included ones too; of an engine that has no
    place for it, such as Jinja2, all those of its request."""
    place: Any = getattr(context, "render_context", None)
    if place is not None:
        return place.dicts[0]  # type: ignore[no-any-return]
    request = _request(context)
    return {} if request is None else vars(request).setdefault("presence_shared", {})


def _page(context: Context) -> PagePresence:
    shared = _shared(context)
    if PAGE not in shared:
        shared[PAGE] = PagePresence(_user(context))
    page: PagePresence = shared[PAGE]
    return page


def _user(context: Context) -> Any:
    """Return who looks at the page; None where the template does not know its request, and for a
    page that others will get from a cache."""
    request = _request(context)
    return None if request is None or _is_kept(context) else request_user(request)


def _request(context: Context) -> HttpRequest | None:
    """Return the page's request, also where no context processor of the site names it."""
    request: HttpRequest | None = context.get("request") or getattr(context, "request", None)
    return request


def _is_kept(context: Context) -> bool:
    """Return whether Django's cache middleware, or `cache_page`, would keep the page."""
    return getattr(_request(context), "_cache_update_cache", False)
